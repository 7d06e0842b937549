//! The leg between gateway and target as a capture file (pcapng, draft-ietf-opsawg-pcapng), with
//! headers rebuilt from what was observed.
//!
//! Addresses, ports, sizes, order and times are what the gateway saw; sequence numbers begin at 0, and
//! acknowledgements that carry nothing are there for handshake and FIN alone, since nobody saw them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::target::Kind;

use super::Clocks;
use crate::model::{Entry, What};
use crate::pictures::datagrams::{Fate, fates};

mod file;
mod flow;
mod packet;

use flow::{Event, Flow};

/// A capture file.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// The file.
    pub file: Vec<u8>,
    /// How many packets are in it.
    pub packets: usize,
    /// What must be said about it, a sentence each; the file's comment says the same.
    pub notes: Vec<String>,
}

/// What is said of every capture.
pub const REBUILT: &str = "Rebuilt by Chalkwire, not captured: addresses, ports, payloads, sizes and \
    times are what its gateway observed on its socket to the target; the headers, sequence numbers and \
    checksums were made from that. Segments may have been other ones on the wire.";

/// A packet with its time.
struct Packet {
    /// In µs since 1970.
    at_us: u64,
    bytes: Vec<u8>,
    comment: Option<&'static str>,
}

/// The log's TCP and UDP sockets as a capture file.
pub fn capture(entries: &[Entry], clocks: &Clocks) -> Capture {
    let mut sockets: BTreeMap<SocketId, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        if let Some(socket) = entry.socket {
            sockets.entry(socket).or_default().push(entry);
        }
    }
    let mut packets = Vec::new();
    let (mut unix, mut unconnected, mut faulted) = (0, 0, false);
    for entries in sockets.values() {
        let kind = entries.iter().find_map(|it| it.kind);
        if kind.is_some_and(Kind::is_unix) {
            unix += 1;
        } else if let Some(flow) = flow(entries, clocks) {
            faulted |= entries
                .iter()
                .any(|it| matches!(it.what, What::Fault { .. }));
            flow.write(&mut packets);
        } else {
            unconnected += 1;
        }
    }
    packets.sort_by_key(|it| it.at_us);
    let mut notes = vec![REBUILT.to_owned()];
    if unix > 0 {
        notes.push(format!(
            "{unix} Unix socket{} left out: between two programs of one machine there are no packets.",
            if unix == 1 { " is" } else { "s are" }
        ));
    }
    if unconnected > 0 {
        notes.push(format!(
            "{unconnected} socket{} left out that never connected here: the gateway knows no address \
             of its own for them.",
            if unconnected == 1 { " is" } else { "s are" }
        ));
    }
    if faulted {
        notes.push(
            "Faults were at work: what they passed on to the target stands here when they did, and \
             what came from it stands here as it came past them. Of very many parts some may be \
             missing: what faults do is reported within a budget."
                .to_owned(),
        );
    }
    let any_clock = clocks.0.iter().any(|(_, clock)| clock.is_some());
    notes.push(if any_clock {
        "Times are the gateway's clock, set to the browser's date as well as both could be compared."
            .to_owned()
    } else {
        "The clocks were never compared: times are those at which the browser was told.".to_owned()
    });
    Capture {
        file: file::write(&packets, &notes.join("\n")),
        packets: packets.len(),
        notes,
    }
}

/// A moment in µs since 1970.
fn at(entry: &Entry, clock_us: Option<u64>, clocks: &Clocks) -> u64 {
    let browser = || entry.at_ms;
    let ms = match (clock_us, clocks.of(entry.no)) {
        (Some(clock_us), Some(clock)) => clock.browser_ms(clock_us),
        _ => browser(),
    };
    // Before 1970 and after 300,000 years there is nothing; `as` saturates.
    (ms * 1_000.0).round() as u64
}

