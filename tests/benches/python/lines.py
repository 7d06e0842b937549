"""The chapter's event-driven framework: Twisted. Arguments: tcp | udp, and once | session."""

import sys
from time import ctime

from twisted.internet import protocol, reactor
from twisted.protocols.basic import LineReceiver


class Session(LineReceiver):
    delimiter = b'\n'

    def lineReceived(self, line):
        self.transport.write(b'[%s]%s\n' % (ctime().encode(), line))


class Once(Session):
    def lineReceived(self, line):
        super().lineReceived(line)
        self.transport.loseConnection()


class Datagram(protocol.DatagramProtocol):
    def datagramReceived(self, data, address):
        self.transport.write(b'[%s]%s' % (ctime().encode(), data), address)


kind, name = sys.argv[1:]
if kind == 'udp':
    port = reactor.listenUDP(0, Datagram(), interface='127.0.0.1')
else:
    factory = protocol.Factory.forProtocol({'once': Once, 'session': Session}[name])
    factory.noisy = False
    port = reactor.listenTCP(0, factory, backlog=128, interface='127.0.0.1')
print('listening on 127.0.0.1:%d' % port.getHost().port, flush=True)
reactor.run()
