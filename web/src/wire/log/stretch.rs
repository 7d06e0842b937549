//! The stretch of a socket's log whose bytes are drawn: it begins and ends where nothing is under way.

use chalkwire_shared::server::ServerDid;
use chalkwire_shared::target::Kind;

use super::{EXCHANGE_ENTRIES, Log};
use crate::model::{Entry, What};

/// The most entries of a stretch: a picture of more is not read.
const STRETCH_ENTRIES: usize = 2_000;

/// A stretch of one socket's log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stretch {
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// Whether bytes went before it.
    pub earlier: bool,
}

/// What is under way on a socket, in bytes each way: what is told less what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Flow {
    there: i64,
    back: i64,
    any: bool,
}

impl Flow {
    pub(super) fn add(&mut self, what: &What) {
        match what {
            What::Sent { bytes, .. } => self.there += bytes.len() as i64,
            What::Received { bytes, .. } => self.back -= bytes.len() as i64,
            What::Server { did, .. } => match did {
                ServerDid::Recv { bytes } => self.there -= i64::from(*bytes),
                ServerDid::Sent { bytes } => self.back += i64::from(*bytes),
                _ => return,
            },
            _ => return,
        }
        self.any = true;
    }
}

impl Log {
    /// The oldest entry goes: what it says of its socket stays, until that is over.
    pub(super) fn lose(&mut self, entry: &Entry) {
        let Some(id) = entry.socket else {
            return;
        };
        if let What::Closed { .. } = entry.what {
            self.gone.retain(|it| it.0 != id);
            return;
        }
        if !self.gone.iter().any(|it| it.0 == id) {
            self.gone.push((id, Flow::default()));
        }
        for (_, flow) in self.gone.iter_mut().filter(|it| it.0 == id) {
            flow.add(&entry.what);
        }
    }

    /// The entries around that entry of its socket whose bytes can be laid to each other; `None` where
    /// so much is under way that they cannot.
    pub fn stretch(&self, no: u32) -> Option<Stretch> {
        let picked = self.get(no)?;
        let Some(id) = picked.socket else {
            return Some(Stretch {
                entries: vec![Entry::clone(picked)],
                earlier: false,
            });
        };
        let all: Vec<_> = self
            .entries
            .iter()
            .filter(|it| it.socket == Some(id))
            .collect();
        let at = all.partition_point(|it| it.no < no);
        // Without a server's word, or with datagrams, nothing is counted.
        let told = all.iter().any(|it| matches!(it.what, What::Server { .. }))
            && !all[at].kind.is_some_and(Kind::is_datagram);
        let gone = self.gone.iter().find(|it| it.0 == id);
        let mut flow = gone.map_or_else(Flow::default, |it| it.1);
        let (mut start, mut end) = (None, all.len());
        for (i, entry) in all.iter().enumerate() {
            let quiet = !told || (flow.there, flow.back) == (0, 0);
            if quiet && (i == 0 || matches!(entry.what, What::Sent { .. })) {
                if i >= at + EXCHANGE_ENTRIES {
                    end = i;
                    break;
                }
                // The first one that is near, or else the last one before, or the next.
                let near = start.is_some_and(|(it, _)| it + EXCHANGE_ENTRIES > at);
                if (i <= at || start.is_none()) && !near && entry.no > self.cleared {
                    start = Some((i, flow.any));
                }
            }
            flow.add(&entry.what);
        }
        let (start, earlier) = start.filter(|(it, _)| end - it <= STRETCH_ENTRIES)?;
        let entries = all[start..end].iter().map(|it| Entry::clone(it));
        Some(Stretch {
            entries: entries.collect(),
            earlier,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Class;
    use crate::pictures::ruler::ruler;
    use bytes::Bytes;
    use chalkwire_shared::fault::Direction;
    use chalkwire_shared::id::SocketId;

    fn push(log: &mut Log, what: What) -> u32 {
        log.push(1.0, Some((SocketId(1), "session", Kind::Tcp)), what)
    }

    fn bytes(len: usize) -> Bytes {
        Bytes::from(vec![b'x'; len])
    }

    fn sent(log: &mut Log, len: usize) -> u32 {
        let what = What::Sent {
            bytes: bytes(len),
            wrote_us: None,
            unknown: false,
        };
        push(log, what)
    }

    fn server(log: &mut Log, did: ServerDid) {
        push(log, What::Server { did, clock_us: 1 });
    }

    fn received(log: &mut Log, len: usize) -> u32 {
        let what = What::Received {
            bytes: bytes(len),
            datagram: false,
            truncated: false,
            clock_us: 1,
        };
        push(log, what)
    }

    /// A line of `len` bytes that is answered with 26 more: the number of the reply.
    fn line(log: &mut Log, len: usize) -> u32 {
        sent(log, len);
        server(log, ServerDid::Recv { bytes: len as u32 });
        let bytes = len as u32 + 26;
        server(log, ServerDid::Sent { bytes });
        received(log, len + 26)
    }

    #[test]
    fn lines_of_a_long_session_are_laid_to_what_the_server_received_of_them() {
        let mut log = Log::default();
        push(&mut log, What::Connecting);
        server(&mut log, ServerDid::Accepted);
        for len in 1..=30 {
            let no = line(&mut log, len);
            let stretch = log.stretch(no).unwrap();
            assert_eq!(stretch.earlier, len > 12, "{len}");
            assert!(stretch.entries.len() <= EXCHANGE_ENTRIES + 4);
            for track in ruler(&stretch.entries, Direction::Both).tracks {
                let below = track.below.as_ref().unwrap();
                assert_eq!(track.lost_from(), None, "{len}");
                assert_eq!(track.above.parts, below.parts, "{len}");
            }
        }
        // In the middle nothing is cut off at the end either.
        let middle = log.stretch(20).unwrap();
        assert_eq!(
            middle.entries.last().map(Entry::class),
            Some(Class::Received)
        );
        assert_eq!(
            ruler(&middle.entries, Direction::Both).tracks[0].lost_from(),
            None
        );
    }

    #[test]
    fn it_begins_where_nothing_is_under_way_also_when_the_oldest_rows_are_gone() {
        let mut log = Log::default();
        let mut last = 0;
        while !log.is_cut() {
            last = line(&mut log, 4);
        }
        let stretch = log.stretch(last).unwrap();
        assert!(stretch.earlier);
        assert!(matches!(stretch.entries[0].what, What::Sent { .. }));
        let oldest = log.entries().next().unwrap().no;
        let early = log.stretch(oldest).unwrap();
        assert!(matches!(early.entries[0].what, What::Sent { .. }));
    }

    #[test]
    fn where_too_much_is_under_way_there_is_none() {
        let mut log = Log::default();
        server(&mut log, ServerDid::Accepted);
        let mut no = 0;
        for _ in 0..=STRETCH_ENTRIES {
            no = sent(&mut log, 1);
        }
        assert!(log.stretch(no).is_none());
    }
}
