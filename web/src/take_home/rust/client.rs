//! The client of a recipe in Rust.

use chalkwire_shared::job::{Load, Script};
use chalkwire_shared::target::{Kind, TargetUrl};

use super::super::literal::{all_the_same, list, rust_text};
use super::super::recipe::{Client, Recipe, Step, line};
use super::super::template::{comment, fill};
use super::{address, bytes, duration, stream};

mod texts;

use texts::{ASK, CALLS, MANY, MANY_DATAGRAM, MANY_STREAM, ONE_DATAGRAM, ONE_STREAM, STEPS};

/// The client.
pub fn client(recipe: &Recipe) -> String {
    match &recipe.client {
        Client::Steps(steps) => by_steps(recipe, steps),
        Client::Load(load) => many(recipe, load),
        Client::Calls { script, wait_ms } => calls(recipe, *script, u32::from(*wait_ms)),
    }
}

/// How a datagram socket of this program comes to be, and is removed again.
fn datagram(address: &TargetUrl) -> (&'static str, &'static str, &'static str) {
    match address {
        TargetUrl::Inet { host, .. } => (
            "use std::net::UdpSocket;\n",
            if host.contains(':') {
                "let socket = UdpSocket::bind(\"[::]:0\")?;\nsocket.connect(ADDRESS)?;"
            } else {
                "let socket = UdpSocket::bind(\"0.0.0.0:0\")?;\nsocket.connect(ADDRESS)?;"
            },
            "",
        ),
        TargetUrl::Path { .. } => (
            "use std::os::unix::net::UnixDatagram;\n",
            "// Without a name nobody can answer us.\n\
             let me = std::env::temp_dir().join(format!(\"client.{}\", std::process::id()));\n\
             let socket = UnixDatagram::bind(&me)?;\n\
             socket.connect(ADDRESS)?;",
            "std::fs::remove_file(me)?;",
        ),
    }
}

fn by_steps(recipe: &Recipe, steps: &[Step]) -> String {
    let grams = recipe.kind().is_datagram();
    let patience = format!(
        "socket.set_read_timeout(Some({}))?;",
        duration(recipe.patience_ms())
    );
    let (send, recv) = if grams {
        ("send", "recv")
    } else {
        ("write_all", "read")
    };
    let read = format!("let n = socket.{recv}(&mut buffer)?;\n");
    let told = "say(&format!(\"recv {n} bytes: {}\", buffer[..n.min(60)].escape_ascii()));\n";
    let mut lines = String::new();
    let (mut reads, mut writes, mut shuts) = (false, false, false);
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Send(what) => {
                writes = true;
                lines += &format!(
                    "socket.{send}({})?;\nsay(\"sent {} bytes\");\n",
                    bytes(what),
                    what.len()
                );
            }
            Step::SendWithRetry {
                messages,
                timeout_ms,
                tries,
            } => {
                reads = true;
                let texts: Vec<_> = messages.iter().map(|it| rust_text(it)).collect();
                let texts = match all_the_same(&texts) {
                    Some(text) => format!("[{text}; {}]", texts.len()),
                    None => list(&texts),
                };
                lines += &fill(
                    ASK,
                    &[
                        ("wait", &duration(*timeout_ms)),
                        ("texts", &texts),
                        ("tries", &tries.to_string()),
                        (
                            "patience",
                            if at + 1 < steps.len() { &patience } else { "" },
                        ),
                    ],
                );
            }
            Step::Wait(ms) => {
                lines += &format!("std::thread::sleep({});\n", duration(*ms));
            }
            Step::Recv(times) => {
                reads = true;
                lines += &match times {
                    1 => format!("{read}{told}"),
                    _ => format!("for _ in 0..{times} {{\n    {read}    {told}}}\n"),
                };
            }
            Step::RecvBytes(count) => {
                reads = true;
                lines += &format!(
                    "let mut got = 0;\nwhile got < {count} {{\n    {read}    if n == 0 {{\n        \
                     break;\n    }}\n    {told}    got += n;\n}}\n"
                );
            }
            Step::ReadToEnd => {
                reads = true;
                lines += &format!(
                    "loop {{\n    {read}    if n == 0 {{\n        break;\n    }}\n    {told}}}\n\
                     say(\"recv 0 bytes: the server is done sending (FIN)\");\n"
                );
            }
            Step::ShutDown => {
                shuts = true;
                lines += "socket.shutdown(Shutdown::Write)?; // FIN: we send no more, and still read\n\
                          say(\"shut down our side\");\n";
            }
            Step::Close => {
                lines += "drop(socket);\nsay(\"closed\");\n";
                // Nothing can be done with a closed socket.
                break;
            }
        }
    }
    let mut imports = String::new();
    let (connect, unnamed) = if grams {
        let (import, connect, unnamed) = datagram(&recipe.address);
        imports += import;
        (connect.to_owned(), unnamed)
    } else {
        imports += match (reads, writes) {
            (true, true) => "use std::io::{Read, Write};\n",
            (true, false) => "use std::io::Read;\n",
            (false, true) => "use std::io::Write;\n",
            (false, false) => "",
        };
        let (home, stream, _) = stream(&recipe.address);
        // Shutdown is one type for both sorts of stream.
        imports += &match (shuts, home) {
            (true, "std::net") => format!("use std::net::{{Shutdown, {stream}}};\n"),
            (true, _) => format!("use std::net::Shutdown;\nuse {home}::{stream};\n"),
            (false, _) => format!("use {home}::{stream};\n"),
        };
        let mutable = if reads || writes { "mut " } else { "" };
        (
            format!("let {mutable}socket = {stream}::connect(ADDRESS)?;"),
            "",
        )
    };
    imports += "use std::time::{Duration, Instant};\n";
    let size = if grams { 65_535 } else { 1_024 };
    let buffer = match reads {
        true => format!("let mut buffer = [0; {size}];"),
        false => String::new(),
    };
    fill(
        STEPS,
        &[
            ("head", &comment("//", &recipe.client_head())),
            ("imports", &imports),
            ("address", &address(&recipe.address)),
            ("connect", &connect),
            ("patience", &patience),
            ("buffer", &buffer),
            ("steps", &lines),
            ("unnamed", unnamed),
        ],
    )
}

