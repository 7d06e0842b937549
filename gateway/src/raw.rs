//! The plain fast road: a WebSocket whose messages are a socket's bytes, and nothing else.
//!
//! What comes from either side is passed on before more is read from it: nothing queues here, and a
//! side that does not read holds back the other through the kernels.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use chalkwire_shared::close::{LinkClose, Reason};
use futures_util::FutureExt;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::fault::{Plan, Wire, refused};
use crate::policy::rate::Bucket;
use crate::seldom::Seldom;
use crate::target::{Failure, RECV_BYTES, Target, with_buffer};
use crate::ws::{self, HEAD_BYTES, Incoming, Message, Opcode, Reader, WebSocket, Writer};

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
    let stop = core.tasks.stopping();
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
        let ends = dialled.ends;
        tracing::info!(
            target_name = target.info.name,
            local = ends.local(),
            peer = ends.peer(),
            "socket opened"
        );
        Wire::new(dialled.stream, &plan, &core.faulted)
    });
    let (end, wire) = match opened {
        Ok(wire) => {
            let end = pump(&mut socket, &wire, &core, stop).await;
            (end, wire)
        }
        Err(failure) => {
            let Failure { reason, detail } = failure;
            account.closed(reason);
            let text = format!("{reason}: {detail}");
            return socket.close(LinkClose::Internal.code(), &text).await;
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
    let Some((code, text)) = close else {
        // The client's goodbye is answered, and its connection closed, before the target has come to
        // its end: the client waits for nothing else.
        let goodbye = async move { socket.finish().await };
        tokio::join!(goodbye, wire.linger());
        return account.closed(reason);
    };
    // Faults may still hold back what the client sent before the target's end.
    if reason == Reason::Finished && wire.is_sending() {
        wire.linger().await;
    }
    account.closed(reason);
    drop(wire);
    socket.close(code, &text).await;
}

/// What both directions know of each other.
struct Life<'a> {
    core: &'a Core,
    /// Bytes went, or the client showed life, at this time of the gateway's clock.
    heard_us: AtomicU64,
    moved_us: AtomicU64,
    /// The last ping went out at this time.
    pinged_us: AtomicU64,
}

impl Life<'_> {
    /// Bytes came from the target.
    fn moved(&self) {
        self.moved_us
            .store(self.core.clock.now_us(), Ordering::Relaxed);
    }

    /// Bytes came from the client.
    fn said(&self) {
        let now_us = self.core.clock.now_us();
        self.moved_us.store(now_us, Ordering::Relaxed);
        self.heard_us.store(now_us, Ordering::Relaxed);
    }

    /// The client is there.
    fn heard(&self) {
        self.heard_us
            .store(self.core.clock.now_us(), Ordering::Relaxed);
    }

    /// A ping goes out.
    fn pinged(&self) {
        self.pinged_us
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
        pinged_us: now_us.into(),
    };
    let (stream, reader, mut writer) = socket.split();
    let signs = Signs::default();
    let draining = core.tasks.draining();
    // The gateway drains before it stops.
    let drained = async {
        draining.cancelled().await;
        let spread = core.spread(core.config.limits.drain / 2);
        let _ = tokio::time::timeout(spread, stop.cancelled()).await;
    };
    // Not with each message.
    let mut seldom = Seldom::new(drained.map(|()| End::Draining));
    seldom.push(silence(wire, &life, &signs));
    // Dropping the loser of these is safe: the connection ends with either of them.
    let end = tokio::select! {
        biased;
        end = seldom.next() => end,
        end = from_client(stream, reader, wire, &life, &signs) => end,
        end = from_target(stream, &mut writer, wire, &life, &signs) => end,
        end = wire.work() => end,
    };
    socket.join(writer);
    end
}

/// What is to be said besides the target's bytes, from where it comes up to where it is written.
///
/// Who writes is polled after all others, each time: nobody need be woken.
#[derive(Default)]
struct Signs {
    any: AtomicBool,
    unsaid: Mutex<Unsaid>,
}

