//! What a fault holds back: a queue in which each has its time, and nobody overtakes.

use std::collections::VecDeque;

use super::pipeline::{Moving, Out};

/// A queue of what is held back.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Each with the time when it is due, in µs; these never fall.
    queue: VecDeque<(u64, Moving)>,
    bytes: usize,
    last_us: u64,
}

impl Held {
    /// Holds something back until `due_us`, or until what was before it has passed.
    pub(super) fn hold(&mut self, moving: Moving, due_us: u64, out: &mut Out) {
        let due_us = due_us.max(self.last_us);
        self.last_us = due_us;
        if self.queue.is_empty() && due_us <= moving.at_us {
            out.passed.push(moving);
            return;
        }
        self.bytes += moving.cost();
        self.queue.push_back((due_us, moving));
    }

    /// Passes on what is due.
    pub(super) fn advance(&mut self, now_us: u64, out: &mut Out) {
        while let Some((due_us, moving)) = self.queue.pop_front_if(|(due_us, _)| *due_us <= now_us)
        {
            self.bytes -= moving.cost();
            out.passed.push(moving.held_until(due_us));
        }
    }

    /// Passes on everything.
    pub(super) fn interrupt(&mut self, now_us: u64, out: &mut Out) {
        self.bytes = 0;
        self.last_us = 0;
        for (_, moving) in self.queue.drain(..) {
            out.passed.push(moving.held_until(now_us));
        }
    }

    /// When the first is due, in µs.
    pub(super) fn next_us(&self) -> Option<u64> {
        self.queue.front().map(|(due_us, _)| *due_us)
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// What is held back, in bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
