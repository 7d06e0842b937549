//! Measures the gateway beside direct TCP, a plain relay and the bridges that others wrote, in one run.
//!
//! The gateway is the release program, the server behind it a plain echo in a process of its own,
//! and the load comes from this process: three processes on the same cores, so ratios say more than
//! figures. Rounds go through all ways in turn, so that a slow minute meets them all.
//!
//! What runs can be chosen, by environment variables: `BENCH=exchanges-64,one-shot`,
//! `WAYS=relay,raw,link`, `ROUNDS=5`, `SECONDS=1` (of a round), `OLD=another/chalkwire` (for the ways
//! `raw-old` and `link-old`). Then the tables are shown only, and the pictures are in `target/bench`,
//! unless `WRITE` is set.

mod bars;
mod bulk;
mod connection;
mod echo;
mod exchanges;
mod frames;
mod goals;
#[allow(dead_code, reason = "the other benches use the rest")]
mod machine;
mod manner;
mod memory;
mod one_shot;
mod pictures;
mod receiver;
mod relay;
#[allow(dead_code, reason = "the other benches use the rest")]
mod report;
mod rounds;
mod speech;
mod udp;
mod way;
mod websocket;

use std::io::Write;
use std::time::Duration;

use anyhow::Context;

use echo::Habit;
use goals::Found;
use machine::OneCore;
use report::Table;
use rounds::Effort;
use way::Way;

/// What there is to measure.
#[derive(Clone, Copy, Debug)]
enum Measure {
    Exchanges {
        connections: usize,
        bytes: usize,
    },
    /// The same, with load, bridge and server on one core.
    OnOneCore {
        connections: usize,
        bytes: usize,
    },
    OneShot,
    Bulk,
    Idle,
    Readers,
    Datagrams {
        sockets: usize,
    },
}

/// Its name for BENCH, whether a quick run has it, and what it is.
#[rustfmt::skip]
const MEASURES: [(&str, bool, Measure); 15] = {
    use Measure::{Bulk, Datagrams, Exchanges, Idle, OneShot, OnOneCore, Readers};
    [
        ("one-core-1", false, OnOneCore { connections: 1, bytes: 64 }),
        ("one-core-64", false, OnOneCore { connections: 64, bytes: 64 }),
        ("one-core-512", false, OnOneCore { connections: 512, bytes: 64 }),
        ("exchanges-1", false, Exchanges { connections: 1, bytes: 64 }),
        ("exchanges-64", true, Exchanges { connections: 64, bytes: 64 }),
        ("exchanges-512", false, Exchanges { connections: 512, bytes: 64 }),
        ("exchanges-1-1k", false, Exchanges { connections: 1, bytes: 1024 }),
        ("exchanges-64-1k", false, Exchanges { connections: 64, bytes: 1024 }),
        ("exchanges-512-1k", false, Exchanges { connections: 512, bytes: 1024 }),
        (goals::ONE_SHOT, true, OneShot),
        ("bulk", true, Bulk),
        ("idle", true, Idle),
        ("readers", true, Readers),
        ("udp-1", false, Datagrams { sockets: 1 }),
        ("udp-64", true, Datagrams { sockets: 64 }),
    ]
};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [_, "--relay", target] = arguments[..] {
        return relay::serve(target);
    }
    if let Some(habit) = arguments.get(1).and_then(|it| Habit::asked_for(it)) {
        return echo::serve(habit);
    }
    let quick = std::env::var("QUICK").is_ok_and(|quick| quick == "1");
    let (effort, chosen) = effort(quick)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let found = runtime.block_on(measure(&effort, quick))?;
    let broken = found.0.iter().any(|it| it.1.broken);
    let shown_only = broken || (quick || chosen) && std::env::var_os("WRITE").is_none();
    let folder = match shown_only {
        true => report::root().join("target/bench"),
        false => report::root().join("docs"),
    };
    pictures::draw(&found, &folder)?;
    let mut tables: Vec<Table> = goals::table(&found).into_iter().collect();
    if effort.ways.iter().any(|it| it.is_peer()) {
        tables.push(goals::lost(&found));
    }
    tables.extend(found.0.into_iter().map(|it| it.1));
    report::write(&how(&effort), &tables, shown_only)?;
    anyhow::ensure!(!broken, "a way that is ours fails: see above");
    Ok(())
}

