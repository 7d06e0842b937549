"""The chapter's UDP client: a prompt, and a datagram for each line."""

import sys
from socket import AF_INET, SOCK_DGRAM, socket

BUFSIZ = 1024
ADDR = ('localhost', int(sys.argv[1]))

udpCliSock = socket(AF_INET, SOCK_DGRAM)
udpCliSock.settimeout(5)
while True:
    data = input('> ')
    if not data:
        break
    udpCliSock.sendto(data.encode(), ADDR)
    data, ADDR = udpCliSock.recvfrom(BUFSIZ)
    if not data:
        break
    print(data.decode())
udpCliSock.close()
