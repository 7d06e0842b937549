//! How long an accept loop rests after an error, so that it neither dies nor spins.

use std::io;
use std::time::Duration;

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

#[cfg(test)]
mod tests {
    use super::*;

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
