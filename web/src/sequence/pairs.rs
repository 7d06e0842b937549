//! Which of the server's own moments belong to which arrows.

use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::server::ServerDid;
use chalkwire_shared::target::Kind;

use crate::model::{Entry, What};
use crate::pictures::datagrams::{Fate, Recv, fates, faulted};

/// The server's moments at the ends of arrows.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// An entry whose bytes one `recv` returned as they were, and that `recv`.
    recv: Vec<(u32, Recv)>,
    /// An entry that tells of the reply's arrival, and when the server sent just that, or closed.
    left: Vec<(u32, u64)>,
    /// The entry of the shutdown, and when the server's `recv` returned nothing.
    pub(super) eof: Option<(u32, u64)>,
    /// The server's entries that are drawn as ends of arrows.
    used: Vec<u32>,
    /// What became of each datagram to the target; empty for streams.
    pub(super) fates: Vec<Fate>,
    /// Whether faults tell what passed to the target.
    pub(super) faulted: bool,
}

/// The pairs of spans that are the same in both cuttings of the same bytes, by their places.
fn same_spans(a: &[usize], b: &[usize]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let (mut i, mut j) = (0, 0);
    let (mut a_from, mut b_from) = (0, 0);
    while i < a.len() && j < b.len() {
        let (a_to, b_to) = (a_from + a[i], b_from + b[j]);
        if a_from == b_from && a_to == b_to {
            out.push((i, j));
        }
        if a_to <= b_to {
            (a_from, i) = (a_to, i + 1);
        }
        if b_to <= a_to {
            (b_from, j) = (b_to, j + 1);
        }
    }
    out
}

impl Pairs {
    /// Pairs the entries of one socket.
    pub(super) fn new(entries: &[Entry]) -> Self {
        let datagram = entries
            .iter()
            .find_map(|it| it.kind)
            .is_some_and(Kind::is_datagram);
        let mut pairs = Pairs {
            faulted: faulted(entries, Direction::ToTarget),
            ..Pairs::default()
        };
        let mut to = Vec::new();
        let mut from = Vec::new();
        let (mut recvs, mut sends) = (Vec::new(), Vec::new());
        let (mut shut, mut eof, mut late) = (None, None, None);
        let (mut done, mut closed) = (None, None);
        for entry in entries {
            let no = entry.no;
            match &entry.what {
                What::Sent {
                    bytes,
                    wrote_us: Some(_),
                    ..
                } if !pairs.faulted => to.push((no, bytes.len())),
                What::Fault {
                    direction: Direction::ToTarget,
                    did,
                    ..
                } => match did {
                    FaultDid::Passed { bytes, .. } => to.push((no, *bytes as usize)),
                    FaultDid::ClosedLate { .. } => late = late.or(Some(no)),
                    _ => {}
                },
                What::Received { bytes, .. } => from.push((no, bytes.len())),
                What::ShutDown => shut = shut.or(Some(no)),
                What::Eof { .. } => done = done.or(Some(no)),
                What::Server { did, clock_us } => match did {
                    ServerDid::Recv { bytes } => recvs.push(Recv {
                        no,
                        clock_us: *clock_us,
                        bytes: *bytes,
                    }),
                    ServerDid::Sent { bytes } => sends.push((no, *clock_us, *bytes as usize)),
                    ServerDid::Eof => eof = eof.or(Some((no, *clock_us))),
                    ServerDid::Closed => closed = closed.or(Some((no, *clock_us))),
                    _ => {}
                },
                _ => {}
            }
        }
        if let (Some(shut), Some((no, clock_us))) = (late.or(shut), eof) {
            pairs.eof = Some((shut, clock_us));
            pairs.take(no);
        }
        if let (Some(done), Some((no, clock_us))) = (done, closed) {
            pairs.left.push((done, clock_us));
            pairs.take(no);
        }
        if datagram {
            pairs.fates = fates(entries.iter());
            let taken = pairs.fates.iter().flat_map(|it| &it.recv).map(|it| it.no);
            for no in taken.collect::<Vec<_>>() {
                pairs.take(no);
            }
            for (no, bytes) in from {
                // A datagram keeps its size; those of one size keep their order here.
                if let Some(at) = sends.iter().position(|(_, _, sent)| *sent == bytes) {
                    let (sent, clock_us, _) = sends.remove(at);
                    pairs.left.push((no, clock_us));
                    pairs.take(sent);
                }
            }
        } else {
            let sizes = |list: &[(u32, usize)]| list.iter().map(|it| it.1).collect::<Vec<_>>();
            let recv_sizes: Vec<_> = recvs.iter().map(|it| it.bytes as usize).collect();
            for (i, j) in same_spans(&sizes(&to), &recv_sizes) {
                pairs.recv.push((to[i].0, recvs[j]));
                pairs.take(recvs[j].no);
            }
            let send_sizes: Vec<_> = sends.iter().map(|it| it.2).collect();
            for (i, j) in same_spans(&sizes(&from), &send_sizes) {
                pairs.left.push((from[i].0, sends[j].1));
                pairs.take(sends[j].0);
            }
        }
        pairs
    }

    /// An entry of the server's is drawn as an arrow's end. They come nearly in order, so that a place
    /// is found at the end.
    fn take(&mut self, no: u32) {
        if let Err(at) = self.used.binary_search(&no) {
            self.used.insert(at, no);
        }
    }

    /// The `recv` that returned just what an entry wrote.
    pub(super) fn recv(&self, no: u32) -> Option<Recv> {
        let found = self.recv.iter().find(|(of, _)| *of == no);
        found.map(|(_, recv)| *recv)
    }

    /// When an entry was written, by the gateway's clock: it looks at its clock after the write, and the
    /// server may have had the bytes before that.
    pub(super) fn wrote(&self, no: u32, wrote_us: u64) -> u64 {
        self.recv(no)
            .map_or(wrote_us, |recv| wrote_us.min(recv.clock_us))
    }

    /// When the server sent just what an entry received, by its clock.
    pub(super) fn left(&self, no: u32) -> Option<u64> {
        let found = self.left.iter().find(|(of, _)| *of == no);
        found.map(|(_, clock_us)| *clock_us)
    }

    /// Whether one of the server's entries is drawn as an arrow's end.
    pub(super) fn used(&self, no: u32) -> bool {
        self.used.binary_search(&no).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::same_spans;

    #[test]
    fn only_spans_that_begin_and_end_alike_are_a_pair() {
        assert_eq!(same_spans(&[4, 4, 6], &[14]), []);
        assert_eq!(same_spans(&[4, 4, 6], &[4, 10]), [(0, 0)]);
        assert_eq!(same_spans(&[4, 4, 6], &[8, 6]), [(2, 1)]);
        assert_eq!(same_spans(&[3, 3], &[3, 3, 9]), [(0, 0), (1, 1)]);
        assert_eq!(same_spans(&[], &[1]), []);
    }
}
