//! Connect, one exchange, close, over and over.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::io::AsyncWriteExt;
use tokio::task::{JoinSet, LocalSet};

use crate::connection::{self, Route};
use crate::echo::Habit;
use crate::exchanges::PER;
use crate::goals::{A_SECOND, CPU};
use crate::manner::CREDIT;
use crate::report::Table;
use crate::rounds::{self, Effort, Run, Shown, Stretch, nanos};
use crate::way::{Bridge, Way};

/// So many at a time.
const AT_ONCE: usize = 16;

/// Towards the same server a port is not used again for a second, and a system has 14,000 that it
/// finds at once: rounds are short, and begin when the ports of the one before are free.
const LONGEST: Duration = Duration::from_millis(500);
const PORTS_ARE_FREE: Duration = Duration::from_millis(1_050);

pub(crate) async fn measure(effort: &Effort) -> anyhow::Result<Table> {
    let run = async |way, bridge: &Bridge| {
        // With many ways, the others take that long.
        if effort.ways.len() < 4 {
            tokio::time::sleep(PORTS_ARE_FREE).await;
        }
        LocalSet::new()
            .run_until(round(way, bridge, effort.each.min(LONGEST)))
            .await
    };
    let outcomes = rounds::go(effort, &effort.ways, Habit::Echo, run).await?;
    let shown = Shown {
        title: format!("Connect, exchange 64 bytes, close; {AT_ONCE} at a time"),
        rate: A_SECOND,
        relay: true,
        times: true,
        cpu: CPU,
    };
    let mut table = rounds::table(&shown, &outcomes);
    let silent = outcomes.iter().map(|it| it.0);
    let silent = silent.filter(|it| it.is_peer() && it.hangs_up());
    let silent: Vec<String> = silent.map(Way::name).collect();
    table.note(&format!(
        "Each WebSocket is closed by a goodbye, and ends when that is answered. Never answered, and so \
         not waited for: {}. Ours without waiting, *hanging up*, is to be compared to these. On one \
         link, sockets are opened and closed.",
        silent.join(", ")
    ));
    Ok(table)
}

async fn round(way: Way, bridge: &Bridge, each: Duration) -> anyhow::Result<Run> {
    let stretch = Stretch::begin(bridge)?;
    let until = stretch.began() + each;
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let route = bridge.route.clone();
        match way {
            Way::OneLink => tasks.spawn_local(sockets(route, until)),
            _ => tasks.spawn_local(connections(route, until)),
        };
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    stretch.end(bridge, times.len() as f64, PER, times)
}

async fn connections(route: Route, until: Instant) -> anyhow::Result<Vec<u32>> {
    let line = connection::line(64);
    let mut letter = route.letter(&line);
    let mut times = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        let mut connection = route.open().await?;
        connection.exchange(&mut letter, &line).await?;
        connection.close().await?;
        times.push(nanos(began.elapsed()));
    }
    Ok(times)
}

/// On one link: what is opened and closed is its sockets.
async fn sockets(route: Route, until: Instant) -> anyhow::Result<Vec<u32>> {
    let line = connection::line(64);
    let mut link = route.connect().await?;
    let mut times = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        let socket = u32::try_from(times.len())? + 1;
        let mut message = link.sender.opening(socket, &route.target, CREDIT)?;
        let mut letter = route.manner.wrap(socket, &line);
        link.sender.number(&mut letter, 0);
        message.extend_from_slice(letter.bytes());
        link.stream.write_all(&message).await?;
        let mut got = 0;
        while got < line.len() {
            let payload = link.receiver.payload(&mut link.stream).await?;
            let bytes = link.receiver.input.bytes(payload.from, payload.to);
            let expected = line.get(got..got + bytes.len());
            ensure!(
                payload.socket == socket && expected == Some(bytes),
                "other bytes"
            );
            got += bytes.len();
        }
        let closing = link.sender.closing(socket);
        link.stream.write_all(&closing).await?;
        link.sender.attend(&mut link.stream).await?;
        times.push(nanos(began.elapsed()));
    }
    Ok(times)
}
