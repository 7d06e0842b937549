//! The server of a recipe in Rust, in the model that ran as far as std has it.

use chalkwire_shared::server::{Model, Protocol, ServerOptions};
use chalkwire_shared::target::TargetUrl;

use super::super::recipe::{Recipe, protocol_sentence};
use super::super::template::{comment, fill};
use super::{address, duration, stream};
use crate::few;

mod texts;

use texts::{BLOCKING, DATAGRAM, POLLED, STAMP};

/// The server; `None` where nothing is to listen.
pub fn server(recipe: &Recipe) -> Option<String> {
    let options = recipe.server.as_ref()?;
    let unix = recipe.kind().is_unix();
    let mut head = recipe.server_head(options);
    let unlinked = if unix {
        "let _ = std::fs::remove_file(ADDRESS); // left by a server before us\n"
    } else {
        ""
    };
    let pause = |ms: u32, why: &str| match ms {
        0 => String::new(),
        ms => format!("thread::sleep({}); // {why}\n", duration(ms)),
    };
    let common = [
        ("address", address(&recipe.address)),
        ("unlinked", unlinked.to_owned()),
        ("recv", options.recv_bytes.to_string()),
        ("timeout", duration(options.timeout_ms)),
        (
            "accept_after",
            pause(options.accept_after_ms, "listens, and accepts nobody yet"),
        ),
        ("stamp", STAMP.to_owned()),
    ];
    if recipe.kind().is_datagram() {
        let (import, socket) = match &recipe.address {
            TargetUrl::Inet { .. } => ("use std::net::UdpSocket;", "UdpSocket"),
            TargetUrl::Path { .. } => ("use std::os::unix::net::UnixDatagram;", "UnixDatagram"),
        };
        let reply = if unix {
            "// A sender without a name can't be answered.\n\
             if let Some(path) = sender.as_pathname() {\n    \
             socket.send_to(&reply, path)?;\n}\n"
        } else {
            "socket.send_to(&reply, sender)?;\n"
        };
        let work = pause(
            options.delay_ms + options.block_ms,
            "the reply takes a while",
        );
        return Some(filled(
            DATAGRAM,
            &head,
            &common,
            &[
                ("import", import),
                ("socket", socket),
                ("reply", reply),
                ("work", &work),
                (
                    "threads",
                    if work.is_empty() {
                        ""
                    } else {
                        "use std::thread;\nuse std::time::Duration;"
                    },
                ),
            ],
        ));
    }
    let (home, stream, listener) = stream(&recipe.address);
    head.push(if unix {
        format!(
            "std chooses the backlog itself; in the run it was {}.",
            options.backlog
        )
    } else {
        format!(
            "std always listens with a backlog of 128; in the run it was {}.",
            options.backlog
        )
    });
    let polled = matches!(options.model, Model::Select | Model::Evented);
    if polled {
        head.push(
            "std can't wait until one of many sockets is ready (the crates mio and tokio can): \
             this program asks each of them, again and again."
                .to_owned(),
        );
    }
    let delay = pause(options.delay_ms, "the reply takes a while");
    let block = pause(options.block_ms, "work, which holds this thread");
    let mut imports = vec![
        "use std::io::{ErrorKind, Read, Write};".to_owned(),
        "use std::process::Command;".to_owned(),
        "use std::time::Duration;".to_owned(),
    ];
    if polled {
        imports[0] = "use std::io::{self, ErrorKind, Read, Write};".to_owned();
        imports[2] = "use std::time::{Duration, Instant};".to_owned();
    }
    let sleeps =
        !(delay.is_empty() && block.is_empty()) || options.late_ms + options.accept_after_ms > 0;
    if polled || sleeps || options.model == Model::Threaded {
        imports.push("use std::thread;".to_owned());
    }
    imports.push(if unix {
        format!("use std::net::Shutdown;\nuse {home}::{{{listener}, {stream}}};")
    } else {
        format!("use {home}::{{Shutdown, {listener}, {stream}}};")
    });
    if options.model == Model::Process {
        imports.push("use std::os::fd::{AsFd, OwnedFd};".to_owned());
    }
    few::sort(&mut imports, |a, b| a < b);
    let serve = match options.model {
        Model::Threaded => "thread::spawn(move || serve(client, &name));\n",
        Model::Process => {
            "// The socket becomes the child's standard input, as inetd does it.\n\
             let child = Command::new(std::env::current_exe()?)\n    \
             .arg(&name)\n    \
             .stdin(OwnedFd::from(client))\n    \
             .spawn()?;\n\
             children.push(child);\n\
             // Those that have ended are gone when somebody asked for them.\n\
             children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));\n"
        }
        _ => "serve(client, &name);\n",
    };
    let (worker, children) = if options.model == Model::Process {
        (
            "if let Some(name) = std::env::args().nth(1) {\n    \
             let client = std::io::stdin().as_fd().try_clone_to_owned()?;\n    \
             serve(client.into(), &name);\n    \
             return Ok(());\n}\n",
            "let mut children = Vec::new();",
        )
    } else {
        ("", "")
    };
    let late_ms = options.late_ms.to_string();
    let delay_ms = options.delay_ms.to_string();
    let work = delay.clone() + &block;
    let request = protocol_sentence(options);
    Some(filled(
        if polled { POLLED } else { BLOCKING },
        &head,
        &common,
        &[
            ("imports", &imports.join("\n")),
            ("stream", stream),
            ("listener", listener),
            ("request", &request),
            ("late", &pause(options.late_ms, "busy with something else")),
            ("late_ms", &late_ms),
            ("delay_ms", &delay_ms),
            ("work", &work),
            ("block", &block),
            ("converse", converse(options.protocol)),
            ("next", next(options)),
            ("serve", serve),
            ("worker", worker),
            ("children", children),
            (
                "shown",
                if unix {
                    "ADDRESS"
                } else {
                    "server.local_addr()?"
                },
            ),
        ],
    ))
}

