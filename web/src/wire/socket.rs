//! One socket as the page keeps it: its credit, what waits for it, what was not yet written.

use std::collections::VecDeque;

use bytes::Bytes;
use chalkwire_shared::frame::{CLIENT_HEADER_BYTES, GATEWAY_HEADER_BYTES};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::limits::Limits;
use chalkwire_shared::target::Kind;

use crate::model::{SocketState, SocketView};

/// How much the gateway may send before the page has to top it up, in bytes with headers.
pub const WINDOW_BYTES: u32 = 131_072;

/// How much may wait in the page for credit, in bytes of payload.
pub const WAITING_BYTES: usize = 1 << 20;

/// A stream's bytes are not sent in smaller parts than this while more could be sent together.
const PART_BYTES: usize = 1_024;

/// See [`Socket::quiet_ms`].
const LINE_QUIET_MS: f64 = 250.0;
const QUIET_MS: f64 = 1_500.0;

/// Whether the page has shut down its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shutdown {
    No,
    /// Wanted, after what waits for credit.
    Due,
    Said,
}

/// A socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Socket {
    /// What there is to know about it.
    pub view: SocketView,
    /// It was opened for one exchange and closes itself after it.
    pub one_shot: bool,
    /// The page asked the gateway to close it.
    pub closing: bool,
    /// When it last received, in ms since 1970.
    pub received_ms: f64,
    /// The last byte that it received.
    pub last_byte: Option<u8>,
    waiting: VecDeque<Bytes>,
    shutdown: Shutdown,
    /// Entries whose bytes the gateway has not reported as written, with how many are missing.
    unwritten: VecDeque<(u32, usize)>,
    consumed: u32,
    payload_bytes: usize,
}

impl Socket {
    /// A socket that was just asked for.
    pub fn new(id: SocketId, target: String, kind: Kind, one_shot: bool, limits: &Limits) -> Self {
        Socket {
            view: SocketView {
                id,
                target,
                kind,
                state: SocketState::Connecting,
                local: String::new(),
                peer: String::new(),
                sent: 0,
                sent_bytes: 0,
                received: 0,
                received_bytes: 0,
                credit_bytes: u64::from(limits.window_bytes),
                waiting_bytes: 0,
            },
            one_shot,
            closing: false,
            received_ms: 0.0,
            last_byte: None,
            waiting: VecDeque::new(),
            shutdown: Shutdown::No,
            unwritten: VecDeque::new(),
            consumed: 0,
            payload_bytes: limits.payload_bytes as usize,
        }
    }

    /// Whether the page may still send on it.
    pub fn may_send(&self) -> bool {
        !self.closing
            && self.shutdown == Shutdown::No
            && matches!(
                self.view.state,
                SocketState::Connecting | SocketState::Open | SocketState::PeerDone
            )
    }

    /// Takes a message to be sent as credit allows.
    pub fn queue(&mut self, bytes: Bytes) {
        self.view.waiting_bytes += bytes.len() as u64;
        self.waiting.push_back(bytes);
    }

    /// The next frame's payload, when there is one and credit for it.
    pub fn next_payload(&mut self) -> Option<Bytes> {
        let head = self.waiting.front_mut()?;
        let credit = usize::try_from(self.view.credit_bytes).unwrap_or(usize::MAX);
        let room = credit.checked_sub(CLIENT_HEADER_BYTES)?;
        let payload = if self.view.kind.is_datagram() {
            // Whole or not at all.
            (head.len() <= room).then(|| std::mem::take(head))?
        } else {
            let part = head.len().min(self.payload_bytes).min(room);
            if part < head.len().min(self.payload_bytes).min(PART_BYTES) {
                return None;
            }
            head.split_to(part)
        };
        if head.is_empty() {
            self.waiting.pop_front();
        }
        self.view.waiting_bytes -= payload.len() as u64;
        self.view.credit_bytes -= (payload.len() + CLIENT_HEADER_BYTES) as u64;
        self.view.sent_bytes += payload.len() as u64;
        self.view.sent += 1;
        Some(payload)
    }

    /// The payload of that entry is on its way.
    pub fn sent(&mut self, entry: u32, bytes: usize) {
        self.unwritten.push_back((entry, bytes));
    }

    /// The gateway wrote so many bytes: the entries that are now written whole.
    pub fn wrote(&mut self, bytes: u32) -> Vec<u32> {
        let mut left = bytes as usize;
        let mut whole = Vec::new();
        while let Some((entry, missing)) = self.unwritten.front_mut() {
            let datagram = self.view.kind.is_datagram();
            if !datagram && *missing > left {
                *missing -= left;
                break;
            }
            left = left.saturating_sub(*missing);
            whole.push(*entry);
            self.unwritten.pop_front();
            // A datagram's write is its own; of a stream's, one may cover several sends.
            if datagram || left == 0 {
                break;
            }
        }
        whole
    }

