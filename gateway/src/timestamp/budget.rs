//! How many replies a source of datagrams gets: pure, with the time passed in.
//!
//! Two servers that answer each other would go on for ever. Most such loops are seen by what the
//! datagrams look like; this bounds those that are not: a source that uses up its budget is muted
//! until it has been silent for a second, and in a loop nobody speaks who is not spoken to.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Replies that a source gets at once.
const BURST: u64 = 1024;

/// Replies that a source gets in each second after that.
const PER_SECOND: u64 = 128;

/// A muted source is heard again after this silence, in µs.
const SILENCE_US: u64 = 1_000_000;

/// Sources that are remembered; the one not heard of for the longest time is forgotten first.
const MAX_SOURCES: usize = 4096;

/// Parts of a reply, so that a µs refills a whole number of them.
const PARTS: u64 = 1_000_000;

/// The budgets of all sources.
#[derive(Debug)]
pub(super) struct Budgets<K> {
    sources: HashMap<K, Source>,
    /// Sources in the order in which they were last heard of.
    order: BTreeMap<u64, K>,
    heard: u64,
}

#[derive(Debug)]
struct Source {
    /// What is left, in parts of a reply.
    left: u64,
    last_us: u64,
    muted: bool,
    /// Its place in `order`.
    place: u64,
}

impl<K: Clone + Eq + Hash> Budgets<K> {
    pub(super) fn new() -> Self {
        Budgets {
            sources: HashMap::new(),
            order: BTreeMap::new(),
            heard: 0,
        }
    }

    /// Whether a datagram from `key` may be answered at `now_us`; if so, that is paid for.
    pub(super) fn may_answer(&mut self, key: &K, now_us: u64) -> bool {
        self.heard += 1;
        let place = self.heard;
        self.order.insert(place, key.clone());
        let source = self.sources.entry(key.clone()).or_insert(Source {
            left: BURST * PARTS,
            last_us: now_us,
            muted: false,
            place,
        });
        if source.place != place {
            self.order.remove(&source.place);
            source.place = place;
        }
        let silence_us = now_us.saturating_sub(source.last_us);
        source.last_us = now_us.max(source.last_us);
        let refill = silence_us.saturating_mul(PER_SECOND * PARTS / 1_000_000);
        source.left = source.left.saturating_add(refill).min(BURST * PARTS);
        source.muted &= silence_us < SILENCE_US;
        let may = !source.muted && source.left >= PARTS;
        if may {
            source.left -= PARTS;
        } else {
            source.muted = true;
        }
        if self.sources.len() > MAX_SOURCES
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.sources.remove(&oldest);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_source_gets_its_burst_and_then_silence_until_it_is_silent() {
        let mut budgets = Budgets::new();
        let answered = (0..5000).filter(|_| budgets.may_answer(&"loop", 0)).count();
        assert_eq!(answered, 1024);
        // It goes on talking, slower than its refill: still muted.
        for half_second in 1..20 {
            assert!(!budgets.may_answer(&"loop", half_second * 500_000));
        }
        assert!(budgets.may_answer(&"loop", 19 * 500_000 + SILENCE_US));
        assert!(budgets.may_answer(&"another", 0));
    }

    #[test]
    fn a_source_that_keeps_to_the_rate_is_always_answered() {
        let mut budgets = Budgets::new();
        for n in 0..10_000 {
            assert!(budgets.may_answer(&(), n * 1_000_000 / PER_SECOND + n % 2));
        }
    }

    #[test]
    fn a_clock_that_stands_still_or_ends_is_survived() {
        let mut budgets = Budgets::new();
        assert!(budgets.may_answer(&(), u64::MAX));
        assert!(budgets.may_answer(&(), 0));
        assert!(budgets.may_answer(&(), u64::MAX));
    }

    #[test]
    fn sources_are_bounded_and_the_longest_unheard_is_forgotten() {
        let mut budgets = Budgets::new();
        while budgets.may_answer(&0, 0) {}
        for key in 1..=MAX_SOURCES {
            // Heard of again and again, it is not the one to be forgotten.
            assert!(!budgets.may_answer(&0, 0));
            budgets.may_answer(&key, 0);
        }
        assert_eq!(budgets.sources.len(), MAX_SOURCES);
        assert_eq!(budgets.order.len(), MAX_SOURCES);
        assert!(!budgets.may_answer(&0, 0));
        for key in 1..=MAX_SOURCES {
            budgets.may_answer(&(MAX_SOURCES + key), 0);
        }
        assert!(budgets.may_answer(&0, 0), "forgotten by now");
    }

    proptest! {
        #[test]
        fn no_source_gets_more_than_burst_and_rate(
            steps in prop::collection::vec((0u8..4, 0u64..20_000), 0..3000)
        ) {
            let mut budgets = Budgets::new();
            let mut answered = HashMap::<u8, u64>::new();
            let mut now_us = 0;
            for (key, step_us) in steps {
                now_us += step_us;
                if budgets.may_answer(&key, now_us) {
                    *answered.entry(key).or_default() += 1;
                }
            }
            for count in answered.values() {
                prop_assert!(*count <= BURST + now_us * PER_SECOND / 1_000_000 + 1);
            }
        }
    }
}
