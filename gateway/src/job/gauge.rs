//! A server as it is at one moment, told when it has changed.

use std::time::Duration;

use chalkwire_shared::job::Gauge;
use tokio::time::Instant;

use super::Place;
use crate::core::Core;

/// How often a server is looked at.
const EVERY: Duration = Duration::from_millis(5);

/// Of the time, looks may take one part in so many, those of all jobs together: finding a Unix listener
/// is a look at all there are, and one looks at a time.
const SHARE: u32 = 10;

/// Looks at one server.
#[derive(Debug)]
pub struct Gauges {
    target: u8,
    last: Option<Gauge>,
    /// The most threads and processes that nobody was told of yet.
    most: (u32, u32),
    /// When it is worth a look again.
    next: Instant,
}

impl Gauges {
    /// Of the server that is called so in what is told.
    pub fn of(target: u8) -> Self {
        Gauges {
            target,
            last: None,
            most: (0, 0),
            next: Instant::now(),
        }
    }

    /// When to look next.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// Looks at the server, and tells it where it has changed since it was told last. One for which
    /// `tell` has no place is told the next time.
    pub fn look(&mut self, core: &Core, place: &Place, tell: impl FnOnce(&Gauge) -> bool) {
        let started = Instant::now();
        let queue = core.kernel.listener_queue(&place.target.url);
        let serving = place.count.most();
        let (threads, processes) = self.most;
        self.most = (
            threads.max(serving.threads),
            processes.max(serving.processes),
        );
        let gauge = Gauge {
            target: self.target,
            clock_us: core.clock.now_us(),
            waiting: queue.map(|(waiting, _)| waiting),
            backlog: queue.map(|(_, backlog)| backlog),
            threads: self.most.0,
            processes: self.most.1,
        };
        let done = Instant::now();
        let free = core.jobs.available_permits();
        let jobs = core.config.limits.jobs.saturating_sub(free).max(1);
        let share = SHARE.saturating_mul(u32::try_from(jobs).unwrap_or(u32::MAX));
        self.next = done + EVERY.max((done - started).saturating_mul(share));
        let news = is_news(self.last.as_ref(), &gauge);
        if !news || tell(&gauge) {
            self.most = (0, 0);
            self.last = Some(gauge);
        }
    }
}

fn is_news(last: Option<&Gauge>, gauge: &Gauge) -> bool {
    let without_time = |gauge: &Gauge| Gauge {
        clock_us: 0,
        ..gauge.clone()
    };
    last.map(without_time) != Some(without_time(gauge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_changed_is_news() {
        let gauge = |clock_us, waiting| Gauge {
            target: 0,
            clock_us,
            waiting,
            backlog: Some(5),
            threads: 1,
            processes: 1,
        };
        assert!(is_news(None, &gauge(1, None)));
        assert!(!is_news(Some(&gauge(1, Some(6))), &gauge(9, Some(6))));
        assert!(is_news(Some(&gauge(1, Some(6))), &gauge(1, Some(5))));
    }
}
