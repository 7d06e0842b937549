//! What was to be reached, what was, and where somebody else is ahead: from the tables of one run.

use crate::memory::READERS;
use crate::report::{Cell, Table};
use crate::rounds::{CPU_OF_RELAY, NOISE, OF_RELAY, P50};
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

    /// The best of the bridges that others wrote.
    fn best_peer(&self, table: &str, column: &str) -> Option<f64> {
        let peers = Way::ALL.into_iter().filter(|it| it.is_peer());
        let figures = peers.filter_map(|it| self.figure(table, it, column));
        match higher_is_better(column) {
            true => figures.reduce(f64::max),
            false => figures.reduce(f64::min),
        }
    }
}

fn higher_is_better(column: &str) -> bool {
    column.ends_with("/s") || column == ONE_SHOT
}

pub(crate) const ONE_SHOT: &str = "a second";
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
    let over = |a: Option<f64>, b: Option<f64>| Some(a? / b?);
    let of_peer = |column| {
        over(
            found.figure("one-shot", raw, column),
            found.best_peer("one-shot", column),
        )
    };
    let p50 = |way| found.figure("exchanges-1", way, P50);
    let rate = |way| found.figure("exchanges-64", way, EXCHANGES);
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
        ("`/raw`, 64 connections: exchanges of the relay's", AtLeast(1.0), found.figure("exchanges-64", raw, OF_RELAY)),
        ("`/raw`, 64 connections: CPU of the relay's", AtMost(1.05), found.figure("exchanges-64", raw, CPU_OF_RELAY)),
        ("`/raw`, 512 connections: exchanges of the relay's", AtLeast(1.0), found.figure("exchanges-512", raw, OF_RELAY)),
        ("`/raw`, 512 connections: CPU of the relay's", AtMost(1.05), found.figure("exchanges-512", raw, CPU_OF_RELAY)),
        ("`/raw`, 1 connection: p50 of the relay's", AtMost(1.0), over(p50(raw), p50(Way::Relay))),
        ("`/raw`, bulk of the relay's", AtLeast(1.0), found.figure("bulk", raw, OF_RELAY)),
        ("`/ws`, 64 connections: exchanges of `/raw`'s", AtLeast(0.85), over(rate(link), rate(raw))),
        ("connect, exchange, close: of the best peer's", AtLeast(1.3), of_peer(ONE_SHOT)),
        ("connect, exchange, close: CPU of the best peer's", AtMost(0.75), of_peer(CPU)),
        ("KiB of an open `/raw` of 1,000", AtMost(8.0), idle(&raw.name(), "KiB each of 1000")),
        ("KiB of an idle link of 1,000", AtMost(12.0), idle(&unused, "KiB each of 1000")),
        ("MiB for the most `/raw` connections", AtMost(150.0), many(&raw.name())),
        ("MiB for the most idle links", AtMost(150.0), many(&unused)),
        ("MiB for a `/raw` reader that does not read", AtMost(1.0), flooded(raw)),
        ("MiB for a link that does not read", AtMost(1.0), flooded(link)),
    ];
    let mut table = Table::new("In short", &["goal", "measured", ""]);
    table.rows_are = "what";
    for (goal, bound, measured) in goals {
        let Some(measured) = measured else { continue };
        let (asked, reached) = match bound {
            AtLeast(least) => (format!("≥ {least}"), measured >= least - 0.005),
            AtMost(most) => (format!("≤ {most}"), measured <= most + 0.005),
        };
        let verdict = if reached {
            "reached"
        } else {
            "**not reached**"
        };
        let cells = [
            Cell::Text(asked),
            Cell::Number(measured, 2),
            Cell::Text(verdict.to_owned()),
        ];
        table.row(goal, cells);
    }
    table.note(&lost(found));
    if let Some(noise) = noise(found) {
        table.note(&noise);
    }
    Some(table)
}

/// Where a bridge that others wrote is ahead of `/raw`.
fn lost(found: &Found) -> String {
    let mut lost = Vec::new();
    for (name, table) in &found.0 {
        let title = &table.title;
        for column in table.columns() {
            let ratio = column.starts_with("of ") || column.contains(OF_RELAY);
            if ratio || column == NOISE || column.contains("taken") {
                continue;
            }
            let ours = found.figure(name, Way::Raw, column);
            let (Some(ours), Some(best)) = (ours, found.best_peer(name, column)) else {
                continue;
            };
            let behind = match higher_is_better(column) {
                true => ours < best,
                false => ours > best,
            };
            if behind {
                lost.push(format!("{title}: {column} {ours:.1}, the peer {best:.1}"));
            }
        }
    }
    match lost.is_empty() {
        true => "`/raw` is ahead of every peer in every column.".to_owned(),
        false => format!("Where a peer is ahead of `/raw`: {}.", lost.join(" · ")),
    }
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
