//! Both directions of a raw socket, polled by hand: what a line touches lies close together.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use chalkwire_shared::close::{LinkClose, Reason};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Sleep;

use super::End;
use super::life::Life;
use crate::core::Core;
use crate::fault::{Inflow, Wire};
use crate::policy::rate::Bucket;
use crate::seldom::Seldom;
use crate::target::{Failure, RECV_BYTES, with_buffer};
use crate::ws::{self, HEAD_BYTES, Incoming, Opcode, WebSocket};

/// A raw socket at work.
///
/// With hundreds of them in turn, what a line costs is how many cache lines of each it touches: these
/// are together, in the order in which they are looked at, before what is seldom used.
#[repr(C)]
pub(super) struct Pump<'a> {
    /// What is looked at when it has moved.
    seldom: Seldom<'a, End>,
    /// The rest of a client's message that did not fit. Nothing is read from the client meanwhile.
    rest: Option<BoxFuture<'a, io::Result<()>>>,
    socket: WebSocket,
    inflow: Inflow<'a>,
    wire: &'a Wire,
    life: &'a Life<'a>,
    core: &'a Core,
    /// The client is to take what waits for it before this is over.
    patience: Option<Pin<Box<Sleep>>>,
    control: Bucket,
    /// A write failed, and took the error with it: the end that is read then is no FIN.
    failed: Option<Failure>,
}

/// What became of a client's message.
enum Said {
    /// It went on to the target.
    Sent,
    /// This much of it did not fit.
    Waits(Vec<u8>),
    Failed(io::Error),
    SignOfLife,
    Goodbye,
}

impl<'a> Pump<'a> {
    /// With what ends it from outside.
    pub(super) fn new(
        socket: WebSocket,
        wire: &'a Wire,
        life: &'a Life<'a>,
        core: &'a Core,
        mut seldom: Seldom<'a, End>,
    ) -> Self {
        if wire.is_faulted() {
            seldom.push(wire.work());
        }
        let rate = core.config.limits.control_per_second;
        Pump {
            seldom,
            rest: None,
            socket,
            inflow: wire.inflow(),
            wire,
            life,
            core,
            patience: None,
            control: Bucket::new(rate.saturating_mul(2), rate, Instant::now()),
            failed: None,
        }
    }

