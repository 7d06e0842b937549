//! Measures the gateway beside direct TCP, in one run, and writes the tables of BENCHMARKS.md.
//!
//! The gateway is the release program, the server behind it a plain echo in a process of its own,
//! and the load comes from this process: three processes on the same cores, so ratios say more than
//! figures. Rounds go through all ways in turn, so that a slow minute meets them all.

mod client;
mod echo;
mod load;
#[allow(dead_code, reason = "the bench of rooms uses the rest")]
mod machine;
#[allow(dead_code, reason = "the bench of rooms uses the rest")]
mod report;

use std::time::Duration;

use machine::{Program, cpu_seconds, rss_kib};
use report::{Cell, Table};

/// The ways from the load to the server and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// TCP to the server, with nothing between.
    Direct,
    /// `/raw`, a WebSocket for each connection.
    Raw,
    /// `/ws`, a link with one socket for each connection.
    Link,
    /// `/ws`, one link that carries all sockets.
    OneLink,
}

impl Way {
    const ALL: [Way; 4] = [Way::Direct, Way::Raw, Way::Link, Way::OneLink];

    fn name(self) -> &'static str {
        match self {
            Way::Direct => "direct TCP",
            Way::Raw => "`/raw`",
            Way::Link => "`/ws`",
            Way::OneLink => "`/ws`, one link",
        }
    }
}

/// How much is measured.
struct Effort {
    rounds: usize,
    each: Duration,
    bulk_mib: usize,
    idle: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|a| a == "--echo-server") {
        return echo::serve();
    }
    let quick = std::env::var("QUICK").is_ok_and(|quick| quick == "1");
    let effort = match quick {
        true => Effort {
            rounds: 3,
            each: Duration::from_secs(1),
            bulk_mib: 64,
            idle: 500,
        },
        false => Effort {
            rounds: 5,
            each: Duration::from_secs(3),
            bulk_mib: 256,
            idle: 1000,
        },
    };
    let echo = Program::echo()?;
    let gateway = Program::gateway(&echo.address)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let tables = runtime.block_on(measure(&effort, &echo, &gateway))?;
    report::write(&tables, quick)
}

async fn measure(effort: &Effort, echo: &Program, gateway: &Program) -> anyhow::Result<Vec<Table>> {
    let mut tables = Vec::new();
    for connections in [1, 64, 512] {
        tables.push(exchanges(effort, echo, gateway, connections).await?);
    }
    tables.push(one_shot(effort, echo, gateway).await?);
    tables.push(bulk(effort, echo, gateway).await?);
    tables.push(idle(effort, echo).await?);
    Ok(tables)
}

/// A 64-byte line there and back, on connections that stay open.
async fn exchanges(
    effort: &Effort,
    echo: &Program,
    gateway: &Program,
    connections: usize,
) -> anyhow::Result<Table> {
    let mut table = Table::new(
        &format!("64 bytes there and back, {connections} connection(s)"),
        &[
            "exchanges/s",
            "of direct",
            "p50 µs",
            "p99 µs",
            "gateway CPU s per 100,000",
        ],
    );
    // A link has at most so many sockets.
    let ways = Way::ALL
        .into_iter()
        .filter(|way| *way != Way::OneLink || connections == 64);
    let ways: Vec<Way> = ways.collect();
    let mut runs = vec![Vec::new(); ways.len()];
    for _ in 0..effort.rounds {
        for (way, runs) in ways.iter().zip(&mut runs) {
            let before = cpu_seconds(gateway.pid)?;
            let run = load::exchanges(*way, echo, gateway, connections, effort.each).await?;
            let cpu = (cpu_seconds(gateway.pid)? - before) * 1e5 / run.count as f64;
            runs.push((run.per_second, run.p50_us, run.p99_us, cpu));
        }
    }
    let direct = report::median(runs[0].iter().map(|run| run.0));
    for (way, runs) in ways.iter().zip(&runs) {
        let per_second = report::median(runs.iter().map(|run| run.0));
        let cpu = match way {
            Way::Direct => Cell::None,
            _ => Cell::Number(report::median(runs.iter().map(|run| run.3)), 2),
        };
        table.row(
            way.name(),
            [
                Cell::Number(per_second, 0),
                Cell::Number(per_second / direct, 2),
                Cell::Number(report::median(runs.iter().map(|run| run.1)), 0),
                Cell::Number(report::median(runs.iter().map(|run| run.2)), 0),
                cpu,
            ],
        );
    }
    Ok(table)
}