fn filled(
    template: &str,
    head: &[String],
    common: &[(&str, String)],
    more: &[(&str, &str)],
) -> String {
    let head = comment("//", head);
    let mut values = vec![("head", head.as_str())];
    values.extend(common.iter().map(|(name, value)| (*name, value.as_str())));
    values.extend(more);
    fill(template, &values)
}

/// Reads requests and answers them, for the models that block.
fn converse(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Basic => {
            "let n = recv(client, &mut buffer, name)?;\nanswer(client, name, &buffer[..n])\n"
        }
        Protocol::Line => {
            "let mut data = Vec::new();\n\
             while !data.contains(&b'\\n') {\n    \
             let n = recv(client, &mut buffer, name)?;\n    \
             if n == 0 {\n        \
             break;\n    }\n    \
             data.extend_from_slice(&buffer[..n]);\n}\n\
             let line = data.split_inclusive(|byte| *byte == b'\\n').next();\n\
             answer(client, name, line.unwrap_or_default())\n"
        }
        Protocol::Session => {
            "let mut data = Vec::new();\n\
             loop {\n    \
             let n = recv(client, &mut buffer, name)?;\n    \
             if n == 0 {\n        \
             break;\n    }\n    \
             data.extend_from_slice(&buffer[..n]);\n    \
             while let Some(end) = data.iter().position(|byte| *byte == b'\\n') {\n        \
             let line: Vec<u8> = data.drain(..=end).collect();\n        \
             answer(client, name, &line)?;\n    }\n}\n\
             if !data.is_empty() {\n    \
             answer(client, name, &data)?; // the last line had no end\n}\n\
             Ok(())\n"
        }
    }
}

/// The next request, for the model that asks.
fn next(options: &ServerOptions) -> &'static str {
    match options.protocol {
        Protocol::Basic => {
            "if self.data.is_empty() && !self.ended {\n    return None;\n}\n\
             self.last = true;\n\
             Some(std::mem::take(&mut self.data))\n"
        }
        Protocol::Line => {
            "let end = self.data.iter().position(|byte| *byte == b'\\n');\n\
             if end.is_none() && !self.ended {\n    return None;\n}\n\
             self.last = true;\n\
             let length = end.map_or(self.data.len(), |end| end + 1);\n\
             Some(self.data.drain(..length).collect())\n"
        }
        Protocol::Session => {
            "if let Some(end) = self.data.iter().position(|byte| *byte == b'\\n') {\n    \
             return Some(self.data.drain(..=end).collect());\n}\n\
             // The last line may have no end.\n\
             (self.ended && !self.data.is_empty()).then(|| std::mem::take(&mut self.data))\n"
        }
    }
}
