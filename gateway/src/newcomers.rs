//! Newcomers: whether the gateway has time for one more socket, by how late it is at its own work.
//!
//! A task sets itself a timer and looks how late it ran. It sleeps while nobody comes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chalkwire_shared::close::Reason;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::metrics::Metrics;
use crate::policy::admission::Admission;
use crate::policy::rate::Bucket;
use crate::target::Failure;
use crate::tasks::Tasks;

/// What who is turned away is told.
pub(crate) const TOO_MUCH: &str = "The gateway has more to do than it can do in time, so it takes nobody new \
                        at this moment. Who is connected stays so. Try again in a few seconds.";

/// Who asks for a socket.
#[derive(Clone, Debug)]
pub struct Newcomers {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Somebody came.
    came: Notify,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct State {
    admission: Admission,
    warnings: Bucket,
    /// Turned away since the last warning.
    untold: u64,
}

impl Newcomers {
    /// With a gateway that may be so late and has so many lanes, and one task that looks.
    pub fn start(most: Duration, lanes: usize, metrics: Arc<Metrics>, tasks: &Tasks) -> Self {
        let now = Instant::now().into_std();
        let inner = Arc::new(Inner {
            state: Mutex::new(State {
                admission: Admission::new(most, lanes, now),
                warnings: Bucket::new(1, 1, now),
                untold: 0,
            }),
            came: Notify::new(),
            metrics,
        });
        let (looks, draining) = (inner.clone(), tasks.draining().clone());
        tasks.spawn(async move {
            // Nobody new comes in while the gateway drains.
            tokio::select! {
                () = looks.look() => {}
                () = draining.cancelled() => {}
            }
        });
        Newcomers { inner }
    }

    /// A connection that was accepted at this time has its turn now.
    pub fn waited(&self, accepted: std::time::Instant) {
        self.has_turn(accepted, Admission::waited);
    }

    /// So many connections may wait for their turn, once they are accepted.
    pub fn may_wait(&self) -> usize {
        self.inner.lock().admission.may_wait()
    }

    /// Lets one in. To be asked before anything is done for it.
    ///
    /// # Errors
    /// What it is to be told instead; it is counted already.
    pub fn admit(&self) -> Result<(), Failure> {
        self.let_in(Admission::admit)
    }

    /// The same for one who then has to wait for its first turn, and has it when what this gives is
    /// dropped.
    ///
    /// # Errors
    /// As for [`admit`](Newcomers::admit).
    pub fn admit_to_wait(&self) -> Result<Waiting, Failure> {
        self.let_in(Admission::admit_to_wait)?;
        Ok(Waiting {
            newcomers: self.clone(),
            since: Instant::now().into_std(),
        })
    }

    /// Whether nobody is let in now.
    pub fn are_too_many(&self) -> bool {
        self.ask(Admission::refuses)
    }

    /// Counts one that is turned away.
    pub fn refuse(&self) {
        let inner = &self.inner;
        inner.metrics.refuse("overload");
        let mut state = inner.lock();
        state.untold += 1;
        if state.warnings.take(Instant::now().into_std()) {
            let turned_away = std::mem::take(&mut state.untold);
            drop(state);
            tracing::warn!(turned_away, "overload: newcomers are turned away");
        }
    }

    /// Who came at this time has its turn now.
    fn has_turn(
        &self,
        came: std::time::Instant,
        tell: fn(&mut Admission, Duration, std::time::Instant),
    ) {
        let now = Instant::now().into_std();
        let waited = now.saturating_duration_since(came);
        tell(&mut self.inner.lock().admission, waited, now);
    }

    fn let_in(&self, how: fn(&mut Admission, std::time::Instant) -> bool) -> Result<(), Failure> {
        if self.ask(how) {
            return Ok(());
        }
        self.refuse();
        Err(Failure {
            reason: Reason::Limit,
            detail: TOO_MUCH.to_owned(),
        })
    }

    fn ask(&self, what: fn(&mut Admission, std::time::Instant) -> bool) -> bool {
        let now = Instant::now().into_std();
        let answer = what(&mut self.inner.lock().admission, now);
        // The next timer is wanted.
        self.inner.came.notify_one();
        answer
    }
}

/// Who was let in and waits for its first turn.
#[derive(Debug)]
pub struct Waiting {
    newcomers: Newcomers,
    since: std::time::Instant,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.newcomers.has_turn(self.since, Admission::begins);
    }
}

