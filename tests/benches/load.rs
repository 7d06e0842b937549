//! The loads: what is sent, how often, and what is compared on return.

use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use chalkwire_shared::frame::{ClientFrame, GatewayFrame};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use futures_util::future::try_join_all;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use crate::Way;
use crate::client::{Connection, Link};
use crate::machine::Program;

/// A line of 64 bytes.
const LINE: &[u8; 64] = b"the quick brown fox jumps over the lazy dog, twelve times a day\n";

/// Bulk goes in pieces of this size.
const PIECE: usize = 32 * 1024;

/// What came out of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) count: usize,
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

fn run_of(mut times_us: Vec<u32>, took: Duration) -> Run {
    times_us.sort_unstable();
    let at = |share: f64| {
        let index = (times_us.len() as f64 * share) as usize;
        times_us
            .get(index.min(times_us.len().saturating_sub(1)))
            .map_or(f64::NAN, |&t| t.into())
    };
    Run {
        count: times_us.len().max(1),
        per_second: times_us.len() as f64 / took.as_secs_f64(),
        p50_us: at(0.50),
        p99_us: at(0.99),
    }
}

fn micros(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX)
}

async fn connect(way: Way, echo: &Program, gateway: &Program) -> anyhow::Result<Connection> {
    match way {
        Way::Direct => Connection::direct(echo).await,
        Way::Raw => Connection::raw(gateway).await,
        Way::Link | Way::OneLink => Connection::link(gateway).await,
    }
}

/// One line there and back.
async fn exchange(connection: &mut Connection, line: &Bytes) -> anyhow::Result<()> {
    let mut buffer = [0; 65_536];
    connection.send(line).await?;
    let mut got = 0;
    while got < line.len() {
        let n = connection.receive(&mut buffer[got..]).await?;
        anyhow::ensure!(n > 0, "closed in the middle");
        got += n;
    }
    anyhow::ensure!(buffer[..got] == line[..], "other bytes came back");
    Ok(())
}

/// Exchanges on connections that stay open, for a time.
pub(crate) async fn exchanges(
    way: Way,
    echo: &Program,
    gateway: &Program,
    connections: usize,
    each: Duration,
) -> anyhow::Result<Run> {
    let line = Bytes::from_static(LINE);
    if way == Way::OneLink {
        return one_link(gateway, connections, each).await;
    }
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut connection = connect(way, echo, gateway).await?;
        exchange(&mut connection, &line).await?;
        open.push(connection);
    }
    let started = Instant::now();
    let times = try_join_all(open.into_iter().map(async |mut connection| {
        let mut times = Vec::new();
        while started.elapsed() < each {
            let sent = Instant::now();
            exchange(&mut connection, &line).await?;
            times.push(micros(sent));
        }
        connection.close().await?;
        anyhow::Ok(times)
    }))
    .await?;
    Ok(run_of(times.concat(), started.elapsed()))
}

/// The same over one link that carries all sockets.
async fn one_link(gateway: &Program, sockets: usize, each: Duration) -> anyhow::Result<Run> {
    let line = Bytes::from_static(LINE);
    let mut link = Link::connect(gateway).await?;
    let sockets = u32::try_from(sockets)?;
    let mut sent = vec![Instant::now(); sockets as usize + 1];
    let mut got = vec![0; sockets as usize + 1];
    for socket in 1..=sockets {
        link.open(socket).await?;
        link.send(socket, line.clone()).await?;
    }
    let started = Instant::now();
    let mut times = Vec::new();
    while started.elapsed() < each {
        let (socket, bytes) = link.receive().await?;
        let i = socket as usize;
        got[i] += bytes.len();
        if got[i] == LINE.len() {
            times.push(micros(sent[i]));
            got[i] = 0;
            sent[i] = Instant::now();
            link.send(socket, line.clone()).await?;
        }
    }
    let took = started.elapsed();
    link.ws.close(None).await?;
    Ok(run_of(times, took))
}

/// Connect, one exchange, close, over and over.
pub(crate) async fn one_shot(
    way: Way,
    echo: &Program,
    gateway: &Program,
    at_once: usize,
    each: Duration,
) -> anyhow::Result<Run> {
    let line = Bytes::from_static(LINE);
    let started = Instant::now();
    let times = try_join_all((0..at_once).map(async |_| {
        let mut times = Vec::new();
        // One link: what is opened and closed is its sockets.
        let mut link = match way {
            Way::OneLink => Some(Link::connect(gateway).await?),
            _ => None,
        };
        while started.elapsed() < each {
            let began = Instant::now();
            match &mut link {
                Some(link) => {
                    let socket = u32::try_from(times.len())? + 1;
                    link.open(socket).await?;
                    link.send(socket, line.clone()).await?;
                    link.receive().await?;
                    link.close(socket).await?;
                }
                None => {
                    let mut connection = connect(way, echo, gateway).await?;
                    exchange(&mut connection, &line).await?;
                    connection.close().await?;
                }
            }
            times.push(micros(began));
        }
        anyhow::Ok(times)
    }))
    .await?;
    Ok(run_of(times.concat(), started.elapsed()))
}