/// What QUICK, or the other variables, ask for; and whether it is less than everything.
fn effort(quick: bool) -> anyhow::Result<(Effort, bool)> {
    let has_old = std::env::var_os("OLD").is_some();
    let ways = Way::ALL.into_iter().filter(|way| has_old || !way.is_old());
    let mut effort = Effort {
        ways: ways.collect(),
        rounds: if quick { 3 } else { 15 },
        each: Duration::from_millis(if quick { 300 } else { 400 }),
        bulk_bytes: if quick { 64 << 20 } else { 256 << 20 },
        idle: if quick {
            vec![500]
        } else {
            vec![1_000, 10_000]
        },
    };
    let chosen = ["BENCH", "WAYS", "ROUNDS", "SECONDS"];
    let chosen = chosen.iter().any(|it| std::env::var_os(it).is_some()) || has_old;
    if let Ok(ways) = std::env::var("WAYS") {
        let find = |key: &str| {
            let way = Way::ALL.into_iter().find(|way| way.about().key == key);
            way.with_context(|| format!("WAYS has {key}, which is none"))
        };
        effort.ways = ways.split(',').map(find).collect::<anyhow::Result<_>>()?;
    }
    if let Ok(rounds) = std::env::var("ROUNDS") {
        effort.rounds = rounds.parse()?;
    }
    if let Ok(seconds) = std::env::var("SECONDS") {
        effort.each = Duration::from_secs_f64(seconds.parse()?);
    }
    Ok((effort, chosen))
}

/// What ran, and how, for who wants to compare.
fn how(effort: &Effort) -> String {
    let says = |program: &str| {
        let output = std::process::Command::new(program)
            .arg("--version")
            .output();
        let output = output.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
        output.unwrap_or_else(|_| format!("no {program}"))
    };
    let mut text = format!(
        "chalkwire {}, release build; {}; node {}; {}. {} rounds of {:.1} s for each way, one way after \
         the other.\n",
        env!("CARGO_PKG_VERSION"),
        says("rustc"),
        says("node"),
        says("python3"),
        effort.rounds,
        effort.each.as_secs_f64(),
    );
    let started = effort.ways.iter().filter_map(|way| {
        let line = way.command_line()?;
        Some(format!("\n- {}: {line}", way.name()))
    });
    text.extend(started);
    text.push('\n');
    text
}

async fn measure(effort: &Effort, quick: bool) -> anyhow::Result<Found> {
    let only = std::env::var("BENCH").ok();
    let only: Option<Vec<&str>> = only.as_ref().map(|it| it.split(',').collect());
    for name in only.iter().flatten() {
        let known = MEASURES.iter().any(|it| it.0 == *name);
        anyhow::ensure!(known, "BENCH has {name}, which is none");
    }
    let mut tables = Vec::new();
    for (name, in_quick, measure) in MEASURES {
        let wanted = match &only {
            Some(only) => only.contains(&name),
            None => in_quick || !quick,
        };
        if wanted {
            progress(name)?;
            tables.push((name, take(effort, measure).await.context(name)?));
        }
    }
    Ok(Found(tables))
}

fn progress(name: &str) -> std::io::Result<()> {
    writeln!(std::io::stderr(), "bench: {name} …")
}

async fn take(effort: &Effort, measure: Measure) -> anyhow::Result<Table> {
    match measure {
        Measure::Exchanges { connections, bytes } => {
            exchanges::measure(effort, Habit::Echo, connections, bytes).await
        }
        Measure::OnOneCore { connections, bytes } => {
            let _until_the_end = OneCore::begin()?;
            let mut table = exchanges::measure(effort, Habit::Echo, connections, bytes).await?;
            table.title += ", all on one core";
            Ok(table)
        }
        Measure::OneShot => one_shot::measure(effort).await,
        Measure::Bulk => bulk::measure(effort).await,
        Measure::Idle => memory::idle(effort).await,
        Measure::Readers => memory::readers(effort).await,
        Measure::Datagrams { sockets } => {
            exchanges::measure(effort, Habit::EchoDatagrams, sockets, 64).await
        }
    }
}