#[derive(Default)]
struct Unsaid {
    ping: bool,
    /// The client's last ping.
    pong: Option<Vec<u8>>,
}

impl Signs {
    /// The client is to show that it is there.
    fn ping(&self) {
        self.lock().ping = true;
        self.any.store(true, Ordering::Relaxed);
    }

    /// Whether that has not been said yet.
    fn ping_waits(&self) -> bool {
        self.lock().ping
    }

    /// The client is to be answered.
    fn answer(&self, ping: &[u8]) {
        self.lock().pong = Some(ping.to_vec());
        self.any.store(true, Ordering::Relaxed);
    }

    fn poll_take(&self) -> Poll<Unsaid> {
        if !self.any.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        self.any.store(false, Ordering::Relaxed);
        Poll::Ready(std::mem::take(&mut *self.lock()))
    }

    fn lock(&self) -> MutexGuard<'_, Unsaid> {
        // What the lock protects is whole between any two statements.
        self.unsaid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a connection on which nothing goes, or whose client shows no life.
async fn silence(wire: &Wire, life: &Life<'_>, signs: &Signs) -> End {
    let limits = &life.core.config.limits;
    let (mut wait, mut pinged) = (limits.ping, false);
    loop {
        let idle_in = limits.idle.saturating_sub(life.idle(wire));
        life.core.timers.sleep(wait.min(idle_in)).await;
        if life.idle(wire) >= limits.idle {
            return End::Target(Reason::Idle.into());
        }
        let silent = life.since(&life.heard_us);
        if silent < limits.ping {
            pinged = false;
            wait = limits.ping - silent;
        } else if !pinged {
            pinged = true;
            signs.ping();
            wait = limits.pong;
        } else {
            // A client that takes nothing has no ping to answer yet; who writes to it has patience of
            // its own.
            let out = match signs.ping_waits() {
                true => Duration::ZERO,
                false => life.since(&life.pinged_us),
            };
            if out >= limits.pong {
                return End::Client;
            }
            wait = limits.pong - out;
        }
    }
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

/// Passes a message's bytes on from where they lie.
fn pass_on(bytes: &[u8], wire: &Wire, life: &Life<'_>) -> Said {
    life.said();
    life.core.metrics.to_target.inc_by(bytes.len() as u64);
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

/// Client to target.
async fn from_client(
    stream: &TcpStream,
    reader: &mut Reader,
    wire: &Wire,
    life: &Life<'_>,
    signs: &Signs,
) -> End {
    let rate = life.core.config.limits.control_per_second;
    let mut control = Bucket::new(rate.saturating_mul(2), rate, std::time::Instant::now());
    loop {
        let said = reader.next(stream, |incoming| match incoming {
            Incoming::Text(text) => pass_on(text.as_bytes(), wire, life),
            Incoming::Binary(bytes) => pass_on(bytes, wire, life),
            Incoming::Ping(payload) => {
                signs.answer(payload);
                Said::SignOfLife
            }
            Incoming::Pong => Said::SignOfLife,
            Incoming::Close(_) => Said::Goodbye,
        });
        let failed = match said.await {
            Some(Ok(Said::Sent)) => continue,
            Some(Ok(Said::Waits(rest))) => match wire.send_all(&rest).await {
                Ok(()) => continue,
                Err(error) => error,
            },
            Some(Ok(Said::Failed(error))) => error,
            Some(Ok(Said::SignOfLife)) => {
                life.heard();
                if control.take(std::time::Instant::now()) {
                    continue;
                }
                let detail = "too many pings in too short a time".to_owned();
                return End::Broken(LinkClose::Policy, detail);
            }
            Some(Ok(Said::Goodbye)) | None => return End::Client,
            Some(Err(broken)) => return End::Broken(broken.close, broken.detail),
        };
        // What the target said before it closed is still to be passed on; the other direction meets
        // the same end after that.
        match Failure::of(&failed) {
            failure if failure.reason == Reason::Reset && !wire.is_datagram() => {
                std::future::pending::<()>().await;
            }
            failure => return End::Target(failure),
        }
    }
}

/// Target to client, and the signs of life.
async fn from_target(
    stream: &TcpStream,
    writer: &mut Writer,
    wire: &Wire,
    life: &Life<'_>,
    signs: &Signs,
) -> End {
    let limits = &life.core.config.limits;
    let patience = limits.ping + limits.pong;
    loop {
        // Both are cancel-safe.
        let put = tokio::select! {
            biased;
            ready = wire.readable() => match ready.and_then(|()| frame(stream, writer, wire, life)) {
                Ok(Some(put)) => put,
                Ok(None) => {
                    return End::Target(Failure {
                        reason: Reason::Finished,
                        detail: String::new(),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return End::Target(Failure::of(&error)),
            },
            Unsaid { ping, pong } = poll_fn(|_| signs.poll_take()) => {
                if let Some(payload) = pong {
                    writer.answer(payload);
                }
                match ping {
                    true => {
                        life.pinged();
                        let (head, start) = ws::head(Opcode::Ping, 0);
                        writer.put(stream, &[&head[start..], &[]])
                    }
                    false => Ok(()),
                }
            }
        };
        if put.is_err() {
            return End::Client;
        }
        // Before anything else is put.
        if !writer.is_empty() {
            let flushed = tokio::time::timeout(patience, writer.flush(stream)).await;
            if !matches!(flushed, Ok(Ok(()))) {
                return End::Client;
            }
        }
    }
}

/// Reads from the target, and puts what came into one frame for the client where it lies. What came
/// of putting it there; `None` at the target's end.
fn frame(
    stream: &TcpStream,
    writer: &mut Writer,
    wire: &Wire,
    life: &Life<'_>,
) -> io::Result<Option<io::Result<()>>> {
    with_buffer(|buffer| {
        let n = wire.try_recv(&mut buffer[HEAD_BYTES..][..RECV_BYTES - 1])?;
        if n == 0 && !wire.is_datagram() {
            return Ok(None);
        }
        life.moved();
        life.core.metrics.from_target.inc_by(n as u64);
        let (head, start) = ws::head(Opcode::Binary, n);
        buffer[start..HEAD_BYTES].copy_from_slice(&head[start..]);
        let frame = &buffer[start..HEAD_BYTES + n];
        Ok(Some(writer.put(stream, &[frame, &[]])))
    })
}

/// What the echo heard.
enum Heard {
    Message(Message),
    SignOfLife,
    Goodbye,
}

/// Echoes each message as it came, for the page's connection test.
pub(crate) async fn echo(mut socket: WebSocket, core: Arc<Core>) {
    let limits = &core.config.limits;
    let silence = limits.ping + limits.pong;
    let stop = core.tasks.draining();
    let own = |incoming: Incoming<'_>| match incoming {
        Incoming::Text(text) => Heard::Message(Message::text(text)),
        Incoming::Binary(bytes) => Heard::Message(Message::Binary(bytes.to_vec().into())),
        Incoming::Ping(_) | Incoming::Pong => Heard::SignOfLife,
        Incoming::Close(_) => Heard::Goodbye,
    };
    let end = loop {
        let heard = tokio::select! {
            heard = tokio::time::timeout(silence, socket.recv(own)) => heard,
            () = stop.cancelled() => break Some((LinkClose::Restart, String::new())),
        };
        match heard {
            Ok(Some(Ok(Heard::Message(message)))) => {
                let sent = tokio::time::timeout(silence, socket.send(message)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    break None;
                }
            }
            // Pings and closes are answered by the WebSocket itself.
            Ok(Some(Ok(Heard::SignOfLife))) => {}
            Ok(Some(Ok(Heard::Goodbye)) | None) => break None,
            Ok(Some(Err(broken))) => break Some((broken.close, broken.detail)),
            Err(_) => {
                break Some((
                    LinkClose::Policy,
                    "nothing was said for too long".to_owned(),
                ));
            }
        }
    };
    match end {
        Some((close, detail)) => socket.close(close.code(), &detail).await,
        None => socket.finish().await,
    }
}
