//! Who has a link at the moment, and how what waits for the client reaches it.
//!
//! Whoever has something for the client writes it at once, where nothing waits before it: the
//! connection's task need not be woken for it.

use std::sync::Arc;

use chalkwire_shared::message::GatewayMessage;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::outbox::{Item, Outbox};
use super::{Link, State};
use crate::policy::guests::Place;
use crate::ws::{Outlet, Put};

/// The connection that has the link.
#[derive(Debug)]
pub(super) struct Attached {
    /// Cancelled to make it give way.
    gives_way: CancellationToken,
    /// The last of the link's messages that went out on it.
    sent: u64,
    /// Where messages may be written at once, if there is such a thing, and it has begun.
    outlet: Option<Arc<Outlet>>,
}

/// How far a link's messages have gone.
#[derive(Debug)]
pub(super) enum Passed {
    /// All of them.
    All,
    /// Some wait until this is flushed.
    Waits(Arc<Outlet>),
    /// This is the next, for the connection to send.
    Next(Item),
    /// More waits than a link may have.
    TooMuch,
    /// The client is gone.
    Gone,
}

impl Attached {
    /// Writes what waits, as far as it goes.
    fn write(&mut self, outbox: &Outbox) -> Passed {
        let Some(outlet) = &self.outlet else {
            return match outbox.after(self.sent) {
                None => Passed::All,
                Some(item) => Passed::Next(item.clone()),
            };
        };
        while let Some(item) = outbox.after(self.sent) {
            let (opcode, payload) = item.frame();
            let put = match outlet.try_send(opcode, payload) {
                Ok(put) => put,
                Err(_) => return Passed::Gone,
            };
            if put != Put::NotTaken {
                self.sent += 1;
            }
            if put != Put::Gone {
                return Passed::Waits(outlet.clone());
            }
        }
        Passed::All
    }
}

impl State {
    fn pass_on(&mut self, most_bytes: usize) -> Passed {
        match &mut self.attached {
            _ if self.outbox.bytes() > most_bytes => Passed::TooMuch,
            Some(attached) => attached.write(&self.outbox),
            None => Passed::All,
        }
    }
}

impl Link {
    /// A connection takes the link, and goes on after message number `sent`; one that had it before
    /// gives way.
    pub(super) fn attach(&self, connection: CancellationToken, sent: u64) {
        let mut state = self.lock();
        let attached = Attached {
            gives_way: connection,
            sent,
            outlet: None,
        };
        if let Some(before) = state.attached.replace(attached) {
            before.gives_way.cancel();
        }
        state.detached = None;
        drop(state);
        if let Some(seat) = self.seat() {
            seat.attached();
        }
    }

    /// The connection has begun: from now on everybody may write there. `None` ends that.
    pub(super) fn opens(&self, connection: &CancellationToken, outlet: Option<Arc<Outlet>>) {
        let mut state = self.lock();
        // A connection that was made to give way finds its token cancelled.
        if let Some(attached) = state
            .attached
            .as_mut()
            .filter(|_| !connection.is_cancelled())
        {
            attached.outlet = outlet;
        }
    }

    /// A connection dropped, and the link has this place from now on. Ignored when another one has the
    /// link already.
    pub(super) fn detach(&self, connection: &CancellationToken, now: Instant, place: Place) {
        let mut state = self.lock();
        if connection.is_cancelled() {
            return;
        }
        state.attached = None;
        state.detached = Some((now, place));
        drop(state);
        let Some(seat) = self.seat() else {
            return;
        };
        seat.detached();
        // Another connection may have come meanwhile, and its word before ours.
        if self.lock().attached.is_some() {
            seat.attached();
        }
    }

    /// Has what waits written, for the connection itself; what can't be is given to it, and taken for
    /// sent.
    pub(super) fn pass_on(&self, connection: &CancellationToken) -> Passed {
        let mut state = self.lock();
        if connection.is_cancelled() {
            return Passed::All;
        }
        let passed = state.pass_on(self.core.config.limits.link_queue_bytes);
        if let (Passed::Next(_), Some(attached)) = (&passed, &mut state.attached) {
            attached.sent += 1;
        }
        passed
    }

    /// Queues a control message for the client.
    pub(crate) fn push(&self, message: impl FnOnce(u64) -> GatewayMessage) {
        self.queue(|seq| Item::Control(message(seq).encode().into()));
    }

    /// Queues a message for the client, and writes it at once where that can be.
    pub(super) fn queue(&self, item: impl FnOnce(u64) -> Item) {
        let mut state = self.lock();
        let item = item(state.outbox.next_seq());
        state.outbox.push(item);
        let passed = state.pass_on(self.core.config.limits.link_queue_bytes);
        drop(state);
        // The connection sees to the rest.
        if !matches!(passed, Passed::All) {
            self.wake.notify_one();
        }
    }
}
