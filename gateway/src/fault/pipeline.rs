//! What travels one way, and the faults that it goes through: no I/O, and time is passed in.

use bytes::Bytes;
use chalkwire_shared::fault::FaultDid;

use super::stage::Stage;
use crate::target::Failure;

/// What a piece costs in memory besides its bytes, with the room that a queue has to grow.
const PIECE_BYTES: usize = 128;

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

/// What comes out at the end of all faults.
#[derive(Debug, PartialEq, Eq)]
pub enum Came {
    /// This was done.
    Did(FaultDid),
    /// This goes on.
    Passed(Moving),
}

/// The faults of one direction, in order.
#[derive(Debug)]
pub struct Pipeline {
    stages: Vec<Stage>,
    /// So many of them stay when the others are changed.
    standing: usize,
    out: Vec<Came>,
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
            out: Vec::new(),
        }
    }

    /// Something sets out.
    pub fn push(&mut self, item: Item, now_us: u64) {
        // What was due before is before it.
        self.advance(now_us);
        self.feed(0, Moving::new(item, now_us));
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

    /// Whether a stream is cut here, or cut off: then each of its pieces counts.
    pub(super) fn cuts(&self) -> bool {
        let cuts = |it: &Stage| matches!(it, Stage::Slice(_) | Stage::Limit(_));
        self.stages.iter().any(cuts)
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

    /// What came out since it was last taken: what was done to one thing comes before the next thing,
    /// so that the order tells what a report is about.
    pub fn take(&mut self) -> Vec<Came> {
        std::mem::take(&mut self.out)
    }

    fn fed(&mut self, stage: usize, out: Out) {
        self.out.extend(out.did.into_iter().map(Came::Did));
        for moving in out.passed {
            self.feed(stage, moving);
        }
    }

    /// Sends one through the faults from number `from` on, as far as it goes now.
    fn feed(&mut self, from: usize, moving: Moving) {
        let Some(stage) = self.stages.get_mut(from) else {
            self.out.push(Came::Passed(moving));
            return;
        };
        let mut out = Out::default();
        stage.push(moving, &mut out);
        self.fed(from + 1, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use chalkwire_shared::fault::Direction;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn holding() -> impl Strategy<Value = Vec<&'static str>> {
        let one = prop_oneof![
            Just("latency,ms=40,jitter_ms=30"),
            Just("latency,ms=5"),
            Just("bandwidth,bytes_per_s=3000"),
            Just("slice,bytes=9,vary_bytes=5,gap_ms=3"),
            Just("slow_close,ms=70"),
        ];
        vec(one, 0..5)
    }

    /// What happens to a pipeline of a stream.
    #[derive(Clone, Debug)]
    enum Step {
        Push(Vec<u8>),
        Wait(u64),
        Change(Vec<&'static str>),
        Release,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => vec(any::<u8>(), 1..200).prop_map(Step::Push),
            4 => (0u64..50_000).prop_map(Step::Wait),
            2 => holding().prop_map(Step::Change),
            1 => Just(Step::Release),
        ]
    }

    proptest! {
        #[test]
        fn faults_that_are_changed_at_any_moment_lose_no_byte_and_turn_none_round(
            seed: u32,
            (standing, first) in (holding(), holding()),
            steps in vec(step(), 0..30),
        ) {
            let standing = plan(&standing, seed).asked_stages(Direction::ToTarget);
            let first = plan(&first, seed).asked_stages(Direction::ToTarget);
            let mut pipeline = Pipeline::new(standing, first);
            let (mut sent, mut now_us) = (Vec::new(), 0);
            let mut passed = Vec::new();
            for step in steps {
                match step {
                    Step::Push(bytes) => {
                        sent.extend_from_slice(&bytes);
                        pipeline.push(Item::Bytes(bytes.into()), now_us);
                    }
                    Step::Wait(us) => {
                        now_us += us;
                        pipeline.advance(now_us);
                    }
                    Step::Change(faults) => {
                        let stages = plan(&faults, seed).asked_stages(Direction::ToTarget);
                        pipeline.change(stages, now_us);
                    }
                    Step::Release => {
                        pipeline.release(now_us);
                        prop_assert_eq!(pipeline.held_bytes(), 0);
                    }
                }
                passed.extend(taken(&mut pipeline).passed);
            }
            pipeline.push(Item::End(Ending::Fin), now_us);
            pipeline.advance(LATER_US);
            prop_assert_eq!((pipeline.held_bytes(), pipeline.next_us()), (0, None));
            passed.extend(taken(&mut pipeline).passed);
            prop_assert_eq!(bytes(&passed), sent);
            let last = passed.last().map(|moving| &moving.item);
            prop_assert_eq!(last, Some(&Item::End(Ending::Fin)), "the end is the last");
        }

        #[test]
        fn datagrams_survive_a_change_whole_and_once(
            seed: u32,
            changes in vec((0usize..60, holding_datagrams()), 0..6),
        ) {
            let sent = numbered(60);
            let mut pipeline = pipeline(&["reorder,percent=50"], seed);
            for (i, datagram) in sent.iter().enumerate() {
                for (at, faults) in &changes {
                    if *at == i {
                        let stages = plan(faults, seed).asked_stages(Direction::ToTarget);
                        pipeline.change(stages, i as u64 * 1_000);
                    }
                }
                pipeline.push(Item::Datagram(datagram.clone().into()), i as u64 * 1_000);
            }
            pipeline.advance(LATER_US);
            let mut passed = contents(&taken(&mut pipeline).passed);
            let mut sent = sent;
            passed.sort();
            sent.sort();
            prop_assert_eq!(passed, sent);
        }
    }

    fn holding_datagrams() -> impl Strategy<Value = Vec<&'static str>> {
        let one = prop_oneof![
            Just("latency,ms=4,jitter_ms=4"),
            Just("reorder,percent=50"),
            Just("loss,percent=0"),
            Just("duplicate,percent=0"),
        ];
        vec(one, 1..3).prop_map(|mut faults| {
            faults.dedup();
            faults
        })
    }

    #[test]
    fn what_was_held_is_told_with_its_time() {
        let run = stream(
            &["latency,ms=20", "slice,bytes=2,gap_ms=3"],
            0,
            b"abcd",
            &[4],
        )
        .passed;
        let held: Vec<(u64, bool)> = run
            .iter()
            .map(|moving| (moving.held_us, moving.cut))
            .collect();
        assert_eq!(held[..2], [(20_000, true), (23_000, true)]);
    }
}
