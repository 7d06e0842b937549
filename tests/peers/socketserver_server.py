"""The chapter's second server: SocketServer, which reads a line and answers it."""

from socketserver import StreamRequestHandler as SRH
from socketserver import TCPServer as TCP
from time import ctime

from peer import announce


class MyRequestHandler(SRH):
    def handle(self):
        self.wfile.write(b'[%s]%s' % (ctime().encode(), self.rfile.readline()))


tcpserv = TCP(('localhost', 0), MyRequestHandler)
announce(tcpserv.server_address[1])
tcpserv.serve_forever()
