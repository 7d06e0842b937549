//! What the end-to-end tests and the benchmarks share.

// Everything here runs inside of tests: what is not as it should be ends the test.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

pub mod arrivals;
pub mod browser;
pub mod carrier;
pub mod deadline;
pub mod events;
pub mod gateway;
pub mod http;
pub mod lab;
pub mod link;
pub mod nginx;
pub mod peer;
pub mod program;
pub mod relay;
pub mod room;
pub mod target;
pub mod timestamp;
pub mod websocket;
