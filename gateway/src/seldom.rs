//! What seldom happens beside what happens all the time: looked at only when it has moved.
//!
//! A `select!` polls all that it waits for, each time; for a line there and back that is most of its
//! own work, and each future has memory of its own that is not in the cache when thousands of
//! connections take turns. Here one flag tells that nothing has moved.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::BoxFuture;

/// Futures of which none is polled before one of them was woken; then all are.
pub(crate) struct Seldom<'a, T> {
    moved: Arc<Moved>,
    /// Whom [`Moved`] wakes.
    task: Waker,
    futures: Vec<BoxFuture<'a, T>>,
}

/// Wakes a task, and tells it why.
struct Moved {
    has: AtomicBool,
    task: Mutex<Waker>,
}

impl Wake for Moved {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has.store(true, Ordering::Release);
        let task = self.task().clone();
        task.wake();
    }
}

impl Moved {
    fn task(&self) -> MutexGuard<'_, Waker> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Seldom<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seldom({})", self.futures.len())
    }
}

impl<'a, T> Seldom<'a, T> {
    /// One of them; for more there is [`Seldom::push`].
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'a) -> Self {
        let mut seldom = Seldom {
            futures: Vec::new(),
            moved: Arc::new(Moved {
                has: AtomicBool::default(),
                task: Mutex::new(Waker::noop().clone()),
            }),
            task: Waker::noop().clone(),
        };
        seldom.push(future);
        seldom
    }

    /// One more.
    pub(crate) fn push(&mut self, future: impl Future<Output = T> + Send + 'a) {
        self.futures.push(Box::pin(future));
        self.moved.has.store(true, Ordering::Relaxed);
    }

    /// Resolves with one of them, which is gone then; never, when there is none left. Cancel-safe.
    pub(crate) async fn next(&mut self) -> T {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// As [`Seldom::next`].
    pub(crate) fn poll_next(&mut self, context: &Context<'_>) -> Poll<T> {
        if !self.task.will_wake(context.waker()) {
            self.task.clone_from(context.waker());
            let before = std::mem::replace(&mut *self.moved.task(), self.task.clone());
            // Whatever that may be the last of, it is not dropped under the lock.
            drop(before);
        }
        if !self.moved.has.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        // Before they are polled: what moves after that is for the next time.
        self.moved.has.swap(false, Ordering::AcqRel);
        let waker = Waker::from(self.moved.clone());
        let mut context = Context::from_waker(&waker);
        for i in 0..self.futures.len() {
            if let Poll::Ready(it) = self.futures[i].as_mut().poll(&mut context) {
                drop(self.futures.swap_remove(i));
                // The others were not looked at.
                self.moved.has.store(true, Ordering::Relaxed);
                return Poll::Ready(it);
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use tokio::sync::{Notify, oneshot};
    use tokio::time::{sleep, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_resolves_once_whatever_the_order_and_then_none_does() {
        let mut seldom = Seldom::new(async {
            sleep(Duration::from_secs(2)).await;
            "late"
        });
        seldom.push(async { "at once" });
        let (tell, told) = oneshot::channel();
        seldom.push(async { told.await.unwrap_or("lost") });
        assert_eq!(seldom.next().await, "at once");
        tell.send("told").unwrap();
        assert_eq!(seldom.next().await, "told");
        assert_eq!(seldom.next().await, "late");
        let none = timeout(Duration::from_secs(9), seldom.next()).await;
        assert!(none.is_err());
    }

    #[tokio::test]
    async fn several_that_are_ready_come_one_after_the_other() {
        let mut seldom = Seldom::new(async { 0 });
        for i in 1..5 {
            seldom.push(async move { i });
        }
        let mut came = Vec::new();
        for _ in 0..5 {
            came.push(seldom.next().await);
        }
        came.sort_unstable();
        assert_eq!(came, [0, 1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn what_has_not_moved_is_not_polled() {
        let notify = Notify::new();
        let polled = AtomicUsize::new(0);
        let notified = notify.notified();
        tokio::pin!(notified);
        let mut counted = poll_fn(|context| {
            polled.fetch_add(1, Ordering::Relaxed);
            notified.as_mut().poll(context)
        });
        let mut seldom = Seldom::new(&mut counted);
        // The task is polled for another's sake.
        for _ in 0..10 {
            tokio::select! {
                biased;
                () = seldom.next() => unreachable!("nobody notified it"),
                () = async {} => {}
            }
        }
        notify.notify_one();
        seldom.next().await;
        drop(seldom);
        assert_eq!(polled.into_inner(), 2);
    }

    #[tokio::test]
    async fn another_task_that_goes_on_with_it_is_woken() {
        let notify = Arc::new(Notify::new());
        let waits = notify.clone();
        let mut seldom = Seldom::new(async move { waits.notified().await });
        // Polled here once, and then elsewhere.
        tokio::select! {
            biased;
            () = seldom.next() => unreachable!("nobody notified it"),
            () = async {} => {}
        }
        let goes_on = tokio::spawn(async move { seldom.next().await });
        tokio::task::yield_now().await;
        notify.notify_one();
        timeout(Duration::from_secs(10), goes_on)
            .await
            .unwrap()
            .unwrap();
    }
}
