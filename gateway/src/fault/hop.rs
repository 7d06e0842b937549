//! A hop: what stands between a socket's owner and its real stream, and does the faults.
//!
//! The owner reads and writes it as if it were the stream, and polls [`Hop::drive`] beside that: a
//! hop has no task of its own.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Plan;
use super::pump::{Got, Pump, Report, TAKE_BYTES, Todo};
use crate::clock::Clock;
use crate::target::{Failure, RECV_BYTES, Stream, with_buffer};

/// Reads of the real stream in one turn: others are to have theirs.
const READS: usize = 16;

/// Writes in one turn: a stream in single bytes is thousands of them, and each is a call.
const WRITES: usize = 64;

/// A hop.
#[derive(Debug)]
pub(super) struct Hop {
    clock: Clock,
    datagram: bool,
    pump: Mutex<Pump>,
    /// The owner may read.
    readable: Notify,
    /// The owner may write.
    writable: Notify,
    /// There is something to do.
    wake: Notify,
    /// When bytes were last passed on, in µs.
    active_us: AtomicU64,
}

/// What a turn left to wait for.
struct Turn {
    over: Option<Failure>,
    next_us: Option<u64>,
    reads: bool,
    wrote: Wrote,
    told: bool,
}

/// What writing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrote {
    /// All that there was.
    All,
    /// As much as the kernel took.
    Full,
    /// Enough for one turn.
    Enough,
}

impl Hop {
    pub(super) fn new(plan: &Plan, datagram: bool, clock: Clock) -> Self {
        Hop {
            clock,
            datagram,
            pump: Mutex::new(Pump::new(plan, datagram)),
            readable: Notify::new(),
            writable: Notify::new(),
            wake: Notify::new(),
            active_us: AtomicU64::new(clock.now_us()),
        }
    }

    /// Other faults, from here on.
    pub(super) fn change(&self, plan: &Plan) {
        self.lock().change(plan, self.clock.now_us());
        self.changed();
    }

