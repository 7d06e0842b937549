//! The server of a recipe in Python, in the model that ran.

use chalkwire_shared::server::{Model, Protocol, ServerOptions};
use chalkwire_shared::target::Kind;

use super::super::recipe::{Recipe, protocol_sentence, seconds};
use super::super::template::{comment, fill};
use super::{SAY, address, family};

/// The server; `None` where nothing is to listen.
pub fn server(recipe: &Recipe) -> Option<String> {
    let options = recipe.server.as_ref()?;
    let template = if recipe.kind().is_datagram() {
        DATAGRAM
    } else {
        match options.model {
            Model::Iterative | Model::Threaded | Model::Process => BLOCKING,
            Model::Select => SELECT,
            Model::Evented => EVENTED,
        }
    };
    let evented = options.model == Model::Evented;
    let head = comment("#", &recipe.server_head(options));
    let pause = if evented {
        "await asyncio.sleep"
    } else {
        "time.sleep"
    };
    let wait = |ms: u32, sleep: &str, why: &str| match ms {
        0 => String::new(),
        ms => format!("{sleep}({})  # {why}", seconds(ms)),
    };
    let block = wait(
        options.block_ms,
        "time.sleep",
        "work, which holds this thread",
    );
    let delay = wait(options.delay_ms, pause, "the reply takes a while");
    let work: Vec<_> = [delay.as_str(), &block]
        .into_iter()
        .filter(|it| !it.is_empty())
        .collect();
    let unlinked = if recipe.kind().is_unix() {
        "if os.path.exists(ADDRESS):\n    os.unlink(ADDRESS)  # left by a server before us\n"
    } else {
        ""
    };
    let reused = if recipe.kind() == Kind::Tcp {
        "server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)"
    } else {
        ""
    };
    let bound = fill(
        "@unlinked@\nserver = socket.socket(@family@)\n@reused@\nserver.bind(ADDRESS)\n",
        &[
            ("unlinked", unlinked),
            ("family", family(&recipe.address)),
            ("reused", reused),
        ],
    );
    let listen = format!(
        "{bound}server.listen({})  # Linux queues so many, and one more\n\
         say(f'listening on {{server.getsockname()}}')\n{}",
        options.backlog,
        wait(
            options.accept_after_ms,
            "time.sleep",
            "listens, and accepts nobody yet"
        )
    );
    let datagram_reply = match options.delay_ms {
        0 => "server.sendto(reply, sender)".to_owned(),
        // A timer: other datagrams are answered meanwhile.
        ms => format!(
            "threading.Timer({}, server.sendto, (reply, sender)).start()",
            seconds(ms)
        ),
    };
    let buried = match options.model {
        Model::Process => {
            "signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that ended are gone"
        }
        _ => "",
    };
    Some(fill(
        template,
        &[
            ("head", &head),
            ("imports", &imports(options, recipe.kind())),
            ("address", &address(&recipe.address)),
            ("say", SAY),
            ("request", &protocol_sentence(options)),
            ("recv", &options.recv_bytes.to_string()),
            ("timeout", &seconds(options.timeout_ms)),
            (
                "late",
                &wait(options.late_ms, pause, "busy with something else"),
            ),
            ("late_s", &seconds(options.late_ms)),
            ("delay_s", &seconds(options.delay_ms)),
            ("work", &work.join("\n")),
            ("block", &block),
            ("converse", &converse(options.protocol, evented)),
            ("requests", requests(options.protocol)),
            ("bound", &bound),
            ("listen", &listen),
            ("leave", LEAVE),
            ("serve", serve(options.model)),
            ("datagram_reply", &datagram_reply),
            ("buried", buried),
        ],
    ))
}

fn imports(options: &ServerOptions, kind: Kind) -> String {
    let datagram = kind.is_datagram();
    let mut modules = vec!["socket", "time"];
    if kind.is_unix() {
        modules.push("os");
    }
    if datagram {
        modules.push("re");
        if options.delay_ms > 0 {
            modules.push("threading");
        }
    } else {
        match options.model {
            Model::Iterative => {}
            Model::Threaded => modules.push("threading"),
            Model::Process => modules.extend(["os", "signal"]),
            Model::Select => modules.extend(["heapq", "itertools", "select"]),
            Model::Evented => modules.extend(["asyncio", "itertools"]),
        }
    }
    modules.sort_unstable();
    modules.dedup();
    let lines: String = modules.iter().map(|it| format!("import {it}\n")).collect();
    lines + "from time import ctime\n"
}

/// What is done with an accepted client.
fn serve(model: Model) -> &'static str {
    match model {
        Model::Iterative | Model::Select | Model::Evented => "serve(client, name)\n",
        Model::Threaded => {
            "threading.Thread(target=serve, args=(client, name), daemon=True).start()\n"
        }
        Model::Process => {
            "if os.fork() == 0:\n    # The child has all our sockets too; it needs the client's alone.\n    \
             server.close()\n    serve(client, name)\n    os._exit(0)\nclient.close()\n"
        }
    }
}

/// Reads requests and answers them, in `serve`.
fn converse(protocol: Protocol, evented: bool) -> String {
    let text = match protocol {
        Protocol::Basic => "data = @await@recv(client, name)\n@await@answer(client, name, data)\n",
        Protocol::Line => {
            "data = b''\n\
             while b'\\n' not in data and (piece := @await@recv(client, name)):\n    \
             data += piece\n\
             line, end, _ = data.partition(b'\\n')\n\
             @await@answer(client, name, line + end)\n"
        }
        Protocol::Session => {
            "data = b''\n\
             while piece := @await@recv(client, name):\n    \
             data += piece\n    \
             while b'\\n' in data:\n        \
             line, end, data = data.partition(b'\\n')\n        \
             @await@answer(client, name, line + end)\n\
             if data:\n    \
             @await@answer(client, name, data)  # the last line had no end\n"
        }
    };
    fill(text, &[("await", if evented { "await " } else { "" })])
}

/// Takes requests out of what was read, in the loop of `select`.
fn requests(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Basic => "return [piece], True\n",
        Protocol::Line => {
            "client.data += piece\n\
             line, end, _ = client.data.partition(b'\\n')\n\
             return ([line + end], True) if end or not piece else ([], False)\n"
        }
        Protocol::Session => {
            "*lines, client.data = (client.data + piece).split(b'\\n')\n\
             lines = [line + b'\\n' for line in lines]\n\
             if not piece and client.data:\n    \
             lines.append(client.data)  # the last line had no end\n\
             return lines, not piece\n"
        }
    }
}

const LEAVE: &str = "\
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

const BLOCKING: &str = "\
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

const EVENTED: &str = "\
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

const SELECT: &str = "\
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

const DATAGRAM: &str = "\
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
