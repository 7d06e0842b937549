//! The client of a recipe in Python.

use chalkwire_shared::job::{Load, Script};

use super::super::literal::{all_the_same, list, python_text};
use super::super::recipe::{Client, Recipe, Step, seconds};
use super::super::template::{comment, fill};
use super::{SAY, address, bytes, family};

mod texts;

use texts::{ASK, CALLS, CONNECT, CONNECT_AT_ONCE, MANY, MANY_BODY, STEPS, TALK, TALK_ONCE};

/// The client.
pub fn client(recipe: &Recipe) -> String {
    match &recipe.client {
        Client::Steps(steps) => by_steps(recipe, steps),
        Client::Load(load) => many(recipe, load),
        Client::Calls { script, wait_ms } => calls(recipe, *script, *wait_ms),
    }
}

/// Fills what all clients have in common.
fn filled(recipe: &Recipe, template: &str, more: &[(&str, &str)]) -> String {
    let head = comment("#", &recipe.client_head());
    let address = address(&recipe.address);
    let mut values = vec![
        ("head", head.as_str()),
        ("address", &address),
        ("family", family(&recipe.address)),
        ("say", SAY),
    ];
    values.extend(more);
    fill(template, &values)
}

fn by_steps(recipe: &Recipe, steps: &[Step]) -> String {
    let datagram = recipe.kind().is_datagram();
    let mut ask = String::new();
    let mut lines = String::new();
    let mut add = |line: &str| {
        lines += line;
        lines.push('\n');
    };
    let recv = if datagram { 65_535 } else { 1_024 };
    let told = "say(f'recv {len(data)} bytes: {data[:60]}')";
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Send(what) => {
                let send = if datagram { "send" } else { "sendall" };
                add(&format!("s.{send}({})", bytes(what)));
                add(&format!("say('sent {} bytes')", what.len()));
            }
            Step::SendWithRetry {
                messages,
                timeout_ms,
                tries,
            } => {
                ask = fill(
                    ASK,
                    &[
                        ("wait", &seconds(*timeout_ms)),
                        ("tries", &tries.to_string()),
                    ],
                );
                let texts: Vec<_> = messages.iter().map(|it| python_text(it)).collect();
                let texts = match all_the_same(&texts) {
                    Some(text) => format!("[{text}] * {}", texts.len()),
                    None => list(&texts),
                };
                add(&format!("for number, text in enumerate({texts}, 1):"));
                add("    ask(s, number, text)");
                if at + 1 < steps.len() {
                    add(&format!("s.settimeout({})", seconds(recipe.patience_ms())));
                }
            }
            Step::Wait(ms) => add(&format!("time.sleep({})", seconds(*ms))),
            Step::Recv(times) => {
                let indent = if *times > 1 {
                    add(&format!("for _ in range({times}):"));
                    "    "
                } else {
                    ""
                };
                add(&format!("{indent}data = s.recv({recv})"));
                add(&format!("{indent}{told}"));
            }
            Step::RecvBytes(count) => {
                add("got = 0");
                add(&format!(
                    "while got < {count} and (data := s.recv({recv})):"
                ));
                add(&format!("    {told}"));
                add("    got += len(data)");
            }
            Step::ReadToEnd => {
                add(&format!("while data := s.recv({recv}):"));
                add(&format!("    {told}"));
                add("say(\"recv b'': the server is done sending (FIN)\")");
            }
            Step::ShutDown => {
                add("s.shutdown(socket.SHUT_WR)  # FIN: we send no more, and still read");
                add("say('shut down our side')");
            }
            Step::Close => {
                add("s.close()");
                add("say('closed')");
                // Nothing can be done with a closed socket.
                break;
            }
        }
    }
    let named = recipe.address.kind().is_unix() && datagram;
    let (import, named, unnamed) = if named {
        (
            "import os",
            "s.bind(f'/tmp/client.{os.getpid()}')  # without a name nobody can answer us",
            "os.unlink(f'/tmp/client.{os.getpid()}')",
        )
    } else {
        ("", "", "")
    };
    filled(
        recipe,
        STEPS,
        &[
            ("import", import),
            (
                "connects",
                if datagram {
                    "  # sends nothing yet"
                } else {
                    ""
                },
            ),
            ("ask", &ask),
            ("named", named),
            ("unnamed", unnamed),
            ("patience", &seconds(recipe.patience_ms())),
            ("steps", &lines),
        ],
    )
}

