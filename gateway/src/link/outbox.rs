//! What a link still has for its client: sequenced messages, kept until they are acknowledged.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::ws::{Message, Opcode};

/// Memory that a message takes besides its text or bytes.
const OVERHEAD_BYTES: usize = 64;

/// One message as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Control(Utf8Bytes),
    Data(Bytes),
}

impl Item {
    /// Its frame: of which kind, and what it carries.
    pub(super) fn frame(&self) -> (Opcode, &[u8]) {
        match self {
            Item::Control(text) => (Opcode::Text, text.as_bytes()),
            Item::Data(bytes) => (Opcode::Binary, bytes),
        }
    }

    fn cost(&self) -> usize {
        OVERHEAD_BYTES + self.frame().1.len()
    }
}

impl From<Item> for Message {
    fn from(item: Item) -> Self {
        match item {
            Item::Control(text) => Message::Text(text),
            Item::Data(bytes) => Message::Binary(bytes),
        }
    }
}

/// The gateway's messages from the first unacknowledged one on.
#[derive(Debug)]
pub(super) struct Outbox {
    /// The sequence number of the first one in `items`.
    first: u64,
    items: VecDeque<Item>,
    bytes: usize,
}

impl Default for Outbox {
    fn default() -> Self {
        Outbox {
            first: 1,
            items: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl Outbox {
    /// The number that the next message gets.
    pub(super) fn next_seq(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    /// Takes the message of number [`Outbox::next_seq`].
    pub(super) fn push(&mut self, item: Item) {
        self.bytes += item.cost();
        self.items.push_back(item);
    }

    /// The first message after number `sent`.
    pub(super) fn after(&self, sent: u64) -> Option<&Item> {
        let index = (sent + 1).checked_sub(self.first)?;
        self.items.get(usize::try_from(index).ok()?)
    }

    /// Forgets what the client has, up to number `seen`. `false` when it can't have seen that.
    pub(super) fn acknowledge(&mut self, seen: u64) -> bool {
        if seen >= self.next_seq() {
            return false;
        }
        while self.first <= seen {
            if let Some(item) = self.items.pop_front() {
                self.bytes -= item.cost();
            }
            self.first += 1;
        }
        if self.items.is_empty() && self.items.capacity() > 64 {
            self.items = VecDeque::new();
        }
        true
    }

    /// Whether what comes after number `seen` is still here.
    pub(super) fn can_replay(&self, seen: u64) -> bool {
        seen < self.next_seq() && seen + 1 >= self.first
    }

    /// Memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn item(n: u64) -> Item {
        Item::Data(Bytes::from(n.to_string()))
    }

    proptest! {
        /// A connection drops and is taken up at will: the client gets every message once, in order.
        #[test]
        fn nothing_is_lost_or_doubled_over_any_drops(steps in proptest::collection::vec(0u8..5, 0..300)) {
            let mut outbox = Outbox::default();
            let (mut pushed, mut sent) = (0u64, 0u64);
            let mut got: Vec<Item> = Vec::new();
            for step in steps {
                match step {
                    0 | 1 => {
                        pushed += 1;
                        prop_assert_eq!(outbox.next_seq(), pushed);
                        outbox.push(item(pushed));
                    }
                    // Sent, and it arrives.
                    2 => if let Some(next) = outbox.after(sent) {
                        got.push(next.clone());
                        sent += 1;
                    },
                    // Sent, lost, and the link is taken up at what the client has.
                    3 => {
                        sent = got.len() as u64;
                        prop_assert!(outbox.can_replay(sent));
                    }
                    _ => prop_assert!(outbox.acknowledge(got.len() as u64)),
                }
            }
            let expected: Vec<Item> = (1..=got.len() as u64).map(item).collect();
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn what_was_never_sent_cannot_be_acknowledged() {
        let mut outbox = Outbox::default();
        assert!(!outbox.acknowledge(1));
        outbox.push(item(1));
        assert!(outbox.acknowledge(1));
        assert_eq!((outbox.bytes(), outbox.next_seq()), (0, 2));
        assert!(!outbox.can_replay(0) && outbox.can_replay(1));
        assert!(!outbox.can_replay(u64::MAX) && !outbox.acknowledge(u64::MAX));
    }
}
