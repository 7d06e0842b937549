//! Measures rooms: members that are real links, in one process beside the gateway's, on the same cores.
//!
//! Nothing may be lost or come twice in any of it: that is checked, and ends the bench.

#[allow(dead_code, reason = "the other bench uses the rest")]
mod machine;
#[allow(dead_code, reason = "the other bench uses the rest")]
mod report;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use chalkwire_shared::room::Command;
use chalkwire_tests::room::OpenRoom;
use chalkwire_tests::room::crowd::{Delays, Member, now};
use tokio::time::{MissedTickBehavior, interval, sleep};

use machine::{Program, cpu_seconds, rss_kib};
use report::{Cell, Table};

/// How much is measured.
struct Effort {
    each: Duration,
    /// Events through one room: at 200 a second, an hour's.
    hour: u64,
}

fn main() -> anyhow::Result<()> {
    let quick = std::env::var("QUICK").is_ok_and(|quick| quick == "1");
    let effort = match quick {
        true => Effort {
            each: Duration::from_secs(2),
            hour: 18_000,
        },
        false => Effort {
            each: Duration::from_secs(30),
            hour: 720_000,
        },
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let only = std::env::args().skip(1).find(|it| !it.starts_with('-'));
    let tables = runtime.block_on(measure(&effort, only.as_deref()))?;
    report::append(&tables, quick || only.is_some())
}

async fn measure(effort: &Effort, only: Option<&str>) -> anyhow::Result<Vec<Table>> {
    let mut tables = Vec::new();
    let is = |name| only.is_none_or(|only| only == name);
    if is("deliveries") {
        let columns = [
            "events/s",
            "deliveries/s",
            "p50 ms",
            "p99 ms",
            "max ms",
            "gateway CPU s/s",
        ];
        let mut table = Table::new("rooms: events to members", &columns);
        one_large(&mut table, effort, What::Commands).await?;
        one_large(&mut table, effort, What::Exchanges).await?;
        many_small(&mut table, effort).await?;
        tables.push(table);
    }
    if is("saving") {
        tables.push(saving(effort).await?);
    }
    if is("hour") {
        tables.push(hour(effort).await?);
    }
    if is("recovery") {
        tables.push(recovery().await?);
    }
    Ok(tables)
}

/// What members do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// A hand goes up or down.
    Commands,
    /// A line to the built-in target, and its reply: an event of some 450 bytes.
    Exchanges,
}

/// A gateway with a data directory, which is removed with it.
struct Gateway {
    program: Program,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Gateway {
    fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().display().to_string();
        let program = Program::serve(&["--data", &data])?;
        Ok(Gateway {
            address: program.address.parse()?,
            program,
            _folder: folder,
        })
    }

    fn cpu(&self) -> anyhow::Result<f64> {
        cpu_seconds(self.program.pid)
    }

    /// So many students of a room of their own.
    async fn class(
        &self,
        students: u32,
        reading: bool,
        delays: &Arc<Delays>,
    ) -> anyhow::Result<Vec<Member>> {
        let room = OpenRoom::open(self.address).await;
        let mut class = Vec::new();
        for client in 1..=students {
            let entered = Member::enter(self.address, room.code(), "otter", client, delays).await;
            let mut member = entered.map_err(|reason| anyhow::anyhow!("{reason:?}"))?;
            if reading {
                member.subscribe(0, 0).await;
            }
            class.push(member);
        }
        Ok(class)
    }
}

/// Waits until all have the same last event, and checks that nothing was lost or came twice.
async fn settled(class: &[Member], last: u64) -> anyhow::Result<()> {
    let since = Instant::now();
    while class.iter().any(|it| now(&it.seen.offset) < last) {
        ensure!(
            since.elapsed() < Duration::from_secs(30),
            "events are missing"
        );
        sleep(Duration::from_millis(5)).await;
    }
    for member in class {
        ensure!(
            now(&member.seen.broken) == 0,
            "an event is lost, or came twice"
        );
        ensure!(now(&member.seen.offset) == last, "an event too many");
        ensure!(now(&member.seen.refused) == 0, "a command was refused");
    }
    Ok(())
}

async fn act(member: &mut Member, what: What, n: u64, line: &Bytes) {
    match what {
        What::Commands => {
            member
                .tell(Command::Hand {
                    up: n.is_multiple_of(2),
                })
                .await;
        }
        What::Exchanges => {
            member.exchange("line", line, None).await;
        }
    }
}