/// What happened on a socket, as far as its packets go; `None` where it never connected.
fn flow(entries: &[&Entry], clocks: &Clocks) -> Option<Flow> {
    let (entry, local, peer, connect_us, clock_us) =
        entries.iter().find_map(|entry| match &entry.what {
            What::Connected {
                local,
                peer,
                connect_us,
                clock_us,
            } => Some((*entry, local, peer, *connect_us, *clock_us)),
            _ => None,
        })?;
    let local: SocketAddr = local.parse().ok()?;
    let peer: SocketAddr = peer.parse().ok()?;
    if local.is_ipv4() != peer.is_ipv4() {
        return None;
    }
    let connected = at(entry, Some(clock_us), clocks);
    let datagram = entry.kind.is_some_and(Kind::is_datagram);
    let mut flow = Flow::new(local, peer, datagram, connected, connect_us);
    let mut faults = Faults::new(entries);
    let faulted = datagram && faults.0.is_some();
    if faulted {
        for (us, sent) in datagrams(&fates(entries.iter().copied())) {
            flow.push(at(entry, Some(us), clocks).max(connected), sent);
        }
    }
    for entry in entries {
        match &entry.what {
            What::Sent { .. } if faulted => {}
            What::Sent {
                unknown: true,
                wrote_us: None,
                ..
            } => {}
            What::Sent {
                bytes, wrote_us, ..
            } => {
                if let Some(stream) = &mut faults.0 {
                    stream.extend_from_slice(bytes);
                    continue;
                }
                let at = at(entry, *wrote_us, clocks).max(connected);
                flow.push(at, Event::Sent(bytes.clone(), None));
            }
            What::Received {
                bytes,
                truncated,
                clock_us,
                ..
            } => {
                let comment =
                    truncated.then_some("The datagram's tail was cut off by the gateway.");
                let at = at(entry, Some(*clock_us), clocks);
                flow.push(at, Event::Received(bytes.clone(), comment));
            }
            What::ShutDown => {
                flow.push(at(entry, None, clocks).max(connected), Event::ShutDown);
            }
            What::Eof { clock_us } => {
                flow.push(at(entry, Some(*clock_us), clocks), Event::PeerDone);
            }
            What::Fault {
                direction: Direction::ToTarget,
                did,
                clock_us,
            } => {
                let at = at(entry, Some(*clock_us), clocks);
                if let Some(bytes) = faults.did(did).filter(|_| !faulted) {
                    flow.push(at, Event::Sent(bytes, None));
                }
            }
            What::Closed {
                reason, clock_us, ..
            } => {
                let reset = entries.iter().any(|it| {
                    let made = |did| matches!(did, FaultDid::Reset);
                    matches!(&it.what, What::Fault { did, .. } if made(did.clone()))
                });
                let end = match reason {
                    Reason::Reset if !reset => Event::PeerReset,
                    Reason::Reset => Event::Reset,
                    Reason::Refused => Event::Refused,
                    _ => Event::Closed,
                };
                flow.push(at(entry, Some(*clock_us), clocks), end);
            }
            _ => {}
        }
    }
    Some(flow)
}

/// What was sent on a stream and has not gone past the faults yet; `None` without faults.
struct Faults(Option<Vec<u8>>);

impl Faults {
    fn new(entries: &[&Entry]) -> Self {
        let passes = |it: &&Entry| {
            matches!(
                it.what,
                What::Fault {
                    direction: Direction::ToTarget,
                    ..
                }
            )
        };
        Faults(entries.iter().any(passes).then(Vec::new))
    }

    /// What goes to the target now.
    fn did(&mut self, did: &FaultDid) -> Option<Bytes> {
        let stream = self.0.as_mut()?;
        let (FaultDid::Passed { bytes, .. } | FaultDid::Dropped { bytes }) = did else {
            return None;
        };
        let bytes = (*bytes as usize).min(stream.len());
        let part: Vec<u8> = stream.drain(..bytes).collect();
        let passed = matches!(did, FaultDid::Passed { .. }) && !part.is_empty();
        passed.then(|| part.into())
    }
}

/// The datagrams that went on to the target in spite of faults, in their order: when, and as what.
fn datagrams(fates: &[Fate]) -> Vec<(u64, Event)> {
    let mut passes = Vec::new();
    for fate in fates {
        for (i, pass) in fate.passed.iter().enumerate() {
            let comment = match fate {
                _ if i > 0 => Some("Sent a second time by Chalkwire, on purpose."),
                Fate {
                    truncated: Some(_), ..
                } => Some("Cut short by Chalkwire, on purpose."),
                Fate {
                    corrupted: Some(_), ..
                } => Some("Chalkwire flipped a bit of it on purpose: here it is as it was."),
                _ => None,
            };
            let bytes = fate.bytes.slice(..fate.leaves());
            passes.push((pass.place, pass.us, Event::Sent(bytes, comment)));
        }
    }
    passes.sort_by_key(|it| it.0);
    passes.into_iter().map(|it| (it.1, it.2)).collect()
}

#[cfg(test)]
mod tests;
