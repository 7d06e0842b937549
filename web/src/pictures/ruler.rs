//! The byte ruler: the same bytes once, with the cuts of `send` above them and those of `recv` below.

use bytes::Bytes;
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::server::ServerDid;
use chalkwire_shared::target::Kind;

use super::datagrams::{Fate, fates};
use super::shape::Role;
use crate::faults::recorded;
use crate::model::{Entry, What};

mod draw;
mod words;

pub use draw::draw;
pub use words::story;

/// The bytes of one socket, laid out to be measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ruler {
    /// A direction of a stream, or a datagram, each.
    pub tracks: Vec<Track>,
    /// Datagrams that are not drawn.
    pub omitted: usize,
    /// Whether bytes went before these.
    pub earlier: bool,
}

/// Bytes that keep their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Which datagram, counted from 1; 0 for a stream.
    pub datagram: usize,
    /// The bytes, in the pieces in which the page has them.
    pub content: Vec<Bytes>,
    /// Who sent them, and how they were cut.
    pub above: Cuts,
    /// How the gateway wrote them, where that differs.
    pub gateway: Option<Cuts>,
    /// Who received them, and how they were cut; `None` where nobody tells.
    pub below: Option<Cuts>,
    /// Where Chalkwire cut them on purpose, in bytes from the beginning.
    pub made: Vec<usize>,
    /// Why the bytes are missing that nobody received.
    pub lost: Lost,
}

/// Why bytes are missing at the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// They are not; or they are still on their way.
    NotReceived,
    /// The tail of a datagram that was longer than the receiver's buffer.
    Tail,
    /// On purpose.
    Made,
}

/// How somebody cut bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Cuts {
    /// Who.
    pub who: &'static str,
    /// By which call.
    pub call: &'static str,
    /// Its sign.
    pub sign: &'static str,
    /// Its colour.
    pub role: Role,
    /// How many bytes each time.
    pub parts: Vec<usize>,
}

impl Cuts {
    fn send(who: &'static str, parts: Vec<usize>) -> Self {
        Cuts {
            who,
            call: "send",
            sign: "▶",
            role: Role::Sent,
            parts,
        }
    }

    fn recv(who: &'static str, parts: Vec<usize>) -> Self {
        Cuts {
            who,
            call: "recv",
            sign: "◀",
            role: Role::Recv,
            parts,
        }
    }

    /// How many bytes in all.
    pub fn total(&self) -> usize {
        self.parts.iter().sum()
    }

    /// Where each part begins and ends.
    pub fn spans(&self) -> impl Iterator<Item = (usize, usize)> {
        self.parts.iter().scan(0, |at, part| {
            let from = *at;
            *at += part;
            Some((from, *at))
        })
    }
}

impl Track {
    /// How many bytes there are.
    pub fn total(&self) -> usize {
        let below = self.below.as_ref().map_or(0, Cuts::total);
        self.above.total().max(below)
    }

    /// Where what nobody received begins, if there is such.
    pub fn lost_from(&self) -> Option<usize> {
        let got = self.below.as_ref()?.total();
        (got < self.total()).then_some(got)
    }
}

/// Datagrams that are drawn; the others are counted.
const DATAGRAMS: usize = 12;

/// Measures the entries of one socket: what went to the target, what came back, or both.
pub fn ruler(entries: &[Entry], way: Direction) -> Ruler {
    let datagram = entries
        .iter()
        .find_map(|it| it.kind)
        .is_some_and(Kind::is_datagram);
    let mut tracks = Vec::new();
    if way != Direction::FromTarget {
        if datagram {
            tracks.extend(
                fates(entries.iter())
                    .iter()
                    .enumerate()
                    .map(|(i, fate)| datagram_to(i + 1, fate, entries)),
            );
        } else {
            tracks.extend(stream_to(entries));
        }
    }
    if way != Direction::ToTarget {
        if datagram {
            datagrams_from(entries, &mut tracks);
        } else {
            tracks.extend(stream_from(entries));
        }
    }
    let omitted = tracks.len().saturating_sub(DATAGRAMS);
    tracks.truncate(DATAGRAMS);
    Ruler {
        tracks,
        omitted,
        earlier: false,
    }
}

fn recvs(entries: &[Entry]) -> impl Iterator<Item = usize> {
    entries.iter().filter_map(|entry| match &entry.what {
        What::Server {
            did: ServerDid::Recv { bytes } | ServerDid::RecvCut { bytes, .. },
            ..
        } => Some(*bytes as usize),
        _ => None,
    })
}

/// Whether the server of these entries tells what it sees.
fn told(entries: &[Entry]) -> bool {
    entries
        .iter()
        .any(|it| matches!(it.what, What::Server { .. }))
}

