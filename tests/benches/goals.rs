//! What was to be reached, what was, and where somebody else is ahead: from the tables of one run.

use crate::memory::READERS;
use crate::report::{Cell, Table};
use crate::rounds::{CPU_OF_RELAY, NOISE, OF_RELAY, P50_OF_RELAY};
use crate::way::Way;

/// The tables of a run, by their names for BENCH.
pub(crate) struct Found(pub(crate) Vec<(&'static str, Table)>);

impl Found {
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.0.iter().find(|it| it.0 == name).map(|it| &it.1)
    }

    fn figure(&self, table: &str, way: Way, column: &str) -> Option<f64> {
        self.table(table)?.figure(&way.name(), column)
    }

    /// Our figure and a peer's: where connections end, of the one that ends them in the same manner.
    fn beside(&self, peer: Way, table: &str, column: &str) -> Option<(f64, f64)> {
        let ours = match table == ONE_SHOT && peer.hangs_up() {
            true => Way::RawHangingUp,
            false => Way::Raw,
        };
        let ours = self.figure(table, ours, column)?;
        Some((ours, self.figure(table, peer, column)?))
    }

    /// The peer that comes closest to us or is furthest ahead, our figure and its own.
    fn beside_the_best(&self, table: &str, column: &str) -> Option<(Way, f64, f64)> {
        let peers = Way::ALL.into_iter().filter(|it| it.is_peer());
        let pairs = peers.filter_map(|peer| {
            let (ours, theirs) = self.beside(peer, table, column)?;
            Some((peer, ours, theirs))
        });
        let share = |it: &(Way, f64, f64)| it.1 / it.2;
        match higher_is_better(column) {
            true => pairs.min_by(|a, b| share(a).total_cmp(&share(b))),
            false => pairs.max_by(|a, b| share(a).total_cmp(&share(b))),
        }
    }
}

fn higher_is_better(column: &str) -> bool {
    column.ends_with("/s") || column == A_SECOND
}

pub(crate) const ONE_SHOT: &str = "one-shot";
pub(crate) const A_SECOND: &str = "a second";
pub(crate) const EXCHANGES: &str = "exchanges/s";
pub(crate) const CPU: &str = "CPU s per 100,000";

enum Bound {
    AtLeast(f64),
    AtMost(f64),
}
use Bound::{AtLeast, AtMost};

/// The goals, as far as this run has measured them. None of them: no table.
pub(crate) fn table(found: &Found) -> Option<Table> {
    let (raw, link) = (Way::Raw, Way::Link);
    let link_of_raw = |table| {
        let of_relay = |way| found.figure(table, way, OF_RELAY);
        Some(of_relay(link)? / of_relay(raw)?)
    };
    let of_peer = |column| {
        let (_, ours, theirs) = found.beside_the_best(ONE_SHOT, column)?;
        Some(ours / theirs)
    };
    let idle = |row: &str, column: &str| found.table("idle")?.figure(row, column);
    // Ten thousand, or what the system lets open.
    let many = |row: &str| {
        let table = found.table("idle")?;
        let column = table.columns().last()?;
        let count: usize = column.rsplit(' ').next()?.parse().ok()?;
        table.figure(row, column).filter(|_| count > 5_000)
    };
    let flooded = |way: Way| {
        let figures = found.table("readers")?.figures(&way.name());
        Some(figures.first()? / READERS as f64)
    };
    let unused = format!("{}, no socket yet", link.name());

    #[rustfmt::skip]
    let goals = [
        ("exchanges-64", "`/raw`, 64 connections: exchanges of the relay's", AtLeast(1.0), found.figure("exchanges-64", raw, OF_RELAY)),
        ("exchanges-64", "`/raw`, 64 connections: CPU of the relay's", AtMost(1.05), found.figure("exchanges-64", raw, CPU_OF_RELAY)),
        ("exchanges-512", "`/raw`, 512 connections: exchanges of the relay's", AtLeast(1.0), found.figure("exchanges-512", raw, OF_RELAY)),
        ("exchanges-512", "`/raw`, 512 connections: CPU of the relay's", AtMost(1.05), found.figure("exchanges-512", raw, CPU_OF_RELAY)),
        ("exchanges-64", "`/ws`, 64 connections: exchanges of `/raw`'s", AtLeast(0.85), link_of_raw("exchanges-64")),
        ("one-core-64", "all on one core, `/raw`, 64 connections: exchanges of the relay's", AtLeast(1.0), found.figure("one-core-64", raw, OF_RELAY)),
        ("one-core-64", "all on one core, `/raw`, 64 connections: CPU of the relay's", AtMost(1.05), found.figure("one-core-64", raw, CPU_OF_RELAY)),
        ("one-core-512", "all on one core, `/raw`, 512 connections: exchanges of the relay's", AtLeast(1.0), found.figure("one-core-512", raw, OF_RELAY)),
        ("one-core-512", "all on one core, `/raw`, 512 connections: CPU of the relay's", AtMost(1.05), found.figure("one-core-512", raw, CPU_OF_RELAY)),
        ("one-core-1", "all on one core, `/raw`, 1 connection: p50 of the relay's", AtMost(1.0), found.figure("one-core-1", raw, P50_OF_RELAY)),
        ("one-core-64", "all on one core, `/ws`, 64 connections: exchanges of `/raw`'s", AtLeast(0.85), link_of_raw("one-core-64")),
        ("bulk", "`/raw`, bulk of the relay's", AtLeast(1.0), found.figure("bulk", raw, OF_RELAY)),
        (ONE_SHOT, "connect, exchange, close: of the best peer's", AtLeast(1.3), of_peer(A_SECOND)),
        (ONE_SHOT, "connect, exchange, close: CPU of the best peer's", AtMost(0.75), of_peer(CPU)),
        ("idle", "KiB of an open `/raw` of 1,000", AtMost(8.0), idle(&raw.name(), "KiB each of 1000")),
        ("idle", "KiB of an idle link of 1,000", AtMost(12.0), idle(&unused, "KiB each of 1000")),
        ("idle", "MiB for the most `/raw` connections", AtMost(150.0), many(&raw.name())),
        ("idle", "MiB for the most idle links", AtMost(150.0), many(&unused)),
        ("readers", "MiB for a `/raw` reader that does not read", AtMost(1.0), flooded(raw)),
        ("readers", "MiB for a link that does not read", AtMost(1.0), flooded(link)),
    ];
    let mut table = Table::new("In short", &["goal", "measured", ""]);
    table.rows_are = "what";
    for (measure, goal, bound, measured) in goals {
        let Some(measured) = measured else { continue };
        let (asked, missed) = match bound {
            AtLeast(least) => (format!("≥ {least}"), least - measured),
            AtMost(most) => (format!("≤ {most}"), measured - most),
        };
        let verdict = match found.figure(measure, raw, NOISE) {
            _ if missed <= 0.005 => "reached",
            Some(noise) if missed * 100.0 < noise => "**not reached**, by less than the noise",
            _ => "**not reached**",
        };
        let cells = [
            Cell::Text(asked),
            Cell::Number(measured, 2),
            Cell::Text(verdict.to_owned()),
        ];
        table.row(goal, cells);
    }
    let notes = [limit(found), noise(found)];
    for note in notes.into_iter().flatten() {
        table.note(&note);
    }
    (!table.is_empty()).then_some(table)
}

/// Where a bridge that others wrote is ahead of `/raw`.
pub(crate) fn lost(found: &Found) -> Table {
    let mut lost = Table::new(
        "Where a peer is ahead of `/raw`",
        &["`/raw`", "the peer", "who"],
    );
    lost.rows_are = "what";
    for (name, table) in &found.0 {
        for column in table.columns() {
            let ratio = column.starts_with("of ") || column.contains(OF_RELAY);
            if ratio || column == NOISE {
                continue;
            }
            let Some((peer, ours, theirs)) = found.beside_the_best(name, column) else {
                continue;
            };
            let behind = match higher_is_better(column) {
                true => ours < theirs,
                false => ours > theirs,
            };
            if behind {
                let cells = [
                    Cell::Number(ours, 2),
                    Cell::Number(theirs, 2),
                    Cell::Text(peer.name()),
                ];
                lost.row(&format!("{}: {column}", table.title), cells);
            }
        }
    }
    if lost.is_empty() {
        lost.row("nowhere", [Cell::None, Cell::None, Cell::None]);
    }
    lost
}

/// What a relay without any WebSocket comes to, of the peer that is the quickest beside ours.
fn limit(found: &Found) -> Option<String> {
    let (peer, ..) = found.beside_the_best(ONE_SHOT, A_SECOND)?;
    let of_peer = |column| {
        let relay = found.figure(ONE_SHOT, Way::Relay, column)?;
        Some(relay / found.figure(ONE_SHOT, peer, column)?)
    };
    let (rate, cpu) = (of_peer(A_SECOND)?, of_peer(CPU)?);
    Some(format!(
        "Connect, exchange, close: the plain relay, which has no request to read or to answer, comes to \
         {rate:.2} of {} and {cpu:.2} of its CPU.",
        peer.name()
    ))
}

/// How much the rounds of what does not change were apart.
fn noise(found: &Found) -> Option<String> {
    let of = |way: Way| {
        let tables = found.0.iter().map(|it| &it.1);
        crate::report::median(tables.filter_map(|it| it.figure(&way.name(), NOISE)))
    };
    let (direct, relay) = (of(Way::Direct), of(Way::Relay));
    (!direct.is_nan() && !relay.is_nan()).then(|| {
        format!(
            "Noise: rounds of the same were ± {direct:.0} % (direct) and ± {relay:.0} % (relay) around \
             their middle, in the median of all tables. A difference within that is none."
        )
    })
}
