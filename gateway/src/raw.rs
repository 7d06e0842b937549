//! The plain fast road: a WebSocket whose messages are a socket's bytes, and nothing else.
//!
//! What comes from either side is passed on before more is read from it: nothing queues here, and a
//! side that does not read holds back the other through the kernels.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use chalkwire_shared::close::{LinkClose, Reason};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::fault::{Plan, Wire, refused};
use crate::policy::rate::Bucket;
use crate::target::{Failure, RECV_BYTES, Target, with_buffer};
use crate::ws;

/// How a raw socket ended.
enum End {
    /// The target is done, or failed.
    Target(Failure),
    /// The client said goodbye or is gone.
    Client,
    /// The client's messages break the protocol or a limit.
    Broken(LinkClose, String),
    /// The gateway ends.
    Draining,
}

/// Bridges a WebSocket and a target until either ends.
pub(crate) async fn serve(mut socket: WebSocket, target: Arc<Target>, plan: Plan, core: Arc<Core>) {
    let account = core.account(&target);
    let stop = core.tasks.stop();
    let dialled = match plan.refuses() {
        true => Err(refused()),
        false => tokio::select! {
            dialled = tokio::time::timeout(core.config.limits.connect, core.targets.dial(&target)) => {
                dialled.unwrap_or_else(|_| Err(Reason::ConnectTimeout.into()))
            }
            () = stop.cancelled() => Err(Reason::Draining.into()),
        },
    };
    let opened = dialled.and_then(|dialled| {
        let (name, local, peer) = (&target.info.name, dialled.local, dialled.peer);
        tracing::info!(target_name = name, local, peer, "socket opened");
        Wire::new(dialled.stream, &plan, &core.faulted)
    });
    let (end, wire) = match opened {
        Ok(wire) => {
            let end = pump(&mut socket, &wire, &core, &stop).await;
            (end, wire)
        }
        Err(failure) => {
            let Failure { reason, detail } = failure;
            account.closed(reason);
            let text = format!("{reason}: {detail}");
            return ws::close(&mut socket, LinkClose::Internal.code(), &text).await;
        }
    };
    let (reason, close) = match end {
        End::Target(Failure { reason, detail }) => {
            let close = match reason {
                Reason::Finished => (LinkClose::Normal.code(), detail),
                _ => (LinkClose::Internal.code(), format!("{reason}: {detail}")),
            };
            (reason, Some(close))
        }
        End::Client => (Reason::ClosedByClient, None),
        End::Broken(close, detail) => (Reason::BadRequest, Some((close.code(), detail))),
        End::Draining => {
            let restart = LinkClose::Restart;
            (
                Reason::Draining,
                Some((restart.code(), restart.sentence().to_owned())),
            )
        }
    };
    // Faults may still hold back what the client sent before the target's end.
    if reason == Reason::ClosedByClient || reason == Reason::Finished && wire.is_sending() {
        wire.linger().await;
    }
    account.closed(reason);
    drop(wire);
    match close {
        Some((code, text)) => ws::close(&mut socket, code, &text).await,
        None => ws::finish(&mut socket).await,
    }
}

/// What both directions know of each other.
struct Life<'a> {
    core: &'a Core,
    /// Bytes went, or the client showed life, at this time of the gateway's clock.
    heard_us: AtomicU64,
    moved_us: AtomicU64,
}

impl Life<'_> {
    fn moved(&self) {
        self.moved_us
            .store(self.core.clock.now_us(), Ordering::Relaxed);
    }

    fn heard(&self) {
        self.heard_us
            .store(self.core.clock.now_us(), Ordering::Relaxed);
    }

    /// How long no byte has gone, in the hop either, if there is one.
    fn idle(&self, wire: &Wire) -> Duration {
        self.moved_us.fetch_max(wire.active_us(), Ordering::Relaxed);
        self.since(&self.moved_us)
    }

    fn since(&self, what: &AtomicU64) -> Duration {
        let now_us = self.core.clock.now_us();
        Duration::from_micros(now_us.saturating_sub(what.load(Ordering::Relaxed)))
    }
}

async fn pump(socket: &mut WebSocket, wire: &Wire, core: &Core, stop: &CancellationToken) -> End {
    let now_us = core.clock.now_us();
    let life = Life {
        core,
        heard_us: now_us.into(),
        moved_us: now_us.into(),
    };
    let (sink, source) = socket.split();
    let spread = core.spread(core.config.limits.drain / 2);
    let draining = core.tasks.draining();
    // Dropping the loser of these is safe: the connection ends with either of them.
    tokio::select! {
        end = from_client(source, wire, &life) => end,
        end = from_target(sink, wire, &life) => end,
        end = wire.work() => end,
        () = stop.cancelled() => End::Draining,
        () = async { draining.cancelled().await; tokio::time::sleep(spread).await } => End::Draining,
    }
}