/// 500 members, 200 events a second.
async fn one_large(table: &mut Table, effort: &Effort, what: What) -> anyhow::Result<()> {
    let gateway = Gateway::start()?;
    let delays = Delays::new();
    let mut class = gateway.class(500, true, &delays).await?;
    settled(&class, 501).await?;
    delays.clear();
    let name = match what {
        What::Commands => "500 members, hands up and down",
        What::Exchanges => "500 members, their exchanges",
    };
    let line = Bytes::from_static(b"hello from a member of the class\r\n");
    let events = effort.each.as_secs() * 200;
    let (cpu, began) = (gateway.cpu()?, Instant::now());
    let mut ticks = interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for n in 0..events {
        ticks.tick().await;
        let members = class.len() as u64;
        let member = (n * 7 % members) as usize;
        act(&mut class[member], what, n / members, &line).await;
    }
    settled(&class, 501 + events).await?;
    row(table, name, &gateway, &delays, events, 500, cpu, began)
}

/// 200 rooms of 40 members side by side, each with ten events a second: 80,000 deliveries a second,
/// each in a frame of its own.
async fn many_small(table: &mut Table, effort: &Effort) -> anyhow::Result<()> {
    let gateway = Gateway::start()?;
    let delays = Delays::new();
    let mut rooms = Vec::new();
    for _ in 0..200 {
        rooms.push(gateway.class(40, true, &delays).await?);
    }
    for room in &rooms {
        settled(room, 41).await?;
    }
    delays.clear();
    let each = effort.each.as_secs() * 10;
    let (cpu, began) = (gateway.cpu()?, Instant::now());
    let mut ticks = interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for n in 0..each {
        for some in rooms.chunks_mut(10) {
            ticks.tick().await;
            for room in some {
                let command = Command::Hand {
                    up: n / 40 % 2 == 0,
                };
                room[(n % 40) as usize].tell(command).await;
            }
        }
    }
    for room in &rooms {
        settled(room, 41 + each).await?;
    }
    let name = "200 rooms of 40 members";
    row(table, name, &gateway, &delays, each * 200, 40, cpu, began)
}

#[allow(clippy::too_many_arguments)]
fn row(
    table: &mut Table,
    name: &str,
    gateway: &Gateway,
    delays: &Delays,
    events: u64,
    members: u64,
    cpu: f64,
    began: Instant,
) -> anyhow::Result<()> {
    let took = began.elapsed().as_secs_f64();
    let deliveries = delays.total();
    ensure!(deliveries == events * members, "{deliveries} deliveries");
    let ms = |share| delays.at(share) as f64 / 1_000.0;
    table.row(
        name,
        [
            Cell::Number(events as f64 / took, 0),
            Cell::Number(deliveries as f64 / took, 0),
            Cell::Number(ms(0.5), 1),
            Cell::Number(ms(0.99), 1),
            Cell::Number(ms(1.0), 1),
            Cell::Number((gateway.cpu()? - cpu) / took, 2),
        ],
    );
    Ok(())
}

/// As many commands as whole rooms save: nobody reads, each member waits for nothing.
async fn saving(effort: &Effort) -> anyhow::Result<Table> {
    let mut table = Table::new("rooms: events saved", &["events/s", "gateway CPU s/s"]);
    for (rooms, members) in [(1, 500), (20, 40)] {
        let gateway = Gateway::start()?;
        let none = Delays::none();
        let mut classes = Vec::new();
        for _ in 0..rooms {
            classes.push(gateway.class(members, false, &none).await?);
        }
        let (cpu, began) = (gateway.cpu()?, Instant::now());
        let mut told = 0;
        while began.elapsed() < effort.each.min(Duration::from_secs(10)) {
            told += tell_all(&mut classes, began, u64::MAX).await;
        }
        done(&classes, told).await?;
        let took = began.elapsed().as_secs_f64();
        table.row(
            &format!("{rooms} room(s) of {members} members"),
            [
                Cell::Number(told as f64 / took, 0),
                Cell::Number((gateway.cpu()? - cpu) / took, 2),
            ],
        );
    }
    Ok(table)
}

