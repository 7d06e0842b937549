//! What follows from an event, up to the socket's end and what is left to do after it.

use std::collections::VecDeque;

use chalkwire_shared::close::Reason;

use super::{Socket, State};
use crate::bridge::client::{Client, Told};
use crate::bridge::machine::{Actions, Event};
use crate::fault::Wire;
use crate::target::Failure;

impl<C: Client> Socket<C> {
    pub(super) fn perform(&self, state: &mut State, actions: Actions) {
        if actions.shutdown_write
            && let Some(wire) = self.wire.get()
            && let Err(error) = wire.shutdown_write()
        {
            // ENOTCONN: the target reset it; the next read says so.
            tracing::debug!(%error, "socket: shutdown");
        }
        if actions.tell_eof {
            self.tell(Told::Eof);
        }
        if let Some(reason) = actions.tell_closed {
            self.closed(state, reason.into());
        }
        self.wake.notify_one();
    }

    /// Ends the socket for a reason that comes from outside of the machine.
    pub(super) fn end(&self, state: &mut State, failure: Failure) {
        if state
            .machine
            .on(Event::Failed(failure.reason))
            .tell_closed
            .is_some()
        {
            self.closed(state, failure);
            self.wake.notify_one();
        }
    }

    /// What faults did is told, while the socket is not closed yet: nothing comes after that.
    pub(super) fn tell_reports(&self, state: &mut State) {
        let reports = self.wire.get().map(Wire::take_reports);
        if state.closed.is_some() {
            return;
        }
        for report in reports.into_iter().flatten() {
            state
                .teller
                .get_or_insert_default()
                .tell(report, &self.client);
        }
    }

    fn closed(&self, state: &mut State, failure: Failure) {
        self.tell_reports(state);
        state.closed = Some(failure.reason);
        state.queue = VecDeque::new();
        self.tell(Told::Closed(failure));
    }

    /// What is left to do once it is over and everybody knows: a target that was still sending when
    /// the client closed gets what the client sent before.
    pub async fn linger(&self) {
        let closed = self.lock().closed;
        let lingers = |wire: &&Wire| match closed {
            Some(Reason::ClosedByClient) => true,
            // Faults may still hold back what was sent before the end.
            Some(Reason::Finished) => wire.is_sending(),
            _ => false,
        };
        if let Some(wire) = self.wire.get().filter(lingers) {
            tokio::select! {
                () = wire.linger(&self.context.timers) => {}
                () = self.context.draining.cancelled() => {}
            }
        }
    }
}