fn repeat(times: u8, block: &str) -> String {
    if times == 1 {
        return block.to_owned();
    }
    fill(
        "for _ in 0..@times@ {\n    @block@\n}\n",
        &[("times", &times.to_string()), ("block", block)],
    )
}

fn many(recipe: &Recipe, load: &Load) -> String {
    let grams = recipe.kind().is_datagram();
    let mut head = recipe.client_head();
    if load.nonblocking {
        head.push(
            "std has no connect that does not wait: see the Python program for that.".to_owned(),
        );
    }
    let (connections, messages) = if load.one_shot {
        (load.messages, 1)
    } else {
        (1, load.messages)
    };
    let one = if grams { ONE_DATAGRAM } else { ONE_STREAM };
    let messages = repeat(messages, one);
    let mut imports = String::new();
    let mut unnamed = "";
    let connect = if grams {
        let (import, connect, removed) = datagram(&recipe.address);
        imports += import;
        unnamed = removed;
        // One process has many clients here.
        connect.replace(
            "format!(\"client.{}\", std::process::id())",
            "format!(\"client.{}.{number}\", std::process::id())",
        )
    } else {
        let (home, stream, _) = stream(&recipe.address);
        imports += "use std::io::{BufRead, BufReader, Write};\n";
        if recipe.kind() == Kind::Tcp {
            imports += &format!("use {home}::{{{stream}, ToSocketAddrs}};\n");
            format!(
                "let address = ADDRESS.to_socket_addrs()?.next().expect(\"an address\");\n\
                 let mut socket = {stream}::connect_timeout(&address, {})?;",
                duration(u32::from(load.connect_ms))
            )
        } else {
            imports += &format!("use {home}::{stream};\n");
            format!("let mut socket = {stream}::connect(ADDRESS)?;")
        }
    };
    let idle = if load.idle_clients > 0 && !grams {
        imports = imports.replace("BufReader, Write", "BufReader, Read, Write");
        format!(
            "if number <= {} {{\n    // Connects, and sends nothing.\n    socket.read(&mut [0])?;\n    \
             *told += &format!(\", closed by the server {{}}\", ms(start));\n    return Ok(());\n}}\n",
            load.idle_clients
        )
    } else {
        String::new()
    };
    imports += "use std::thread;\nuse std::time::{Duration, Instant};\n";
    let template = if grams { MANY_DATAGRAM } else { MANY_STREAM };
    let once = fill(
        template,
        &[
            ("connect", &connect),
            ("reply", &duration(u32::from(load.reply_ms))),
            ("idle", &idle),
            ("messages", &messages),
            ("unnamed", unnamed),
        ],
    );
    let body = repeat(connections, &once);
    let number = if body.contains("number") {
        "number"
    } else {
        "_number"
    };
    let stagger = match load.stagger_ms {
        0 => String::new(),
        ms => format!("thread::sleep({});", duration(u32::from(ms))),
    };
    fill(
        MANY,
        &[
            ("head", &comment("//", &head)),
            ("imports", &imports),
            ("address", &address(&recipe.address)),
            ("clients", &load.clients.to_string()),
            ("line", &bytes(&line(load))),
            ("number", number),
            ("stagger", &stagger),
            ("body", &body),
        ],
    )
}

