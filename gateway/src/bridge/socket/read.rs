//! From the target to the client: one read, within the client's credit.

use std::sync::atomic::Ordering;

use chalkwire_shared::frame::{DATAGRAM, GATEWAY_HEADER_BYTES, TRUNCATED};
use chalkwire_shared::limits::MAX_PAYLOAD_BYTES;

use super::{Socket, would_block};
use crate::bridge::client::Client;
use crate::bridge::machine::Event;
use crate::fault::Wire;
use crate::target::{Failure, RECV_BYTES, with_buffer};

/// What a read came to.
pub(super) enum Read {
    /// There may be more.
    More,
    /// Nothing there.
    Empty,
    /// The socket can't be read any more.
    Failed(Failure),
}

impl<C: Client> Socket<C> {
    /// Reads once and passes it on.
    pub(super) fn read(&self, wire: &Wire, dropped: &mut u64) -> Read {
        let credit = self.credit_left();
        let most = if self.datagram {
            RECV_BYTES
        } else {
            MAX_PAYLOAD_BYTES.min(credit as usize)
        };
        if most == 0 {
            // Reading nothing would look like the target's end.
            return Read::Empty;
        }
        with_buffer(|buffer| match wire.try_recv(&mut buffer[..most]) {
            Ok(0) if !self.datagram => {
                let mut state = self.lock();
                // The write took the error with it, and left the kernel an end that is no FIN.
                if state.broken.is_none() {
                    let actions = state.machine.on(Event::Eof);
                    self.perform(&mut state, actions);
                }
                Read::Empty
            }
            Ok(n) => {
                // Whoever writes tells so under this lock: the reply must not be told before.
                let _order = self.client.follows_writes().then(|| self.lock());
                let now_us = self.active();
                let asked_us = self.asked_us.swap(0, Ordering::Relaxed);
                if asked_us > 0 {
                    let seconds = now_us.saturating_sub(asked_us) as f64 / 1e6;
                    self.context.metrics.exchange.observe(seconds);
                }
                self.context.metrics.from_target.inc_by(n as u64);
                let kept = n.min(MAX_PAYLOAD_BYTES);
                let cost = (GATEWAY_HEADER_BYTES + kept) as u64;
                let fits = || self.credit.load(Ordering::Relaxed) >= cost && self.client.has_room();
                if self.datagram && !fits() {
                    *dropped += 1;
                    self.context.metrics.dropped_datagrams.inc();
                    return Read::More;
                }
                let flags = match (self.datagram, kept < n) {
                    (false, _) => 0,
                    (true, false) => DATAGRAM,
                    (true, true) => DATAGRAM | TRUNCATED,
                };
                // Only this socket's task spends, so what was seen is still there.
                self.credit.fetch_sub(cost, Ordering::Relaxed);
                self.client.data(flags, now_us, &buffer[..kept]);
                Read::More
            }
            Err(error) if would_block(&error) => Read::Empty,
            Err(error) => Read::Failed(Failure::of(&error)),
        })
    }

    /// Credit for payload: what is left after the header of the next frame.
    pub(super) fn credit_left(&self) -> u64 {
        self.credit
            .load(Ordering::Relaxed)
            .saturating_sub(GATEWAY_HEADER_BYTES as u64)
    }
}