fn many(recipe: &Recipe, load: &Load) -> String {
    let datagram = recipe.kind().is_datagram();
    let connect_s = seconds(u32::from(load.connect_ms));
    let connect = if load.nonblocking {
        CONNECT_AT_ONCE
    } else {
        CONNECT
    };
    let connect = fill(connect, &[("connect", &connect_s)]);
    let named = recipe.kind().is_unix() && datagram;
    let connect = if named {
        format!("s.bind('')  # Linux picks a name, by which we can be answered\n{connect}")
    } else {
        connect
    };
    let talk = match load.idle_clients {
        0 => "told += talk(s)".to_owned(),
        idle => format!(
            "if number <= {idle}:  # connects, and sends nothing\n    s.recv(1)\n    \
             told += f', closed by the server {{ms()}}'\nelse:\n    told += talk(s)\n"
        ),
    };
    let mut body = fill(
        MANY_BODY,
        &[
            ("family", family(&recipe.address)),
            ("connect", &connect),
            ("reply", &seconds(u32::from(load.reply_ms))),
            ("talk", &talk),
        ],
    );
    let (count, messages) = if load.one_shot && load.messages > 1 {
        body = format!(
            "for _ in range({}):  # a connection for each message\n",
            load.messages
        ) + &body
            .lines()
            .map(|it| format!("    {it}\n"))
            .collect::<String>();
        (1, String::new())
    } else if load.messages == 1 {
        (1, String::new())
    } else {
        (load.messages, format!(", {} times", load.messages))
    };
    let stagger = match load.stagger_ms {
        0 => String::new(),
        ms => format!("time.sleep({})", seconds(u32::from(ms))),
    };
    let (reader, send, reply) = if datagram {
        ("", "send", "s.recv(65535)")
    } else {
        (
            "replies = s.makefile('rb')  # a stream has no messages: read up to the line's end",
            "sendall",
            "replies.readline()",
        )
    };
    let talk = fill(
        if count == 1 { TALK_ONCE } else { TALK },
        &[
            ("count", &count.to_string()),
            ("send", send),
            ("reply", reply),
        ],
    );
    let imports = if load.nonblocking {
        "import errno\nimport os\nimport select\nimport socket\nimport sys\nimport threading\nimport time"
    } else {
        "import socket\nimport sys\nimport threading\nimport time"
    };
    filled(
        recipe,
        MANY,
        &[
            ("imports", imports),
            ("clients", &load.clients.to_string()),
            ("line", &bytes(&super::super::recipe::line(load))),
            ("messages", &messages),
            ("reader", reader),
            ("talk", &talk),
            ("body", &body),
            ("stagger", &stagger),
        ],
    )
}

fn calls(recipe: &Recipe, script: Script, wait_ms: u16) -> String {
    let wait = seconds(u32::from(wait_ms));
    let (import, text) = match script {
        Script::Blocking => (
            "",
            "call('connect', s.connect, ADDRESS)\n\
             s.settimeout(@wait@)\n\
             call('send', s.send, b'hello\\r\\n')\n\
             call('recv(1024), which waits', s.recv, 1024)\n",
        ),
        Script::NonBlocking => (
            "import select",
            "call('connect', s.connect, ADDRESS)\n\
             s.setblocking(False)\n\
             call('send', s.send, b'hello\\r\\n')\n\
             until = time.monotonic() + @wait@\n\
             # EAGAIN is EWOULDBLOCK: there is nothing yet, and recv does not wait for it.\n\
             while call('recv(1024), which does not wait', s.recv, 1024) is None:\n    \
             if time.monotonic() > until:\n        \
             break\n    \
             call('select, for 0.02 s at the most', select.select, [s], [], [], 0.02)\n",
        ),
        Script::UdpUnconnected => (
            "",
            "s.settimeout(@wait@)\n\
             for _ in range(2):\n    \
             call('sendto', s.sendto, b'hello\\r\\n', ADDRESS)\n    \
             call('recvfrom(1024)', s.recvfrom, 1024)\n",
        ),
        Script::UdpConnected => (
            "",
            "s.settimeout(@wait@)\n\
             call('connect, which sends nothing', s.connect, ADDRESS)\n\
             call('send', s.send, b'hello\\r\\n')\n\
             time.sleep(0.1)  # the answer (ICMP: port unreachable) is on its way\n\
             call('send', s.send, b'hello\\r\\n')\n\
             call('recv(1024)', s.recv, 1024)\n\
             call('recv(1024)', s.recv, 1024)\n",
        ),
    };
    let calls = fill(text, &[("wait", &wait)]);
    filled(recipe, CALLS, &[("import", import), ("calls", &calls)])
}