    /// Works until either side ends.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if let Poll::Ready(end) = self.seldom.poll_next(cx) {
            return Poll::Ready(end);
        }
        if let Poll::Ready(end) = self.poll_client(cx) {
            return Poll::Ready(end);
        }
        self.poll_target(cx)
    }

    /// The WebSocket, with what still waits for the client.
    pub(super) fn into_socket(self) -> WebSocket {
        self.socket
    }

    /// Client to target.
    fn poll_client(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let sent = match &mut self.rest {
                Some(rest) => ready!(rest.poll_unpin(cx)),
                None => Ok(()),
            };
            let said = match sent {
                Ok(()) => {
                    if self.rest.take().is_some() {
                        self.life.holds(false);
                    }
                    let (wire, life, core) = (self.wire, self.life, self.core);
                    let (stream, reader, writer) = self.socket.parts();
                    let said = reader.poll_next(stream, cx, |it| match it {
                        Incoming::Text(text) => pass_on(text.as_bytes(), wire, life, core),
                        Incoming::Binary(bytes) => pass_on(bytes, wire, life, core),
                        Incoming::Ping(payload) => {
                            writer.answer(payload.to_vec());
                            Said::SignOfLife
                        }
                        Incoming::Pong => Said::SignOfLife,
                        Incoming::Close(_) => Said::Goodbye,
                    });
                    match ready!(said) {
                        Some(Ok(said)) => said,
                        Some(Err(broken)) => {
                            return Poll::Ready(End::Broken(broken.close, broken.detail));
                        }
                        None => Said::Goodbye,
                    }
                }
                Err(error) => Said::Failed(error),
            };
            match said {
                Said::Sent => {}
                Said::Waits(rest) => {
                    let (wire, core) = (self.wire, self.core);
                    let sent = async move {
                        wire.send_all(&rest).await?;
                        core.metrics.to_target.inc_by(rest.len() as u64);
                        Ok(())
                    };
                    self.life.holds(true);
                    self.rest = Some(sent.boxed());
                }
                Said::Failed(error) => match Failure::of(&error) {
                    // What the target said before it closed is still to be passed on; the other
                    // direction meets the same end after that.
                    failure if failure.reason == Reason::Reset && !self.wire.is_datagram() => {
                        self.failed = Some(failure);
                        self.rest = Some(std::future::pending().boxed());
                    }
                    failure => return Poll::Ready(End::Target(failure)),
                },
                Said::SignOfLife => {
                    self.life.heard();
                    if !self.control.take(Instant::now()) {
                        let detail = "too many pings in too short a time".to_owned();
                        return Poll::Ready(End::Broken(LinkClose::Policy, detail));
                    }
                }
                Said::Goodbye => return Poll::Ready(End::Client),
            }
        }
    }

    /// Target to client, and the signs of life.
    fn poll_target(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let (stream, _, writer) = self.socket.parts();
            // Before anything else is put.
            if !writer.is_empty() {
                match writer.poll_flush(stream, cx) {
                    Poll::Ready(Ok(())) => self.patience = None,
                    Poll::Ready(Err(_)) => return Poll::Ready(End::Client),
                    Poll::Pending => {
                        let (timers, limits) = (&self.core.timers, &self.core.config.limits);
                        let begin = || Box::pin(timers.sleep(limits.ping + limits.pong));
                        let patience = self.patience.get_or_insert_with(begin);
                        return patience.poll_unpin(cx).map(|()| End::Client);
                    }
                }
            }
            let put = match self.inflow.poll_ready(cx) {
                Poll::Ready(ready) => match ready.and_then(|()| self.frame()) {
                    Ok(Some(put)) => put,
                    Ok(None) => {
                        let finished = || Failure {
                            reason: Reason::Finished,
                            detail: String::new(),
                        };
                        let failure = self.failed.take().unwrap_or_else(finished);
                        return Poll::Ready(End::Target(failure));
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                    Err(error) => return Poll::Ready(End::Target(Failure::of(&error))),
                },
                Poll::Pending if self.life.takes_ping() => {
                    let (head, start) = ws::head(Opcode::Ping, 0);
                    writer.put(stream, &[&head[start..], &[]])
                }
                Poll::Pending => return Poll::Pending,
            };
            if put.is_err() {
                return Poll::Ready(End::Client);
            }
        }
    }

    /// Reads from the target, and puts what came into one frame for the client where it lies. What came
    /// of putting it there; `None` at the target's end.
    fn frame(&mut self) -> io::Result<Option<io::Result<()>>> {
        let (stream, _, writer) = self.socket.parts();
        with_buffer(|buffer| {
            let n = self
                .wire
                .try_recv(&mut buffer[HEAD_BYTES..][..RECV_BYTES - 1])?;
            if n == 0 && !self.wire.is_datagram() {
                return Ok(None);
            }
            let (head, start) = ws::head(Opcode::Binary, n);
            buffer[start..HEAD_BYTES].copy_from_slice(&head[start..]);
            let put = writer.put(stream, &[&buffer[start..HEAD_BYTES + n], &[]]);
            self.life.moved();
            self.core.metrics.from_target.inc_by(n as u64);
            Ok(Some(put))
        })
    }
}

/// Passes a message's bytes on from where they lie.
fn pass_on(bytes: &[u8], wire: &Wire, life: &Life<'_>, core: &Core) -> Said {
    let sent = match bytes.is_empty() && !wire.is_datagram() {
        true => Ok(0),
        false => wire.try_send(bytes),
    };
    life.said();
    if let Ok(n) = sent {
        core.metrics.to_target.inc_by(n as u64);
    }
    match sent {
        Ok(n) if n == bytes.len() || wire.is_datagram() => Said::Sent,
        Ok(n) => Said::Waits(bytes[n..].to_vec()),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Said::Waits(bytes.to_vec()),
            _ => Said::Failed(error),
        },
    }
}
