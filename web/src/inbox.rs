//! What came from the gateway and was not taken in yet, in order and bounded.
//!
//! A page takes in what came once a frame, and draws what has become of all of it. In a hidden tab there
//! are no frames, and timers are held back for up to a minute: whoever sends would wait for as long, for
//! credit comes when data is taken in.

use std::collections::VecDeque;

use crate::socket::Came;

/// The most that waits, in bytes: half of a socket's window. What comes then is taken in at once.
const MAX_BYTES: usize = 64 << 10;

/// What a message weighs besides its payload, in bytes: small ones cost time, too.
const MESSAGE_BYTES: usize = 64;

/// What came; `W` says over which connection, where there are several.
pub struct Inbox<W = ()> {
    waiting: VecDeque<(f64, W, Came)>,
    bytes: usize,
}

impl<W> Default for Inbox<W> {
    fn default() -> Self {
        Inbox {
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl<W: PartialEq> Inbox<W> {
    /// Puts something in that came at that moment (in ms since 1970): whether all is to be taken in at
    /// once.
    #[must_use]
    pub fn push(&mut self, at_ms: f64, whose: W, came: Came) -> bool {
        self.bytes += weight(&came);
        self.waiting.push_back((at_ms, whose, came));
        self.bytes >= MAX_BYTES
    }

    /// Takes the oldest out.
    pub fn take(&mut self) -> Option<(f64, W, Came)> {
        let next = self.waiting.pop_front()?;
        self.bytes -= weight(&next.2);
        Some(next)
    }

    /// Forgets what came over a connection that is dropped: what was heard of it and not taken in comes
    /// again when the link is resumed.
    pub fn forget(&mut self, dropped: &W) {
        self.waiting.retain(|(_, whose, _)| whose != dropped);
        self.bytes = self.waiting.iter().map(|(.., came)| weight(came)).sum();
    }
}

fn weight(came: &Came) -> usize {
    let payload = match came {
        Came::Text(text) => text.len(),
        Came::Bytes(bytes) => bytes.len(),
        Came::Closed(_) => 0,
    };
    payload + MESSAGE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn what_waits_is_bounded_and_comes_out_in_order() {
        let mut inbox = Inbox::default();
        let mut came = 0;
        while !inbox.push(f64::from(came), (), Came::Text(String::new())) {
            came += 1;
        }
        assert_eq!(came as usize + 1, MAX_BYTES / MESSAGE_BYTES);
        for at_ms in 0..=came {
            assert_eq!(inbox.take().map(|it| it.0), Some(f64::from(at_ms)));
        }
        assert!(inbox.take().is_none());
        assert!(inbox.push(0.0, (), Came::Bytes(Bytes::from(vec![0; MAX_BYTES]))));
    }

    #[test]
    fn what_came_over_a_dropped_connection_is_forgotten_with_its_weight() {
        let mut inbox = Inbox::default();
        let large = || Came::Bytes(Bytes::from(vec![0; MAX_BYTES / 2]));
        assert!(!inbox.push(1.0, "room", large()));
        assert!(inbox.push(2.0, "second", large()));
        inbox.forget(&"room");
        assert!(!inbox.push(3.0, "second", Came::Closed(1000)));
        assert_eq!(inbox.take().map(|it| it.0), Some(2.0));
    }
}
