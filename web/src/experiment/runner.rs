//! The runner: performs an experiment's steps over a link, actions in, effects out, no clock.

use bytes::Bytes;

use super::{Experiment, Settings};

/// What happens to the runner.
#[derive(Clone, Debug)]
pub enum Action {
    /// The page is there: connect to the gateway.
    Start,
    /// Connect to the gateway now.
    Retry,
    /// The WebSocket is closed, with this code.
    Dropped(u16),
    /// A text message came.
    Text(String),
    /// A binary message came.
    Bytes(Bytes),
    /// A wait is over.
    Wake(Timer),
    /// Run this, as soon as the gateway is there; a run that goes on is cancelled.
    Run(&'static Experiment, Settings),
    /// Stop the run.
    Cancel,
}

/// What the shell has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open a WebSocket to the gateway.
    Connect,
    /// Drop it.
    Drop,
    /// Send a text message.
    Text(String),
    /// Send a binary message.
    Bytes(Bytes),
    /// Wake after so many ms; replaces a wait of the same name.
    Wake(Timer, f64),
}

/// Waits that the shell keeps, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Until the next try to connect.
    Retry,
    /// Until the next ping.
    Ping,
    /// Until the present step is over, one way or another.
    Step,
    /// Until the run has taken too long.
    Limit,
}

/// How far a run is: `step 3 of 7: waiting for the server's recv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The step, counted from 1.
    pub step: usize,
    /// Of so many.
    pub of: usize,
    /// What is going on.
    pub says: String,
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "step {} of {}: {}", self.step, self.of, self.says)
    }
}
