//! What the owner of a socket holds: its stream, and a hop before it once faults were asked for.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, OnceLock};

use chalkwire_shared::close::Reason;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::hop::Hop;
use super::pump::Report;
use super::{Inflow, Plan};
use crate::clock::Clock;
use crate::target::{Failure, LINGER, Stream};
use crate::timers::Timers;

/// What hops need of the gateway.
#[derive(Clone, Debug)]
pub struct Places {
    /// Its clock.
    clock: Clock,
    /// Sockets that may still be faulted: each holds memory of its own.
    free: Arc<Semaphore>,
}

impl Places {
    /// Places for so many faulted sockets at once.
    pub fn new(clock: Clock, most: usize) -> Self {
        Places {
            clock,
            free: Arc::new(Semaphore::new(most)),
        }
    }
}

/// An open socket, which may be faulted. Without faults it is its stream and nothing else.
#[derive(Debug)]
pub struct Wire {
    /// Once there, it stays: what it holds must keep its place.
    hop: OnceLock<Box<Placed>>,
    real: Stream,
}

/// A hop in its place.
#[derive(Debug)]
struct Placed {
    hop: Hop,
    _place: OwnedSemaphorePermit,
}

impl Wire {
    /// A socket with these faults from the start.
    ///
    /// # Errors
    /// [`Reason::Limit`] where too many sockets are faulted already.
    pub fn new(real: Stream, plan: &Plan, places: &Places) -> Result<Self, Failure> {
        let wire = Wire {
            real,
            hop: OnceLock::new(),
        };
        wire.change(plan, places)?;
        Ok(wire)
    }

    /// Other faults from here on. Whoever sends must not do so at the same time.
    ///
    /// # Errors
    /// [`Reason::Limit`] where too many sockets are faulted already; then nothing has changed.
    pub fn change(&self, plan: &Plan, places: &Places) -> Result<(), Failure> {
        if let Some(hop) = self.hop() {
            hop.change(plan);
        } else if !plan.is_empty() {
            let place = places.free.clone().try_acquire_owned();
            let placed = Placed {
                _place: place.map_err(|_| too_many())?,
                hop: Hop::new(plan, self.real.is_datagram(), places.clock),
            };
            self.hop.get_or_init(|| Box::new(placed));
        }
        Ok(())
    }

    /// Its stream, where there is no hop before it.
    pub(super) fn unfaulted(&self) -> Option<&Stream> {
        self.hop().is_none().then_some(&self.real)
    }

    /// What waits for the target's bytes, for a task that is polled for other things, too.
    pub fn inflow(&self) -> Inflow<'_> {
        Inflow::of(self)
    }

    fn hop(&self) -> Option<&Hop> {
        self.hop.get().map(|placed| &placed.hop)
    }

    /// Whether there is a hop that must be [driven](Wire::drive).
    pub fn is_faulted(&self) -> bool {
        self.hop().is_some()
    }

    /// Does the faults for as long as it is polled, and calls `news` when there are reports to take.
    /// Returns when the socket is over, with what is read last. Without faults it never does.
    /// Cancel-safe.
    pub async fn drive(&self, news: impl Fn()) -> Failure {
        match self.hop() {
            Some(hop) => hop.drive(&self.real, news).await,
            None => std::future::pending().await,
        }
    }

    /// What faults did since it was last asked.
    pub fn take_reports(&self) -> VecDeque<Report> {
        self.hop().map_or_else(VecDeque::new, Hop::take_reports)
    }

    /// [`Wire::drive`] for an owner who tells nobody what faults did: never returns. Cancel-safe.
    pub async fn work<T>(&self) -> T {
        if self.is_faulted() {
            // In its own memory: most sockets have none.
            Box::pin(self.drive(|| drop(self.take_reports()))).await;
        }
        std::future::pending().await
    }

    /// Whether a message's edges survive.
    pub fn is_datagram(&self) -> bool {
        self.real.is_datagram()
    }

    /// As [`Stream::try_recv`]. An error that a hop passed on is read by [`Failure::of`].
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.hop() {
            Some(hop) => hop.try_recv(buffer),
            None => self.real.try_recv(buffer),
        }
    }

    /// As [`Stream::try_send`].
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.hop() {
            Some(hop) => hop.try_send(bytes),
            None => self.real.try_send(bytes),
        }
    }

    /// As [`Stream::readable`]. Cancel-safe.
    pub async fn readable(&self) -> io::Result<()> {
        match self.hop() {
            Some(hop) => {
                hop.readable().await;
                Ok(())
            }
            None => self.real.readable().await,
        }
    }

    /// As [`Stream::writable`]. Cancel-safe.
    pub async fn writable(&self) -> io::Result<()> {
        match self.hop() {
            Some(hop) => {
                hop.writable().await;
                Ok(())
            }
            None => self.real.writable().await,
        }
    }

    /// Writes all of `bytes`, waiting as needed. Not cancel-safe: a part may be written.
    pub async fn send_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        if self.hop().is_none() {
            return self.real.send_all(bytes).await;
        }
        loop {
            match self.try_send(bytes) {
                Ok(_) if self.is_datagram() => return Ok(()),
                Ok(n) if n == bytes.len() => return Ok(()),
                Ok(n) => bytes = &bytes[n..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable().await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// No more data from us: a FIN, when the faults have passed on what was sent before.
    pub fn shutdown_write(&self) -> io::Result<()> {
        match self.hop() {
            Some(hop) => {
                hop.shutdown();
                Ok(())
            }
            None => self.real.shutdown_write(),
        }
    }

    /// As [`Stream::linger`]; what faults hold back for the target is delivered before.
    pub async fn linger(&self, timers: &Timers) {
        if let Some(hop) = self.hop() {
            hop.deliver(&self.real, LINGER).await;
        }
        self.real.linger(timers).await;
    }

    /// Whether something that was sent is still to reach the target, though everybody was done.
    pub fn is_sending(&self) -> bool {
        self.hop().is_some_and(Hop::is_sending)
    }

    /// Whether faults hold something back, either way.
    pub fn is_holding(&self) -> bool {
        self.hop().is_some_and(Hop::is_holding)
    }

    /// When a hop last passed bytes on, in µs of the gateway's clock; 0 without one.
    pub fn active_us(&self) -> u64 {
        self.hop().map_or(0, Hop::active_us)
    }

    /// Datagrams from the target that found no room in a hop, since it was last asked.
    pub fn take_lost(&self) -> u64 {
        self.hop().map_or(0, Hop::take_lost)
    }
}

fn too_many() -> Failure {
    Failure {
        reason: Reason::Limit,
        detail:
            "Too many sockets with faults: the gateway's cap is reached. Close one, or do without \
                 faults."
                .to_owned(),
    }
}