impl Inner {
    async fn look(&self) {
        loop {
            self.came.notified().await;
            let due = self.lock().admission.due();
            if let Some(due) = due {
                sleep_until(due.into()).await;
                self.lock().admission.ran(Instant::now().into_std());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;

    use tokio::task::yield_now;
    use tokio::time::{advance, sleep, timeout};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// The newcomers of a gateway that may be 20 ms late, with the owner of their task.
    fn newcomers() -> (Newcomers, Tasks) {
        let tasks = Tasks::default();
        let newcomers = Newcomers::start(ms(20), 1, Arc::default(), &tasks);
        (newcomers, tasks)
    }

    /// Somebody comes, and the timer that this sets runs when so much time has gone, during which
    /// nothing ran.
    async fn nothing_runs_for(newcomers: &Newcomers, time: Duration) {
        let _ = newcomers.admit();
        // The task waits for the timer before the time goes.
        yield_now().await;
        advance(time).await;
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(newcomers.inner.lock().admission.due(), None, "it never ran");
    }

    /// The same, and the timer runs when it is due.
    async fn runs_in_time(newcomers: &Newcomers) {
        let _ = newcomers.admit();
        sleep(ms(15)).await;
        assert_eq!(newcomers.inner.lock().admission.due(), None, "it never ran");
    }

    /// How many of a thousand who come at one moment are let in.
    fn admitted(newcomers: &Newcomers) -> usize {
        (0..1_000).filter(|_| newcomers.admit().is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn it_sleeps_until_somebody_comes_and_then_looks_once() {
        let (newcomers, tasks) = newcomers();
        // Its own task ends, so that it can be counted here how often one would be woken.
        tasks.finish(HOUR).await;
        let mut look = pin!(newcomers.inner.look());
        let polled = Cell::new(0);
        let mut look = poll_fn(|context| {
            polled.set(polled.get() + 1);
            look.as_mut().poll(context)
        });
        // Each hour begins and ends with being polled for the sake of the hour.
        for (comes, expected) in [(false, 2), (true, 3), (false, 2)] {
            if comes {
                assert_eq!(admitted(&newcomers), 1_000);
                // That this wakes it is not counted.
                yield_now().await;
            }
            polled.set(0);
            tokio::select! {
                biased;
                () = &mut look => unreachable!("it looks for ever"),
                () = sleep(HOUR) => {}
            }
            assert_eq!(polled.get(), expected, "somebody comes: {comes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_runs_late_closes_the_door_to_all_but_a_class() {
        let (newcomers, _tasks) = newcomers();
        assert_eq!(admitted(&newcomers), 1_000);
        nothing_runs_for(&newcomers, ms(200)).await;
        assert_eq!(admitted(&newcomers), 600);
        assert!(newcomers.are_too_many());
        let told = newcomers.admit().unwrap_err();
        assert_eq!((told.reason, &*told.detail), (Reason::Limit, TOO_MUCH));
        let counted = newcomers.inner.metrics.render();
        let line = "refusals_total{reason=\"overload\"} 401\n";
        assert!(counted.contains(line), "{counted}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_turn_waits_until_what_was_given_is_dropped() {
        let (newcomers, _tasks) = newcomers();
        nothing_runs_for(&newcomers, ms(200)).await;
        assert_eq!(admitted(&newcomers), 600);
        runs_in_time(&newcomers).await;
        let let_in = || -> Vec<_> {
            let come = (0..1_000).map(|_| newcomers.admit_to_wait());
            come.filter_map(Result::ok).collect()
        };
        let waiting = let_in();
        assert_eq!((waiting.len(), let_in().len()), (32, 0));
        drop(waiting);
        assert_eq!(let_in().len(), 32);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_runs_late_for_a_moment_closes_nothing() {
        let (newcomers, _tasks) = newcomers();
        nothing_runs_for(&newcomers, ms(50)).await;
        assert_eq!(admitted(&newcomers), 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_in_time_opens_the_door_and_a_calm_second_makes_all_as_before() {
        let (newcomers, _tasks) = newcomers();
        nothing_runs_for(&newcomers, ms(200)).await;
        assert_eq!(admitted(&newcomers), 600);
        runs_in_time(&newcomers).await;
        assert_eq!(admitted(&newcomers), 1_000);
        // As long as it is not over, being late for a moment closes the door again.
        nothing_runs_for(&newcomers, ms(50)).await;
        assert!(admitted(&newcomers) < 10);
        let closed = Instant::now();
        while closed.elapsed() < ms(1_100) {
            runs_in_time(&newcomers).await;
        }
        nothing_runs_for(&newcomers, ms(50)).await;
        assert_eq!(admitted(&newcomers), 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn its_task_ends_with_the_first_word_of_the_end_whatever_it_waits_for() {
        for comes in [false, true] {
            let (newcomers, tasks) = newcomers();
            if comes {
                assert_eq!(admitted(&newcomers), 1_000);
            }
            // It waits for somebody, or for its timer.
            yield_now().await;
            let begun = Instant::now();
            let ended = timeout(HOUR, tasks.finish(2 * HOUR)).await;
            assert!(ended.is_ok(), "somebody came: {comes}");
            assert_eq!(begun.elapsed(), Duration::ZERO, "somebody came: {comes}");
        }
    }
}
