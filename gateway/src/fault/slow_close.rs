//! Slow close: the end of a stream is passed on late.

use super::held::Held;
use super::pipeline::{Ending, Item, Moving, Out};

/// Holds the FIN back.
#[derive(Debug)]
pub(super) struct SlowClose {
    pub(super) held: Held,
    us: u64,
}

impl SlowClose {
    pub(super) fn new(ms: u32) -> Self {
        SlowClose {
            held: Held::default(),
            us: u64::from(ms) * 1_000,
        }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        let wait_us = match moving.item {
            Item::End(Ending::Fin) => self.us,
            _ => 0,
        };
        let due_us = moving.at_us + wait_us;
        self.held.hold(moving, due_us, out);
    }
}
