//! What servers did with streams that nobody has registered for yet, kept for a moment.

use std::collections::VecDeque;

use crate::timestamp::Event;
use crate::timestamp::What;

/// The most of it, in events and in bytes; then the oldest are dropped.
const MAX_EVENTS: usize = 1_024;
const MAX_BYTES: usize = 256 * 1_024;

/// How long it is kept: from an accept until the dialler has run.
const KEPT_US: u64 = 1_000_000;

/// A bounded queue of events, oldest first.
#[derive(Default)]
pub(super) struct Early {
    events: VecDeque<Event>,
    bytes: usize,
}

impl Early {
    /// Keeps an event, at the expense of the oldest.
    pub(super) fn keep(&mut self, event: Event) {
        let now_us = event.clock_us;
        self.bytes += cost(&event);
        self.events.push_back(event);
        while self.events.front().is_some_and(|first| {
            self.events.len() > MAX_EVENTS || self.bytes > MAX_BYTES || is_old(first, now_us)
        }) {
            if let Some(event) = self.events.pop_front() {
                self.bytes -= cost(&event);
            }
        }
    }

    /// Takes out what was done with the newest client of this address, from its accept on.
    pub(super) fn take(&mut self, server: &str, peer: &str, now_us: u64) -> Vec<Event> {
        let is_its = |event: &Event| *event.server == *server && *event.peer == *peer;
        let accepted = |event: &&Event| event.what == What::Accepted && is_its(event);
        let newest = self.events.iter().rev().find(accepted);
        let Some(client) = newest.map(|event| event.client) else {
            return Vec::new();
        };
        let mut taken = Vec::new();
        let mut kept = VecDeque::with_capacity(self.events.len());
        for event in self.events.drain(..) {
            if !is_its(&event) {
                kept.push_back(event);
                continue;
            }
            self.bytes -= cost(&event);
            // An earlier client of the address was somebody else.
            if event.client == client && !is_old(&event, now_us) {
                taken.push(event);
            }
        }
        self.events = kept;
        taken
    }
}

fn is_old(event: &Event, now_us: u64) -> bool {
    now_us.saturating_sub(event.clock_us) > KEPT_US
}

fn cost(event: &Event) -> usize {
    let text = match &event.what {
        What::Failed(text) => text.len(),
        _ => 0,
    };
    size_of::<Event>() + event.peer.len() + text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(clock_us: u64, client: u64, peer: &str, what: What) -> Event {
        Event {
            server: "tcp://h:1".into(),
            clock_us,
            client,
            peer: peer.into(),
            what,
        }
    }

    #[test]
    fn only_the_newest_client_of_an_address_is_taken_and_only_once() {
        let mut early = Early::default();
        early.keep(event(1, 1, "a", What::Accepted));
        early.keep(event(2, 2, "b", What::Accepted));
        early.keep(event(3, 3, "a", What::Accepted));
        early.keep(event(4, 1, "a", What::Closed));
        early.keep(event(5, 3, "a", What::Recv(7)));
        let taken: Vec<u64> = early
            .take("tcp://h:1", "a", 6)
            .iter()
            .map(|e| e.clock_us)
            .collect();
        assert_eq!(taken, [3, 5]);
        assert!(early.take("tcp://h:1", "a", 6).is_empty());
        assert!(early.take("tcp://h:2", "b", 6).is_empty());
        assert_eq!(early.take("tcp://h:1", "b", 6).len(), 1);
        assert_eq!(early.bytes, 0);
    }

    #[test]
    fn it_is_bounded_in_events_bytes_and_time() {
        let mut early = Early::default();
        for n in 0..2 * MAX_EVENTS as u64 {
            early.keep(event(n, n, "a", What::Recv(1)));
        }
        assert!(early.events.len() <= MAX_EVENTS);
        let long = "x".repeat(MAX_BYTES / 3);
        for n in 0..9 {
            early.keep(event(5_000, n, "a", What::Failed(long.clone())));
        }
        assert!(early.bytes <= MAX_BYTES, "{}", early.bytes);
        let mut early = Early::default();
        early.keep(event(0, 1, "a", What::Accepted));
        assert!(early.take("tcp://h:1", "a", KEPT_US + 1).is_empty());
    }
}
