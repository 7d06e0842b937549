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
    /// When the gateway took it from the page, if it has said so.
    wrote_us: Option<u64>,
    /// It was lost on purpose, at this moment of the gateway's clock.
    pub dropped_us: Option<u64>,
    /// A bit of this byte was flipped.
    pub corrupted: Option<u32>,
    /// The faults left so many bytes of it.
    pub truncated: Option<u32>,
    /// When it went on to the target; twice, if it was duplicated.
    pub passed: Vec<Pass>,
    /// The server's `recv`s that returned it.
    pub recv: Vec<Recv>,
}

/// How a datagram, or its copy, went on to the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Its place among all that went on: two may go in the same moment.
    pub place: usize,
    /// When.
    pub us: u64,
    /// It was held back on purpose for so long.
    pub held_us: u64,
    /// It waited since then, so that the next one overtook it.
    pub waited_us: Option<u64>,
    /// Somebody did overtake it.
    pub overtaken: bool,
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
/// Reports name no datagram: they are told apart by their times, their order and their sizes.
pub fn fates<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Fate> {
    let (mut fates, mut reports, mut recvs) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        match &entry.what {
            What::Sent {
                bytes, wrote_us, ..
            } => fates.push(Fate {
                no: entry.no,
                bytes: bytes.clone(),
                wrote_us: *wrote_us,
                ..Fate::default()
            }),
            What::Fault {
                direction: Direction::ToTarget,
                did,
                clock_us,
            } => reports.push((did, *clock_us)),
            What::Server { did, clock_us } => recvs.push((entry.no, did, *clock_us)),
            _ => {}
        }
    }
    let unfaulted = unfaulted(&fates, &reports);
    for (place, fate) in fates[..unfaulted].iter_mut().enumerate() {
        let pass = |us| Pass {
            place,
            us,
            ..Pass::default()
        };
        fate.passed.extend(fate.wrote_us.map(pass));
    }
    let mut coming: Vec<Coming> = (unfaulted..fates.len()).map(Coming::new).collect();
    for (did, clock_us) in reports {
        judge(&mut fates, &mut coming, did, clock_us);
    }
    for (no, did, clock_us) in recvs {
        let (bytes, of) = match did {
            ServerDid::Recv { bytes } => (*bytes, *bytes),
            ServerDid::RecvCut { bytes, of } => (*bytes, *of),
            _ => continue,
        };
        // Of those that were passed and not received yet, the one that was passed first.
        let which = (0..fates.len())
            .filter(|&i| fates[i].recv.len() < fates[i].passed.len())
            .filter(|&i| fates[i].leaves() == of as usize)
            .min_by_key(|&i| fates[i].passed[fates[i].recv.len()].place);
        if let Some(which) = which {
            fates[which].recv.push(Recv {
                no,
                clock_us,
                bytes,
            });
        }
    }
    fates
}

/// How many of the first datagrams were sent before there were faults: each later one has its report,
/// once it is past them.
fn unfaulted(fates: &[Fate], reports: &[(&FaultDid, u64)]) -> usize {
    let Some((first, at_us)) = reports.first() else {
        return fates.len();
    };
    let entered_us = entered_us(first, *at_us);
    let mut told = 0usize;
    for (did, _) in reports {
        match did {
            FaultDid::Passed { .. } | FaultDid::Dropped { .. } => told += 1,
            FaultDid::Duplicated { .. } => told = told.saturating_sub(1),
            _ => {}
        }
    }
    let earlier = |it: &&Fate| it.wrote_us.is_some_and(|us| us < entered_us);
    let earlier = fates.iter().take_while(earlier).count();
    earlier.min(fates.len().saturating_sub(told))
}

/// When the datagram of a report met the faults, as far as the report says.
fn entered_us(did: &FaultDid, clock_us: u64) -> u64 {
    match did {
        FaultDid::Passed { held_us, .. } => clock_us.saturating_sub(*held_us),
        _ => clock_us,
    }
}

/// A datagram, or its copy, that is not past the faults.
#[derive(Clone, Copy)]
struct Coming {
    /// Which.
    at: usize,
    /// Since when it waits to be overtaken, and how many of its copies had passed by then.
    waits: Option<(u64, usize)>,
}

impl Coming {
    fn new(at: usize) -> Self {
        Coming { at, waits: None }
    }

    fn overtaken(&self, fates: &[Fate]) -> bool {
        self.waits.is_some_and(|(_, copies)| {
            fates[self.at].passed.len() > copies
                || fates[self.at + 1..].iter().any(|it| !it.passed.is_empty())
        })
    }
}

/// What meets the faults is with the gateway's socket so soon after, in µs.
const NEAR_US: u64 = 1_000;

