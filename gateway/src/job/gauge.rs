//! A server of a load as it is at one moment, told when it has changed.

use chalkwire_shared::job::Gauge;

use super::{Place, Report, Reports};
use crate::clock::Clock;

/// Looks at one server.
#[derive(Debug)]
pub(super) struct Gauges {
    target: u8,
    last: Option<Gauge>,
}

impl Gauges {
    pub(super) fn of(target: u8) -> Self {
        Gauges { target, last: None }
    }

    /// Looks at the server, and tells it where it has changed since it was told last.
    pub(super) fn look(&mut self, place: &Place, clock: Clock, reports: &Reports) {
        let serving = place.count.now();
        let gauge = Gauge {
            target: self.target,
            clock_us: clock.now_us(),
            waiting: None,
            backlog: None,
            threads: serving.threads,
            processes: serving.processes,
        };
        if !self.is_news(&gauge) {
            return;
        }
        // One that finds no place is told the next time.
        if reports.mention(Report::Gauge(gauge.clone())) {
            self.last = Some(gauge);
        }
    }

    fn is_news(&self, gauge: &Gauge) -> bool {
        let without_time = |gauge: &Gauge| Gauge {
            clock_us: 0,
            ..gauge.clone()
        };
        self.last.as_ref().map(without_time) != Some(without_time(gauge))
    }
}
