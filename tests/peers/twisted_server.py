"""The chapter's event-driven server: Twisted, a reply for whatever was received."""

from time import ctime

from peer import announce
from twisted.internet import protocol, reactor


class TSServProtocol(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(b'[%s]%s' % (ctime().encode(), data))


factory = protocol.Factory()
factory.protocol = TSServProtocol
port = reactor.listenTCP(0, factory, interface='127.0.0.1')
announce(port.getHost().port)
reactor.run(installSignalHandlers=False)
