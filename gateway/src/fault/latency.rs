//! Latency: everything comes later, in order.

use super::chance::Chance;
use super::held::Held;
use super::pipeline::{Item, Moving, Out};

/// A line has one delay; of a longer one, each so many bytes.
const LINE_BYTES: usize = 1_024;

/// Holds everything back for a time.
#[derive(Debug)]
pub(super) struct Latency {
    pub(super) held: Held,
    us: u64,
    jitter_us: u32,
    chance: Chance,
    /// The delay of the line that is under way, and the bytes of it so far.
    line: Option<(u64, usize)>,
}

impl Latency {
    pub(super) fn new(ms: u32, jitter_ms: u32, chance: Chance) -> Self {
        Latency {
            held: Held::default(),
            us: u64::from(ms) * 1_000,
            // At most 60,000 ms: far from the end of 32 bits.
            jitter_us: jitter_ms * 1_000,
            chance,
            line: None,
        }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        match &moving.item {
            Item::Bytes(bytes) if self.jitter_us > 0 => {
                // By the lines and not by the reads, whose sizes are the kernel's chance.
                let mut bytes = bytes.clone();
                while !bytes.is_empty() {
                    let (delay_us, before) = self.line.take().unwrap_or_else(|| (self.draw(), 0));
                    let most = bytes.len().min(LINE_BYTES - before);
                    let newline = bytes[..most].iter().position(|byte| *byte == b'\n');
                    let part = bytes.split_to(newline.map_or(most, |at| at + 1));
                    let so_far = before + part.len();
                    if newline.is_none() && so_far < LINE_BYTES {
                        self.line = Some((delay_us, so_far));
                    }
                    let mut moved = moving.with(Item::Bytes(part));
                    // Where it was cut it still is, and nowhere else.
                    moved.cut = moving.cut && bytes.is_empty();
                    self.hold(moved, delay_us, out);
                }
            }
            Item::Datagram(_) => {
                let delay_us = self.draw();
                self.hold(moving, delay_us, out);
            }
            Item::Bytes(_) | Item::End(_) => self.hold(moving, self.us, out),
        }
    }

    fn draw(&mut self) -> u64 {
        self.chance.around(self.us, self.jitter_us)
    }

    fn hold(&mut self, moving: Moving, delay_us: u64, out: &mut Out) {
        let due_us = moving.at_us + delay_us;
        self.held.hold(moving, due_us, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = Vec<u8>> {
        vec(prop_oneof![3 => any::<u8>(), 1 => Just(b'\n')], 0..3_000)
    }

    proptest! {
        #[test]
        fn every_byte_comes_later_in_order_and_by_its_line_not_by_the_reads(
            seed: u32,
            sent in text(),
            (sizes, others) in (vec(1usize..900, 1..9), vec(1usize..900, 1..9)),
            ms in 0u32..500,
            jitter_ms in 0u32..500,
        ) {
            let fault = format!("latency,ms={ms},jitter_ms={jitter_ms}");
            let run = stream(&[&fault], seed, &sent, &sizes).passed;
            prop_assert_eq!(bytes(&run), &sent[..]);
            let at = times(&run);
            prop_assert!(at.is_sorted());
            let (least, most) = (ms.saturating_sub(jitter_ms), ms + jitter_ms);
            for us in &at {
                let in_time = (u64::from(least) * 1_000..=u64::from(most) * 1_000).contains(us);
                prop_assert!(in_time, "{} us", us);
            }
            // Another cutting by the kernel is the same run.
            let again = stream(&[&fault], seed, &sent, &others).passed;
            prop_assert_eq!(times(&again), at);
            prop_assert_eq!(ends(&run).len(), 1);
        }

        #[test]
        fn datagrams_keep_their_order_whatever_the_jitter(seed: u32) {
            let sent = numbered(50);
            let run = datagrams(&["latency,ms=20,jitter_ms=20"], seed, &sent).passed;
            prop_assert_eq!(contents(&run), sent);
            let at: Vec<u64> = run.iter().map(|moving| moving.at_us).collect();
            prop_assert!(at.is_sorted());
        }
    }

    #[test]
    fn each_line_has_a_delay_of_its_own_that_another_seed_changes() {
        let lines = "one line\n".repeat(20);
        let delays = |seed| {
            let mut at = times(
                &stream(
                    &["latency,ms=100,jitter_ms=100"],
                    seed,
                    lines.as_bytes(),
                    &[7],
                )
                .passed,
            );
            at.dedup();
            at
        };
        assert!(
            delays(1).len() > 2,
            "the largest so far, again and again: {:?}",
            delays(1)
        );
        assert_eq!(delays(1), delays(1));
        assert_ne!(delays(1), delays(2));
    }
}
