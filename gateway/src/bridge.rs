//! The bridge: one socket between a client and its target.
//!
//! [`machine`] decides, without I/O; [`socket`] performs; [`watch`] looks on.

pub mod client;
mod driving;
pub mod machine;
pub mod socket;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::fault::Places;
use crate::metrics::Metrics;
use crate::timers::Timers;

/// What a socket needs of the gateway.
#[derive(Clone, Debug)]
pub struct Context {
    /// The gateway's clock.
    pub clock: Clock,
    /// What is due late.
    pub timers: Timers,
    /// Where hops find room.
    pub faulted: Places,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
    /// Cancelled when the gateway is about to end.
    pub draining: CancellationToken,
    /// How long connecting may take.
    pub connect: Duration,
    /// How long it may be silent.
    pub idle: Duration,
    /// The client's credit at the start, in bytes.
    pub window_bytes: u32,
}