/// The gateway's own parts and the cuts made on purpose, where faults tell of them.
fn made(entries: &[Entry], way: Direction, sent: &Cuts) -> (Option<Cuts>, Vec<usize>) {
    let (mut parts, mut made) = (Vec::new(), Vec::new());
    // What went this way as far as the page knows, and how far the parts reach.
    let (mut went, mut at) = (Vec::new(), 0);
    let (mut on, mut cut, mut told) = (false, false, false);
    for entry in entries {
        match &entry.what {
            What::Sent { bytes, .. } if way == Direction::ToTarget => went.push(bytes.len()),
            What::Received { bytes, .. } if way == Direction::FromTarget => went.push(bytes.len()),
            What::Notice(text) => {
                let Some(now_on) = recorded(text) else {
                    continue;
                };
                // Without faults nothing is told: it went on as it came.
                let mut end = 0;
                for len in went.iter().filter(|_| !on) {
                    end += len;
                    if end > at {
                        parts.push(end - at);
                        at = end;
                    }
                }
                on = now_on;
            }
            What::Fault { direction, did, .. } if *direction == way => match did {
                FaultDid::Cut { .. } => cut = true,
                FaultDid::Passed { bytes, .. } => {
                    told = true;
                    parts.push(*bytes as usize);
                    at += *bytes as usize;
                    if std::mem::take(&mut cut) && at < sent.total() {
                        made.push(at);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    if !told || parts == sent.parts {
        return (None, Vec::new());
    }
    let gateway = Cuts {
        who: "the gateway",
        call: "write",
        sign: "▶",
        role: Role::Ctl,
        parts,
    };
    (Some(gateway), made)
}

fn stream_to(entries: &[Entry]) -> Option<Track> {
    let content: Vec<Bytes> = entries
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Sent { bytes, .. } => Some(bytes.clone()),
            _ => None,
        })
        .collect();
    if content.is_empty() {
        return None;
    }
    let above = Cuts::send("you", content.iter().map(Bytes::len).collect());
    let (gateway, made) = made(entries, Direction::ToTarget, &above);
    let below = told(entries).then(|| Cuts::recv("the server", recvs(entries).collect()));
    let on_purpose = entries.iter().any(|entry| {
        matches!(&entry.what, What::Fault { direction: Direction::ToTarget | Direction::Both, did, .. }
            if matches!(did, FaultDid::Dropped { .. } | FaultDid::Limited | FaultDid::Reset))
    });
    let lost = if on_purpose {
        Lost::Made
    } else {
        Lost::NotReceived
    };
    Some(Track {
        datagram: 0,
        content,
        above,
        gateway,
        below,
        made,
        lost,
    })
}

fn received(entries: &[Entry]) -> impl Iterator<Item = &Bytes> {
    entries.iter().filter_map(|entry| match &entry.what {
        What::Received { bytes, .. } => Some(bytes),
        _ => None,
    })
}

fn server_sends(entries: &[Entry]) -> Vec<usize> {
    let sends = entries.iter().filter_map(|entry| match &entry.what {
        What::Server {
            did: ServerDid::Sent { bytes },
            ..
        } => Some(*bytes as usize),
        _ => None,
    });
    sends.collect()
}

fn stream_from(entries: &[Entry]) -> Option<Track> {
    let content: Vec<Bytes> = received(entries).cloned().collect();
    if content.is_empty() {
        return None;
    }
    let parts: Vec<usize> = content.iter().map(Bytes::len).collect();
    let sends = server_sends(entries);
    let above = if sends.is_empty() {
        // Nobody tells how the server cut it: then there is one span, of unknown cuts.
        Cuts::send("the server", vec![parts.iter().sum()])
    } else {
        Cuts::send("the server", sends)
    };
    let (gateway, made) = made(entries, Direction::FromTarget, &above);
    Some(Track {
        datagram: 0,
        content,
        above,
        gateway,
        below: Some(Cuts::recv("you", parts)),
        made,
        lost: Lost::NotReceived,
    })
}

fn datagram_to(number: usize, fate: &Fate, entries: &[Entry]) -> Track {
    let got: Vec<usize> = fate
        .recv
        .iter()
        .map(|it| it.bytes as usize)
        .take(1)
        .collect();
    let lost = match got.first() {
        _ if fate.dropped_us.is_some() || fate.truncated.is_some() => Lost::Made,
        Some(_) => Lost::Tail,
        None => Lost::NotReceived,
    };
    // What faults dropped nobody received, whether or not the server tells.
    let known = told(entries) || fate.dropped_us.is_some();
    Track {
        datagram: number,
        content: vec![fate.bytes.clone()],
        above: Cuts::send("you", vec![fate.bytes.len()]),
        gateway: None,
        below: known.then(|| Cuts::recv("the server", got)),
        made: Vec::new(),
        lost,
    }
}

fn datagrams_from(entries: &[Entry], tracks: &mut Vec<Track>) {
    let mut sends = server_sends(entries);
    for (i, bytes) in received(entries).enumerate() {
        let same = sends.iter().position(|&sent| sent == bytes.len());
        let sent = same.map_or(bytes.len(), |at| sends.remove(at));
        tracks.push(Track {
            datagram: i + 1,
            content: vec![bytes.clone()],
            above: Cuts::send("the server", vec![sent]),
            gateway: None,
            below: Some(Cuts::recv("you", vec![bytes.len()])),
            made: Vec::new(),
            lost: Lost::Tail,
        });
    }
}

#[cfg(test)]
mod tests;
