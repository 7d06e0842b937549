"""A client that is stopped: it exchanges a line over /raw or a link, says how far it is, and waits."""

import asyncio
import json
import struct
import sys

import websockets


async def raw(url):
    async with websockets.connect(url, subprotocols=['binary']) as socket:
        await socket.send(b'here')
        assert await socket.recv() == b'here'
        print('ready', flush=True)
        await socket.wait_closed()


async def link(url):
    async with websockets.connect(url, subprotocols=['chalkwire.v1']) as link:
        token, seen = json.loads(await link.recv())['token'], 0
        await link.send(json.dumps(
            {'type': 'open', 'seq': 1, 'socket': 1, 'target': 't', 'credit': 100000}))
        await link.send(struct.pack('>IIQ', 1, 0, 2) + b'here')
        while True:
            message = await link.recv()
            if isinstance(message, bytes):
                seen = struct.unpack('>IIQQ', message[:24])[2]
                break
            seen = json.loads(message).get('seq', seen)
        print('ready', token, seen, flush=True)
        await link.wait_closed()


asyncio.run({'raw': raw, 'link': link}[sys.argv[1]](sys.argv[2]))
