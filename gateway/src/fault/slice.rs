//! Slice: a stream goes on in parts of a size, with a pause between them.

use super::chance::Chance;
use super::held::Held;
use super::pipeline::{Item, Moving, Out};

/// Cuts a stream at places that follow from its bytes' numbers and the seed alone.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) held: Held,
    bytes: u32,
    vary_bytes: u32,
    gap_us: u64,
    chance: Chance,
    /// Bytes until the next cut.
    left: usize,
    /// The next part does not go before this time, in µs.
    free_us: u64,
}

impl Slice {
    pub(super) fn new(bytes: u32, vary_bytes: u32, gap_ms: u32, chance: Chance) -> Self {
        let mut slice = Slice {
            held: Held::default(),
            bytes,
            vary_bytes,
            gap_us: u64::from(gap_ms) * 1_000,
            chance,
            left: 0,
            free_us: 0,
        };
        slice.left = slice.draw();
        slice
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        let Item::Bytes(bytes) = &moving.item else {
            let due_us = moving.at_us;
            return self.held.hold(moving, due_us, out);
        };
        let mut bytes = bytes.clone();
        while !bytes.is_empty() {
            let part = bytes.split_to(self.left.min(bytes.len()));
            let due_us = self.free_us.max(moving.at_us);
            self.left -= part.len();
            let mut moved = moving.with(Item::Bytes(part));
            moved.cut = moving.cut && bytes.is_empty();
            if self.left == 0 {
                moved.cut = true;
                self.left = self.draw();
                self.free_us = due_us + self.gap_us;
            }
            self.held.hold(moved, due_us, out);
        }
    }

    fn draw(&mut self) -> usize {
        let bytes = self.chance.around(self.bytes.into(), self.vary_bytes);
        // At least one: a part of nothing would be the end.
        usize::try_from(bytes.max(1)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Where a stream is cut, in bytes from its beginning.
    fn cuts(passed: &[Moving]) -> Vec<usize> {
        let (mut at, mut cuts) = (0, Vec::new());
        for moving in passed {
            if let Item::Bytes(bytes) = &moving.item {
                at += bytes.len();
                cuts.extend(moving.cut.then_some(at));
            }
        }
        cuts
    }

    proptest! {
        #[test]
        fn the_cuts_follow_from_the_bytes_and_the_seed_not_from_the_reads(
            seed: u32,
            sent in vec(any::<u8>(), 0..2_000),
            (sizes, others) in (vec(1usize..900, 1..9), vec(1usize..900, 1..9)),
            size in 1u32..300,
            vary in 0u32..300,
            gap_ms in 0u32..50,
        ) {
            let fault = format!("slice,bytes={size},vary_bytes={vary},gap_ms={gap_ms}");
            let run = stream(&[&fault], seed, &sent, &sizes).passed;
            prop_assert_eq!(bytes(&run), &sent[..]);
            let again = stream(&[&fault], seed, &sent, &others).passed;
            prop_assert_eq!(times(&run), times(&again));
            let cuts = cuts(&run);
            prop_assert_eq!(&cuts, &self::cuts(&again));
            let mut before = 0;
            for (i, cut) in cuts.iter().enumerate() {
                let part = (cut - before) as u32;
                prop_assert!((size.saturating_sub(vary).max(1)..=size + vary).contains(&part));
                before = *cut;
                // After each cut, a pause.
                let due = (i as u64 + 1) * u64::from(gap_ms) * 1_000;
                let next = times(&run).get(*cut).copied();
                prop_assert!(next.is_none_or(|us| us == due), "{:?} is not {}", next, due);
            }
        }
    }
}
