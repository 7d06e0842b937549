//! What a hop holds and does next, both ways: no I/O, and time is passed in.

mod queue;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use bytes::Bytes;
use chalkwire_shared::fault::{Direction, FaultDid};

use super::Plan;
use super::pipeline::{Ending, Item, Pipeline};
use crate::target::Failure;
use queue::Queue;

/// What each way holds at the most, in bytes of memory, give or take what comes at once: then
/// streams are not read, and datagrams from the target are dropped.
pub(super) const HELD_BYTES: usize = 262_144;

/// Of a stream so many bytes are taken at once: cut into single ones they are within the bound.
pub(super) const TAKE_BYTES: usize = 1_024;

/// Reports that wait to be told; beyond that they are left out.
const REPORTS: usize = 1_024;

/// What a fault did, to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When, by the gateway's clock, in µs.
    pub clock_us: u64,
    /// Which way the traffic went.
    pub direction: Direction,
    /// What it did.
    pub did: FaultDid,
}

/// What is to be done to the real socket next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Todo {
    /// Write these bytes, or this datagram.
    Write(Bytes),
    /// Send a FIN.
    Fin,
    /// See to it that closing sends RST.
    Reset,
}

/// What reading from the hop came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// So many bytes, or a datagram of so many.
    Bytes(usize),
    /// The end, as the target or a fault made it.
    End,
    /// The socket failed, in its turn.
    Failed(Failure),
    /// Nothing there yet.
    Nothing,
}

/// A hop's state.
#[derive(Debug)]
pub(super) struct Pump {
    datagram: bool,
    to_target: Pipeline,
    from_target: Pipeline,
    /// Past the faults, to be written.
    writing: Queue,
    /// Bytes of the first there that are written already.
    written: usize,
    /// Past the faults, for the owner.
    ready: Queue,
    /// The owner has read the end.
    ended: bool,
    /// The real socket is not to be read any more.
    read_done: bool,
    /// The owner has no more to send.
    shut: bool,
    /// Writing failed: what the target sent before is still to be read.
    broken: Option<Failure>,
    /// What is sent now reaches nobody: the real socket failed, or is to be reset.
    dead: bool,
    /// The real socket is to be reset, as soon as somebody can.
    resets: bool,
    /// The hop is over: nothing more comes from the target.
    over: Option<Failure>,
    /// A fault closed the connection: the target is to get its FIN in peace.
    limited: bool,
    /// Datagrams from the target that found no room.
    lost: u64,
    reports: VecDeque<Report>,
}

impl Pump {
    pub(super) fn new(plan: &Plan, datagram: bool) -> Self {
        Pump {
            datagram,
            to_target: plan.pipeline(Direction::ToTarget),
            from_target: plan.pipeline(Direction::FromTarget),
            writing: Queue::default(),
            written: 0,
            ready: Queue::default(),
            ended: false,
            read_done: false,
            shut: false,
            broken: None,
            dead: false,
            resets: false,
            over: None,
            limited: false,
            lost: 0,
            reports: VecDeque::new(),
        }
    }

    /// Other faults from here on. What those before hold back goes on first.
    pub(super) fn change(&mut self, plan: &Plan, now_us: u64) {
        let stages = plan.asked_stages(Direction::ToTarget);
        self.to_target.change(stages, now_us);
        let stages = plan.asked_stages(Direction::FromTarget);
        self.from_target.change(stages, now_us);
        self.settle(now_us);
    }

    /// Passes on what is due.
    pub(super) fn advance(&mut self, now_us: u64) {
        self.to_target.advance(now_us);
        self.from_target.advance(now_us);
        self.settle(now_us);
    }

    /// When something is due next, in µs.
    pub(super) fn next_us(&self) -> Option<u64> {
        let ways = [&self.to_target, &self.from_target];
        ways.into_iter().filter_map(Pipeline::next_us).min()
    }

    /// Whether the owner may send more.
    pub(super) fn takes(&self) -> bool {
        self.is_deaf() || self.to_target.held_bytes() + self.writing.bytes < HELD_BYTES
    }

    /// The owner sends: how much of it was taken; `None` when nothing can be.
    pub(super) fn send(&mut self, bytes: &[u8], now_us: u64) -> Option<usize> {
        if self.is_deaf() {
            // As with a kernel: what is sent to nobody is taken, and the failure told on reading.
            return Some(bytes.len());
        }
        if self.datagram {
            if !self.takes() {
                return None;
            }
            let item = Item::Datagram(Bytes::copy_from_slice(bytes));
            self.to_target.push(item, now_us);
            self.settle(now_us);
            return Some(bytes.len());
        }
        let mut taken = 0;
        for part in bytes.chunks(TAKE_BYTES) {
            if !self.takes() {
                break;
            }
            let item = Item::Bytes(Bytes::copy_from_slice(part));
            self.to_target.push(item, now_us);
            self.settle(now_us);
            taken += part.len();
        }
        // Nothing at all is taken, too, as the kernel does: a wait for room would not end.
        (taken == bytes.len() || taken > 0).then_some(taken)
    }

    /// The owner has no more to send.
    pub(super) fn shutdown(&mut self, now_us: u64) {
        if std::mem::replace(&mut self.shut, true) {
            return;
        }
        self.to_target.push(Item::End(Ending::Fin), now_us);
        self.settle(now_us);
    }

    /// Whether the real socket is to be read.
    pub(super) fn reads(&self) -> bool {
        let room = self.from_target.held_bytes() + self.ready.bytes < HELD_BYTES;
        !self.read_done && self.over.is_none() && (room || self.datagram)
    }

