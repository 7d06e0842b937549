//! What the gateway counts, in Prometheus' text format.

use std::fmt::Write;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// Labels of an open socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByTarget {
    /// The target's name.
    pub target: String,
}

/// Labels of an ended socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByOutcome {
    /// The target's name, or `unknown`.
    pub target: String,
    /// How it ended: a close reason.
    pub outcome: &'static str,
}

/// Labels of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByReason {
    /// Why.
    pub reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByDirection {
    direction: &'static str,
}

/// The gateway's metrics. The hot ones are single counters, looked up once.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Links there are, dropped ones that are kept included.
    pub links: Gauge,
    /// Links taken up again after a drop.
    pub resumed: Counter,
    /// Open sockets.
    pub sockets: Family<ByTarget, Gauge>,
    /// Ended sockets.
    pub closed: Family<ByOutcome, Counter>,
    /// Timestamp servers of links' own that run.
    pub servers: Gauge,
    /// Jobs that run.
    pub jobs: Gauge,
    /// Rooms there are.
    pub rooms: Gauge,
    /// Their members, those who are away included.
    pub room_members: Gauge,
    /// What happened in them.
    pub room_events: Counter,
    /// The same, once for each connection that it was sent on.
    pub room_deliveries: Counter,
    /// Readers that fell behind what is kept in memory.
    pub room_lagging: Counter,
    /// Bytes written to targets.
    pub to_target: Counter,
    /// Bytes read from targets.
    pub from_target: Counter,
    /// From a send to the first byte that came back, in seconds.
    pub exchange: Histogram,
    /// Requests, links and sockets that were turned away.
    pub refusals: Family<ByReason, Counter>,
    /// Datagrams dropped because the client had given no credit for them.
    pub dropped_datagrams: Counter,
    /// Events of built-in servers that found their queue full and are missing from the log.
    pub lost_events: Gauge<i64, std::sync::atomic::AtomicI64>,
    /// Reports of what a server did that found no room in their link.
    pub lost_observations: Counter,
    /// Groups that the rooms' log has committed.
    pub log_commits: Counter,
    /// Events that these saved.
    pub log_saved: Counter,
    /// Commits and readings of the log that failed.
    pub log_failures: Counter,
    /// Events that found no room in the log's queue, and those that came after them.
    pub log_refused: Counter,
    /// Bytes that wait to be saved.
    pub log_queue: Gauge,
    /// Members' exchanges that their room was not told, because there were too many.
    pub untold_exchanges: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("chalkwire");
        let bytes = Family::<ByDirection, Counter<u64, AtomicU64>>::default();
        let to_target = bytes.get_or_create_owned(&ByDirection {
            direction: "to_target",
        });
        let from_target = bytes.get_or_create_owned(&ByDirection {
            direction: "from_target",
        });
        let metrics = Metrics {
            links: Gauge::default(),
            resumed: Counter::default(),
            sockets: Family::default(),
            closed: Family::default(),
            servers: Gauge::default(),
            jobs: Gauge::default(),
            rooms: Gauge::default(),
            room_members: Gauge::default(),
            room_events: Counter::default(),
            room_deliveries: Counter::default(),
            room_lagging: Counter::default(),
            to_target,
            from_target,
            // 50 µs to 26 s.
            exchange: Histogram::new(exponential_buckets(50e-6, 2.0, 20)),
            refusals: Family::default(),
            dropped_datagrams: Counter::default(),
            lost_events: Gauge::default(),
            lost_observations: Counter::default(),
            log_commits: Counter::default(),
            log_saved: Counter::default(),
            log_failures: Counter::default(),
            log_refused: Counter::default(),
            log_queue: Gauge::default(),
            untold_exchanges: Counter::default(),
            registry: Registry::default(),
        };
        let r = &mut registry;
        r.register(
            "build",
            "What is running",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        r.register(
            "links",
            "Links, dropped ones that are kept included",
            metrics.links.clone(),
        );
        r.register(
            "links_resumed",
            "Links taken up after a drop",
            metrics.resumed.clone(),
        );
        r.register("sockets", "Open sockets", metrics.sockets.clone());
        r.register("sockets_closed", "Ended sockets", metrics.closed.clone());
        r.register(
            "link_servers",
            "Timestamp servers of links' own",
            metrics.servers.clone(),
        );
        r.register("jobs", "Jobs that run", metrics.jobs.clone());
        r.register("rooms", "Rooms", metrics.rooms.clone());
        r.register(
            "room_members",
            "Members of rooms, those who are away included",
            metrics.room_members.clone(),
        );
        r.register(
            "room_events",
            "What happened in rooms",
            metrics.room_events.clone(),
        );
        r.register(
            "room_deliveries",
            "Events of rooms, once for each connection that they were sent on",
            metrics.room_deliveries.clone(),
        );
        r.register(
            "room_lagging",
            "Readers of rooms that fell behind what is kept in memory",
            metrics.room_lagging.clone(),
        );
        r.register_with_unit("socket", "Bytes to and from targets", Unit::Bytes, bytes);
        r.register_with_unit(
            "exchange",
            "From a send to the first byte back",
            Unit::Seconds,
            metrics.exchange.clone(),
        );
        r.register("refusals", "Turned away", metrics.refusals.clone());
        r.register(
            "datagrams_dropped",
            "Datagrams that came faster than the client gave credit",
            metrics.dropped_datagrams.clone(),
        );
        r.register(
            "server_events_lost",
            "Events of built-in servers that found their queue full",
            metrics.lost_events.clone(),
        );
        r.register(
            "observations_lost",
            "Reports of what a server did that found no room in their link",
            metrics.lost_observations.clone(),
        );
        r.register(
            "log_commits",
            "Groups that the rooms' log has committed",
            metrics.log_commits.clone(),
        );
        r.register(
            "log_events_saved",
            "Events of rooms that are saved",
            metrics.log_saved.clone(),
        );
        r.register(
            "log_failures",
            "Commits and readings of the rooms' log that failed",
            metrics.log_failures.clone(),
        );
        r.register(
            "log_events_refused",
            "Events of rooms that are not saved, as the log's queue was full",
            metrics.log_refused.clone(),
        );
        r.register_with_unit(
            "log_queue",
            "What waits to be saved",
            Unit::Bytes,
            metrics.log_queue.clone(),
        );
        r.register(
            "exchanges_untold",
            "Members' exchanges that their room was not told, because there were too many",
            metrics.untold_exchanges.clone(),
        );
        Metrics {
            registry,
            ..metrics
        }
    }
}

impl Metrics {
    /// Counts a refusal.
    pub fn refuse(&self, reason: &'static str) {
        self.refusals.get_or_create(&ByReason { reason }).inc();
    }

    /// The metrics as Prometheus reads them (OpenMetrics text).
    pub fn render(&self) -> String {
        let mut out = String::new();
        if text::encode(&mut out, &self.registry).is_err() {
            // Writing to a String fails only if a metric's own encoding does.
            out.clear();
            let _ = write!(out, "# the metrics could not be written\n# EOF\n");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_named_by_prometheus_conventions() {
        let metrics = Metrics::default();
        metrics.to_target.inc_by(3);
        metrics.refuse("origin");
        let text = metrics.render();
        for line in [
            "chalkwire_links 0",
            "chalkwire_socket_bytes_total{direction=\"to_target\"} 3",
            "chalkwire_refusals_total{reason=\"origin\"} 1",
            "chalkwire_exchange_seconds_count 0",
        ] {
            assert!(text.contains(line), "{line} is missing from\n{text}");
        }
    }
}
