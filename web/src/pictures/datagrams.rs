//! What became of each datagram: which were lost, came twice, were overtaken, and which the server's
//! `recv` returned.

use bytes::Bytes;
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::server::ServerDid;

use crate::model::{Entry, What};

/// One datagram that was sent, and what became of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fate {
    /// The entry of its send.
    pub no: u32,
    /// Its bytes, as they were sent.
    pub bytes: Bytes,
    /// It was lost on purpose, at this moment of the gateway's clock.
    pub dropped_us: Option<u64>,
    /// It was held back on purpose for so long.
    pub held_us: u64,
    /// It waited since then, so that the next one overtook it.
    pub reordered_us: Option<u64>,
    /// A bit of this byte was flipped.
    pub corrupted: Option<u32>,
    /// The faults left so many bytes of it.
    pub truncated: Option<u32>,
    /// Whether it was passed on a second time.
    pub duplicated: bool,
    /// When the gateway handed it to its kernel; twice, if it was duplicated.
    pub passed_us: Vec<u64>,
    /// The server's `recv`s that returned it.
    pub recv: Vec<Recv>,
}

/// What a server's `recv` returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recv {
    /// The entry that tells it.
    pub no: u32,
    /// When.
    pub clock_us: u64,
    /// How many bytes; fewer than were sent if the tail is gone.
    pub bytes: u32,
}

impl Fate {
    /// Bytes of it that leave the gateway.
    pub fn leaves(&self) -> usize {
        self.truncated
            .map_or(self.bytes.len(), |left| self.bytes.len().min(left as usize))
    }

    fn undecided(&self) -> bool {
        self.dropped_us.is_none() && self.passed_us.is_empty() && self.reordered_us.is_none()
    }
}

/// Whether faults tell of this direction what passed and what did not.
pub fn faulted(entries: &[Entry], way: Direction) -> bool {
    entries.iter().any(|entry| match &entry.what {
        What::Fault { direction, did, .. } => {
            *direction == way && matches!(did, FaultDid::Passed { .. } | FaultDid::Dropped { .. })
        }
        _ => false,
    })
}

/// The datagrams of one socket on their way to the target.
///
/// Reports name no datagram: they are told apart by their order and by their sizes.
pub fn fates(entries: &[Entry]) -> Vec<Fate> {
    let faulted = faulted(entries, Direction::ToTarget);
    let mut fates: Vec<Fate> = Vec::new();
    for entry in entries {
        if let What::Sent {
            bytes, wrote_us, ..
        } = &entry.what
        {
            fates.push(Fate {
                no: entry.no,
                bytes: bytes.clone(),
                passed_us: wrote_us.filter(|_| !faulted).into_iter().collect(),
                ..Fate::default()
            });
        }
    }
    let mut again = Vec::new();
    for entry in entries {
        if let What::Fault {
            direction: Direction::ToTarget,
            did,
            clock_us,
        } = &entry.what
        {
            judge(&mut fates, &mut again, did, *clock_us);
        }
    }
    for entry in entries {
        let What::Server { did, clock_us } = &entry.what else {
            continue;
        };
        let (bytes, of) = match did {
            ServerDid::Recv { bytes } => (*bytes, *bytes),
            ServerDid::RecvCut { bytes, of } => (*bytes, *of),
            _ => continue,
        };
        // Of those that were passed and not received yet, the one that was passed first.
        let which = (0..fates.len())
            .filter(|&i| fates[i].recv.len() < fates[i].passed_us.len())
            .filter(|&i| fates[i].leaves() == of as usize)
            .min_by_key(|&i| fates[i].passed_us[fates[i].recv.len()]);
        if let Some(which) = which {
            fates[which].recv.push(Recv {
                no: entry.no,
                clock_us: *clock_us,
                bytes,
            });
        }
    }
    fates
}

