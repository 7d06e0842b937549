"""The chapter's enhanced module: a thread a client, or one client after the other, by socketserver.

Arguments: threads | iterative | udp, and once | session (one line a connection, or each).
"""

import socketserver
import sys
from time import ctime


class Once(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b'[%s]%s' % (ctime().encode(), self.rfile.readline()))


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(b'[%s]%s' % (ctime().encode(), line))


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, socket = self.request
        socket.sendto(b'[%s]%s' % (ctime().encode(), data), self.client_address)


class Threads(socketserver.ThreadingMixIn, socketserver.TCPServer):
    request_queue_size = 128
    daemon_threads = True


class Iterative(socketserver.TCPServer):
    request_queue_size = 128


servers = {'threads': Threads, 'iterative': Iterative, 'udp': socketserver.UDPServer}
handlers = {'once': Once, 'session': Session}
kind, protocol = sys.argv[1:]
handler = Datagram if kind == 'udp' else handlers[protocol]
server = servers[kind](('127.0.0.1', 0), handler)
print('listening on 127.0.0.1:%d' % server.server_address[1], flush=True)
server.serve_forever()
