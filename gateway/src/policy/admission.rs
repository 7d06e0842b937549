//! Whether somebody new is let in while the gateway is late: pure, with the time passed in.
//!
//! What counts is how late the gateway is at its own work, because that is what everybody waits for
//! at each step, and not how many there are: many who wait for a slow target cost nothing. As with
//! CoDel (RFC 8289), being late for a moment is a burst and no overload; but what is too much is
//! turned away at the door, where it costs least, and not dropped on the way.

use std::time::{Duration, Instant};

use super::rate::Bucket;

/// A timer tells how late the gateway is, so often while somebody comes.
const EVERY: Duration = Duration::from_millis(10);

/// Being late for so long is more than a burst.
const SUSTAINED: Duration = Duration::from_millis(50);

/// An overload is over when the gateway was not late for so long. Until then it is answered at once.
const CALM: Duration = Duration::from_secs(1);

/// So many come in whatever else there is, such as a class of 500 who all send at the same moment on
/// a slow machine.
const GRACE: u32 = 600;

/// So many of these are there again each second.
const GRACE_PER_SECOND: u32 = 60;

/// So many who were let in may wait for their first turn, for each lane: more would all have it in the
/// same one, and keep everybody there waiting for that long.
const WAITING: usize = 32;

/// Who is let in.
#[derive(Debug)]
pub struct Admission {
    /// The gateway may be so late.
    most: Duration,
    /// A timer is set for this time, and has not run.
    due: Option<Instant>,
    /// How late something was the last time that this was seen.
    lateness: Duration,
    seen: Instant,
    /// So many were let in and wait for their first turn,
    waiting: usize,
    /// and so many may.
    may_wait: usize,
    /// It is late since this time.
    late_since: Option<Instant>,
    /// It is overloaded until then, if it is not late again.
    overloaded_until: Option<Instant>,
    grace: Bucket,
}

impl Admission {
    /// With a gateway that may be so late, and deals connections out to so many lanes.
    pub fn new(most: Duration, lanes: usize, now: Instant) -> Self {
        Admission {
            most,
            due: None,
            lateness: Duration::ZERO,
            seen: now,
            waiting: 0,
            may_wait: WAITING * lanes,
            late_since: None,
            overloaded_until: None,
            grace: Bucket::new(GRACE, GRACE_PER_SECOND, now),
        }
    }

    /// So many who were let in may wait for their first turn.
    pub fn may_wait(&self) -> usize {
        self.may_wait
    }

    /// When the next timer is due: it is wanted after somebody came.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The timer ran.
    pub fn ran(&mut self, now: Instant) {
        if let Some(due) = self.due.take() {
            self.waited(now.saturating_duration_since(due), now);
        }
    }

    /// Something had to wait for its turn, and has it now.
    pub fn waited(&mut self, lateness: Duration, now: Instant) {
        // What waits the longest tells, for as long as there may be no other sign.
        if lateness >= self.lateness || self.is_old(now) {
            self.lateness = lateness;
            self.seen = now;
        }
        self.look(now);
    }

    /// One who was let in to wait has its first turn, after so long.
    pub fn begins(&mut self, lateness: Duration, now: Instant) {
        self.waiting = self.waiting.saturating_sub(1);
        self.waited(lateness, now);
    }

    fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.seen) >= EVERY
    }

    /// Whether one more is let in.
    pub fn admit(&mut self, now: Instant) -> bool {
        let is_shut = self.is_shut(now);
        // Who comes while it is late is one of those who come in whatever there is, also before it
        // has been late for so long that others would not.
        let is_graced = self.late_since.is_some() && self.grace.take(now);
        !is_shut || is_graced
    }

    /// The same for one who then has to wait for its first turn: see [`begins`](Admission::begins).
    pub fn admit_to_wait(&mut self, now: Instant) -> bool {
        let is_admitted = self.admit(now);
        self.waiting += usize::from(is_admitted);
        is_admitted
    }

    /// Whether nobody is let in now.
    pub fn refuses(&mut self, now: Instant) -> bool {
        self.is_shut(now) && self.grace.is_empty(now)
    }

    /// Somebody came: whether it finds the door shut, grace aside.
    fn is_shut(&mut self, now: Instant) -> bool {
        if self.due.is_none() {
            self.due = Some(now + EVERY);
            // Nobody came for a while, and how late it was then says nothing.
            if self.is_old(now) {
                self.lateness = Duration::ZERO;
            }
        }
        self.look(now) && self.overloaded_until.is_some()
    }

    /// Whether the gateway is late now; and what follows from that.
    fn look(&mut self, now: Instant) -> bool {
        // A timer that should have run long ago tells before it runs.
        let overdue = self.due.map(|due| now.saturating_duration_since(due));
        let lateness = self.lateness.max(overdue.unwrap_or_default());
        // In an overload it need not show first.
        let will_be_late = self.waiting >= self.may_wait && self.overloaded_until.is_some();
        if lateness <= self.most && !will_be_late {
            self.late_since = None;
            self.overloaded_until.take_if(|until| *until <= now);
            return false;
        }
        let since = *self.late_since.get_or_insert(now - lateness);
        if now.saturating_duration_since(since) >= SUSTAINED || self.overloaded_until.is_some() {
            self.overloaded_until = Some(now + CALM);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: Duration = Duration::from_millis(20);
    const LANES: usize = 2;
    const MAY_WAIT: usize = LANES * WAITING;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Somebody comes now, and the timer runs so late: the time after that.
    fn late(admission: &mut Admission, now: Instant, lateness: Duration) -> Instant {
        admission.admit(now);
        let ran = admission.due().expect("somebody came") + lateness;
        admission.ran(ran);
        ran
    }

    /// How many of so many who come at one moment are let in.
    fn admitted(admission: &mut Admission, now: Instant, come: usize) -> usize {
        let admitted = (0..come).filter(|_| admission.admit(now)).count();
        assert!(admitted == come || admission.refuses(now));
        admitted
    }

    /// Overloaded, with its grace used up.
    fn overloaded(start: Instant) -> (Admission, Instant) {
        let mut admission = Admission::new(MOST, LANES, start);
        let now = late(&mut admission, start, ms(200));
        assert_eq!(admitted(&mut admission, now, 9_999), 600);
        (admission, now)
    }

    #[test]
    fn everybody_is_let_in_while_the_gateway_is_in_time() {
        let mut now = Instant::now();
        let mut admission = Admission::new(MOST, LANES, now);
        for _ in 0..100 {
            now = late(&mut admission, now, ms(20));
            assert_eq!(admitted(&mut admission, now, 1_000), 1_000);
        }
    }

    #[test]
    fn a_burst_is_no_overload() {
        let mut now = Instant::now();
        let mut admission = Admission::new(MOST, LANES, now);
        for _ in 0..100 {
            now = late(&mut admission, now, ms(40));
            assert_eq!(admitted(&mut admission, now, 1_000), 1_000);
            now = late(&mut admission, now, ms(1));
        }
    }

    #[test]
    fn being_late_for_longer_is_and_then_a_class_is_let_in_all_the_same() {
        let mut now = Instant::now();
        let mut admission = Admission::new(MOST, LANES, now);
        for come in [9_999, 200, 200] {
            assert_eq!(admitted(&mut admission, now, come), come);
            now = late(&mut admission, now, ms(30));
        }
        // Those who came while it was late are of the class.
        assert_eq!(admitted(&mut admission, now, 9_999), 202);
    }

    #[test]
    fn a_timer_that_does_not_run_tells_it_too() {
        let start = Instant::now();
        let mut admission = Admission::new(MOST, LANES, start);
        assert!(admission.admit(start));
        assert_eq!(admitted(&mut admission, start + ms(59), 9), 9);
        assert_eq!(admitted(&mut admission, start + ms(60), 9_999), 591);
    }

    #[test]
    fn who_comes_during_an_overload_is_let_in_as_soon_as_the_gateway_has_caught_up() {
        let (mut admission, now) = overloaded(Instant::now());
        assert_eq!(admitted(&mut admission, now, 1_000), 0);
        let now = late(&mut admission, now, ms(5));
        assert_eq!(admitted(&mut admission, now, 1_000), 1_000);
        // But then it takes no more than a moment.
        let now = now + EVERY + ms(21);
        assert!(admitted(&mut admission, now, 1_000) < 10);
    }

    #[test]
    fn during_an_overload_no_more_are_let_in_to_wait_than_can_soon_have_their_turn() {
        let (mut admission, now) = overloaded(Instant::now());
        let now = late(&mut admission, now, ms(1));
        let mut let_in = |begin: usize| {
            (0..begin).for_each(|_| admission.begins(ms(1), now));
            (0..1_000).filter(|_| admission.admit_to_wait(now)).count()
        };
        assert_eq!(
            [0, 0, 20, MAY_WAIT].map(&mut let_in),
            [MAY_WAIT, 0, 20, MAY_WAIT]
        );
        // It was known to be late all the time.
        assert!(!admission.admit(now));
        admission.begins(ms(1), now);
        assert!(admission.admit(now));
    }

    #[test]
    fn however_many_wait_it_is_no_overload_while_the_gateway_is_in_time() {
        let mut now = Instant::now();
        let mut admission = Admission::new(MOST, LANES, now);
        for _ in 0..10 {
            assert!((0..1_000).all(|_| admission.admit_to_wait(now)));
            now = late(&mut admission, now, ms(1));
        }
    }

    #[test]
    fn after_an_overload_a_burst_is_one_again_and_in_ten_seconds_a_class() {
        let (mut admission, mut now) = overloaded(Instant::now());
        for _ in 0..500 {
            now = late(&mut admission, now, ms(0));
        }
        now = late(&mut admission, now, ms(40));
        assert_eq!(admitted(&mut admission, now, 1_000), 1_000);
        for _ in 0..1_000 {
            now = late(&mut admission, now, ms(0));
        }
        now = late(&mut admission, now, ms(200));
        assert_eq!(admitted(&mut admission, now, 9_999), 600);
    }

    #[test]
    fn while_nobody_comes_nothing_is_known_and_nothing_held_against_who_comes_next() {
        let (mut admission, now) = overloaded(Instant::now());
        let now = late(&mut admission, now, ms(1)) + Duration::from_secs(60);
        assert_eq!(admitted(&mut admission, now, 1_000), 1_000);
    }

    proptest! {
        #[test]
        fn however_late_nobody_waits_for_more_than_a_moment_of_punctuality(
            lateness in prop::collection::vec(0_u64..500, 1..200)
        ) {
            let mut now = Instant::now();
            let mut admission = Admission::new(MOST, LANES, now);
            for ms in lateness {
                now = late(&mut admission, now, Duration::from_millis(ms));
                admission.admit(now);
            }
            now = late(&mut admission, now, Duration::ZERO);
            prop_assert_eq!(admitted(&mut admission, now, 1_000), 1_000);
        }

        #[test]
        fn who_is_always_late_lets_no_more_in_than_grace(
            lateness in prop::collection::vec(60_u64..500, 1..200), come in 0_usize..1_000
        ) {
            let start = Instant::now();
            let mut now = start;
            let mut admission = Admission::new(MOST, LANES, now);
            let mut came = 0;
            for ms in lateness {
                now = late(&mut admission, now, Duration::from_millis(ms));
                came += admitted(&mut admission, now, come);
            }
            let most = 600.0 + 60.0 * (now - start).as_secs_f64();
            prop_assert!(came as f64 <= most, "{} of {}", came, most);
        }
    }
}
