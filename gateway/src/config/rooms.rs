//! Rooms: whether there are any, how many, and for how long.

use std::time::Duration;

use chalkwire_shared::room::MAX_MEMBERS;
use serde::Deserialize;

use crate::duration;

/// What the gateway does for classes. The file's section `[rooms]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rooms {
    /// Whether there are any.
    pub enabled: bool,
    /// Rooms at once.
    pub rooms: usize,
    /// Students of one room at the most, those who are away included.
    pub members: usize,
    /// A room that nobody is in ends after this time, and its transcript with it.
    #[serde(deserialize_with = "duration::deserialize")]
    pub idle: Duration,
    /// A member without a connection is shown as away after this time.
    #[serde(deserialize_with = "duration::deserialize")]
    pub presence: Duration,
    /// The text of one room's events that is kept; the oldest go first.
    pub log_bytes: u64,
}

impl Default for Rooms {
    fn default() -> Self {
        Rooms {
            enabled: true,
            rooms: 256,
            members: MAX_MEMBERS,
            idle: Duration::from_secs(86_400),
            presence: Duration::from_secs(10),
            log_bytes: 64 << 20,
        }
    }
}
