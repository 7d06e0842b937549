//! Waiting for what a target sends, in a task that waits for other things, too.

use std::fmt;
use std::io;
use std::task::{Context, Poll, ready};

use tokio_util::sync::ReusableBoxFuture;

use super::Wire;
use crate::target::{Readiness, Stream};

/// Waits until there may be something to read from a socket, again and again, for its only reader.
pub struct Inflow<'a> {
    wire: &'a Wire,
    /// Where it is TCP, and not faulted.
    readiness: Readiness,
    /// Elsewhere, in memory of its own that is used again.
    readable: Option<ReusableBoxFuture<'a, io::Result<()>>>,
    /// Whether that waits for a hop.
    faulted: bool,
}

impl fmt::Debug for Inflow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inflow")
    }
}

impl<'a> Inflow<'a> {
    pub(super) fn of(wire: &'a Wire) -> Self {
        Inflow {
            wire,
            readiness: Readiness::default(),
            readable: None,
            faulted: wire.is_faulted(),
        }
    }

    /// As [`Wire::readable`].
    ///
    /// # Errors
    /// As [`Wire::readable`] has them.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.wire;
        if let Some(Stream::Tcp(socket)) = wire.unfaulted() {
            return self.readiness.poll(socket, cx);
        }
        // Once there is a hop, what waits for the socket itself would wait for ever: the hop reads it.
        if self.faulted != wire.is_faulted() {
            self.faulted = true;
            self.readable = None;
        }
        let begin = || ReusableBoxFuture::new(wire.readable());
        let readable = self.readable.get_or_insert_with(begin);
        let ready = ready!(readable.poll(cx));
        readable.set(wire.readable());
        Poll::Ready(ready)
    }
}
