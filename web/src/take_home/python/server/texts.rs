//! The texts of the servers, with gaps for what a run decides.

pub(super) const LEAVE: &str = "\
def leave(client, name):
    \"\"\"Closes. With bytes unread that would send RST, and the reply might be lost with it.\"\"\"
    try:
        client.shutdown(socket.SHUT_WR)
        client.setblocking(False)
        while client.recv(65536):
            pass
    except OSError:
        pass  # no more is there, or the client is gone
    client.close()
    say(f'{name}: closed')
";

pub(super) const BLOCKING: &str = "\
@head@
@imports@

ADDRESS = @address@
@say@


def recv(client, name):
    data = client.recv(@recv@)
    say(f'{name}: recv {len(data)} bytes')
    return data


def answer(client, name, data):
    @work@
    reply = b'[%s]%s' % (ctime().encode(), data)
    client.sendall(reply)
    say(f'{name}: sent {len(reply)} bytes')


@leave@


def serve(client, name):
    \"\"\"@request@\"\"\"
    client.settimeout(@timeout@)
    @late@
    try:
        @converse@
    except socket.timeout:
        say(f'{name}: Time Out')
    except OSError as error:
        say(f'{name}: {error}')
    leave(client, name)


@listen@
@buried@
number = 0
while True:
    client, _ = server.accept()
    number += 1
    name = f'client {number}'
    say(f'{name}: accepted')
    @serve@
";

pub(super) const EVENTED: &str = "\
@head@
@imports@

ADDRESS = @address@
@say@


async def recv(client, name):
    # Not a StreamReader, which reads ahead: here every recv can be seen.
    loop = asyncio.get_running_loop()
    data = await asyncio.wait_for(loop.sock_recv(client, @recv@), @timeout@)
    say(f'{name}: recv {len(data)} bytes')
    return data


async def answer(client, name, data):
    @work@
    reply = b'[%s]%s' % (ctime().encode(), data)
    await asyncio.get_running_loop().sock_sendall(client, reply)
    say(f'{name}: sent {len(reply)} bytes')


@leave@


async def serve(client, name):
    \"\"\"@request@\"\"\"
    try:
        @late@
        @converse@
    except asyncio.TimeoutError:
        say(f'{name}: Time Out')
    except OSError as error:
        say(f'{name}: {error}')
    leave(client, name)


async def main():
    server.setblocking(False)
    tasks = set()  # the loop itself does not hold on to them
    while True:
        client, _ = await asyncio.get_running_loop().sock_accept(server)
        name = f'client {next(numbers)}'
        say(f'{name}: accepted')
        task = asyncio.create_task(serve(client, name))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


@listen@
numbers = itertools.count(1)
asyncio.run(main())
";

pub(super) const SELECT: &str = "\
@head@
@imports@

ADDRESS = @address@
TIMEOUT, LATE, DELAY = @timeout@, @late_s@, @delay_s@  # seconds
@say@


class Client:
    \"\"\"What the loop has to remember of a client.\"\"\"

    def __init__(self, sock, name):
        self.sock, self.name, self.data = sock, name, b''


clients = {}  # whose sockets are looked at
timers = []  # (when, number, function, arguments), the next one first
numbers = itertools.count(1)


def after(seconds, function, *arguments):
    when = time.monotonic() + seconds
    heapq.heappush(timers, (when, next(numbers), function, arguments))


def watch(client):
    client.until = time.monotonic() + TIMEOUT
    clients[client.sock] = client


def requests(client, piece):
    \"\"\"What is to be answered now, and whether that is all. @request@\"\"\"
    @requests@


def read(client):
    piece = client.sock.recv(@recv@)
    say(f'{client.name}: recv {len(piece)} bytes')
    lines, done = requests(client, piece)
    if lines:
        del clients[client.sock]
        after(DELAY, answer, client, lines, done)
    elif done:
        close(client)
    else:
        watch(client)


def answer(client, lines, done):
    @block@
    line, *rest = lines
    reply = b'[%s]%s' % (ctime().encode(), line)
    try:
        client.sock.sendall(reply)
    except OSError as error:
        say(f'{client.name}: {error}')
        return close(client)
    say(f'{client.name}: sent {len(reply)} bytes')
    if rest:
        after(DELAY, answer, client, rest, done)
    elif done:
        close(client)
    else:
        watch(client)


def close(client):
    clients.pop(client.sock, None)
    leave(client.sock, client.name)


@leave@


@listen@
accepted = 0
while True:
    times = [timer[0] for timer in timers] + [client.until for client in clients.values()]
    wait = max(0, min(times) - time.monotonic()) if times else None
    readable, _, _ = select.select([server, *clients], [], [], wait)
    for sock in readable:
        if sock is server:
            accepted += 1
            client = Client(server.accept()[0], f'client {accepted}')
            say(f'{client.name}: accepted')
            after(LATE, watch, client)
        else:
            try:
                read(clients[sock])
            except OSError as error:
                say(f'{clients[sock].name}: {error}')
                close(clients[sock])
    while timers and timers[0][0] <= time.monotonic():
        _, _, function, arguments = heapq.heappop(timers)
        function(*arguments)
    for client in list(clients.values()):
        if client.until <= time.monotonic():
            say(f'{client.name}: Time Out')
            close(client)
";

pub(super) const DATAGRAM: &str = "\
@head@
@imports@

ADDRESS = @address@
@say@


@bound@
say(f'listening on {server.getsockname()}')
while True:
    data, _, flags, sender = server.recvmsg(@recv@)
    cut = ', and its tail is gone' if flags & socket.MSG_TRUNC else ''
    say(f'recv {len(data)} bytes: one datagram{cut}')
    # Two such servers must not answer each other for ever.
    if not sender or re.match(rb'\\[\\w{3} \\w{3} ', data):
        continue
    @block@
    reply = b'[%s]%s' % (ctime().encode(), data)
    @datagram_reply@
    say(f'answered {len(reply)} bytes')
";
