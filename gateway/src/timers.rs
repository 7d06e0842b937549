//! Timers for what is due in seconds or minutes, kept by a thread of their own.
//!
//! A thread that waits for sockets while it keeps a timer has the kernel set and take back one of its
//! own with each wait. Every connection waits for a long silence that seldom comes: with these timers
//! elsewhere, a lane that has nothing else due just waits for its sockets.

use std::pin::Pin;
use std::time::{self, Duration};

use hyper_util::rt::TokioTimer;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, Timeout};

/// Timers that a runtime keeps, whichever thread waits for them.
#[derive(Clone, Debug)]
pub struct Timers {
    runtime: Handle,
}

impl Timers {
    /// Timers of this runtime, which must last for longer than anybody waits for them.
    pub fn of(runtime: Handle) -> Self {
        Timers { runtime }
    }

    /// As [`tokio::time::sleep`], which is for what is due at once.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        let _context = self.runtime.enter();
        tokio::time::sleep(duration)
    }

    /// As [`tokio::time::timeout`]: it comes to its end though the future is always ready.
    pub fn timeout<F: Future>(&self, duration: Duration, future: F) -> Timeout<F> {
        let _context = self.runtime.enter();
        tokio::time::timeout(duration, future)
    }

    /// As [`tokio::time::sleep_until`], which is for what is due at once.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        let _context = self.runtime.enter();
        tokio::time::sleep_until(deadline)
    }
}

/// For hyper, which times a request's header.
impl hyper::rt::Timer for Timers {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        let _context = self.runtime.enter();
        TokioTimer::new().sleep(duration)
    }

    fn sleep_until(&self, deadline: time::Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        let _context = self.runtime.enter();
        TokioTimer::new().sleep_until(deadline)
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: time::Instant) {
        TokioTimer::new().reset(sleep, deadline);
    }

    fn now(&self) -> time::Instant {
        TokioTimer::new().now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_time_out_ends_what_always_has_something_to_do() {
        let timers = Timers::of(Handle::current());
        let busy = async {
            loop {
                tokio::task::coop::consume_budget().await;
            }
        };
        let ended: Result<(), _> = timers.timeout(Duration::from_millis(20), busy).await;
        assert!(ended.is_err());
    }
}
