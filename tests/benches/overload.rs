//! Measures overload: what the gateway carries, and what becomes of twice as much.

#[allow(dead_code, reason = "the other benches use the rest")]
mod machine;
#[allow(dead_code, reason = "the other benches use the rest")]
mod report;

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::ensure;
use chalkwire_tests::arrivals::{Came, Clients, Door, MOST, answer, within_ms};
use tokio::net::TcpSocket;
use tokio::time::sleep;

use machine::{Program, cpu_seconds, rss_kib, until_the_end};
use report::{Cell, Table};

/// Clients at once, while it is measured what the gateway carries.
const AT_ONCE: usize = 64;

/// Who was admitted is to be served within this time, 99 of 100.
const GOAL_MS: f64 = 250.0;

/// The gateway is to be as usual after this time.
const NORMAL: Duration = Duration::from_secs(10);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|it| it == "--target") {
        return until_the_end(target());
    }
    let quick = std::env::var("QUICK").is_ok_and(|quick| quick == "1");
    let each = Duration::from_secs(if quick { 2 } else { 10 });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let table = runtime.block_on(measure(each))?;
    report::append(&[table], quick)
}

/// The target, in a process of its own: answers a line and closes.
async fn target() -> anyhow::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse()?)?;
    let listener = socket.listen(4_096)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", listener.local_addr()?)?;
    out.flush()?;
    drop(out);
    answer(listener).await;
    Ok(())
}

async fn measure(each: Duration) -> anyhow::Result<Table> {
    let columns = [
        "carried/s",
        "CPU µs each",
        "offered/s",
        "admitted/s",
        "p50 ms",
        "p99 ms",
        "refused/s",
        "p50 ms to that",
        "p99 ms to that",
        "CPU µs each",
        "unanswered",
        "MiB before",
        "at most, first half",
        "at most",
        "after",
        "normal after ms",
    ];
    let mut table = Table::new("twice the load that is carried", &columns);
    table.rows_are = "connect, exchange, close";
    let target = Program::own(&["--target"])?;
    let mut missed = Vec::new();
    for door in Door::ALL {
        let gateway = Program::overload(&target.address)?;
        let p99 = overload(&mut table, door, &gateway, each).await?;
        if p99 > GOAL_MS {
            missed.push(door.name());
        }
    }
    table.note(
        "Clients come at a fixed rate, whether or not those before them were served; each is timed \
         from connecting to the last byte, the first moments included. They share the cores with the \
         gateway, which runs at a lower priority (`nice`), so that they come in time as from elsewhere.",
    );
    table.note(&match missed.is_empty() {
        true => format!("Who is admitted is served within {GOAL_MS} ms (p99), as is the goal."),
        false => format!("Missed: {GOAL_MS} ms (p99) for {}.", missed.join(", ")),
    });
    Ok(table)
}

/// One way in: the 99th percentile of those who were admitted, in ms.
async fn overload(
    table: &mut Table,
    door: Door,
    gateway: &Program,
    each: Duration,
) -> anyhow::Result<f64> {
    let address: SocketAddr = gateway.address.parse()?;
    let mib = |gateway: &Program| Ok::<_, anyhow::Error>(rss_kib(gateway.pid)? as f64 / 1024.0);
    let cpu = cpu_seconds(gateway.pid)?;
    let clients = Clients::at(address, door).await;
    let carried = clients.closed(AT_ONCE, each / 2).await;
    ensure!(carried.failed == 0, "{:?}", carried.failure);
    let count = carried.served_us.len();
    let each_us = (cpu_seconds(gateway.pid)? - cpu) * 1e6 / count as f64;
    let capacity = carried.per_second(count);
    let before = mib(gateway)?;

    let cpu = cpu_seconds(gateway.pid)?;
    let load = tokio::spawn(clients.open(2.0 * capacity, each, usize::MAX));
    let (began, mut most, mut first_half) = (Instant::now(), before, before);
    while !load.is_finished() {
        most = most.max(mib(gateway)?);
        if began.elapsed() < each / 2 {
            first_half = most;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let came = load.await?;
    let over = Instant::now();
    let cpu = cpu_seconds(gateway.pid)? - cpu;
    let normal = normal_after(address, door, over).await?;
    let (served, refused) = (&came.served_us, &came.refused_us);
    if let Some(failure) = &came.failure {
        table.note(&format!("{}, unanswered: {failure}.", door.name()));
    }
    if came.kept_out > 0 {
        table.note(&format!(
            "{}: {} more should have come, but the load had {MOST} under way, which is all that it can.",
            door.name(),
            came.kept_out,
        ));
    }
    let refusal_us = (cpu * 1e6 - each_us * served.len() as f64) / refused.len() as f64;
    let p99 = within_ms(served, 0.99);
    table.row(
        door.name(),
        [
            Cell::Number(capacity, 0),
            Cell::Number(each_us, 0),
            Cell::Number(came.per_second(came.late_us.len()), 0),
            Cell::Number(came.per_second(served.len()), 0),
            Cell::Number(within_ms(served, 0.5), 0),
            Cell::Number(p99, 0),
            Cell::Number(came.per_second(refused.len()), 0),
            Cell::Number(within_ms(refused, 0.5), 0),
            Cell::Number(within_ms(refused, 0.99), 0),
            Cell::Number(refusal_us, 0),
            Cell::Number(came.failed as f64, 0),
            Cell::Number(before, 0),
            Cell::Number(first_half, 0),
            Cell::Number(most, 0),
            Cell::Number(mib(gateway)?, 0),
            Cell::Number(normal.as_secs_f64() * 1e3, 0),
        ],
    );
    Ok(p99)
}

/// When an exchange is served as soon as it would be without any load.
async fn normal_after(address: SocketAddr, door: Door, over: Instant) -> anyhow::Result<Duration> {
    let again = Clients::at(address, door).await;
    loop {
        let (came, us) = again.one().await;
        if came == Came::Served && us < 20_000 {
            return Ok(over.elapsed());
        }
        ensure!(over.elapsed() < NORMAL, "not as usual yet: {came:?}");
        sleep(Duration::from_millis(10)).await;
    }
}
