//! What travels one way, and the faults that it goes through: no I/O, and time is passed in.

use bytes::Bytes;
use chalkwire_shared::fault::FaultDid;

use super::stage::Stage;
use crate::target::Failure;

/// What a piece costs in memory besides its bytes, roughly.
const PIECE_BYTES: usize = 80;

/// Something that travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Some bytes of a stream.
    Bytes(Bytes),
    /// A whole datagram.
    Datagram(Bytes),
    /// Nothing comes after it.
    End(Ending),
}

/// How traffic ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The sender is done (FIN).
    Fin,
    /// The real socket failed.
    Failed(Failure),
    /// A fault closes the connection, after so many bytes.
    Limited(u32),
    /// A fault resets the connection.
    Reset,
}

/// An item on its way, with what became of it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// What it is.
    pub item: Item,
    /// When it came to where it is, in µs. Not later than now, and exact: timers are late, this is not.
    pub at_us: u64,
    /// How long it was held back on purpose so far, in µs.
    pub held_us: u64,
    /// It was cut on purpose where it ends.
    pub cut: bool,
}

impl Moving {
    /// Something that sets out.
    pub fn new(item: Item, at_us: u64) -> Self {
        Moving {
            item,
            at_us,
            held_us: 0,
            cut: false,
        }
    }

    /// The same with other contents.
    pub(super) fn with(&self, item: Item) -> Self {
        Moving {
            item,
            ..self.clone()
        }
    }

    /// It was held back until `until_us`.
    pub(super) fn held_until(mut self, until_us: u64) -> Self {
        self.held_us += until_us.saturating_sub(self.at_us);
        self.at_us = self.at_us.max(until_us);
        self
    }

    /// What it takes of a queue's bound.
    pub(super) fn cost(&self) -> usize {
        let bytes = match &self.item {
            Item::Bytes(bytes) | Item::Datagram(bytes) => bytes.len(),
            Item::End(_) => 0,
        };
        bytes + PIECE_BYTES
    }
}

/// What comes out of a fault: what goes on, and what was done.
#[derive(Debug, Default)]
pub struct Out {
    /// In order.
    pub passed: Vec<Moving>,
    /// In order.
    pub did: Vec<FaultDid>,
}

/// The faults of one direction, in order.
#[derive(Debug)]
pub struct Pipeline {
    stages: Vec<Stage>,
    /// So many of them stay when the others are changed.
    standing: usize,
    out: Out,
}

impl Pipeline {
    /// Faults that stand, and after them those that may be changed.
    pub(super) fn new(standing: Vec<Stage>, asked: Vec<Stage>) -> Self {
        let mut stages = standing;
        let standing = stages.len();
        stages.extend(asked);
        Pipeline {
            stages,
            standing,
            out: Out::default(),
        }
    }

    /// Something sets out.
    pub fn push(&mut self, item: Item, now_us: u64) {
        // What was due before is before it.
        self.advance(now_us);
        self.feed(0, vec![Moving::new(item, now_us)]);
        self.advance(now_us);
    }

    /// Passes on what is due.
    pub fn advance(&mut self, now_us: u64) {
        for stage in 0..self.stages.len() {
            let mut out = Out::default();
            self.stages[stage].advance(now_us, &mut out);
            self.fed(stage + 1, out);
        }
    }

    /// When something is due next, in µs.
    pub fn next_us(&self) -> Option<u64> {
        self.stages.iter().filter_map(Stage::next_us).min()
    }

    /// What the faults hold back, in bytes of memory.
    pub fn held_bytes(&self) -> usize {
        self.stages.iter().map(Stage::held_bytes).sum()
    }

    /// Takes other faults instead of those that may be changed. What these hold back passes on at
    /// once, in order.
    pub(super) fn change(&mut self, asked: Vec<Stage>, now_us: u64) {
        self.advance(now_us);
        self.interrupt(self.standing, now_us);
        self.stages.truncate(self.standing);
        self.stages.extend(asked);
    }

    /// Passes on all that is held back, at once and in order.
    pub fn release(&mut self, now_us: u64) {
        self.advance(now_us);
        self.interrupt(0, now_us);
    }

    fn interrupt(&mut self, from: usize, now_us: u64) {
        for stage in from..self.stages.len() {
            let mut out = Out::default();
            self.stages[stage].interrupt(now_us, &mut out);
            self.fed(stage + 1, out);
        }
    }

    /// What came out since it was last taken.
    pub fn take(&mut self) -> Out {
        std::mem::take(&mut self.out)
    }

    fn fed(&mut self, stage: usize, out: Out) {
        self.out.did.extend(out.did);
        if !out.passed.is_empty() {
            self.feed(stage, out.passed);
        }
    }

    /// Sends items through the faults from number `from` on, as far as they go now.
    fn feed(&mut self, from: usize, items: Vec<Moving>) {
        let mut items = items;
        for stage in &mut self.stages[from..] {
            let mut out = Out::default();
            for item in items {
                stage.push(item, &mut out);
            }
            self.out.did.extend(out.did);
            items = out.passed;
        }
        self.out.passed.extend(items);
    }
}
