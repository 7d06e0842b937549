//! How many wrong room codes a client may try: pure, with the time passed in.
//!
//! Only what was wrong is counted, so a class that knows its code comes in however large it is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::site::Site;

/// Wrong codes that a client may try at once: a class of slips of the finger.
const BURST: u32 = 60;

/// After those, one more each time that this has passed.
const EACH: Duration = Duration::from_secs(1);

/// Clients that are remembered, some 50 bytes each. A client is forgotten a minute after its last
/// wrong code at the latest. When there are more, those that are not remembered share one place: a
/// flood from many addresses gains nothing by it, and holds up only who comes anew.
const MOST: usize = 4_096;

/// The wrong codes of all clients; or what else each may do so often.
#[derive(Debug)]
pub struct Guesses {
    burst: u32,
    each: Duration,
    wrong: Mutex<Wrong>,
}

impl Default for Guesses {
    fn default() -> Self {
        Guesses::of(BURST, EACH)
    }
}

#[derive(Debug, Default)]
struct Wrong {
    /// When a client's wrong codes will be forgiven, one after the other: all that is known of it.
    forgiven: HashMap<Site, Instant>,
    /// The same of everybody for whom there was no place.
    others: Option<Instant>,
    /// When the forgiven ones were last looked for.
    swept: Option<Instant>,
}

impl Guesses {
    /// So many at once, and then one more each time that `each` has passed.
    pub fn of(burst: u32, each: Duration) -> Self {
        Guesses {
            burst,
            each,
            wrong: Mutex::default(),
        }
    }

    /// Whether an address may try a code now. To be asked before the code is looked up: a refusal
    /// must not depend on it.
    pub fn may(&self, address: IpAddr, now: Instant) -> bool {
        let Some(site) = Site::of(address) else {
            return true;
        };
        let mut wrong = self.lock();
        let forgiven = match wrong.has_place(site, now, self.each) {
            true => wrong.forgiven.get(&site).copied(),
            false => wrong.others,
        };
        // One more must still fit.
        forgiven.is_none_or(|at| at.saturating_duration_since(now) <= self.each * (self.burst - 1))
    }

    /// An address has tried a wrong code.
    pub fn wrong(&self, address: IpAddr, now: Instant) {
        let Some(site) = Site::of(address) else {
            return;
        };
        let mut wrong = self.lock();
        if wrong.has_place(site, now, self.each) {
            let forgiven = wrong.forgiven.entry(site).or_insert(now);
            *forgiven = self.later(*forgiven, now);
        } else {
            wrong.others = Some(self.later(wrong.others.unwrap_or(now), now));
        }
    }

    /// One more wrong code. What was asked for at the same time as the last that fitted is not held
    /// against a client for longer than a full burst.
    fn later(&self, forgiven: Instant, now: Instant) -> Instant {
        (forgiven.max(now) + self.each).min(now + self.each * self.burst)
    }

    fn lock(&self) -> MutexGuard<'_, Wrong> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wrong {
    /// Whether a client is remembered, or there is room to. Who is forgiven makes room.
    fn has_place(&mut self, site: Site, now: Instant, each: Duration) -> bool {
        if self.forgiven.len() < MOST || self.forgiven.contains_key(&site) {
            return true;
        }
        // Nothing is forgiven faster than that, so that more often is work for nothing.
        let is_due = |at| now.saturating_duration_since(at) >= each;
        if self.swept.is_none_or(is_due) {
            self.swept = Some(now);
            self.forgiven.retain(|_, forgiven| *forgiven > now);
        }
        self.forgiven.len() < MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Tries a wrong code: whether it was looked at.
    fn tries(guesses: &Guesses, address: IpAddr, now: Instant) -> bool {
        let may = guesses.may(address, now);
        if may {
            guesses.wrong(address, now);
        }
        may
    }

    #[test]
    fn sixty_wrong_codes_are_looked_at_and_then_one_a_second() {
        let (guesses, one) = (Guesses::default(), address("192.0.2.1"));
        let start = Instant::now();
        let looked = (0..10_000).filter(|_| tries(&guesses, one, start)).count();
        assert_eq!(looked, 60);
        let later = start + Duration::from_secs(5);
        assert_eq!((0..99).filter(|_| tries(&guesses, one, later)).count(), 5);
        let much_later = start + Duration::from_secs(500);
        let again = (0..99).filter(|_| tries(&guesses, one, much_later));
        assert_eq!(again.count(), 60);
        assert!(tries(&guesses, address("192.0.2.2"), start), "another one");
    }

    #[test]
    fn right_codes_are_never_too_many() {
        let (guesses, class) = (Guesses::default(), address("192.0.2.1"));
        let now = Instant::now();
        for _ in 0..59 {
            assert!(tries(&guesses, class, now));
        }
        assert!((0..500).all(|_| guesses.may(class, now)));
    }

    #[test]
    fn loopback_is_never_limited_and_an_ipv6_network_is_one_client() {
        let guesses = Guesses::default();
        let now = Instant::now();
        for loopback in ["127.0.0.1", "::1"] {
            assert!((0..500).all(|_| tries(&guesses, address(loopback), now)));
        }
        let host = |n: u16| address(&format!("2001:db8::{n:x}"));
        let looked = (0..500).filter(|n| tries(&guesses, host(*n), now)).count();
        assert_eq!(looked, 60);
    }

    #[test]
    fn many_addresses_are_bounded_and_the_rest_share_one_place() {
        let guesses = Guesses::default();
        let start = Instant::now();
        let nth = |n: usize| IpAddr::from(u32::try_from(0xc000_0000 + n).unwrap().to_be_bytes());
        for _ in 0..2 {
            for n in 0..MOST {
                assert!(tries(&guesses, nth(n), start));
            }
        }
        let strangers = (MOST..3 * MOST).filter(|n| tries(&guesses, nth(*n), start));
        assert_eq!(strangers.count(), 60, "the rest share one place");
        assert!(tries(&guesses, nth(0), start), "who has a place keeps it");
        assert_eq!(guesses.lock().forgiven.len(), MOST);
        // Forgiven, they make room.
        let later = start + Duration::from_secs(4);
        assert!(tries(&guesses, nth(4 * MOST), later));
        assert!(guesses.lock().forgiven.len() < 10);
    }

    proptest! {
        #[test]
        fn nobody_tries_more_than_burst_and_rate(
            steps in prop::collection::vec((0u8..3, 0u64..2_000, any::<bool>()), 0..2_000)
        ) {
            let guesses = Guesses::default();
            let start = Instant::now();
            let mut now = start;
            let mut looked = [0u64; 3];
            for (who, step_ms, wrong) in steps {
                now += Duration::from_millis(step_ms);
                let from = IpAddr::from([192, 0, 2, who]);
                if guesses.may(from, now) && wrong {
                    guesses.wrong(from, now);
                    looked[usize::from(who)] += 1;
                }
            }
            let most = 60 + (now - start).as_secs();
            prop_assert!(looked.iter().all(|n| *n <= most), "{looked:?} {most}");
        }

        #[test]
        fn however_many_wrong_codes_a_minute_forgives_them(
            wrong in 0usize..5_000, address in any::<[u8; 16]>()
        ) {
            let (guesses, address) = (Guesses::default(), IpAddr::from(address));
            let start = Instant::now();
            for _ in 0..wrong {
                guesses.wrong(address, start);
            }
            prop_assert!(guesses.may(address, start + Duration::from_secs(1)));
            let later = start + Duration::from_secs(60);
            let looked = (0..60).filter(|_| tries(&guesses, address, later)).count();
            prop_assert_eq!(looked, 60);
        }
    }
}
