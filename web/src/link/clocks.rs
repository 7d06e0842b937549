//! How the gateway's clock and the browser's are related, estimated from pings.

use std::collections::VecDeque;

use crate::few;
use crate::model::ClockMap;

/// Pings whose answer is still awaited; more than these are forgotten.
const PENDING: usize = 16;

/// Round trips remembered for the figure in the status.
const RECENT: usize = 8;

/// A clock that is set by less is not told from one that drifts, in ms.
const SET_MS: f64 = 100.0;

/// By so much two clocks may drift apart, in ms each ms.
const DRIFT: f64 = 50e-6;

/// The estimate, which gets better with each faster round trip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clocks {
    next_id: u32,
    pending: VecDeque<(u32, f64)>,
    recent_ms: VecDeque<f64>,
    /// The best of them, and when it was made.
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
        let round_ms = now_ms - sent_ms;
        if round_ms < 0.0 {
            // The browser's clock was set back meanwhile.
            return;
        }
        let map = ClockMap {
            zero_ms: (sent_ms + now_ms) / 2.0 - clock_us as f64 / 1000.0,
            plus_minus_ms: round_ms / 2.0,
        };
        if let Some((at_ms, best)) = self.best {
            let drift_ms = (now_ms - at_ms).abs() * DRIFT;
            let apart_ms = (map.zero_ms - best.zero_ms).abs();
            if apart_ms > map.plus_minus_ms + best.plus_minus_ms + drift_ms + SET_MS {
                // It cannot be both: the browser's clock was set.
                self.forget();
            } else if map.plus_minus_ms > best.plus_minus_ms + drift_ms {
                return self.recent(round_ms);
            }
        }
        // The faster the round trip, the less room there is for the answer's moment to lie in.
        self.best = Some((now_ms, map));
        self.recent(round_ms);
    }

    fn recent(&mut self, round_ms: f64) {
        self.recent_ms.push_back(round_ms);
        if self.recent_ms.len() > RECENT {
            self.recent_ms.pop_front();
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
        few::sort(&mut sorted, |a, b| a < b);
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
        clocks.pong(slower, 2_699_000, 3500.0);
        assert_eq!(clocks.map(), Some(map));
        assert_eq!(clocks.round_trip_ms(), Some(100.0));
    }

    /// A ping at a moment of the browser's clock, and its answer 2 ms later.
    fn round(clocks: &mut Clocks, at_ms: f64, clock_us: u64) {
        let id = clocks.ping(at_ms);
        clocks.pong(id, clock_us, at_ms + 2.0);
    }

    #[test]
    fn a_clock_that_is_set_has_another_relation_and_no_round_trip_below_nothing() {
        for step_ms in [-60_000.0, 60_000.0] {
            let mut clocks = Clocks::default();
            round(&mut clocks, 100_000.0, 1_000);
            let open = clocks.ping(105_000.0);
            clocks.pong(open, 5_001_000, 105_002.0 + step_ms);
            assert!(clocks.round_trip_ms().is_none_or(|it| it >= 2.0));
            round(&mut clocks, 110_000.0 + step_ms, 10_001_000);
            let map = clocks.map().unwrap();
            assert_eq!(map.zero_ms, 100_000.0 + step_ms);
            assert_eq!(map.plus_minus_ms, 1.0);
        }
    }

    #[test]
    fn an_old_relation_gives_way_to_one_that_is_nearly_as_good() {
        let mut clocks = Clocks::default();
        round(&mut clocks, 100_000.0, 1_000);
        let id = clocks.ping(200_000.0);
        clocks.pong(id, 100_000_000, 200_004.0);
        assert_eq!(clocks.map().unwrap().zero_ms, 100_002.0);
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
