//! What a fault holds back: a queue in which each has its time, and nobody overtakes.

use std::collections::VecDeque;

use super::pipeline::{Moving, Out};

/// A queue has room for so many without giving any back.
const ROOM: usize = 64;

/// Gives memory back that a queue has outgrown: it counts what it holds and not what it once held,
/// and a flood that goes from one fault to the next would leave its room in each.
pub(super) fn give_back<T>(queue: &mut VecDeque<T>) {
    if queue.capacity() > ROOM && queue.len() < queue.capacity() / 4 {
        queue.shrink_to((queue.len() * 2).max(ROOM / 2));
    }
}

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
        give_back(&mut self.queue);
    }

    /// Passes on everything.
    pub(super) fn interrupt(&mut self, now_us: u64, out: &mut Out) {
        self.bytes = 0;
        self.last_us = 0;
        for (_, moving) in std::mem::take(&mut self.queue) {
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

#[cfg(test)]
mod tests {
    use super::super::pipeline::Item;
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_queue_that_is_empty_again_keeps_no_memory_of_a_flood() {
        let mut held = Held::default();
        let mut out = Out::default();
        for at_us in 0..4_000 {
            let item = Item::Bytes(Bytes::from_static(b"x"));
            held.hold(Moving::new(item, at_us), at_us + 5_000, &mut out);
        }
        // One is left.
        held.advance(8_998, &mut out);
        assert_eq!((out.passed.len(), held.queue.len()), (3_999, 1));
        assert!(held.queue.capacity() <= ROOM, "{}", held.queue.capacity());
    }
}
