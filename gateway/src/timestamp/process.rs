//! The model process: a process a client, which gets the socket as its standard input and output.
//!
//! So does inetd(8). What the process did it tells on its standard error, a line an event.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rustix::event::PollFlags;
use socket2::Socket;

use super::Context;
use super::backoff::Backoff;
use super::event::{Client, What};
use super::listen::Listener;
use super::permit::Permits;
use super::stop::{Stop, Woken};
use super::worker::{self, Lines};

/// Processes at once. Who comes when all are taken waits in the backlog.
const MAX_PROCESSES: usize = 64;

/// How often a process is looked at that is about to end.
const PATIENCE: Duration = Duration::from_millis(2);

/// Serves each client by a process of its own; returns when all of them have ended.
pub(super) fn run(listener: Listener, program: &Path, context: &Arc<Context>) {
    let permits = Permits::new(MAX_PROCESSES);
    let arguments = &worker::arguments(&context.options);
    // The scope joins its threads, and each thread reaps its process: it alone owns it, so that
    // nobody kills a process that is another's by now.
    thread::scope(|scope| {
        loop {
            let permit = permits.acquire();
            let place = || context.options.workers.acquire(&context.stop);
            let Some((place, client, socket)) = listener.accept_with(context, place) else {
                return;
            };
            // The thread before the process, so that no process is without one that reaps it.
            let (hand_over, handed) = mpsc::sync_channel(1);
            let serve = move || {
                let _permit = (permit, place);
                if let Ok((child, client)) = handed.recv() {
                    let _counted = context.count.process();
                    watch(child, &client, &context.stop);
                }
            };
            if let Err(error) = thread::Builder::new().spawn_scoped(scope, serve) {
                client.report(What::failed(format_args!("no thread: {error}")));
            } else if let Some(child) = start(program, arguments, socket, &client, context) {
                // The thread waits for it.
                let _ = hand_over.send((child, client));
            }
        }
    });
}

/// Starts a process for a client. Where the system has none to give, that is reported and tried
/// again, for as long as a silent client is waited for; nobody else is accepted meanwhile, so that
/// clients without a process do not hold what the others could have.
fn start(
    program: &Path,
    arguments: &[OsString],
    socket: Socket,
    client: &Client,
    context: &Context,
) -> Option<Child> {
    let mut backoff = Backoff::new();
    let mut rested = Duration::ZERO;
    loop {
        let error = match spawn(program, arguments, &socket) {
            // From here on the process alone has the socket: its end is the connection's.
            Ok(child) => return Some(child),
            Err(error) => error,
        };
        client.report(What::failed(format_args!("no process: {error}")));
        let rest = backoff.after(&error)?;
        rested += rest;
        if rested > context.options.timeout || context.stop.sleep(rest) {
            return None;
        }
    }
}

fn spawn(program: &Path, arguments: &[OsString], socket: &Socket) -> io::Result<Child> {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::from(OwnedFd::from(socket.try_clone()?)))
        .stdout(Stdio::from(OwnedFd::from(socket.try_clone()?)))
        .stderr(Stdio::piped())
        // Ctrl-C at a terminal is for the parent, which lets the clients finish.
        .process_group(0)
        .spawn()
}

/// Reports what the process tells until it ends, ends it when the server stops, and reaps it.
fn watch(mut child: Child, client: &Client, stop: &Stop) {
    if let Some(stderr) = child.stderr.take() {
        let mut listen = Listen::new(stderr, client);
        while let Ok(Woken::Ready) = stop.wait(listen.readable(), None)
            && listen.read()
        {}
        if stop.is_stopped() {
            // It may have ended by itself just now, which is as well.
            let _ = child.kill();
            // What it told before that counts.
            let now = Some(Duration::ZERO);
            while let Ok(Woken::Ready) = Stop::never().wait(listen.readable(), now)
                && listen.read()
            {}
        }
    }
    // It ends as it closes its standard error; one that does not is another program than ours.
    let ended = loop {
        match child.try_wait() {
            Ok(None) if stop.sleep(PATIENCE) => {
                let _ = child.kill();
                break child.wait().map(|_| None);
            }
            Ok(None) => {}
            ended => break ended,
        }
    };
    match ended {
        // Ended by us.
        Ok(_) if stop.is_stopped() => {}
        Ok(Some(status)) if !status.success() => {
            client.report(What::failed(format_args!("the process ended: {status}")));
        }
        Ok(_) => {}
        Err(error) => client.report(What::failed(error)),
    }
}

/// What a process tells.
struct Listen<'a> {
    stderr: ChildStderr,
    lines: Lines,
    client: &'a Client,
}

impl<'a> Listen<'a> {
    fn new(stderr: ChildStderr, client: &'a Client) -> Self {
        Listen {
            stderr,
            lines: Lines::default(),
            client,
        }
    }

    fn readable(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        Some((self.stderr.as_fd(), PollFlags::IN))
    }

    /// Reports what is there; false at the end.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 1024];
        let bytes = self.stderr.read(&mut buffer).unwrap_or(0);
        self.lines
            .read(&buffer[..bytes], |what| self.client.report(what));
        bytes > 0
    }
}
