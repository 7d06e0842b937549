//! How long an event loop waits for a client: one timer for all the waits of a client.
//!
//! A timer of its own for each wait would be put among the runtime's timers and taken out again for
//! each line. This one stays there: it ends when the first wait would have been too long, and is set
//! anew then for the wait that goes on.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// A wait that has no end is a year.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// One client's timer.
pub(super) struct Patience {
    /// The longest wait.
    most: Duration,
    /// There from the first wait on.
    timer: Option<Pin<Box<Sleep>>>,
    /// The timer runs, and will wake the task.
    is_set: bool,
}

impl Patience {
    /// For waits of at most so long, all of them in one task.
    pub(super) fn new(most: Duration) -> Self {
        Patience {
            most,
            timer: None,
            is_set: false,
        }
    }

    /// What `step` comes to; `None` if it takes too long.
    pub(super) async fn wait<T>(&mut self, step: impl Future<Output = T>) -> Option<T> {
        let mut step = pin!(step);
        let mut until = None;
        poll_fn(|cx| {
            if let Poll::Ready(done) = step.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            // A step that is done at once costs no look at the clock.
            let until = *until.get_or_insert_with(|| after(self.most));
            ready!(self.poll_until(until, cx));
            Poll::Ready(None)
        })
        .await
    }

    fn poll_until(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        if self.is_set && !timer.is_elapsed() {
            return Poll::Pending;
        }
        // Whatever the task has left of its turn: a timer that is not looked at does not wake it.
        while Pin::new(&mut unconstrained(timer.as_mut()))
            .poll(cx)
            .is_ready()
        {
            if timer.deadline() >= until {
                return Poll::Ready(());
            }
            timer.as_mut().reset(until);
        }
        self.is_set = true;
        Poll::Pending
    }
}

fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now + YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_the_whole_time() {
        let start = Instant::now();
        let mut patience = Patience::new(Duration::from_secs(5));
        // The timer of the first wait ends amid the second.
        for n in 1..=20 {
            let step = async {
                sleep(Duration::from_secs(3)).await;
                n
            };
            assert_eq!(patience.wait(step).await, Some(n));
        }
        assert_eq!(patience.wait(async { 7 }).await, Some(7));
        assert_eq!(start.elapsed().as_secs(), 60);
        assert_eq!(patience.wait(pending::<()>()).await, None);
        assert_eq!(start.elapsed().as_secs(), 65);
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_wait_that_is_too_long_ends_too() {
        let start = Instant::now();
        let mut patience = Patience::new(Duration::from_secs(5));
        assert_eq!(patience.wait(pending::<()>()).await, None);
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_without_end_is_waited_for() {
        let mut patience = Patience::new(Duration::MAX);
        let step = sleep(Duration::from_secs(86_400));
        assert_eq!(patience.wait(step).await, Some(()));
    }
}