/// Connect, one exchange, close; 16 at a time.
async fn one_shot(effort: &Effort, echo: &Program, gateway: &Program) -> anyhow::Result<Table> {
    let mut table = Table::new(
        "connect, exchange, close; 16 at a time",
        &["a second", "of direct", "gateway CPU s per 100,000"],
    );
    let mut direct = 0.0;
    for way in [Way::Direct, Way::Raw, Way::Link, Way::OneLink] {
        let mut runs = Vec::new();
        for _ in 0..effort.rounds {
            let before = cpu_seconds(gateway.pid)?;
            let run = load::one_shot(way, echo, gateway, 16, effort.each).await?;
            let cpu = (cpu_seconds(gateway.pid)? - before) * 1e5 / run.count as f64;
            runs.push((run.per_second, cpu));
        }
        let per_second = report::median(runs.iter().map(|run| run.0));
        if way == Way::Direct {
            direct = per_second;
        }
        let cpu = match way {
            Way::Direct => Cell::None,
            _ => Cell::Number(report::median(runs.iter().map(|run| run.1)), 2),
        };
        table.row(
            way.name(),
            [
                Cell::Number(per_second, 0),
                Cell::Number(per_second / direct, 2),
                cpu,
            ],
        );
    }
    Ok(table)
}

/// Many bytes there and back at once, compared on return.
async fn bulk(effort: &Effort, echo: &Program, gateway: &Program) -> anyhow::Result<Table> {
    let title = format!("{} MiB echoed, each byte compared", effort.bulk_mib);
    let mut table = Table::new(&title, &["MiB/s", "of direct", "gateway CPU s per GiB"]);
    let mut direct = 0.0;
    for way in [Way::Direct, Way::Raw, Way::Link] {
        let mut runs = Vec::new();
        for _ in 0..effort.rounds {
            let before = cpu_seconds(gateway.pid)?;
            let seconds = load::bulk(way, echo, gateway, effort.bulk_mib << 20).await?;
            let cpu = cpu_seconds(gateway.pid)? - before;
            runs.push((
                effort.bulk_mib as f64 / seconds,
                cpu * 1024.0 / effort.bulk_mib as f64,
            ));
        }
        let rate = report::median(runs.iter().map(|run| run.0));
        if way == Way::Direct {
            direct = rate;
        }
        let cpu = match way {
            Way::Direct => Cell::None,
            _ => Cell::Number(report::median(runs.iter().map(|run| run.1)), 2),
        };
        table.row(
            way.name(),
            [Cell::Number(rate, 0), Cell::Number(rate / direct, 2), cpu],
        );
    }
    Ok(table)
}

/// Memory for each open connection, of a gateway that has served nothing else.
async fn idle(effort: &Effort, echo: &Program) -> anyhow::Result<Table> {
    let title = format!("memory of {} open connections", effort.idle);
    let mut table = Table::new(&title, &["KiB each"]);
    let each =
        |before: u64, after: u64| Cell::Number((after - before) as f64 / effort.idle as f64, 1);

    let gateway = Program::gateway(&echo.address)?;
    load::idle_raw(&gateway, 1).await?;
    let before = rss_kib(gateway.pid)?;
    let open = load::idle_raw(&gateway, effort.idle).await?;
    table.row(
        "`/raw`, after an exchange",
        [each(before, rss_kib(gateway.pid)?)],
    );
    drop((open, gateway));

    let gateway = Program::gateway(&echo.address)?;
    load::idle_links(&gateway, 1).await?;
    let before = rss_kib(gateway.pid)?;
    let open = load::idle_links(&gateway, effort.idle).await?;
    table.row(
        "`/ws`, a link without sockets",
        [each(before, rss_kib(gateway.pid)?)],
    );
    drop((open, gateway));
    Ok(table)
}