    /// Data came: the credit to be given back now, if any is due.
    pub fn received(&mut self, payload: &[u8], now_ms: f64) -> Option<u32> {
        self.view.received += 1;
        self.view.received_bytes += payload.len() as u64;
        self.received_ms = now_ms;
        self.last_byte = payload.last().copied();
        self.consumed = self
            .consumed
            .saturating_add((payload.len() + GATEWAY_HEADER_BYTES) as u32);
        (self.consumed >= WINDOW_BYTES / 2).then(|| std::mem::take(&mut self.consumed))
    }

    /// How long after its last data a stream's reply is taken to be whole, in ms: soon after a line's
    /// end, so that a server's FIN is still seen, later in the middle of one.
    pub fn quiet_ms(&self) -> f64 {
        if self.ends_a_line() {
            LINE_QUIET_MS
        } else {
            QUIET_MS
        }
    }

    /// Whether what it received ends a line.
    pub fn ends_a_line(&self) -> bool {
        self.last_byte == Some(b'\n')
    }

    /// Whether all that was sent is known to be written.
    pub fn is_written(&self) -> bool {
        self.waiting.is_empty() && self.unwritten.is_empty()
    }

    /// The page wants to shut down its side: whether that can be said now, or only after what waits.
    pub fn shut_down(&mut self) -> bool {
        if self.shutdown == Shutdown::No {
            self.shutdown = Shutdown::Due;
        }
        self.shutdown_ready()
    }

    /// Whether a shutdown is due and nothing waits before it; it is due once.
    pub fn shutdown_ready(&mut self) -> bool {
        let ready = self.shutdown == Shutdown::Due && self.waiting.is_empty();
        if ready {
            self.shutdown = Shutdown::Said;
            if matches!(self.view.state, SocketState::Connecting | SocketState::Open) {
                self.view.state = SocketState::ShutDown;
            }
        }
        ready
    }

    /// The socket is over: how much payload never left, in bytes.
    pub fn closed(&mut self) -> u64 {
        self.view.state = SocketState::Closed;
        self.waiting.clear();
        self.unwritten.clear();
        std::mem::take(&mut self.view.waiting_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn socket(kind: Kind, window_bytes: u32) -> Socket {
        let limits = Limits {
            sockets: 8,
            payload_bytes: 4_000,
            window_bytes,
            idle_s: 60,
            resume_s: 120,
        };
        Socket::new(SocketId(1), "t".to_owned(), kind, false, &limits)
    }

    #[test]
    fn a_datagram_waits_until_it_can_go_whole() {
        let mut it = socket(Kind::Udp, 100);
        it.queue(vec![1; 90].into());
        assert_eq!(it.next_payload(), None);
        it.view.credit_bytes += 6;
        assert_eq!(it.next_payload().map(|it| it.len()), Some(90));
        assert_eq!(it.view.credit_bytes, 0);
        it.view.credit_bytes += 16;
        it.queue(Bytes::new());
        assert_eq!(it.next_payload(), Some(Bytes::new()));
    }

    #[test]
    fn writes_are_matched_to_sends_in_order() {
        let mut it = socket(Kind::Tcp, 9_999);
        it.sent(1, 5);
        it.sent(2, 5);
        it.sent(3, 5);
        assert_eq!(it.wrote(3), [0u32; 0]);
        assert_eq!(it.wrote(7), [1, 2]);
        assert_eq!(it.wrote(5), [3]);
        let mut it = socket(Kind::Udp, 9_999);
        it.sent(1, 0);
        it.sent(2, 5);
        assert_eq!(it.wrote(0), [1]);
        assert_eq!(it.wrote(5), [2]);
    }

    #[test]
    fn a_shutdown_waits_for_what_was_to_be_sent_before_it() {
        let mut it = socket(Kind::Tcp, 16 + 1);
        it.queue(Bytes::from_static(b"xy"));
        assert!(!it.shut_down());
        assert!(!it.may_send());
        it.view.credit_bytes = 1_000;
        assert!(it.next_payload().is_some());
        assert!(it.shutdown_ready());
        assert_eq!(it.view.state, SocketState::ShutDown);
        assert!(!it.shutdown_ready());
    }

    proptest! {
        #[test]
        fn a_stream_arrives_whole_and_never_above_its_credit(
            messages in prop::collection::vec(prop::collection::vec(0u8..255, 1..9_000), 1..5),
            grants in prop::collection::vec(1u64..3_000, 1..40), window in 0u32..5_000
        ) {
            let mut it = socket(Kind::Tcp, window);
            let mut credit = u64::from(window);
            let mut got = Vec::new();
            for message in &messages {
                it.queue(message.clone().into());
            }
            for grant in grants.into_iter().chain([100_000]) {
                it.view.credit_bytes += grant;
                credit += grant;
                while let Some(payload) = it.next_payload() {
                    prop_assert!(!payload.is_empty() && payload.len() <= 4_000);
                    let cost = (payload.len() + CLIENT_HEADER_BYTES) as u64;
                    prop_assert!(cost <= credit);
                    credit -= cost;
                    got.extend_from_slice(&payload);
                }
            }
            prop_assert_eq!(got, messages.concat());
            prop_assert_eq!(it.view.waiting_bytes, 0);
        }
    }
}
