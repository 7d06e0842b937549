//! How the gateway's clock and the browser's are related, estimated from pings.

use std::collections::VecDeque;

use crate::model::ClockMap;

/// Pings whose answer is still awaited; more than these are forgotten.
const PENDING: usize = 16;

/// Round trips remembered for the figure in the status.
const RECENT: usize = 8;

/// The estimate, which gets better with each faster round trip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clocks {
    next_id: u32,
    pending: VecDeque<(u32, f64)>,
    recent_ms: VecDeque<f64>,
    best: Option<(f64, ClockMap)>,
}

impl Clocks {
    /// A ping goes out: its id.
    pub fn ping(&mut self, now_ms: f64) -> u32 {
        self.next_id = self.next_id.wrapping_add(1);
        self.pending.push_back((self.next_id, now_ms));
        if self.pending.len() > PENDING {
            self.pending.pop_front();
        }
        self.next_id
    }

    /// Its answer came.
    pub fn pong(&mut self, id: u32, clock_us: u64, now_ms: f64) {
        let Some(at) = self.pending.iter().position(|(it, _)| *it == id) else {
            return;
        };
        let Some((_, sent_ms)) = self.pending.remove(at) else {
            return;
        };
        let round_ms = (now_ms - sent_ms).max(0.0);
        self.recent_ms.push_back(round_ms);
        if self.recent_ms.len() > RECENT {
            self.recent_ms.pop_front();
        }
        // The faster the round trip, the less room there is for the answer's moment to lie in.
        if self.best.is_none_or(|(best_ms, _)| round_ms <= best_ms) {
            let map = ClockMap {
                zero_ms: (sent_ms + now_ms) / 2.0 - clock_us as f64 / 1000.0,
                plus_minus_ms: round_ms / 2.0,
            };
            self.best = Some((round_ms, map));
        }
    }

    /// The connection is gone: answers to what is under way will not come.
    pub fn disconnected(&mut self) {
        self.pending.clear();
        self.recent_ms.clear();
    }

    /// Another gateway, another clock.
    pub fn forget(&mut self) {
        self.disconnected();
        self.best = None;
    }

    /// The relation of the clocks, once a ping was answered.
    pub fn map(&self) -> Option<ClockMap> {
        self.best.map(|(_, map)| map)
    }

    /// The middle one of the latest round trips on this connection, in ms.
    pub fn round_trip_ms(&self) -> Option<f64> {
        let mut sorted: Vec<f64> = self.recent_ms.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_fastest_round_trip_is_kept() {
        let mut clocks = Clocks::default();
        let slow = clocks.ping(1000.0);
        clocks.pong(slow, 500_000, 1100.0);
        assert_eq!(
            clocks.map(),
            Some(ClockMap {
                zero_ms: 550.0,
                plus_minus_ms: 50.0
            })
        );
        let fast = clocks.ping(2000.0);
        clocks.pong(fast, 1_450_000, 2002.0);
        let map = clocks.map().unwrap();
        assert_eq!((map.zero_ms, map.plus_minus_ms), (551.0, 1.0));
        let slower = clocks.ping(3000.0);
        clocks.pong(slower, 9, 3500.0);
        assert_eq!(clocks.map(), Some(map));
        assert_eq!(clocks.round_trip_ms(), Some(100.0));
    }

    #[test]
    fn an_answer_to_nothing_changes_nothing() {
        let mut clocks = Clocks::default();
        clocks.pong(7, 1, 1.0);
        assert_eq!(clocks, Clocks::default());
    }

    proptest! {
        #[test]
        fn the_true_relation_lies_within_what_is_said(
            there in 0.0f64..200.0, back in 0.0f64..200.0, zero in -1e6f64..1e6
        ) {
            let mut clocks = Clocks::default();
            let sent = 2e6;
            let id = clocks.ping(sent);
            let clock_us = ((sent + there - zero) * 1000.0) as u64;
            clocks.pong(id, clock_us, sent + there + back);
            let map = clocks.map().unwrap();
            prop_assert!((map.zero_ms - zero).abs() <= map.plus_minus_ms + 0.01);
        }
    }
}
