//! Lines there and back on connections that stay open.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::io::AsyncWriteExt;
use tokio::task::{JoinSet, LocalSet};

use crate::connection::{self, Connection};
use crate::echo::Habit;
use crate::frames::Frame;
use crate::goals::{CPU, EXCHANGES};
use crate::manner::CREDIT;
use crate::report::Table;
use crate::rounds::{self, Effort, Run, Shown, Stretch, nanos};
use crate::udp;
use crate::way::{Bridge, Way};

/// CPU seconds are told for so many exchanges.
pub(crate) const PER: f64 = 100_000.0;

/// Sockets that one link may have.
const ONE_LINK: usize = 64;

/// So many bytes there and back, on so many connections.
pub(crate) async fn measure(
    effort: &Effort,
    habit: Habit,
    connections: usize,
    bytes: usize,
) -> anyhow::Result<Table> {
    let datagrams = habit == Habit::EchoDatagrams;
    let ways = effort.ways_but(if connections == ONE_LINK {
        &[]
    } else {
        &[Way::OneLink]
    });
    let ways: Vec<Way> = ways.filter(|way| !datagrams || way.has_udp()).collect();
    let line = connection::line(bytes);
    let each = effort.each;
    let run = async |way, bridge: &Bridge| {
        let round = async {
            match way {
                Way::OneLink => one_link(bridge, connections, each, &line).await,
                Way::Direct if datagrams => udp::direct(bridge, connections, each, &line).await,
                _ => many(bridge, connections, each, &line).await,
            }
        };
        LocalSet::new().run_until(round).await
    };
    let outcomes = rounds::go(effort, &ways, habit, run).await?;
    let over = if datagrams { " over UDP" } else { "" };
    let plural = if connections == 1 { "" } else { "s" };
    let shown = Shown {
        title: format!("{bytes} bytes there and back{over}, {connections} connection{plural}"),
        rate: EXCHANGES,
        relay: !datagrams,
        times: true,
        cpu: CPU,
    };
    Ok(rounds::table(&shown, &outcomes))
}

async fn many(
    bridge: &Bridge,
    connections: usize,
    each: Duration,
    line: &[u8],
) -> anyhow::Result<Run> {
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut connection = bridge.route.open().await?;
        let mut letter = bridge.route.letter(line);
        connection.exchange(&mut letter, line).await?;
        open.push((connection, letter));
    }
    let stretch = Stretch::begin(bridge)?;
    let until = stretch.began() + each;
    let mut tasks = JoinSet::new();
    for (connection, letter) in open {
        tasks.spawn_local(talk(connection, letter, line.to_vec(), until));
    }
    let (mut times, mut ended) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (connection, some) = done??;
        times.extend(some);
        ended.push(connection);
    }
    stretch.end(bridge, times.len() as f64, PER, times)
}

/// Exchanges on one connection. How long each took, in ns.
async fn talk(
    mut connection: Connection,
    mut letter: Frame,
    line: Vec<u8>,
    until: Instant,
) -> anyhow::Result<(Connection, Vec<u32>)> {
    let mut times = Vec::new();
    let mut now = Instant::now();
    while now < until {
        connection.exchange(&mut letter, &line).await?;
        let sent = std::mem::replace(&mut now, Instant::now());
        times.push(nanos(now - sent));
    }
    Ok((connection, times))
}

/// The same over one link that carries all sockets: each has a line on its way.
async fn one_link(
    bridge: &Bridge,
    sockets: usize,
    each: Duration,
    line: &[u8],
) -> anyhow::Result<Run> {
    struct Socket {
        letter: Frame,
        sent: Instant,
        got: usize,
    }
    let route = &bridge.route;
    let mut link = route.connect().await?;
    let mut open = Vec::new();
    for number in 1..=u32::try_from(sockets)? {
        let opening = link.sender.opening(number, &route.target, CREDIT)?;
        link.stream.write_all(&opening).await?;
        let mut letter = route.manner.wrap(number, line);
        link.sender.number(&mut letter, line.len());
        link.stream.write_all(letter.bytes()).await?;
        let sent = Instant::now();
        open.push(Socket {
            letter,
            sent,
            got: 0,
        });
    }
    let stretch = Stretch::begin(bridge)?;
    let until = stretch.began() + each;
    let mut times = Vec::new();
    loop {
        let payload = link.receiver.payload(&mut link.stream).await?;
        let bytes = link.receiver.input.bytes(payload.from, payload.to);
        let index = payload.socket as usize - 1;
        let Some(socket) = open.get_mut(index) else {
            anyhow::bail!("bytes of socket {}", payload.socket);
        };
        let expected = line.get(socket.got..socket.got + bytes.len());
        ensure!(expected == Some(bytes), "other bytes came back");
        socket.got += bytes.len();
        if socket.got < line.len() {
            continue;
        }
        let now = Instant::now();
        times.push(nanos(now - socket.sent));
        if now >= until {
            break;
        }
        (socket.sent, socket.got) = (now, 0);
        link.sender.number(&mut socket.letter, line.len());
        link.stream.write_all(socket.letter.bytes()).await?;
        link.sender.attend(&mut link.stream).await?;
    }
    stretch.end(bridge, times.len() as f64, PER, times)
}