    /// As [`Stream::try_send`].
    pub(super) fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.lock().send(bytes, self.clock.now_us());
        self.wake.notify_one();
        taken.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    /// As [`Stream::try_recv`]; a failure comes in its turn, as an error that [`Failure::of`] knows.
    pub(super) fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.lock().recv(buffer);
        match got {
            Got::Bytes(n) => {
                // There is room for more.
                self.wake.notify_one();
                Ok(n)
            }
            Got::End => Ok(0),
            Got::Failed(failure) => Err(io::Error::other(failure)),
            Got::Nothing => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Waits until there is something to read. Cancel-safe.
    pub(super) async fn readable(&self) {
        loop {
            // Created before the look, so that no news is missed.
            let news = self.readable.notified();
            if self.lock().readable() {
                return;
            }
            news.await;
        }
    }

    /// Waits until something may be written. Cancel-safe.
    pub(super) async fn writable(&self) {
        loop {
            let news = self.writable.notified();
            if self.lock().takes() {
                return;
            }
            news.await;
        }
    }

    /// The owner has no more to send; what it sent is passed on before the FIN.
    pub(super) fn shutdown(&self) {
        self.lock().shutdown(self.clock.now_us());
        self.wake.notify_one();
    }

    /// When bytes were last passed on, in µs.
    pub(super) fn active_us(&self) -> u64 {
        self.active_us.load(Ordering::Relaxed)
    }

    /// Datagrams that found no room, since it was last asked.
    pub(super) fn take_lost(&self) -> u64 {
        self.lock().take_lost()
    }

    /// Whether something is held back, or still on its way.
    pub(super) fn is_holding(&self) -> bool {
        self.lock().is_holding()
    }

    /// Whether something of the owner's is still to reach the target, or its FIN.
    pub(super) fn is_sending(&self) -> bool {
        let pump = self.lock();
        pump.is_sending() || pump.is_limited()
    }

    /// What faults did since it was last asked.
    pub(super) fn take_reports(&self) -> VecDeque<Report> {
        self.lock().take_reports()
    }

    /// Does the faults, and calls `news` when there are reports. Returns when the socket is over,
    /// with what the owner will read last; nothing is lost when it is dropped and called again.
    pub(super) async fn drive(&self, real: &Stream, news: impl Fn()) -> Failure {
        loop {
            let turn = self.turn(real);
            if turn.told {
                news();
            }
            if turn.wrote == Wrote::Enough {
                tokio::task::yield_now().await;
                continue;
            }
            if let Some(failure) = turn.over {
                return failure;
            }
            let due = async {
                match turn.next_us {
                    Some(next_us) => self.at(next_us).await,
                    None => std::future::pending().await,
                }
            };
            // Each of these is cancel-safe: the turn does what there is to do.
            tokio::select! {
                ready = real.readable(), if turn.reads => if let Err(error) = ready {
                    self.lock().heard_failure(Failure::of(&error), self.clock.now_us());
                },
                // An error shows when it is written.
                _ = real.writable(), if turn.wrote == Wrote::Full => {}
                () = due => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// What is left to do when the owner has closed: what it sent goes on, until `patience` is over
    /// as the faults have it, and then at once as far as the kernel takes it.
    pub(super) async fn deliver(&self, real: &Stream, patience: Duration) {
        self.shutdown();
        let delivered = async {
            while self.is_still_sending(real) {
                tokio::task::yield_now().await;
                let (next_us, writes) = {
                    let pump = self.lock();
                    (pump.next_us(), pump.writes())
                };
                let due = async {
                    match next_us {
                        Some(next_us) => self.at(next_us).await,
                        None => std::future::pending().await,
                    }
                };
                // Both cancel-safe. Writable at once as a rule: only the last turn finds it is not.
                tokio::select! {
                    _ = real.writable(), if writes => {}
                    () = due => {}
                }
            }
        };
        // Whoever is out of patience sends what it has.
        let _ = tokio::time::timeout(patience, delivered).await;
        self.lock().release_to_target(self.clock.now_us());
        while self.write(&mut self.lock(), real, self.clock.now_us()) == Wrote::Enough {
            tokio::task::yield_now().await;
        }
    }

    fn is_still_sending(&self, real: &Stream) -> bool {
        let now_us = self.clock.now_us();
        let mut pump = self.lock();
        pump.advance(now_us);
        self.write(&mut pump, real, now_us);
        pump.is_sending()
    }

    async fn at(&self, us: u64) {
        let wait = us.saturating_sub(self.clock.now_us());
        tokio::time::sleep_until(Instant::now() + Duration::from_micros(wait)).await;
    }

    /// Does all that can be done now.
    fn turn(&self, real: &Stream) -> Turn {
        let mut pump = self.lock();
        let now_us = self.clock.now_us();
        pump.advance(now_us);
        self.read(&mut pump, real, now_us);
        let wrote = self.write(&mut pump, real, now_us);
        let turn = Turn {
            over: pump.over().cloned(),
            next_us: pump.next_us(),
            reads: pump.reads(),
            wrote,
            told: pump.has_reports(),
        };
        let (readable, takes) = (pump.readable(), pump.takes());
        drop(pump);
        if readable {
            self.readable.notify_one();
        }
        if takes {
            self.writable.notify_one();
        }
        turn
    }

    fn read(&self, pump: &mut Pump, real: &Stream, now_us: u64) {
        let most = match self.datagram {
            true => RECV_BYTES,
            false => TAKE_BYTES,
        };
        for _ in 0..READS {
            if !pump.reads() {
                return;
            }
            let more = with_buffer(|buffer| match real.try_recv(&mut buffer[..most]) {
                Ok(0) if !self.datagram => {
                    pump.heard_end(now_us);
                    false
                }
                Ok(n) => {
                    self.active_us.store(now_us, Ordering::Relaxed);
                    pump.heard(&buffer[..n], now_us);
                    true
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    pump.heard_nothing(now_us);
                    false
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
                Err(error) => {
                    pump.heard_failure(Failure::of(&error), now_us);
                    false
                }
            });
            if !more {
                return;
            }
        }
    }

    fn write(&self, pump: &mut Pump, real: &Stream, now_us: u64) -> Wrote {
        for _ in 0..WRITES {
            let Some(todo) = pump.todo(now_us) else {
                return Wrote::All;
            };
            match todo {
                Todo::Write(bytes) => match real.try_send(&bytes) {
                    Ok(n) => {
                        self.active_us.store(now_us, Ordering::Relaxed);
                        pump.wrote(n, now_us);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Wrote::Full,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        pump.write_failed(Failure::of(&error), now_us);
                        // What the target sent before is looked for.
                        self.wake.notify_one();
                    }
                },
                Todo::Fin => {
                    if let Err(error) = real.shutdown_write() {
                        // ENOTCONN: the target reset it; reading says so.
                        tracing::debug!(%error, "hop: shutdown");
                    }
                }
                Todo::Reset => real.reset_on_close(),
            }
        }
        Wrote::Enough
    }

    /// News for everybody who waits.
    fn changed(&self) {
        self.readable.notify_one();
        self.writable.notify_one();
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Pump> {
        // What the lock protects is whole between any two statements.
        self.pump.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
