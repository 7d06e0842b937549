//! How long an accept loop rests after an error, so that it neither dies nor spins.

use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// Rests that double from 10 ms to 1 s until an accept succeeds.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Backoff { next: FIRST }
    }

    /// An accept succeeded.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// How long to rest after `error`; `None` where it concerned one client alone, or nobody
    /// (accept(2): what is pending on the new socket is returned by `accept`, and to be retried).
    pub(super) fn after(&mut self, error: &io::Error) -> Option<Duration> {
        match error.kind() {
            io::ErrorKind::WouldBlock
            | io::ErrorKind::Interrupted
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset => None,
            _ => {
                let rest = self.next;
                self.next = (rest * 2).min(LONGEST);
                Some(rest)
            }
        }
    }
}

/// A rest of a loop that does other things meanwhile: they make it no longer.
#[derive(Debug, Default)]
pub(super) struct Rest(Option<Instant>);

impl Rest {
    /// Begins now.
    pub(super) fn begin(&mut self, time: Duration) {
        self.0 = Some(Instant::now() + time);
    }

    /// Whether it goes on.
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Its end. Cancel-safe.
    pub(super) async fn end(&mut self) {
        match self.0 {
            Some(end) => sleep_until(end).await,
            None => pending().await,
        }
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rest_ends_in_time_whatever_happens_meanwhile() {
        let began = Instant::now();
        let mut rest = Rest::default();
        rest.begin(LONGEST);
        let mut happened = 0;
        while rest.is_on() {
            tokio::select! {
                () = rest.end() => {}
                () = tokio::time::sleep(LONGEST * 2 / 5) => happened += 1,
            }
        }
        assert_eq!((began.elapsed(), happened), (LONGEST, 2));
    }

    #[test]
    fn rests_double_up_to_a_second_and_start_again_after_a_success() {
        let mut backoff = Backoff::new();
        let full = io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
        let rests: Vec<_> = (0..9)
            .map(|_| backoff.after(&full).unwrap().as_millis())
            .collect();
        assert_eq!(rests, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.after(&full), Some(FIRST));
    }

    #[test]
    fn an_error_of_one_client_costs_no_rest() {
        let gone = io::Error::from(io::ErrorKind::ConnectionAborted);
        assert_eq!(Backoff::new().after(&gone), None);
    }
}
