//! Rooms.

pub mod record;
pub mod recorder;
