//! Refuse: the connection is refused, without asking the target.

use chalkwire_shared::close::Reason;

use crate::target::Failure;

/// What the client is told instead of being connected.
pub fn refused() -> Failure {
    Failure {
        reason: Reason::Refused,
        detail: "Connection refused, on purpose: Chalkwire did it (the fault refuse), and the \
                 target was not asked. It looks as if nothing listened there."
            .to_owned(),
    }
}
