//! What travels between the page, the gateway and the timestamp servers.
//!
//! No I/O, no clock, no randomness: the same code runs in the browser (wasm32) and in the gateway.
//! `PROTOCOL.md` tells the same for people.

pub mod close;
pub mod fault;
pub mod frame;
pub mod id;
pub mod job;
pub mod kernel;
pub mod limits;
pub mod message;
pub mod post;
pub mod role;
pub mod room;
pub mod server;
pub mod stamp;
pub mod target;
