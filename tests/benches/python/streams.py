"""Python of today: asyncio. Arguments: tcp | udp, and once | session."""

import asyncio
import sys
from time import ctime


async def once(reader, writer):
    writer.write(b'[%s]%s' % (ctime().encode(), await reader.readline()))
    writer.close()


async def session(reader, writer):
    while line := await reader.readline():
        writer.write(b'[%s]%s' % (ctime().encode(), line))
        await writer.drain()
    writer.close()


class Datagram(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(b'[%s]%s' % (ctime().encode(), data), address)


def announce(sock):
    print('listening on 127.0.0.1:%d' % sock.getsockname()[1], flush=True)


async def main(kind, protocol):
    if kind == 'udp':
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Datagram, ('127.0.0.1', 0))
        announce(transport.get_extra_info('socket'))
        await asyncio.Event().wait()
    handler = {'once': once, 'session': session}[protocol]
    server = await asyncio.start_server(handler, '127.0.0.1', 0, backlog=128)
    announce(server.sockets[0])
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