    /// The real socket gave this.
    pub(super) fn heard(&mut self, bytes: &[u8], now_us: u64) {
        if self.datagram && self.from_target.held_bytes() + self.ready.bytes >= HELD_BYTES {
            self.lost += 1;
            return;
        }
        let bytes = Bytes::copy_from_slice(bytes);
        let item = match self.datagram {
            true => Item::Datagram(bytes),
            false => Item::Bytes(bytes),
        };
        self.from_target.push(item, now_us);
        self.settle(now_us);
    }

    /// The real socket has no more to give.
    pub(super) fn heard_end(&mut self, now_us: u64) {
        let ending = match self.broken.take() {
            // The write took the error with it, and left an end that is no FIN.
            Some(failure) => Ending::Failed(failure),
            None => Ending::Fin,
        };
        self.end(ending, now_us);
    }

    /// Reading failed.
    pub(super) fn heard_failure(&mut self, failure: Failure, now_us: u64) {
        let failure = self.broken.take().unwrap_or(failure);
        self.dead = true;
        self.end(Ending::Failed(failure), now_us);
    }

    /// There is nothing to be read just now.
    pub(super) fn heard_nothing(&mut self, now_us: u64) {
        if self.broken.is_some() {
            self.heard_end(now_us);
        }
    }

    /// Writing failed: what the target sent before is still passed on.
    pub(super) fn write_failed(&mut self, failure: Failure, now_us: u64) {
        self.die();
        match self.read_done {
            true => self.end(Ending::Failed(failure), now_us),
            false => self.broken = Some(failure),
        }
    }

    fn end(&mut self, ending: Ending, now_us: u64) {
        self.read_done = true;
        self.from_target.push(Item::End(ending), now_us);
        self.settle(now_us);
    }

    /// What is to be done to the real socket next.
    pub(super) fn todo(&mut self, now_us: u64) -> Option<Todo> {
        loop {
            if std::mem::take(&mut self.resets) {
                return Some(Todo::Reset);
            }
            match &self.writing.items.front()?.item {
                Item::Bytes(bytes) => return Some(Todo::Write(bytes.slice(self.written..))),
                Item::Datagram(bytes) => return Some(Todo::Write(bytes.clone())),
                Item::End(_) => {}
            }
            let moving = self.writing.pop()?;
            match moving.item {
                Item::End(Ending::Fin) => {
                    self.report_end(Direction::ToTarget, moving.held_us, now_us);
                    return Some(Todo::Fin);
                }
                Item::End(Ending::Reset) => self.reset(Direction::ToTarget, now_us),
                Item::End(Ending::Limited(bytes)) => {
                    self.limit(Direction::ToTarget, bytes, now_us);
                    return Some(Todo::Fin);
                }
                _ => {}
            }
        }
    }

    /// So many bytes of what was to be written are with the kernel.
    pub(super) fn wrote(&mut self, n: usize, now_us: u64) {
        self.written += n;
        let Some(Item::Bytes(bytes) | Item::Datagram(bytes)) =
            self.writing.items.front().map(|moving| &moving.item)
        else {
            return;
        };
        if self.written < bytes.len() && !self.datagram {
            return;
        }
        self.written = 0;
        if let Some(moving) = self.writing.pop()
            && !self.datagram
        {
            self.report(Direction::ToTarget, &moving, now_us);
        }
    }

    /// Whether the owner would read something.
    pub(super) fn readable(&self) -> bool {
        !self.ready.items.is_empty() || self.ended
    }

    /// The owner reads.
    pub(super) fn recv(&mut self, buffer: &mut [u8]) -> Got {
        match self.ready.items.front().map(|moving| &moving.item) {
            None if self.ended => Got::End,
            None => Got::Nothing,
            Some(Item::Datagram(bytes)) => {
                let n = bytes.len().min(buffer.len());
                buffer[..n].copy_from_slice(&bytes[..n]);
                self.ready.pop();
                Got::Bytes(n)
            }
            Some(Item::Bytes(_)) => Got::Bytes(self.ready.read(buffer)),
            Some(Item::End(Ending::Failed(failure))) => Got::Failed(failure.clone()),
            Some(Item::End(_)) => {
                self.ready.pop();
                self.ended = true;
                Got::End
            }
        }
    }

    /// Why the hop is over, if it is.
    pub(super) fn over(&self) -> Option<&Failure> {
        self.over.as_ref()
    }

    /// Whether a fault closed the connection, and the target is to get its FIN in peace.
    pub(super) fn is_limited(&self) -> bool {
        self.limited
    }

    /// Whether anything of the owner's is still on its way.
    pub(super) fn is_sending(&self) -> bool {
        !self.dead && (self.to_target.held_bytes() > 0 || !self.writing.items.is_empty())
    }

    /// Whether anything is still on its way, in either direction.
    pub(super) fn is_holding(&self) -> bool {
        self.is_sending() || self.from_target.held_bytes() > 0
    }

    /// Passes on all that the owner sent, at once.
    pub(super) fn release_to_target(&mut self, now_us: u64) {
        self.to_target.release(now_us);
        self.settle(now_us);
    }

    /// Whether something was done since it was last asked.
    pub(super) fn has_reports(&self) -> bool {
        !self.reports.is_empty()
    }

    /// What was done since it was last asked.
    pub(super) fn take_reports(&mut self) -> VecDeque<Report> {
        std::mem::take(&mut self.reports)
    }

    /// Datagrams that found no room, since it was last asked.
    pub(super) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// Whether anything is to be written now.
    pub(super) fn writes(&self) -> bool {
        !self.writing.items.is_empty()
    }

    /// Nothing more is taken from the owner.
    fn is_deaf(&self) -> bool {
        self.dead || self.over.is_some()
    }

    fn die(&mut self) {
        self.dead = true;
        self.writing = Queue::default();
        self.written = 0;
    }
}
