"""The chapter's second client: a prompt, and a new connection for each line."""

import sys
from socket import AF_INET, SOCK_STREAM, socket

BUFSIZ = 1024
ADDR = ('localhost', int(sys.argv[1]))

while True:
    tcpCliSock = socket(AF_INET, SOCK_STREAM)
    tcpCliSock.connect(ADDR)
    data = input('> ')
    if not data:
        break
    tcpCliSock.send(b'%s\r\n' % data.encode())
    data = tcpCliSock.recv(BUFSIZ)
    if not data:
        break
    print(data.decode().strip())
    tcpCliSock.close()
