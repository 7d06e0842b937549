//! Faults: wrongs done on purpose to a socket's traffic.

use serde::{Deserialize, Serialize};

/// A fault as a client names it when it opens a socket.
///
/// The list of kinds is open: a gateway answers one that it does not know with the close reason
/// `bad_request`, so that a newer page learns it from the one socket and not from a lost link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The name of the fault, in `snake_case`.
    pub kind: String,
}
