//! Both directions of a raw socket, polled by hand: what a line touches lies close together.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use chalkwire_shared::close::{LinkClose, Reason};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::End;
use super::life::Life;
use crate::core::Core;
use crate::fault::{Inflow, Wire};
use crate::policy::rate::Bucket;
use crate::seldom::Seldom;
use crate::target::{Failure, RECV_BYTES, with_buffer};
use crate::ws::{self, HEAD_BYTES, Incoming, Opcode, Reader, Writer};

/// A raw socket at work.
pub(super) struct Pump<'a> {
    stream: &'a TcpStream,
    reader: &'a mut Reader,
    wire: &'a Wire,
    life: &'a Life<'a>,
    core: &'a Core,
    inflow: Inflow<'a>,
    writer: Writer,
    /// The client's last ping, to be answered.
    pong: Option<Vec<u8>>,
    /// Nothing is read from the client while something of it waits here.
    outflow: Outflow<'a>,
    /// What is looked at when it has moved.
    seldom: Seldom<'a, End>,
    /// The faults at work, if there are any.
    work: Option<BoxFuture<'a, Infallible>>,
    /// The client is to take what waits for it before this is over.
    patience: Option<Pin<Box<Sleep>>>,
    control: Bucket,
}

/// What holds up the way from the client to the target.
enum Outflow<'a> {
    Free,
    /// The rest of a message did not fit.
    Waits(BoxFuture<'a, io::Result<()>>),
    /// The target has reset it: what it said before that is still to be passed on, and the other
    /// direction meets the same end after that.
    Broken,
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
        (stream, reader, writer): (&'a TcpStream, &'a mut Reader, Writer),
        wire: &'a Wire,
        life: &'a Life<'a>,
        core: &'a Core,
        seldom: Seldom<'a, End>,
    ) -> Self {
        let rate = core.config.limits.control_per_second;
        Pump {
            stream,
            reader,
            wire,
            life,
            core,
            inflow: wire.inflow(),
            writer,
            pong: None,
            outflow: Outflow::Free,
            seldom,
            work: wire.is_faulted().then(|| wire.work().boxed()),
            patience: None,
            control: Bucket::new(rate.saturating_mul(2), rate, Instant::now()),
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
        if let Poll::Ready(end) = self.poll_target(cx) {
            return Poll::Ready(end);
        }
        match &mut self.work {
            Some(work) => work.poll_unpin(cx).map(|never| match never {}),
            None => Poll::Pending,
        }
    }

    /// What still waits for the client.
    pub(super) fn into_writer(self) -> Writer {
        self.writer
    }

    /// Client to target.
    fn poll_client(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let sent = match &mut self.outflow {
                Outflow::Free => Ok(()),
                Outflow::Waits(rest) => ready!(rest.poll_unpin(cx)),
                Outflow::Broken => return Poll::Pending,
            };
            let said = match sent {
                Ok(()) => {
                    self.outflow = Outflow::Free;
                    let (wire, life, core) = (self.wire, self.life, self.core);
                    let pong = &mut self.pong;
                    let said = self.reader.poll_next(self.stream, cx, |it| match it {
                        Incoming::Text(text) => pass_on(text.as_bytes(), wire, life, core),
                        Incoming::Binary(bytes) => pass_on(bytes, wire, life, core),
                        Incoming::Ping(payload) => {
                            *pong = Some(payload.to_vec());
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
                    let wire = self.wire;
                    self.outflow =
                        Outflow::Waits(async move { wire.send_all(&rest).await }.boxed());
                }
                Said::Failed(error) => match Failure::of(&error) {
                    failure if failure.reason == Reason::Reset && !self.wire.is_datagram() => {
                        self.outflow = Outflow::Broken;
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
            // Before anything else is put.
            if !self.writer.is_empty() {
                match self.writer.poll_flush(self.stream, cx) {
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
                        return Poll::Ready(End::Target(Failure {
                            reason: Reason::Finished,
                            detail: String::new(),
                        }));
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                    Err(error) => return Poll::Ready(End::Target(Failure::of(&error))),
                },
                Poll::Pending => {
                    let ping = self.life.takes_ping();
                    if self.pong.is_none() && !ping {
                        return Poll::Pending;
                    }
                    if let Some(payload) = self.pong.take() {
                        self.writer.answer(payload);
                    }
                    match ping {
                        true => {
                            let (head, start) = ws::head(Opcode::Ping, 0);
                            self.writer.put(self.stream, &[&head[start..], &[]])
                        }
                        false => Ok(()),
                    }
                }
            };
            if put.is_err() {
                return Poll::Ready(End::Client);
            }
        }
    }

    /// Reads from the target, and puts what came into one frame for the client where it lies. What came
    /// of putting it there; `None` at the target's end.
    fn frame(&mut self) -> io::Result<Option<io::Result<()>>> {
        with_buffer(|buffer| {
            let n = self
                .wire
                .try_recv(&mut buffer[HEAD_BYTES..][..RECV_BYTES - 1])?;
            if n == 0 && !self.wire.is_datagram() {
                return Ok(None);
            }
            self.life.moved();
            self.core.metrics.from_target.inc_by(n as u64);
            let (head, start) = ws::head(Opcode::Binary, n);
            buffer[start..HEAD_BYTES].copy_from_slice(&head[start..]);
            let frame = &buffer[start..HEAD_BYTES + n];
            Ok(Some(self.writer.put(self.stream, &[frame, &[]])))
        })
    }
}

/// Passes a message's bytes on from where they lie.
fn pass_on(bytes: &[u8], wire: &Wire, life: &Life<'_>, core: &Core) -> Said {
    life.said();
    core.metrics.to_target.inc_by(bytes.len() as u64);
    if bytes.is_empty() && !wire.is_datagram() {
        return Said::Sent;
    }
    match wire.try_send(bytes) {
        Ok(n) if n == bytes.len() || wire.is_datagram() => Said::Sent,
        Ok(n) => Said::Waits(bytes[n..].to_vec()),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Said::Waits(bytes.to_vec()),
            _ => Said::Failed(error),
        },
    }
}
