//! Which entries belong to one exchange: one send and what came back.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::model::{Entry, What};

/// The most entries of one exchange: a picture of more is not read.
const MAX_ENTRIES: usize = 64;

/// How far around an entry its exchange is looked for, in entries of the log.
const REACH: usize = 2_000;

/// The exchange of entry `no`: the entries of its socket from the send before it (with the
/// connecting, if that is just before) to the last before the next send.
pub(super) fn of(entries: &VecDeque<Rc<Entry>>, no: u32, cleared: u32) -> Vec<Rc<Entry>> {
    let Some(first) = entries.front() else {
        return Vec::new();
    };
    let Some(at) = no.checked_sub(first.no).map(|it| it as usize) else {
        return Vec::new();
    };
    let Some(picked) = entries.get(at).filter(|it| it.no > cleared) else {
        return Vec::new();
    };
    if picked.socket.is_none() {
        return vec![picked.clone()];
    }
    let same = |it: &&Rc<Entry>| it.socket == picked.socket && it.no > cleared;
    let mut out: VecDeque<Rc<Entry>> = VecDeque::new();
    // Back to the send (or whatever was first), then over what led to it.
    let mut sent = false;
    for entry in entries.range(..=at).rev().take(REACH).filter(same) {
        let is_send = matches!(entry.what, What::Sent { .. });
        let answers = matches!(
            entry.what,
            What::Received { .. } | What::Eof { .. } | What::Closed { .. }
        );
        if sent && answers {
            break;
        }
        sent |= is_send;
        out.push_front(entry.clone());
        if out.len() >= MAX_ENTRIES {
            return out.into();
        }
    }
    // On to the next send, which begins an exchange of its own once an answer has been seen.
    let mut answered = out
        .iter()
        .any(|it| matches!(it.what, What::Received { .. }));
    for entry in entries.range(at + 1..).take(REACH).filter(same) {
        if matches!(entry.what, What::Sent { .. }) && answered {
            break;
        }
        answered |= matches!(entry.what, What::Received { .. });
        out.push_back(entry.clone());
        if out.len() >= MAX_ENTRIES {
            break;
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use chalkwire_shared::id::SocketId;
    use chalkwire_shared::target::Kind;

    fn log(marks: &str) -> VecDeque<Rc<Entry>> {
        let bytes = Bytes::from_static(b"x");
        marks
            .chars()
            .zip(1..)
            .map(|(mark, no)| {
                let what = match mark.to_ascii_lowercase() {
                    'c' => What::Connecting,
                    's' => What::Sent {
                        bytes: bytes.clone(),
                        wrote_us: None,
                        unknown: false,
                    },
                    'r' => What::Received {
                        bytes: bytes.clone(),
                        datagram: false,
                        truncated: false,
                        clock_us: 1,
                    },
                    _ => What::Eof { clock_us: 1 },
                };
                Rc::new(Entry {
                    no,
                    at_ms: 1.0,
                    socket: Some(SocketId(1 + u32::from(mark.is_uppercase()))),
                    target: "line".to_owned(),
                    kind: Some(Kind::Tcp),
                    what,
                })
            })
            .collect()
    }

    fn numbers(marks: &str, no: u32) -> Vec<u32> {
        of(&log(marks), no, 0).iter().map(|it| it.no).collect()
    }

    #[test]
    fn a_whole_short_socket_is_one_exchange() {
        for no in 1..=4 {
            assert_eq!(numbers("csre", no), [1, 2, 3, 4], "{no}");
        }
    }

    #[test]
    fn each_send_on_a_long_socket_begins_an_exchange() {
        assert_eq!(numbers("csrsrre", 2), [1, 2, 3]);
        assert_eq!(numbers("csrsrre", 3), [1, 2, 3]);
        assert_eq!(numbers("csrsrre", 4), [4, 5, 6, 7]);
        assert_eq!(numbers("csrsrre", 7), [4, 5, 6, 7]);
    }

    #[test]
    fn other_sockets_are_left_out() {
        assert_eq!(numbers("cCsSrR", 3), [1, 3, 5]);
    }

    #[test]
    fn what_is_gone_has_no_exchange() {
        assert_eq!(numbers("cs", 9), [0u32; 0]);
        assert!(of(&log("cs"), 1, 2).is_empty());
    }
}