fn calls(recipe: &Recipe, script: Script, wait_ms: u32) -> String {
    let (home, stream, _) = stream(&recipe.address);
    let wait = duration(wait_ms);
    let mut head = recipe.client_head();
    let text = match script {
        Script::Blocking => {
            "let Some(mut socket) = call(\"connect\", || @stream@::connect(ADDRESS)) else {\n    \
             return Ok(());\n};\n\
             socket.set_read_timeout(Some(@wait@))?;\n\
             call(\"write\", || socket.write(b\"hello\\r\\n\"));\n\
             call(\"read, which waits\", || socket.read(&mut buffer));\n"
        }
        Script::NonBlocking => {
            head.push(
                "std can't wait until a socket is ready (poll, select): this program asks again \
                 and again."
                    .to_owned(),
            );
            "let Some(mut socket) = call(\"connect\", || @stream@::connect(ADDRESS)) else {\n    \
             return Ok(());\n};\n\
             socket.set_nonblocking(true)?;\n\
             call(\"write\", || socket.write(b\"hello\\r\\n\"));\n\
             let until = Instant::now() + @wait@;\n\
             while call(\"read, which does not wait\", || socket.read(&mut buffer)).is_none()\n    \
             && Instant::now() < until\n\
             {\n    \
             std::thread::sleep(Duration::from_millis(20));\n\
             }\n"
        }
        Script::UdpUnconnected => {
            "let socket = UdpSocket::bind(@any@)?;\n\
             socket.set_read_timeout(Some(@wait@))?;\n\
             for _ in 0..2 {\n    \
             call(\"send_to\", || socket.send_to(b\"hello\\r\\n\", ADDRESS));\n    \
             call(\"recv_from\", || socket.recv_from(&mut buffer));\n\
             }\n"
        }
        Script::UdpConnected => {
            "let socket = UdpSocket::bind(@any@)?;\n\
             socket.set_read_timeout(Some(@wait@))?;\n\
             call(\"connect, which sends nothing\", || socket.connect(ADDRESS));\n\
             call(\"send\", || socket.send(b\"hello\\r\\n\"));\n\
             // The answer (ICMP: port unreachable) is on its way.\n\
             std::thread::sleep(Duration::from_millis(100));\n\
             call(\"send\", || socket.send(b\"hello\\r\\n\"));\n\
             call(\"recv\", || socket.recv(&mut buffer));\n\
             call(\"recv\", || socket.recv(&mut buffer));\n"
        }
    };
    let any = match &recipe.address {
        TargetUrl::Inet { host, .. } if host.contains(':') => "\"[::]:0\"",
        _ => "\"0.0.0.0:0\"",
    };
    let calls = fill(text, &[("stream", stream), ("wait", &wait), ("any", any)]);
    let imports = match script {
        Script::Blocking | Script::NonBlocking => {
            format!("use std::io::{{Read, Write}};\nuse {home}::{stream};\n")
        }
        _ => "use std::net::UdpSocket;\n".to_owned(),
    } + "use std::time::{Duration, Instant};\n";
    fill(
        CALLS,
        &[
            ("head", &comment("//", &head)),
            ("imports", &imports),
            ("address", &address(&recipe.address)),
            ("calls", &calls),
        ],
    )
}
