//! The gateway of Chalkwire: raw sockets in a browser tab.

pub mod cli;
pub mod client;
pub mod clock;
pub mod timestamp;
