//! Bandwidth: so many bytes a second.

use super::held::Held;
use super::pipeline::{Item, Moving, Out};

/// What passes in a 50th of a second passes at once: timers are no finer.
const PARTS_PER_S: u32 = 50;

/// Passes bytes no faster than its rate.
#[derive(Debug)]
pub(super) struct Bandwidth {
    pub(super) held: Held,
    bytes_per_s: u32,
    /// Since when it has been passing bytes without a pause, in µs,
    busy_us: u64,
    /// and how many.
    busy_bytes: u64,
}

impl Bandwidth {
    pub(super) fn new(bytes_per_s: u32) -> Self {
        Bandwidth {
            held: Held::default(),
            // Zero can't be asked for; it would be for ever.
            bytes_per_s: bytes_per_s.max(1),
            busy_us: 0,
            busy_bytes: 0,
        }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        let Item::Bytes(bytes) = &moving.item else {
            let due_us = moving.at_us;
            return self.held.hold(moving, due_us, out);
        };
        if self.free_us() <= moving.at_us {
            (self.busy_us, self.busy_bytes) = (moving.at_us, 0);
        }
        let most = (self.bytes_per_s / PARTS_PER_S).max(1) as usize;
        let mut bytes = bytes.clone();
        while !bytes.is_empty() {
            let part = bytes.split_to(most.min(bytes.len()));
            self.busy_bytes += part.len() as u64;
            let mut moved = moving.with(Item::Bytes(part));
            moved.cut = moving.cut && bytes.is_empty();
            self.held.hold(moved, self.free_us(), out);
        }
    }

    /// When the last byte has passed, in µs.
    fn free_us(&self) -> u64 {
        let rate = u64::from(self.bytes_per_s);
        self.busy_us + (self.busy_bytes * 1_000_000).div_ceil(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_byte_is_lost_and_none_comes_before_its_time(
            sent in vec(any::<u8>(), 1..3_000),
            sizes in vec(1usize..900, 1..9),
            rate in 1u32..1_000_000,
        ) {
            let fault = format!("bandwidth,bytes_per_s={rate}");
            let run = stream(&[&fault], 0, &sent, &sizes).passed;
            prop_assert_eq!(bytes(&run), &sent[..]);
            let at = times(&run);
            for (i, us) in at.iter().enumerate() {
                let soonest = (i as u64 + 1) * 1_000_000 / u64::from(rate);
                prop_assert!(*us >= soonest, "byte {} at {} us, not before {}", i, us, soonest);
            }
            // All of it takes as long as it must, however it was read.
            let whole = (sent.len() as u64 * 1_000_000).div_ceil(rate.into());
            prop_assert_eq!(at.last(), Some(&whole));
            prop_assert_eq!(ends(&run).last().map(|(_, us)| *us), Some(whole), "the end waits");
        }
    }
}
