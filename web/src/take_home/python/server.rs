//! The server of a recipe in Python, in the model that ran.

use chalkwire_shared::server::{Model, Protocol, ServerOptions};
use chalkwire_shared::target::Kind;

use super::super::recipe::{Recipe, protocol_sentence, seconds};
use super::super::template::{comment, fill};
use super::{SAY, address, family};
use crate::few;

mod texts;

use texts::{BLOCKING, DATAGRAM, EVENTED, LEAVE, SELECT};

/// The server; `None` where nothing is to listen.
pub fn server(recipe: &Recipe) -> Option<String> {
    let options = recipe.server.as_ref()?;
    match options.model {
        Model::Select if !recipe.kind().is_datagram() => Some(write(recipe, options, SELECT)),
        Model::Evented if !recipe.kind().is_datagram() => Some(write(recipe, options, EVENTED)),
        _ => blocking(recipe),
    }
}

/// The same, where its model is one that blocks: who writes no other does without their texts.
pub fn blocking(recipe: &Recipe) -> Option<String> {
    let options = recipe.server.as_ref()?;
    let datagram = recipe.kind().is_datagram();
    let template = if datagram { DATAGRAM } else { BLOCKING };
    Some(write(recipe, options, template))
}

fn write(recipe: &Recipe, options: &ServerOptions, template: &str) -> String {
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
    fill(
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
    )
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
    few::sort(&mut modules, |a, b| a < b);
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
