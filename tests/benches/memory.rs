//! Memory of a way's program: for connections that are open, and for clients that do not read.

use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};

use crate::bulk::{PIECE, piece};
use crate::connection::{self, Connection};
use crate::echo::Habit;
use crate::machine::rss_kib;
use crate::report::{Cell, Table};
use crate::rounds::Effort;
use crate::way::{Bridge, Way};

/// Readers that do not read.
pub(crate) const READERS: usize = 50;

/// So long targets flood clients that do not read.
const FLOOD: Duration = Duration::from_millis(1200);

/// What a program may take before it is said to take without bound.
const ENOUGH_KIB: u64 = 512 * 1024;

impl Bridge {
    fn memory_kib(&self) -> anyhow::Result<u64> {
        rss_kib(self.program.as_ref().context("no program")?.pid)
    }
}

/// Those with a program of their own, and a connection for each client.
fn ways(effort: &Effort) -> impl Iterator<Item = Way> {
    effort.ways_but(&[Way::Direct, Way::OneLink])
}

/// Each of so many connections at most: as many as files may be open, two for each connection.
fn possible(wanted: usize) -> anyhow::Result<usize> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    )?;
    let files = limit.maximum.map_or(usize::MAX, |it| it as usize);
    Ok(wanted.min(files.saturating_sub(100) / 2))
}

/// Open connections, after an exchange on each. Links also without a socket.
pub(crate) async fn idle(effort: &Effort) -> anyhow::Result<Table> {
    let mut counts = Vec::new();
    for wanted in &effort.idle {
        counts.push(possible(*wanted)?);
    }
    let columns: Vec<String> = counts
        .iter()
        .flat_map(|count| [format!("KiB each of {count}"), format!("MiB for {count}")])
        .collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new("Memory of open connections", &columns);
    for way in ways(effort) {
        row(&mut table, way, &way.name(), &counts, true).await?;
        if matches!(way, Way::Link | Way::LinkOld) {
            let name = format!("{}, no socket yet", way.name());
            row(&mut table, way, &name, &counts, false).await?;
        }
    }
    table.note(
        "A connection has had an exchange. What is told is how much more memory is resident than \
         after the first connection; MiB in all, with the program itself. Where there are more \
         processes, what they share counts once.",
    );
    Ok(table)
}

async fn row(
    table: &mut Table,
    way: Way,
    name: &str,
    counts: &[usize],
    exchange: bool,
) -> anyhow::Result<()> {
    let mut cells = Vec::new();
    for count in counts {
        let took = timeout(Duration::from_secs(60), open(way, *count, exchange)).await;
        match took.unwrap_or_else(|_| Err(anyhow::anyhow!("not open in time"))) {
            Ok((before, after)) => cells.extend([
                Cell::Number(after.saturating_sub(before) as f64 / *count as f64, 1),
                Cell::Number(after as f64 / 1024.0, 0),
            ]),
            Err(error) => {
                cells.extend([Cell::Fails, Cell::Fails]);
                let why = way.because(&format!("{error:#}"));
                table.note(&format!("{name} fails at {count}: {why}"));
                table.broken |= !way.is_peer();
            }
        }
    }
    table.row(name, cells);
    Ok(())
}

async fn open(way: Way, count: usize, exchange: bool) -> anyhow::Result<(u64, u64)> {
    let bridge = way.start(Habit::Echo)?;
    let line = connection::line(64);
    let mut letter = bridge.route.letter(&line);
    let mut open = Vec::new();
    let mut before = 0;
    for number in 0..=count {
        open.push(match exchange {
            false => bridge.route.connect().await?,
            true => {
                let mut connection = bridge.route.open().await?;
                connection.exchange(&mut letter, &line).await?;
                connection
            }
        });
        if number == 0 {
            before = bridge.memory_kib()?;
        }
    }
    Ok((before, bridge.memory_kib()?))
}

/// Clients that do not read: flooded by the target, and writing to one that answers.
pub(crate) async fn readers(effort: &Effort) -> anyhow::Result<Table> {
    let mib = effort.bulk_bytes >> 20;
    let title = "Memory for clients that never read, MiB more than before";
    let columns = [
        format!("{READERS} clients, flooded by the target"),
        format!("1 client that writes {mib} MiB to an echo"),
        "of which were taken".to_owned(),
    ];
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new(title, &columns);
    for way in ways(effort) {
        let mut cells = Vec::new();
        match flooded(way).await {
            Ok(kib) => cells.push(Cell::Number(kib as f64 / 1024.0, 1)),
            Err(error) => {
                cells.push(Cell::Fails);
                table.note(&format!("{} fails, flooded: {error:#}.", way.name()));
                table.broken |= !way.is_peer();
            }
        }
        match writing(way, effort.bulk_bytes).await {
            Ok((kib, bytes)) => cells.extend([
                Cell::Number(kib as f64 / 1024.0, 1),
                Cell::Number(bytes as f64 / 1048576.0, 1),
            ]),
            Err(error) => {
                cells.extend([Cell::Fails, Cell::Fails]);
                table.note(&format!("{} fails, written to: {error:#}.", way.name()));
                table.broken |= !way.is_peer();
            }
        }
        table.row(&way.name(), cells);
    }
    table.note(&format!(
        "The most that was seen, after {:.1} s of flood, or once nothing more was taken for half a \
         second. A program that takes {} MiB is stopped: it has no bound.",
        FLOOD.as_secs_f64(),
        ENOUGH_KIB / 1024
    ));
    Ok(table)
}

/// How much the program grew at the most.
async fn flooded(way: Way) -> anyhow::Result<u64> {
    let bridge = way.start(Habit::Flood)?;
    let before = bridge.memory_kib()?;
    let mut open: Vec<Connection> = Vec::new();
    for _ in 0..READERS {
        // A client that grants all that it can, and then does not read.
        let mut connection = bridge.route.open_with(1 << 30).await?;
        let line = connection::line(64);
        let mut letter = bridge.route.letter(&line);
        connection.sender.number(&mut letter, line.len());
        connection.stream.write_all(letter.bytes()).await?;
        open.push(connection);
    }
    let began = Instant::now();
    let mut most = 0;
    while began.elapsed() < FLOOD && most < ENOUGH_KIB {
        sleep(Duration::from_millis(20)).await;
        most = most.max(bridge.memory_kib()?.saturating_sub(before));
    }
    Ok(most)
}

/// How much the program grew at the most, and how many bytes it took.
async fn writing(way: Way, bytes: usize) -> anyhow::Result<(u64, usize)> {
    let bridge = way.start(Habit::Echo)?;
    let mut connection = bridge.route.open().await?;
    let before = bridge.memory_kib()?;
    let mut letter = bridge.route.letter(&piece());
    let (mut taken, mut most) = (0, 0);
    while taken < bytes && most < ENOUGH_KIB && connection.sender.may(PIECE) {
        connection.sender.number(&mut letter, PIECE);
        let write = connection.stream.write_all(letter.bytes());
        let Ok(written) = timeout(Duration::from_millis(500), write).await else {
            break;
        };
        written?;
        taken += PIECE;
        most = most.max(bridge.memory_kib()?.saturating_sub(before));
    }
    sleep(Duration::from_millis(200)).await;
    most = most.max(bridge.memory_kib()?.saturating_sub(before));
    Ok((most, taken))
}
