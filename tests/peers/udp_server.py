"""The chapter's UDP server: one recvfrom(1024), one sendto."""

import socket
from time import ctime

from peer import announce

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(('localhost', 0))
announce(sock.getsockname()[1])

while True:
    data, address = sock.recvfrom(1024)
    sock.sendto(b'[%s]%s' % (ctime().encode(), data), address)
