//! The gateway of Chalkwire: raw sockets in a browser tab.

pub mod cli;
pub mod clock;
pub mod timestamp;
