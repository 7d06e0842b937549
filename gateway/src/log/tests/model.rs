//! Random use of a log, against a plain list.

use proptest::prelude::*;

use super::*;

/// What is done to one of the rooms.
#[derive(Clone, Debug)]
enum Step {
    /// So many events, each of so many bytes, with holes of so many offsets before them.
    Append {
        events: u64,
        bytes: usize,
        hole: u64,
    },
    Rewrite {
        at: prop::sample::Index,
        bytes: usize,
    },
    Snapshot {
        at: prop::sample::Index,
    },
    Prune {
        keep_bytes: u64,
    },
    Read {
        at: prop::sample::Index,
        most_bytes: usize,
    },
    Stop,
    /// As if it were killed just after all was told saved.
    Kill,
}

/// What a room should have.
#[derive(Debug)]
struct Model {
    lines: Vec<Line>,
    last: u64,
    snapshot: Option<u64>,
    epoch: u32,
}

fn step() -> impl Strategy<Value = Step> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        6 => (1..30_u64, 0..3_000_usize, 0..3_u64)
            .prop_map(|(events, bytes, hole)| Step::Append { events, bytes, hole }),
        2 => (at(), 0..6_000_usize).prop_map(|(at, bytes)| Step::Rewrite { at, bytes }),
        1 => at().prop_map(|at| Step::Snapshot { at }),
        1 => (0..40_000_u64).prop_map(|keep_bytes| Step::Prune { keep_bytes }),
        3 => (at(), 0..20_000_usize).prop_map(|(at, most_bytes)| Step::Read { at, most_bytes }),
        1 => Just(Step::Stop),
        1 => Just(Step::Kill),
    ]
}

impl Model {
    /// Does a step to both.
    async fn step(&mut self, step: &Step, room: &Transcript) {
        match step {
            Step::Append {
                events,
                bytes,
                hole,
            } => {
                for _ in 0..*events {
                    let record = Record {
                        prev: self.last,
                        ..record(self.epoch, self.last + 1 + hole, &"x".repeat(*bytes))
                    };
                    self.last = record.offset;
                    self.lines.push(Line {
                        epoch: record.epoch,
                        offset: record.offset,
                        prev: record.prev,
                        time_us: record.time_us,
                        text: record.text.clone(),
                    });
                    room.append(record).unwrap();
                }
            }
            Step::Rewrite { at, bytes } => {
                if !self.lines.is_empty() {
                    let index = at.index(self.lines.len());
                    let line = &mut self.lines[index];
                    line.text = "y".repeat(*bytes).into();
                    room.rewrite(line.offset, line.text.clone()).unwrap();
                }
            }
            Step::Snapshot { at } => {
                let offset = self.offset(*at);
                self.snapshot = self.snapshot.max(Some(offset));
                room.snapshot(offset, offset.to_string().into()).unwrap();
            }
            Step::Prune { keep_bytes } => {
                room.prune(*keep_bytes).unwrap();
                let mut bytes: u64 = self.lines.iter().map(|line| line.text.len() as u64).sum();
                while let Some(oldest) = self.lines.first()
                    && bytes > *keep_bytes
                    && self
                        .snapshot
                        .is_some_and(|snapshot| oldest.offset <= snapshot)
                {
                    bytes -= oldest.text.len() as u64;
                    self.lines.remove(0);
                }
            }
            Step::Read { at, most_bytes } => {
                saved(room, self.last).await;
                self.settle(room).await;
                let after = self.offset(*at);
                let mut left = *most_bytes;
                let later = self.lines.iter().filter(|line| line.offset > after);
                let expected: Vec<&Line> = later
                    .enumerate()
                    .take_while(|(i, line)| {
                        let fits = *i == 0 || line.text.len() <= left;
                        left = left.saturating_sub(line.text.len());
                        fits
                    })
                    .map(|(_, line)| line)
                    .collect();
                let read = room.read(after, *most_bytes).await.unwrap();
                assert_eq!(read.iter().collect::<Vec<_>>(), expected);
            }
            Step::Stop | Step::Kill => {}
        }
    }

    /// Any offset from 0 to the last.
    fn offset(&self, at: prop::sample::Index) -> u64 {
        at.index(self.last as usize + 1) as u64
    }

    /// Waits until what tells nothing when it is done is done: an event after it is saved.
    async fn settle(&mut self, room: &Transcript) {
        let marker = Step::Append {
            events: 1,
            bytes: 6,
            hole: 0,
        };
        Box::pin(self.step(&marker, room)).await;
        saved(room, self.last).await;
    }

    async fn check(&self, kept: &Kept) {
        assert_eq!(kept.last, self.last);
        assert_eq!(kept.snapshot, self.snapshot);
        assert_eq!(all(&kept.transcript).await, self.lines);
        let snapshot = kept.transcript.snapshot_kept().await.unwrap();
        let expected = self
            .snapshot
            .map(|offset| (offset, offset.to_string().into()));
        assert_eq!(snapshot, expected);
    }
}

async fn live(steps: Vec<(bool, Step)>) {
    let mut directory = scratch();
    let (mut log, _) = open(directory.path());
    let mut rooms = Vec::new();
    let mut models = Vec::new();
    for name in ["one", "two"] {
        rooms.push(log.create(new_room(name)).await.unwrap());
        models.push(Model {
            lines: Vec::new(),
            last: 0,
            snapshot: None,
            epoch: 1,
        });
    }
    for (second, step) in steps
        .into_iter()
        .chain([(false, Step::Kill), (false, Step::Stop)])
    {
        models[usize::from(second)]
            .step(&step, &rooms[usize::from(second)])
            .await;
        match step {
            Step::Stop => log.stop().await,
            Step::Kill => {
                for (model, room) in models.iter_mut().zip(&rooms) {
                    model.settle(room).await;
                }
                let copy = scratch();
                for entry in std::fs::read_dir(directory.path()).unwrap() {
                    let entry = entry.unwrap();
                    std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
                }
                log.stop().await;
                directory = copy;
            }
            _ => continue,
        }
        let (next, kept) = open(directory.path());
        log = next;
        rooms.clear();
        for (model, kept) in models.iter_mut().zip(kept) {
            model.check(&kept).await;
            model.epoch = kept.transcript.begin_epoch().await.unwrap().epoch;
            rooms.push(kept.transcript);
        }
    }
    log.stop().await;
    assert_whole(directory.path());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_log_is_a_list_that_outlives_its_process(
        steps in prop::collection::vec((any::<bool>(), step()), 1..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(live(steps));
    }
}
