//! Measures our timestamp servers, every model, beside a bare tokio one and Python's.
//!
//! The load comes from this process, straight over loopback with no gateway between. Rounds go through
//! all servers in turn, so that a slow minute meets them all.

#[path = "servers/bare.rs"]
mod bare;
#[path = "servers/contestant.rs"]
mod contestant;
#[allow(dead_code, reason = "the other benches use the rest")]
mod machine;
#[allow(dead_code, reason = "the other benches use the rest")]
mod report;
#[path = "servers/rush.rs"]
mod rush;

use std::path::Path;
use std::time::Duration;

use contestant::{Contestant, Kind, Protocol};
use report::{Cell, Table, median};
use rush::Run;

/// Connections that stay open, and sockets for datagrams.
const CONNECTIONS: usize = 64;

/// Connects at once.
const AT_ONCE: usize = 16;

/// How much is measured.
struct Effort {
    rounds: usize,
    each: Duration,
}

/// One table: what is done to whom.
struct Contest {
    name: &'static str,
    title: String,
    protocol: Protocol,
    kinds: &'static [Kind],
    load: fn(&str, Duration) -> anyhow::Result<Run>,
}

fn contests() -> [Contest; 3] {
    [
        Contest {
            name: "persistent",
            title: format!("timestamp servers: a line of 64 bytes, {CONNECTIONS} connections"),
            protocol: Protocol::Session,
            // An iterative server has one client at a time: the other 63 would wait for ever.
            kinds: &[
                Kind::Bare,
                Kind::Ours("evented"),
                Kind::Ours("select"),
                Kind::Ours("threaded"),
                Kind::Ours("process"),
                Kind::Asyncio,
                Kind::Twisted,
                Kind::Sockets("threads"),
            ],
            load: |address, each| rush::persistent(address, CONNECTIONS, each),
        },
        Contest {
            name: "one-shot",
            title: format!("timestamp servers: connect, a line, close; {AT_ONCE} at a time"),
            protocol: Protocol::Line,
            kinds: &[
                Kind::Bare,
                Kind::Ours("evented"),
                Kind::Ours("select"),
                Kind::Ours("iterative"),
                Kind::Ours("threaded"),
                Kind::Ours("process"),
                Kind::Asyncio,
                Kind::Twisted,
                Kind::Sockets("iterative"),
                Kind::Sockets("threads"),
            ],
            load: |address, each| rush::one_shot(address, AT_ONCE, each),
        },
        Contest {
            name: "udp",
            title: format!("timestamp servers: a datagram of 64 bytes, {CONNECTIONS} sockets"),
            protocol: Protocol::Udp,
            kinds: &[
                Kind::Bare,
                Kind::Ours(""),
                Kind::Asyncio,
                Kind::Twisted,
                Kind::Sockets("udp"),
            ],
            load: |address, each| rush::datagrams(address, CONNECTIONS, each),
        },
    ]
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, what] = &arguments[..]
        && mode == "--bare"
    {
        return bare::serve(what);
    }
    let quick = std::env::var("QUICK").is_ok_and(|quick| quick == "1");
    let effort = match quick {
        true => Effort {
            rounds: 2,
            each: Duration::from_millis(200),
        },
        false => Effort {
            rounds: 5,
            each: Duration::from_secs(2),
        },
    };
    // By name, one table alone, which is shown only.
    let only = arguments.iter().find(|it| !it.starts_with('-'));
    let python = contestant::python()?;
    let mut tables = Vec::new();
    for contest in contests() {
        if only.is_none_or(|only| only == contest.name) {
            tables.push(contest.measure(&effort, &python)?);
        }
    }
    report::append(&tables, quick || only.is_some())
}

impl Contest {
    fn measure(&self, effort: &Effort, python: &Path) -> anyhow::Result<Table> {
        let mut runs: Vec<Vec<(Run, f64)>> = vec![Vec::new(); self.kinds.len()];
        for _ in 0..effort.rounds {
            // One at a time: an idle one costs nothing, but a full one would leave its sockets behind.
            for (kind, runs) in self.kinds.iter().zip(&mut runs) {
                let server = Contestant::start(*kind, self.protocol, python)?;
                (self.load)(&server.address, effort.each / 10)?;
                let before = server.cpu_seconds()?;
                let run = (self.load)(&server.address, effort.each)?;
                let cpu = (server.cpu_seconds()? - before) * 1e5 / run.count as f64;
                runs.push((run, cpu));
            }
        }
        let per_second =
            |runs: &Vec<(Run, f64)>| median(runs.iter().map(|(run, _)| run.per_second));
        let cpu = |runs: &Vec<(Run, f64)>| median(runs.iter().map(|(_, cpu)| *cpu));
        let is_python = |(kind, _): &(&Kind, &Vec<_>)| kind.is_python();
        let python: Vec<_> = self.kinds.iter().zip(&runs).filter(is_python).collect();
        let fastest = python.iter().map(|it| per_second(it.1)).fold(0.0, f64::max);
        let cheapest = python
            .iter()
            .map(|it| cpu(it.1))
            .fold(f64::INFINITY, f64::min);
        let mut table = Table::new(
            &self.title,
            &[
                "requests/s",
                "of bare tokio",
                "of the best Python",
                "p50 µs",
                "p99 µs",
                "CPU s per 100,000",
                "requests per CPU s, of bare tokio",
                "of the best Python",
            ],
        );
        for (kind, these) in self.kinds.iter().zip(&runs) {
            table.row(
                &kind.name(),
                [
                    Cell::Number(per_second(these), 0),
                    Cell::Number(per_second(these) / per_second(&runs[0]), 2),
                    Cell::Number(per_second(these) / fastest, 2),
                    Cell::Number(median(these.iter().map(|(run, _)| run.p50_us)), 0),
                    Cell::Number(median(these.iter().map(|(run, _)| run.p99_us)), 0),
                    Cell::Number(cpu(these), 2),
                    Cell::Number(cpu(&runs[0]) / cpu(these), 2),
                    Cell::Number(cheapest / cpu(these), 2),
                ],
            );
        }
        Ok(table)
    }
}
