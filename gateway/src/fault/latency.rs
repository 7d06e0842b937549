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