/// Lays one report of a fault to the datagram that it is about.
fn judge(fates: &mut [Fate], coming: &mut Vec<Coming>, did: &FaultDid, clock_us: u64) {
    let (FaultDid::Passed { bytes, .. }
    | FaultDid::Dropped { bytes }
    | FaultDid::Duplicated { bytes }
    | FaultDid::Reordered { bytes }
    | FaultDid::Corrupted { bytes, .. }
    | FaultDid::Truncated { of: bytes, .. }) = did
    else {
        return;
    };
    let entered_us = entered_us(did, clock_us);
    // The one that was written just then; else the one whose turn it is.
    let turn = |i: &usize| {
        let it = coming[*i];
        let since = fates[it.at]
            .wrote_us
            .and_then(|us| us.checked_sub(entered_us));
        match since {
            Some(us) if us < NEAR_US => us,
            _ if it.overtaken(fates) => NEAR_US,
            _ if it.waits.is_none() => NEAR_US + 1,
            _ => NEAR_US + 2,
        }
    };
    let place = (0..coming.len())
        .filter(|&i| fates[coming[i].at].leaves() == *bytes as usize)
        .min_by_key(turn);
    let Some(place) = place else {
        return;
    };
    let it = coming[place];
    let overtaken = it.overtaken(fates);
    let passed = fates.iter().map(|it| it.passed.len()).sum();
    let fate = &mut fates[it.at];
    match did {
        FaultDid::Dropped { .. } => {
            fate.dropped_us = Some(clock_us);
            coming.remove(place);
        }
        FaultDid::Passed { held_us, .. } => {
            fate.passed.push(Pass {
                place: passed,
                us: clock_us,
                held_us: *held_us,
                waited_us: it.waits.map(|(us, _)| us),
                overtaken,
            });
            coming.remove(place);
        }
        FaultDid::Duplicated { .. } => coming.insert(place, it),
        FaultDid::Reordered { .. } => coming[place].waits = Some((clock_us, fate.passed.len())),
        FaultDid::Corrupted { at, .. } => fate.corrupted = Some(*at),
        FaultDid::Truncated { bytes, .. } => fate.truncated = Some(*bytes),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::fixture::{Log, lossy_ten, to_target};
    use chalkwire_shared::target::Kind;

    fn log(whats: impl IntoIterator<Item = What>) -> Vec<Entry> {
        let mut log = Log::new("udp", Kind::Udp);
        for what in whats {
            log.push(what);
        }
        log.entries
    }

    fn passed(fate: &Fate) -> Vec<u64> {
        fate.passed.iter().map(|it| it.us).collect()
    }

    #[test]
    fn each_report_is_laid_to_its_datagram() {
        let went = |bytes, at| to_target(FaultDid::Passed { bytes, held_us: 0 }, at);
        let entries = log([
            Log::sent(b"aa", 0),
            Log::sent(b"bbb", 0),
            Log::sent(b"cc", 0),
            Log::sent(b"dd", 0),
            to_target(FaultDid::Dropped { bytes: 2 }, 10),
            to_target(FaultDid::Reordered { bytes: 3 }, 20),
            went(2, 30),
            went(3, 31),
            to_target(FaultDid::Duplicated { bytes: 2 }, 40),
            went(2, 41),
            went(2, 42),
        ]);
        let fates = fates(entries.iter());
        assert_eq!(fates[0].dropped_us, Some(10));
        let second = Pass {
            place: 1,
            us: 31,
            held_us: 0,
            waited_us: Some(20),
            overtaken: true,
        };
        assert_eq!(fates[1].passed, [second]);
        assert_eq!(passed(&fates[2]), [30]);
        assert_eq!(passed(&fates[3]), [41, 42]);
    }

    /// What became of each: `3↓` lost, `1` passed, `1~` overtaken, `1…` waited in vain; as it passed.
    fn order(entries: &[Entry]) -> String {
        let mut told: Vec<(u64, usize, String)> = Vec::new();
        for (i, fate) in fates(entries.iter()).iter().enumerate() {
            let number = i + 1;
            told.extend(fate.dropped_us.map(|us| (us, 0, format!("{number}↓"))));
            for pass in &fate.passed {
                let sign = match (pass.overtaken, pass.waited_us) {
                    (true, _) => "~",
                    (false, Some(_)) => "…",
                    (false, None) => "",
                };
                told.push((pass.us, pass.place, format!("{number}{sign}")));
            }
        }
        told.sort();
        let words: Vec<String> = told.into_iter().map(|it| it.2).collect();
        words.join(" ")
    }

    #[test]
    fn what_the_gateway_really_tells_is_laid_to_the_datagrams_it_is_about() {
        assert_eq!(order(&lossy_ten()), "2 1~ 3 3 4 5 6↓ 7 8 9 10…");
    }

    #[test]
    fn what_was_sent_before_there_were_faults_has_passed() {
        let entries = log([
            Log::sent(b"aa", 10),
            Log::sent(b"bb", 20),
            Log::sent(b"cc", 30),
            to_target(FaultDid::Dropped { bytes: 2 }, 29),
            Log::sent(b"dd", 40),
        ]);
        assert_eq!(order(&entries), "1 2 3↓");
    }

    #[test]
    fn a_late_datagrams_time_tells_which_one_it_is() {
        let passed = |clock_us| {
            let held_us = 100_000;
            to_target(FaultDid::Passed { bytes: 2, held_us }, clock_us)
        };
        let entries = log([
            Log::sent(b"aa", 20),
            Log::sent(b"bb", 30_020),
            Log::sent(b"cc", 60_020),
            to_target(FaultDid::Dropped { bytes: 2 }, 30_000),
            passed(100_000),
            passed(160_000),
        ]);
        assert_eq!(order(&entries), "2↓ 1 3");
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
        let got: Vec<_> = fates(entries.iter())
            .iter()
            .map(|it| it.recv[0].bytes)
            .collect();
        assert_eq!(got, [1024, 0]);
    }
}
