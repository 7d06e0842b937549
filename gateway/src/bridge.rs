//! The bridge: one socket between a client and its target.
//!
//! [`machine`] decides, without I/O; [`socket`] performs.

pub mod client;
pub mod machine;
pub mod socket;
