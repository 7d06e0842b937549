//! One fault at work, whichever its kind.

use chalkwire_shared::fault::Fault;

use super::bandwidth::Bandwidth;
use super::black_hole::BlackHole;
use super::chance::Chance;
use super::corrupt::Corrupt;
use super::duplicate::Duplicate;
use super::latency::Latency;
use super::limit::Limit;
use super::loss::Loss;
use super::pipeline::{Moving, Out};
use super::reorder::Reorder;
use super::reset::Reset;
use super::slice::Slice;
use super::slow_close::SlowClose;
use super::truncate::Truncate;

/// A fault at work.
#[derive(Debug)]
pub(super) enum Stage {
    Latency(Latency),
    Bandwidth(Bandwidth),
    Slice(Slice),
    Limit(Limit),
    SlowClose(SlowClose),
    Reset(Reset),
    BlackHole(BlackHole),
    Loss(Loss),
    Duplicate(Duplicate),
    Reorder(Reorder),
    Corrupt(Corrupt),
    Truncate(Truncate),
}

impl Stage {
    /// A fault's stage; `None` for what is not done to traffic.
    pub(super) fn new(fault: Fault, chance: Chance) -> Option<Self> {
        Some(match fault {
            Fault::Latency { ms, jitter_ms, .. } => {
                Stage::Latency(Latency::new(ms, jitter_ms, chance))
            }
            Fault::Bandwidth { bytes_per_s, .. } => Stage::Bandwidth(Bandwidth::new(bytes_per_s)),
            Fault::Slice {
                bytes,
                vary_bytes,
                gap_ms,
                ..
            } => Stage::Slice(Slice::new(bytes, vary_bytes, gap_ms, chance)),
            Fault::Limit { bytes, .. } => Stage::Limit(Limit::new(bytes)),
            Fault::SlowClose { ms, .. } => Stage::SlowClose(SlowClose::new(ms)),
            Fault::Reset { after_bytes, .. } => Stage::Reset(Reset::new(after_bytes)),
            Fault::BlackHole { after_bytes, .. } => Stage::BlackHole(BlackHole::new(after_bytes)),
            Fault::Refuse => return None,
            Fault::Loss { percent, .. } => Stage::Loss(Loss::new(percent, chance)),
            Fault::Duplicate { percent, .. } => Stage::Duplicate(Duplicate::new(percent, chance)),
            Fault::Reorder { percent, .. } => Stage::Reorder(Reorder::new(percent, chance)),
            Fault::Corrupt { percent, .. } => Stage::Corrupt(Corrupt::new(percent, chance)),
            Fault::Truncate { bytes, .. } => Stage::Truncate(Truncate::new(bytes)),
        })
    }

    /// Something comes.
    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        match self {
            Stage::Latency(s) => s.push(moving, out),
            Stage::Bandwidth(s) => s.push(moving, out),
            Stage::Slice(s) => s.push(moving, out),
            Stage::Limit(s) => s.push(moving, out),
            Stage::SlowClose(s) => s.push(moving, out),
            Stage::Reset(s) => s.push(moving, out),
            Stage::BlackHole(s) => s.push(moving, out),
            Stage::Loss(s) => s.push(moving, out),
            Stage::Duplicate(s) => s.push(moving, out),
            Stage::Reorder(s) => s.push(moving, out),
            Stage::Corrupt(s) => s.push(moving, out),
            Stage::Truncate(s) => s.push(moving, out),
        }
    }

    /// Passes on what is due.
    pub(super) fn advance(&mut self, now_us: u64, out: &mut Out) {
        match self {
            Stage::Latency(s) => s.held.advance(now_us, out),
            Stage::Bandwidth(s) => s.held.advance(now_us, out),
            Stage::Slice(s) => s.held.advance(now_us, out),
            Stage::SlowClose(s) => s.held.advance(now_us, out),
            Stage::Reorder(s) => s.held.advance(now_us, out),
            _ => {}
        }
    }

    /// Passes on all that it should pass and still has.
    pub(super) fn interrupt(&mut self, now_us: u64, out: &mut Out) {
        match self {
            Stage::Latency(s) => s.held.interrupt(now_us, out),
            Stage::Bandwidth(s) => s.held.interrupt(now_us, out),
            Stage::Slice(s) => s.held.interrupt(now_us, out),
            Stage::SlowClose(s) => s.held.interrupt(now_us, out),
            Stage::Reorder(s) => s.held.interrupt(now_us, out),
            Stage::BlackHole(s) => s.interrupt(now_us, out),
            _ => {}
        }
    }

    /// When something is due next, in µs.
    pub(super) fn next_us(&self) -> Option<u64> {
        match self {
            Stage::Latency(s) => s.held.next_us(),
            Stage::Bandwidth(s) => s.held.next_us(),
            Stage::Slice(s) => s.held.next_us(),
            Stage::SlowClose(s) => s.held.next_us(),
            Stage::Reorder(s) => s.held.next_us(),
            _ => None,
        }
    }

    /// What it holds back, in bytes of memory.
    pub(super) fn held_bytes(&self) -> usize {
        match self {
            Stage::Latency(s) => s.held.bytes(),
            Stage::Bandwidth(s) => s.held.bytes(),
            Stage::Slice(s) => s.held.bytes(),
            Stage::SlowClose(s) => s.held.bytes(),
            Stage::Reorder(s) => s.held.bytes(),
            _ => 0,
        }
    }
}
