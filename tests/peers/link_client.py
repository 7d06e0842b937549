"""A client of the link protocol written from PROTOCOL.md alone: one socket, one exchange."""

import asyncio
import json
import struct
import sys

import websockets


async def main():
    async with websockets.connect(sys.argv[1], subprotocols=['chalkwire.v1']) as link:
        welcome = json.loads(await link.recv())
        assert welcome['type'] == 'welcome', welcome
        await link.send(json.dumps(
            {'type': 'open', 'seq': 1, 'socket': 1, 'target': sys.argv[2], 'credit': 100000}))
        await link.send(struct.pack('>IIQ', 1, 0, 2) + sys.argv[3].encode())
        await link.send(json.dumps({'type': 'shutdown', 'seq': 3, 'socket': 1}))
        reply, told, last = b'', [], 0
        while told[-1:] != ['closed']:
            message = await asyncio.wait_for(link.recv(), 5)
            if isinstance(message, bytes):
                socket, flags, seq, _clock_us = struct.unpack('>IIQQ', message[:24])
                assert (socket, flags) == (1, 0), message
                reply += message[24:]
            else:
                message = json.loads(message)
                seq = message.get('seq')
                if seq is None:
                    continue
                told.append(message['type'])
            assert seq == last + 1, (seq, last)
            last = seq
        assert told == ['opened', 'eof', 'closed'], told
        assert message['reason'] == 'finished', message
        sys.stdout.buffer.write(reply)


asyncio.run(main())