/// Each member tells once, if it may by now: 40 at once and 20 a second are let through. What it told
/// before must be done but for some, or a slow moment makes a burst that is too large.
async fn tell_all(classes: &mut [Vec<Member>], began: Instant, most: u64) -> u64 {
    let by_now = 20 + (began.elapsed().as_secs_f64() * 18.0) as u64;
    let mut told = 0;
    for member in classes.iter_mut().flatten() {
        let no = member.told();
        if told < most && no < by_now && no < now(&member.seen.done) + 16 {
            member
                .tell(Command::Hand {
                    up: no.is_multiple_of(2),
                })
                .await;
            told += 1;
        }
    }
    match told {
        0 => sleep(Duration::from_millis(2)).await,
        _ => tokio::task::yield_now().await,
    }
    told
}

/// Waits until so many commands are done, which is: saved.
async fn done(classes: &[Vec<Member>], told: u64) -> anyhow::Result<()> {
    let since = Instant::now();
    loop {
        let members = || classes.iter().flatten();
        let done: u64 = members().map(|it| now(&it.seen.done)).sum();
        let refused: u64 = members().map(|it| now(&it.seen.refused)).sum();
        ensure!(refused == 0, "{refused} commands were refused");
        if done == told {
            return Ok(());
        }
        ensure!(
            since.elapsed() < Duration::from_secs(60),
            "{done} of {told} are done"
        );
        sleep(Duration::from_millis(5)).await;
    }
}

/// An hour's events through one room, with some who read all of them.
async fn hour(effort: &Effort) -> anyhow::Result<Table> {
    let mut table = Table::new(
        "rooms: memory of the gateway, MiB",
        &["MiB", "of which grown"],
    );
    let gateway = Gateway::start()?;
    let delays = Delays::new();
    let mut class = vec![gateway.class(500, false, &delays).await?];
    for member in class[0].iter_mut().take(5) {
        member.subscribe(0, 0).await;
    }
    let began = Instant::now();
    let (mut told, mut first) = (0, None);
    let mib = |kib: u64| kib as f64 / 1024.0;
    let steps = 4;
    for step in 0..=steps {
        // A tenth for the beginning: tables and buffers that grow once.
        let until = effort.hour / 10 + effort.hour * 9 / 10 * step / steps;
        while told < until {
            told += tell_all(&mut class, began, until - told).await;
        }
        done(&class, told).await?;
        let memory = rss_kib(gateway.program.pid)?;
        let first = *first.get_or_insert(memory);
        table.row(
            &format!("after {told} events"),
            [
                Cell::Number(mib(memory), 1),
                Cell::Number(mib(memory) - mib(first), 1),
            ],
        );
    }
    settled(&class[0][..5], 501 + told).await?;
    Ok(table)
}

/// From `subscribe` to the last of 1,000 events that somebody had not seen.
async fn recovery() -> anyhow::Result<Table> {
    let mut table = Table::new("rooms: recovery of 1,000 events", &["p50 ms", "max ms"]);
    let gateway = Gateway::start()?;
    let none = Delays::none();
    let mut class = gateway.class(100, false, &none).await?;
    // Far more than the room has in memory: the oldest are read from the file.
    let line = Bytes::from(vec![b'x'; 250]);
    let mut events = 0;
    for _ in 0..150 {
        for member in &mut class {
            member.exchange("line", &line, None).await;
            events += 1;
        }
        sleep(Duration::from_millis(60)).await;
    }
    class[0].subscribe(0, 0).await;
    settled(&class[..1], 101 + events)
        .await
        .context("exchanges")?;
    let last = now(&class[0].seen.offset);
    for (name, from) in [("from memory", last - 1_000), ("from the file", 200)] {
        let mut times = Vec::new();
        for member in class.iter_mut().skip(1).take(20) {
            let began = Instant::now();
            member.subscribe(1, from).await;
            while now(&member.seen.offset) < from + 1_000 {
                sleep(Duration::from_micros(200)).await;
            }
            times.push(began.elapsed().as_secs_f64() * 1e3);
            ensure!(
                now(&member.seen.broken) == 0,
                "an event is lost, or came twice"
            );
            ensure!(now(&member.seen.recovered) == 1, "not recovered");
            // It goes on with all the rest: not while the next one is measured.
            settled(std::slice::from_ref(member), last).await?;
        }
        let max = times.iter().copied().fold(0.0, f64::max);
        let cells = [
            Cell::Number(report::median(times.into_iter()), 1),
            Cell::Number(max, 1),
        ];
        table.row(name, cells);
        class.drain(..20);
    }
    Ok(table)
}
