//! What the owner of a socket holds: its stream, and a hop before it once faults were asked for.

use std::io;
use std::sync::OnceLock;

use super::Plan;
use super::hop::Hop;
use super::pump::Report;
use crate::clock::Clock;
use crate::target::{Failure, LINGER, Stream};

/// An open socket, which may be faulted. Without faults it is its stream and nothing else.
#[derive(Debug)]
pub struct Wire {
    real: Stream,
    /// Once there, it stays: what it holds must keep its place.
    hop: OnceLock<Box<Hop>>,
}

impl Wire {
    /// A socket with these faults from the start.
    pub fn new(real: Stream, plan: &Plan, clock: Clock) -> Self {
        let wire = Wire {
            real,
            hop: OnceLock::new(),
        };
        wire.change(plan, clock);
        wire
    }

    /// Other faults from here on. Whoever sends must not do so at the same time.
    pub fn change(&self, plan: &Plan, clock: Clock) {
        match self.hop.get() {
            Some(hop) => hop.change(plan),
            None if plan.is_empty() => {}
            None => {
                let datagram = self.real.is_datagram();
                self.hop
                    .get_or_init(|| Box::new(Hop::new(plan, datagram, clock)));
            }
        }
    }

    /// Whether there is a hop that must be [driven](Wire::drive).
    pub fn is_faulted(&self) -> bool {
        self.hop.get().is_some()
    }

    /// Does the faults and tells what they did, for as long as it is polled. Returns when the socket
    /// is over, with what is read last. Without faults it never does. Cancel-safe.
    pub async fn drive(&self, told: impl FnMut(Report)) -> Failure {
        match self.hop.get() {
            Some(hop) => hop.drive(&self.real, told).await,
            None => std::future::pending().await,
        }
    }

    /// [`Wire::drive`] for an owner who tells nobody what faults did: never returns. Cancel-safe.
    pub async fn work<T>(&self) -> T {
        if self.is_faulted() {
            // In its own memory: most sockets have none.
            Box::pin(self.drive(drop)).await;
        }
        std::future::pending().await
    }

    /// Whether a message's edges survive.
    pub fn is_datagram(&self) -> bool {
        self.real.is_datagram()
    }

    /// As [`Stream::try_recv`]. An error that a hop passed on is read by [`Failure::of`].
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.hop.get() {
            Some(hop) => hop.try_recv(buffer),
            None => self.real.try_recv(buffer),
        }
    }

    /// As [`Stream::try_send`].
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.hop.get() {
            Some(hop) => hop.try_send(bytes),
            None => self.real.try_send(bytes),
        }
    }

    /// As [`Stream::readable`]. Cancel-safe.
    pub async fn readable(&self) -> io::Result<()> {
        match self.hop.get() {
            Some(hop) => {
                hop.readable().await;
                Ok(())
            }
            None => self.real.readable().await,
        }
    }

    /// As [`Stream::writable`]. Cancel-safe.
    pub async fn writable(&self) -> io::Result<()> {
        match self.hop.get() {
            Some(hop) => {
                hop.writable().await;
                Ok(())
            }
            None => self.real.writable().await,
        }
    }

    /// Writes all of `bytes`, waiting as needed. Not cancel-safe: a part may be written.
    pub async fn send_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        if self.hop.get().is_none() {
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
        match self.hop.get() {
            Some(hop) => {
                hop.shutdown();
                Ok(())
            }
            None => self.real.shutdown_write(),
        }
    }

    /// As [`Stream::linger`]; what faults hold back for the target is delivered before.
    pub async fn linger(&self) {
        if let Some(hop) = self.hop.get() {
            hop.deliver(&self.real, LINGER).await;
        }
        self.real.linger().await;
    }

    /// Whether something that was sent is still to reach the target, though everybody was done.
    pub fn is_sending(&self) -> bool {
        self.hop.get().is_some_and(|hop| hop.is_sending())
    }

    /// Whether faults hold something back, either way.
    pub fn is_holding(&self) -> bool {
        self.hop.get().is_some_and(|hop| hop.is_holding())
    }

    /// When a hop last passed bytes on, in µs of the gateway's clock; 0 without one.
    pub fn active_us(&self) -> u64 {
        self.hop.get().map_or(0, |hop| hop.active_us())
    }

    /// Datagrams from the target that found no room in a hop, since it was last asked.
    pub fn take_lost(&self) -> u64 {
        self.hop.get().map_or(0, |hop| hop.take_lost())
    }
}
