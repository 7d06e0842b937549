//! Reset: after so many bytes the connection is broken off with RST.

use chalkwire_shared::close::Reason;

use super::limit::Budget;
use super::pipeline::{Ending, Moving, Out};
use crate::target::Failure;

/// Passes so many bytes, and then the reset.
#[derive(Debug)]
pub(super) struct Reset(Budget);

impl Reset {
    pub(super) fn new(after_bytes: u32) -> Self {
        Reset(Budget::new(after_bytes))
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        self.0.push(moving, Ending::Reset, &mut out.passed);
    }
}

/// What the client is told.
pub(super) fn reset() -> Failure {
    Failure {
        reason: Reason::Reset,
        detail: "Connection reset, on purpose: Chalkwire did it (the fault reset). What was under \
                 way is lost, as when a program or a machine breaks off. The target got RST too, or \
                 just the end on a Unix socket, which has no RST."
            .to_owned(),
    }
}
