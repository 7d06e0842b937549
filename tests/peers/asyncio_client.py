"""A client of today: asyncio streams, several lines, then half-close and read to the end."""

import asyncio
import sys


async def main():
    reader, writer = await asyncio.open_connection('localhost', int(sys.argv[1]))
    for line in sys.argv[2:]:
        writer.write(line.encode() + b'\n')
    writer.write_eof()
    sys.stdout.buffer.write(await reader.read())
    writer.close()
    await writer.wait_closed()


asyncio.run(main())