/// Lays one report of a fault to the datagram that it is about.
fn judge(fates: &mut [Fate], again: &mut Vec<usize>, did: &FaultDid, clock_us: u64) {
    let size = |fate: &Fate, bytes: u32| fate.leaves() == bytes as usize;
    let first = |fates: &[Fate], bytes: u32| {
        fates
            .iter()
            .position(|fate| fate.undecided() && size(fate, bytes))
    };
    match did {
        FaultDid::Dropped { bytes } => {
            if let Some(i) = first(fates, *bytes) {
                fates[i].dropped_us = Some(clock_us);
            }
        }
        FaultDid::Passed { bytes, held_us } => {
            // A second copy, then what waits to be overtaken once somebody overtook it, then the next.
            let copy = again
                .iter()
                .position(|&i| size(&fates[i], *bytes) && !fates[i].passed_us.is_empty());
            let waits = fates.iter().position(|fate| {
                fate.reordered_us.is_some() && fate.passed_us.is_empty() && size(fate, *bytes)
            });
            let overtaken =
                waits.filter(|&i| fates[i + 1..].iter().any(|it| !it.passed_us.is_empty()));
            let which = copy
                .map(|at| again.remove(at))
                .or(overtaken)
                .or_else(|| first(fates, *bytes))
                .or(waits);
            if let Some(i) = which {
                fates[i].held_us = *held_us;
                fates[i].passed_us.push(clock_us);
            }
        }
        FaultDid::Duplicated { bytes } => {
            let last = fates
                .iter()
                .rposition(|fate| !fate.passed_us.is_empty() && size(fate, *bytes));
            if let Some(i) = first(fates, *bytes).or(last) {
                fates[i].duplicated = true;
                again.push(i);
            }
        }
        FaultDid::Reordered { bytes } => {
            if let Some(i) = first(fates, *bytes) {
                fates[i].reordered_us = Some(clock_us);
            }
        }
        FaultDid::Corrupted { bytes, at } => {
            if let Some(i) = first(fates, *bytes) {
                fates[i].corrupted = Some(*at);
            }
        }
        FaultDid::Truncated { bytes, of } => {
            if let Some(i) = first(fates, *of) {
                fates[i].truncated = Some(*bytes);
            }
        }
        FaultDid::Cut { .. }
        | FaultDid::ClosedLate { .. }
        | FaultDid::Limited
        | FaultDid::Reset
        | FaultDid::Refused => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::fixture::{Log, to_target};
    use chalkwire_shared::target::Kind;

    fn log(whats: impl IntoIterator<Item = What>) -> Vec<Entry> {
        let mut log = Log::new("udp", Kind::Udp);
        for what in whats {
            log.push(what);
        }
        log.entries
    }

    #[test]
    fn each_report_is_laid_to_its_datagram() {
        let passed = |bytes, at| to_target(FaultDid::Passed { bytes, held_us: 0 }, at);
        let entries = log([
            Log::sent(b"aa", 0),
            Log::sent(b"bbb", 0),
            Log::sent(b"cc", 0),
            Log::sent(b"dd", 0),
            to_target(FaultDid::Dropped { bytes: 2 }, 10),
            to_target(FaultDid::Reordered { bytes: 3 }, 20),
            passed(2, 30),
            passed(3, 31),
            to_target(FaultDid::Duplicated { bytes: 2 }, 40),
            passed(2, 41),
            passed(2, 42),
        ]);
        let fates = fates(&entries);
        assert_eq!(fates[0].dropped_us, Some(10));
        assert_eq!(
            (fates[1].reordered_us, &fates[1].passed_us[..]),
            (Some(20), &[31][..])
        );
        assert_eq!(fates[2].passed_us, [30]);
        assert!(fates[3].duplicated);
        assert_eq!(fates[3].passed_us, [41, 42]);
    }

    #[test]
    fn a_recv_is_laid_to_the_datagram_of_its_size_that_was_passed_first() {
        let recv = |did| What::Server { did, clock_us: 9 };
        let entries = log([
            Log::sent(&[b'x'; 3000], 1),
            Log::sent(b"", 2),
            recv(ServerDid::RecvCut {
                bytes: 1024,
                of: 3000,
            }),
            recv(ServerDid::Recv { bytes: 0 }),
        ]);
        let got: Vec<_> = fates(&entries).iter().map(|it| it.recv[0].bytes).collect();
        assert_eq!(got, [1024, 0]);
    }
}
