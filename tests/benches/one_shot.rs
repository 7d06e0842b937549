//! Connect, one exchange, close, over and over.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::io::AsyncWriteExt;
use tokio::task::{JoinSet, LocalSet};

use crate::connection::{self, Route};
use crate::echo::Habit;
use crate::exchanges::PER;
use crate::report::Table;
use crate::rounds::{self, Effort, Run, Shown, Stretch};
use crate::speech::CREDIT;
use crate::way::{Bridge, Way};

/// So many at a time.
const AT_ONCE: usize = 16;

/// A port is not used again for a second: longer rounds would wait for one, and measure that.
const LONGEST: Duration = Duration::from_secs(1);

pub(crate) async fn measure(effort: &Effort) -> anyhow::Result<Table> {
    let run = async |way, bridge: &Bridge| {
        LocalSet::new()
            .run_until(round(way, bridge, effort.each.min(LONGEST)))
            .await
    };
    let outcomes = rounds::go(effort, &effort.ways, Habit::Echo, run).await?;
    let shown = Shown {
        title: format!("Connect, exchange 64 bytes, close; {AT_ONCE} at a time"),
        rate: "a second",
        times: true,
        cpu: "CPU s per 100,000",
    };
    let mut table = rounds::table(&shown, &outcomes);
    let silent = outcomes.iter().map(|it| it.0);
    let silent: Vec<String> = silent.filter(|it| it.hangs_up()).map(Way::name).collect();
    if !silent.is_empty() {
        table.note(&format!(
            "Each WebSocket is closed by a goodbye, and ends when that is answered. Never answered, and \
             so not waited for: {}.",
            silent.join(", ")
        ));
    }
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
        times.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
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
        times.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(times)
}
