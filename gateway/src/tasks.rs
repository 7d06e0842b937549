//! The owner of every task: tells them to drain, then to stop, and waits for them.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Whoever was told to stop says goodbye within this time.
const LAST: Duration = Duration::from_secs(5);

/// The gateway's tasks. Clones own the same ones.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    drain: CancellationToken,
    stop: CancellationToken,
}

impl Tasks {
    /// Starts a task that `finish` will wait for.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(task);
    }

    /// Starts a task elsewhere that `finish` will wait for.
    pub fn spawn_on<F>(&self, runtime: &Handle, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn_on(task, runtime);
    }

    /// Makes a future that somebody else spawns one that `finish` will wait for.
    pub fn track<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        self.tracker.track_future(future)
    }

    /// Asks everybody to come to an end, in their own time.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Whether the end was asked for.
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Cancelled when the end is asked for.
    pub fn draining(&self) -> &CancellationToken {
        &self.drain
    }

    /// Cancelled when there is no more time: a task returns at once. For who listens only; drained
    /// before.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stop
    }

    /// The same, to be cancelled by itself as well. Children of it end with it.
    pub fn stop(&self) -> CancellationToken {
        self.stop.child_token()
    }

    /// Waits until every task has ended: those still at work after `grace` are told to stop, and
    /// have 5 s for that.
    pub async fn finish(&self, grace: Duration) {
        self.drain.cancel();
        self.tracker.close();
        if tokio::time::timeout(grace, self.tracker.wait())
            .await
            .is_err()
        {
            tracing::info!(
                left = self.tracker.len(),
                "drain: no more time, stopping the rest"
            );
            self.stop.cancel();
            if tokio::time::timeout(LAST, self.tracker.wait())
                .await
                .is_err()
            {
                let left = self.tracker.len();
                tracing::warn!(left, "drain: some have not stopped, and are left");
            }
        }
        self.stop.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_drain_is_stopped_after_the_grace() {
        let tasks = Tasks::default();
        let stop = tasks.stop();
        tasks.spawn(async move { stop.cancelled().await });
        let started = tokio::time::Instant::now();
        tasks.finish(Duration::from_secs(3)).await;
        assert_eq!(started.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_stop_either_holds_nobody_up_for_ever() {
        let tasks = Tasks::default();
        tasks.spawn(std::future::pending());
        let started = tokio::time::Instant::now();
        tasks.finish(Duration::from_secs(3)).await;
        assert_eq!(started.elapsed(), Duration::from_secs(3) + LAST);
    }

    #[tokio::test(start_paused = true)]
    async fn finish_returns_as_soon_as_all_have_drained() {
        let tasks = Tasks::default();
        let draining = tasks.draining().clone();
        tasks.spawn(async move { draining.cancelled().await });
        let started = tokio::time::Instant::now();
        tasks.finish(Duration::from_secs(3)).await;
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
