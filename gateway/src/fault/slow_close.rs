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

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn the_end_comes_late_and_the_bytes_do_not() {
        let run = stream(&["slow_close,ms=300"], 0, b"all of it", &[4]).passed;
        assert_eq!(bytes(&run), b"all of it");
        assert!(times(&run).iter().all(|us| *us == 0));
        assert_eq!(ends(&run), [(Ending::Fin, 300_000)]);
    }
}
