"""A WebSocket client that knows nothing of us: subprotocol `binary`, as for any plain bridge."""

import asyncio
import sys

import websockets


async def main():
    async with websockets.connect(sys.argv[1], subprotocols=['binary']) as socket:
        assert socket.subprotocol == 'binary', socket.subprotocol
        await socket.send(sys.argv[2].encode())
        reply = b''
        async for message in socket:
            assert isinstance(message, bytes), message
            reply += message
        sys.stdout.buffer.write(reply)
        assert socket.close_code == 1000, (socket.close_code, socket.close_reason)


asyncio.run(main())
