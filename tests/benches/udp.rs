//! Datagrams there and back with nothing between: what the ways of UDP are compared to.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use crate::exchanges::PER;
use crate::rounds::{Run, Stretch, nanos};
use crate::way::Bridge;

pub(crate) async fn direct(
    bridge: &Bridge,
    sockets: usize,
    each: Duration,
    line: &[u8],
) -> anyhow::Result<Run> {
    let stretch = Stretch::begin(bridge)?;
    let until = stretch.began() + each;
    let mut tasks = JoinSet::new();
    for _ in 0..sockets {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(&bridge.route.address).await?;
        tasks.spawn_local(talk(socket, line.to_vec(), until));
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    stretch.end(bridge, times.len() as f64, PER, times)
}

async fn talk(socket: UdpSocket, line: Vec<u8>, until: Instant) -> anyhow::Result<Vec<u32>> {
    let mut buffer = [0; 2048];
    let mut times = Vec::new();
    let mut now = Instant::now();
    while now < until {
        socket.send(&line).await?;
        let n = socket.recv(&mut buffer).await?;
        ensure!(buffer[..n] == line[..], "another datagram came back");
        let sent = std::mem::replace(&mut now, Instant::now());
        times.push(nanos(now - sent));
    }
    Ok(times)
}
