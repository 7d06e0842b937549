"""The chapter's event-driven client: Twisted, one message, the reply when it comes."""

import sys

from twisted.internet import protocol, reactor


class TSClntProtocol(protocol.Protocol):
    def connectionMade(self):
        self.transport.write(sys.argv[2].encode() + b'\r\n')

    def dataReceived(self, data):
        print(data.decode().strip(), flush=True)
        self.transport.loseConnection()


class TSClntFactory(protocol.ClientFactory):
    protocol = TSClntProtocol
    clientConnectionLost = clientConnectionFailed = lambda self, connector, reason: reactor.stop()


reactor.connectTCP('localhost', int(sys.argv[1]), TSClntFactory())
reactor.run()
