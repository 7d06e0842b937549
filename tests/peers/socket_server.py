"""The chapter's first server: one client at a time, one recv(1024), one reply."""

import socket
from time import ctime

from peer import announce

sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
sock.bind(('localhost', 0))
sock.listen(5)
announce(sock.getsockname()[1])

while True:
    cliensock, address = sock.accept()
    cliensock.settimeout(5)
    try:
        data = cliensock.recv(1024)
        cliensock.send(b'[%s]%s' % (ctime().encode(), data))
    except socket.timeout:
        pass
    cliensock.close()