/// Client to target.
async fn from_client(mut source: SplitStream<&mut WebSocket>, wire: &Wire, life: &Life<'_>) -> End {
    let rate = life.core.config.limits.control_per_second;
    let mut control = Bucket::new(rate.saturating_mul(2), rate, std::time::Instant::now());
    loop {
        let bytes: Bytes = match source.next().await {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Text(text))) => text.into(),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                life.heard();
                if control.take(std::time::Instant::now()) {
                    continue;
                }
                let detail = "too many pings in too short a time".to_owned();
                return End::Broken(LinkClose::Policy, detail);
            }
            Some(Ok(Message::Close(_))) | None => return End::Client,
            Some(Err(error)) => {
                return match ws::fault(&error) {
                    Some((close, detail)) => End::Broken(close, detail),
                    None => End::Client,
                };
            }
        };
        life.moved();
        life.heard();
        life.core.metrics.to_target.inc_by(bytes.len() as u64);
        if bytes.is_empty() && !wire.is_datagram() {
            continue;
        }
        if let Err(error) = wire.send_all(&bytes).await {
            // What the target said before it closed is still to be passed on; the other direction
            // meets the same end after that.
            match Failure::of(&error) {
                failure if failure.reason == Reason::Reset && !wire.is_datagram() => {
                    std::future::pending::<()>().await;
                }
                failure => return End::Target(failure),
            }
        }
    }
}

/// Target to client, and the signs of life.
async fn from_target(
    mut sink: SplitSink<&mut WebSocket, Message>,
    wire: &Wire,
    life: &Life<'_>,
) -> End {
    let limits = &life.core.config.limits;
    let patience = limits.ping + limits.pong;
    let tick = limits.ping.min(limits.idle);
    let due = tokio::time::sleep(tick);
    tokio::pin!(due);
    let mut pinged = false;
    loop {
        // readable and the timer are cancel-safe.
        let ready = tokio::select! {
            biased;
            ready = wire.readable() => ready,
            () = &mut due => {
                if life.idle(wire) >= limits.idle {
                    return End::Target(Reason::Idle.into());
                }
                let silent = life.since(&life.heard_us);
                let wait = match (pinged, silent < limits.ping) {
                    (_, true) => {
                        pinged = false;
                        limits.ping - silent
                    }
                    (true, false) => return End::Client,
                    (false, false) => {
                        pinged = true;
                        let ping = sink.send(Message::Ping(Bytes::new()));
                        if !matches!(tokio::time::timeout(patience, ping).await, Ok(Ok(()))) {
                            return End::Client;
                        }
                        limits.pong
                    }
                };
                let idle_in = limits.idle.saturating_sub(life.idle(wire));
                due.as_mut().reset(Instant::now() + wait.min(idle_in));
                continue;
            }
        };
        let read = ready.and_then(|()| {
            with_buffer(|buffer| {
                let n = wire.try_recv(&mut buffer[..RECV_BYTES - 1])?;
                Ok(Bytes::copy_from_slice(&buffer[..n]))
            })
        });
        let bytes = match read {
            Ok(bytes) if bytes.is_empty() && !wire.is_datagram() => {
                return End::Target(Failure {
                    reason: Reason::Finished,
                    detail: String::new(),
                });
            }
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return End::Target(Failure::of(&error)),
        };
        life.moved();
        life.core.metrics.from_target.inc_by(bytes.len() as u64);
        let send = sink.send(Message::Binary(bytes));
        if !matches!(tokio::time::timeout(patience, send).await, Ok(Ok(()))) {
            return End::Client;
        }
    }
}

/// Echoes each message as it came, for the page's connection test.
pub(crate) async fn echo(mut socket: WebSocket, core: Arc<Core>) {
    let limits = &core.config.limits;
    let silence = limits.ping + limits.pong;
    let stop = core.tasks.draining();
    let end = loop {
        let message = tokio::select! {
            message = tokio::time::timeout(silence, socket.recv()) => message,
            () = stop.cancelled() => break Some((LinkClose::Restart, String::new())),
        };
        match message {
            Ok(Some(Ok(message @ (Message::Text(_) | Message::Binary(_))))) => {
                let sent = tokio::time::timeout(silence, socket.send(message)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    break None;
                }
            }
            // Pings and closes are answered by the WebSocket itself.
            Ok(Some(Ok(Message::Close(_)))) | Ok(None) => break None,
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => break ws::fault(&error),
            Err(_) => {
                break Some((
                    LinkClose::Policy,
                    "nothing was said for too long".to_owned(),
                ));
            }
        }
    };
    match end {
        Some((close, detail)) => ws::close(&mut socket, close.code(), &detail).await,
        None => ws::finish(&mut socket).await,
    }
}