/// Bytes that tell their place, so that a lost or moved piece is noticed.
fn pattern(at: usize, bytes: &mut [u8]) {
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = ((at + i) % 251) as u8;
    }
}

fn compare(at: usize, bytes: &[u8]) -> anyhow::Result<()> {
    let same = bytes
        .iter()
        .enumerate()
        .all(|(i, byte)| *byte == ((at + i) % 251) as u8);
    anyhow::ensure!(same, "other bytes came back near {at}");
    Ok(())
}

/// `total` bytes there and back at once. How long it took, in seconds.
pub(crate) async fn bulk(
    way: Way,
    echo: &Program,
    gateway: &Program,
    total: usize,
) -> anyhow::Result<f64> {
    let started = Instant::now();
    match connect(way, echo, gateway).await? {
        Connection::Direct(stream) => {
            let (mut reader, mut writer) = stream.into_split();
            let send = async {
                let mut piece = vec![0; PIECE];
                for at in (0..total).step_by(PIECE) {
                    pattern(at, &mut piece);
                    writer.write_all(&piece).await?;
                }
                anyhow::Ok(())
            };
            let receive = async {
                let mut buffer = vec![0; 65_536];
                let mut at = 0;
                while at < total {
                    let n = reader.read(&mut buffer).await?;
                    anyhow::ensure!(n > 0, "closed in the middle");
                    compare(at, &buffer[..n])?;
                    at += n;
                }
                Ok(())
            };
            tokio::try_join!(send, receive)?;
        }
        Connection::Raw(ws) => {
            let (mut sink, mut source) = (*ws).split();
            let send = async {
                for at in (0..total).step_by(PIECE) {
                    let mut piece = vec![0; PIECE];
                    pattern(at, &mut piece);
                    sink.send(Message::Binary(piece.into())).await?;
                }
                anyhow::Ok(())
            };
            let receive = async {
                let mut at = 0;
                while at < total {
                    if let Message::Binary(bytes) = source.next().await.context("closed")?? {
                        compare(at, &bytes)?;
                        at += bytes.len();
                    }
                }
                Ok(())
            };
            tokio::try_join!(send, receive)?;
        }
        Connection::Link(link) => bulk_link(*link, total).await?,
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Over a link: the sender waits for credit, the receiver acknowledges.
async fn bulk_link(mut link: Link, total: usize) -> anyhow::Result<()> {
    const WINDOW: i64 = 131_072;
    let (mut sent, mut received, mut credit, mut seen, mut acked) = (0, 0, WINDOW, 0, 0);
    let mut seq = 1; // `open` was the first
    while received < total {
        let cost = (PIECE + chalkwire_shared::frame::CLIENT_HEADER_BYTES) as i64;
        if sent < total && credit >= cost {
            let mut piece = vec![0; PIECE];
            pattern(sent, &mut piece);
            seq += 1;
            let frame = ClientFrame {
                socket: SocketId(1),
                seq,
                payload: piece.into(),
            };
            link.ws.send(Message::Binary(frame.encode())).await?;
            sent += PIECE;
            credit -= cost;
            continue;
        }
        match link.ws.next().await.context("closed")?? {
            Message::Binary(bytes) => {
                let frame = GatewayFrame::decode(bytes)?;
                compare(received, &frame.payload)?;
                received += frame.payload.len();
                seen = frame.seq;
            }
            Message::Text(text) => {
                let message = GatewayMessage::decode(&text)?;
                seen = message.seq().unwrap_or(seen);
                if let GatewayMessage::Credit { bytes, .. } = message {
                    credit += i64::from(bytes);
                }
            }
            _ => {}
        }
        if seen - acked >= 2 {
            acked = seen;
            link.say(&ClientMessage::Ack { seen }).await?;
        }
    }
    Ok(())
}

/// Raw connections after an exchange, open.
pub(crate) async fn idle_raw(gateway: &Program, count: usize) -> anyhow::Result<Vec<Connection>> {
    let line = Bytes::from_static(LINE);
    let mut open = Vec::new();
    for _ in 0..count {
        let mut connection = Connection::raw(gateway).await?;
        exchange(&mut connection, &line).await?;
        open.push(connection);
    }
    Ok(open)
}

/// Links that have said something, without sockets.
pub(crate) async fn idle_links(gateway: &Program, count: usize) -> anyhow::Result<Vec<Link>> {
    let mut open = Vec::new();
    for id in 0..count {
        let mut link = Link::connect(gateway).await?;
        link.say(&ClientMessage::Ping {
            id: u32::try_from(id)?,
        })
        .await?;
        link.ws.next().await.context("no pong")??;
        open.push(link);
    }
    Ok(open)
}
