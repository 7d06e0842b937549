"""A server of today: asyncio streams, a reply for each line until the client has no more."""

import asyncio
from time import ctime

from peer import announce


async def session(reader, writer):
    while line := await reader.readline():
        writer.write(b'[%s]%s' % (ctime().encode(), line))
        await writer.drain()
    # The client shut down its side; ours is still open.
    writer.write(b'bye\n')
    writer.close()


async def main():
    server = await asyncio.start_server(session, 'localhost', 0, family=2)
    announce(server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
