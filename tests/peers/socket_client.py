"""The chapter's first client: connect, send, print what one recv(1024) gives, close."""

import socket
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
sock.connect(('localhost', int(sys.argv[1])))
sock.send(sys.argv[2].encode())
print(sock.recv(1024).decode())
sock.close()
