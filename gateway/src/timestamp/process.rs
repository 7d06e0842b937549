//! The model process: a process a client, which gets the socket as its standard input and output.
//!
//! So does inetd(8). What the process did it tells on its standard error, a line an event.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use rustix::event::PollFlags;
use socket2::Socket;

use super::Context;
use super::event::{Client, What};
use super::listen::Listener;
use super::permit::Permits;
use super::stop::{Stop, Woken};
use super::worker::{self, Lines};

/// Processes at once. Who comes when all are taken waits in the backlog.
const MAX_PROCESSES: usize = 64;

/// Serves each client by a process of its own; returns when all of them have ended.
pub(super) fn run(listener: Listener, program: &Path, context: &Arc<Context>) {
    let permits = Permits::new(MAX_PROCESSES);
    let arguments = &worker::arguments(&context.options);
    // The scope joins its threads, and each thread reaps its process: it alone owns it, so that
    // nobody kills a process that is another's by now.
    thread::scope(|scope| {
        loop {
            let permit = permits.acquire();
            let Some((client, socket)) = listener.accept_blocking(context) else {
                return;
            };
            let serve = move || {
                let _permit = permit;
                match spawn(program, arguments, socket) {
                    Ok(child) => watch(child, &client, &context.stop),
                    Err(error) => {
                        client.report(What::failed(format_args!("no process: {error}")));
                    }
                }
            };
            if let Err(error) = thread::Builder::new().spawn_scoped(scope, serve) {
                context.reporter.server(What::failed(format_args!(
                    "no thread for a client: {error}"
                )));
            }
        }
    });
}

/// Starts a process that has the socket; when this returns, nobody else has it.
fn spawn(program: &Path, arguments: &[OsString], socket: Socket) -> io::Result<Child> {
    let output = OwnedFd::from(socket.try_clone()?);
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::from(OwnedFd::from(socket)))
        .stdout(Stdio::from(output))
        .stderr(Stdio::piped())
        .spawn()
}

/// Reports what the process tells until it ends, ends it when the server stops, and reaps it.
fn watch(mut child: Child, client: &Client, stop: &Stop) {
    if let Some(mut stderr) = child.stderr.take() {
        let mut lines = Lines::default();
        let mut buffer = [0; 1024];
        loop {
            match stop.wait(Some((stderr.as_fd(), PollFlags::IN)), None) {
                Ok(Woken::Ready) => match stderr.read(&mut buffer) {
                    Ok(bytes) if bytes > 0 => {
                        lines.read(&buffer[..bytes], |what| client.report(what));
                    }
                    _ => break,
                },
                // It may have ended by itself just now, which is as well.
                _ => {
                    let _ = child.kill();
                    break;
                }
            }
        }
    }
    match child.wait() {
        Ok(status) if status.success() => {}
        Ok(status) => client.report(What::failed(format_args!("the process ended: {status}"))),
        Err(error) => client.report(What::failed(error)),
    }
}
