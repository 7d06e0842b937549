//! What came out of the faults, put where it waits for its reader, and told.

use chalkwire_shared::fault::{Direction, FaultDid};

use super::{Pump, REPORTS, Report};
use crate::fault::limit::limited;
use crate::fault::pipeline::{Came, Ending, Item, Moving};
use crate::fault::reset::reset;
use crate::target::Failure;

impl Pump {
    /// Puts what came out of the faults where it waits for its reader.
    pub(super) fn settle(&mut self, now_us: u64) {
        for came in self.to_target.take() {
            match came {
                Came::Did(did) => self.tell(Direction::ToTarget, did, now_us),
                Came::Passed(_) if self.dead => {}
                Came::Passed(moving) => {
                    // Bytes are told when they are written, which may be later and in parts.
                    if self.datagram {
                        self.report(Direction::ToTarget, &moving, now_us);
                    }
                    self.writing.push(moving);
                }
            }
        }
        for came in self.from_target.take() {
            let moving = match came {
                Came::Did(did) => {
                    self.tell(Direction::FromTarget, did, now_us);
                    continue;
                }
                Came::Passed(_) if self.over.is_some() => continue,
                Came::Passed(moving) => moving,
            };
            match &moving.item {
                Item::Bytes(_) | Item::Datagram(_) => {
                    self.report(Direction::FromTarget, &moving, now_us);
                    self.ready.push(moving);
                }
                Item::End(Ending::Fin) => {
                    self.report_end(Direction::FromTarget, moving.held_us, now_us);
                    self.ready.push(moving);
                }
                Item::End(Ending::Failed(failure)) => {
                    let failure = failure.clone();
                    self.finish(failure, now_us);
                }
                Item::End(Ending::Limited(bytes)) => {
                    let bytes = *bytes;
                    self.limit(Direction::FromTarget, bytes, now_us);
                }
                Item::End(Ending::Reset) => self.reset(Direction::FromTarget, now_us),
            }
        }
    }

    /// The socket is over, in its turn: after what came before.
    fn finish(&mut self, failure: Failure, now_us: u64) {
        let end = Item::End(Ending::Failed(failure.clone()));
        self.ready.push(Moving::new(end, now_us));
        self.over = Some(failure);
        self.read_done = true;
    }

    pub(super) fn reset(&mut self, direction: Direction, now_us: u64) {
        self.tell(direction, FaultDid::Reset, now_us);
        self.die();
        self.resets = true;
        self.finish(reset(), now_us);
    }

    /// A fault closes the connection: what it does not concern goes on first.
    pub(super) fn limit(&mut self, direction: Direction, bytes: u32, now_us: u64) {
        self.tell(direction, FaultDid::Limited, now_us);
        self.limited = true;
        match direction {
            Direction::ToTarget => {
                self.from_target.release(now_us);
                self.settle(now_us);
            }
            _ => {
                self.to_target.release(now_us);
                self.settle(now_us);
                let fin = Item::End(Ending::Fin);
                self.writing.push(Moving::new(fin, now_us));
            }
        }
        if self.over.is_none() {
            self.finish(limited(bytes), now_us);
        }
    }

    pub(super) fn report(&mut self, direction: Direction, moving: &Moving, now_us: u64) {
        let (Item::Bytes(bytes) | Item::Datagram(bytes)) = &moving.item else {
            return;
        };
        let bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if moving.cut {
            self.tell(direction, FaultDid::Cut { bytes }, now_us);
        }
        let held_us = moving.held_us;
        let told = match self.datagram {
            // Nothing else tells that it got through, or in which order.
            true => direction == Direction::ToTarget,
            // Each piece, and the last, which nothing cuts.
            false => self.cuts(direction),
        };
        if told || moving.cut || held_us > 0 {
            self.tell(direction, FaultDid::Passed { bytes, held_us }, now_us);
        }
    }

    fn cuts(&self, direction: Direction) -> bool {
        match direction {
            Direction::ToTarget => self.to_target.cuts(),
            _ => self.from_target.cuts(),
        }
    }

    pub(super) fn report_end(&mut self, direction: Direction, held_us: u64, now_us: u64) {
        if held_us > 0 {
            self.tell(direction, FaultDid::ClosedLate { held_us }, now_us);
        }
    }

    fn tell(&mut self, direction: Direction, did: FaultDid, clock_us: u64) {
        if self.reports.len() < REPORTS {
            self.reports.push_back(Report {
                clock_us,
                direction,
                did,
            });
        }
    }
}
