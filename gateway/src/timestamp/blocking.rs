//! One client served by a thread that blocks: for the models iterative, threaded and process.

use std::io;
use std::os::fd::AsFd;

use rustix::event::PollFlags;
use socket2::Socket;

use super::event::{Client, What};
use super::request::{Next, Requests};
use super::stop::{Stop, Woken};
use super::time::Time;
use super::{Context, Options, wire};

/// Serves one client to its end.
pub(super) fn converse(client: &Client, socket: &Socket, context: &Context) {
    let Context {
        options,
        stop,
        time,
        ..
    } = context;
    let report = &mut |what| client.report(what);
    converse_apart(socket, options, time, stop, report);
}

/// The same in a process of its own, which has no more of the server than this.
pub(super) fn converse_apart(
    socket: &Socket,
    options: &Options,
    time: &Time,
    stop: &Stop,
    report: &mut dyn FnMut(What),
) {
    if let Err(error) = exchange(socket, options, time, stop, report) {
        report(What::failed(error));
    }
    wire::leave(socket);
}

fn exchange(
    socket: &Socket,
    options: &Options,
    time: &Time,
    stop: &Stop,
    report: &mut dyn FnMut(What),
) -> io::Result<()> {
    let mut requests = Requests::new(options.protocol);
    let mut buffer = vec![0; options.recv_bytes];
    let mut reply = Vec::new();
    if stop.sleep(options.late) {
        return Ok(());
    }
    loop {
        match requests.next() {
            Next::Read => {
                // A wait and then a recv is what Python's `settimeout` does, too.
                if !ready(socket, PollFlags::IN, options, stop, report)? {
                    return Ok(());
                }
                match wire::recv(socket, &mut buffer) {
                    Ok(bytes) => {
                        report(if bytes == 0 {
                            What::Eof
                        } else {
                            What::Recv(bytes)
                        });
                        requests.read(&buffer[..bytes]);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
            Next::Answer(data) => {
                if stop.sleep(options.delay) || stop.sleep(options.block) {
                    return Ok(());
                }
                time.reply(&options.reply, &mut reply, data);
                let mut sent = 0;
                while sent < reply.len() {
                    match wire::send(socket, &reply[sent..]) {
                        Ok(bytes) => sent += bytes,
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            if !ready(socket, PollFlags::OUT, options, stop, report)? {
                                return Ok(());
                            }
                        }
                        Err(error) => return Err(error),
                    }
                }
                report(What::Sent(sent));
                wire::empty(&mut reply);
            }
            Next::Close => return Ok(()),
        }
    }
}

/// Waits for the client; false if that took too long, or the server is to stop.
fn ready(
    socket: &Socket,
    flags: PollFlags,
    options: &Options,
    stop: &Stop,
    report: &mut dyn FnMut(What),
) -> io::Result<bool> {
    let woken = stop.wait(Some((socket.as_fd(), flags)), Some(options.timeout))?;
    if woken == Woken::TimedOut {
        report(What::TimedOut);
    }
    Ok(woken == Woken::Ready)
}
