//! UDP and Unix datagrams: one datagram, one datagram.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use chalkwire_shared::stamp::MAX_OVERHEAD_BYTES;
use chalkwire_shared::target::Kind;
use rustix::net::{RecvFlags, SendFlags, SocketAddrAny, SocketAddrUnix};
use tokio::io::Interest;
use tokio::net::{UdpSocket, UnixDatagram};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Context;
use super::backoff::Backoff;
use super::budget::Budgets;
use super::event::{What, Why};
use super::evented::stopped;
use super::listen::Listener;

/// Delayed replies that may wait at once, each of 64 KiB at most.
const MAX_WAITING: usize = 1024;

enum Socket {
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

/// What one `recvfrom` returned, beside the bytes.
struct Received {
    /// The bytes that it was to receive.
    bytes: usize,
    /// What is in the buffer.
    seen: usize,
    /// The bytes that the datagram had before it was cut.
    whole: usize,
    sender: Option<SocketAddrAny>,
}

/// Answers datagrams on the calling thread.
pub(super) fn run(runtime: &Runtime, listener: Listener, context: &Arc<Context>) {
    let Listener { file, socket, url } = listener;
    let done = runtime.block_on(async {
        let socket = match url.kind() {
            Kind::Udp => Socket::Udp(UdpSocket::from_std(socket.into())?),
            _ => Socket::Unix(UnixDatagram::from_std(OwnedFd::from(socket).into())?),
        };
        let socket = Arc::new(socket);
        serve(&socket, context).await?;
        // Before the socket: see `SocketFile`.
        drop(file);
        io::Result::Ok(())
    });
    if let Err(error) = done {
        context.reporter.server(What::failed(error));
    }
}

async fn serve(socket: &Arc<Socket>, context: &Arc<Context>) -> io::Result<()> {
    let mut stopped = std::pin::pin!(stopped(&context.stop));
    let mut budgets = Budgets::new();
    let mut waiting = JoinSet::new();
    let mut backoff = Backoff::new();
    // One for all: nothing of a datagram is kept, unless its reply is delayed.
    // However little it is to receive, it sees whether that is a reply.
    let recv_bytes = context.options.recv_bytes;
    let mut buffer = vec![0; recv_bytes.max(MAX_OVERHEAD_BYTES)];
    let mut reply = Vec::new();
    loop {
        // All are cancel-safe: a datagram is received in one poll or not at all.
        tokio::select! {
            done = &mut stopped => {
                waiting.shutdown().await;
                return done;
            }
            Some(_) = waiting.join_next() => {}
            received = socket.recv(&mut buffer, recv_bytes) => match received {
                Ok(received) => {
                    backoff.reset();
                    let data = &buffer[..received.bytes];
                    let seen = &buffer[..received.seen];
                    let answer = answer(received, seen, context, &mut budgets);
                    match answer {
                        Some(sender) if context.options.delay.is_zero() => {
                            give(data, &sender, &mut reply, socket, context);
                        }
                        Some(sender) if waiting.len() < MAX_WAITING => {
                            let (socket, context) = (Arc::clone(socket), Arc::clone(context));
                            let data = data.to_vec();
                            waiting.spawn(async move {
                                sleep(context.options.delay).await;
                                give(&data, &sender, &mut Vec::new(), &socket, &context);
                            });
                        }
                        Some(sender) => {
                            let ignored = What::Ignored(Why::Busy);
                            context.reporter.datagram(|| name(&sender), ignored);
                        }
                        None => {}
                    }
                }
                // What an earlier reply met (ICMP) may be told here; it is nobody's end.
                Err(error) => {
                    context.reporter.server(What::failed(format_args!("recv: {error}")));
                    sleep(backoff.after(&error).unwrap_or(Duration::ZERO)).await;
                }
            }
        }
    }
}

/// Who is to be answered: reports what was received, and why it is not answered if it is not.
fn answer(
    received: Received,
    seen: &[u8],
    context: &Context,
    budgets: &mut Budgets<SocketAddrAny>,
) -> Option<SocketAddrAny> {
    let Received {
        bytes,
        whole,
        sender,
        ..
    } = received;
    let reporter = &context.reporter;
    let report = |what| {
        let peer = || sender.as_ref().map_or_else(unnamed, name);
        reporter.datagram(peer, what);
    };
    report(if whole > bytes {
        What::RecvCut { bytes, of: whole }
    } else {
        What::Recv(bytes)
    });
    let why = match &sender {
        None => Why::NoAddress,
        Some(_) if context.options.reply.begins_like_reply(seen) => Why::LikeReply,
        Some(sender) if !budgets.may_answer(sender, reporter.clock().now_us()) => Why::OverBudget,
        Some(_) => return sender,
    };
    report(What::Ignored(why));
    None
}

/// Sends the reply, or reports why it could not be sent. It never waits for a receiver.
fn give(
    data: &[u8],
    sender: &SocketAddrAny,
    reply: &mut Vec<u8>,
    socket: &Socket,
    context: &Context,
) {
    // On purpose: it holds the thread, and with it every other sender.
    if context.stop.sleep(context.options.block) {
        return;
    }
    context.time.reply(&context.options.reply, reply, data);
    let sent = rustix::net::sendto(socket, reply, SendFlags::DONTWAIT, sender);
    let what = match sent {
        Ok(bytes) => What::Sent(bytes),
        Err(error) => What::failed(io::Error::from(error)),
    };
    context.reporter.datagram(|| name(sender), what);
}

impl Socket {
    /// Receives so many bytes of a datagram; the buffer, which is no shorter, may have more of it.
    async fn recv(&self, buffer: &mut [u8], most: usize) -> io::Result<Received> {
        let readable = Interest::READABLE;
        match self {
            Socket::Udp(s) => s.async_io(readable, || receive(s, buffer, most)).await,
            Socket::Unix(s) => s.async_io(readable, || receive(s, buffer, most)).await,
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Socket::Udp(socket) => socket.as_fd(),
            Socket::Unix(socket) => socket.as_fd(),
        }
    }
}

fn receive(socket: impl AsFd, buffer: &mut [u8], most: usize) -> io::Result<Received> {
    // With MSG_TRUNC the length is the datagram's own, even where the buffer is shorter (recv(2)).
    let flags = RecvFlags::DONTWAIT | RecvFlags::TRUNC;
    let (_, whole, sender) = rustix::net::recvfrom(socket, &mut *buffer, flags)?;
    Ok(Received {
        bytes: whole.min(most),
        seen: whole.min(buffer.len()),
        whole,
        sender: sender.filter(has_name),
    })
}

fn has_name(sender: &SocketAddrAny) -> bool {
    SocketAddrUnix::try_from(sender.clone()).map_or(true, |address| !address.is_unnamed())
}

fn unnamed() -> String {
    "unnamed".to_owned()
}

/// A sender's address, as events carry it: no control characters.
fn name(sender: &SocketAddrAny) -> String {
    if let Ok(address) = std::net::SocketAddr::try_from(sender.clone()) {
        return address.to_string();
    }
    let Ok(address) = SocketAddrUnix::try_from(sender.clone()) else {
        return "unknown".to_owned();
    };
    match (address.path_bytes(), address.abstract_name()) {
        (Some(path), _) => path.escape_ascii().to_string(),
        (None, Some(name)) => format!("@{}", name.escape_ascii()),
        (None, None) => unnamed(),
    }
}
