//! Arrivals: clients that connect, exchange a line and close, at a rate that no answer slows down.
//!
//! A *closed* loop has so many clients at once, each coming again when it was served: it finds what
//! a gateway can carry. An *open* one has clients come whether or not those before them are done:
//! that is what overload is made of.

mod links;
mod tcp;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use links::Pool;
use tcp::Asks;

/// A line of 64 bytes.
const LINE: &[u8; 64] = b"the quick brown fox jumps over the lazy dog, twelve times a day\n";

/// Who was not answered by then was not answered at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// The load has no more clients than that at once: it runs out of files, too.
pub const MOST: usize = 12_000;

/// Links that sockets are opened on.
const LINKS: usize = 64;

/// The way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `/raw/t`, a WebSocket for each exchange.
    Raw,
    /// `POST /api/targets/t/exchange`.
    Exchange,
    /// `open` on a link that is there already, one of 64.
    Open,
}

impl Door {
    /// All of them.
    pub const ALL: [Door; 3] = [Door::Raw, Door::Exchange, Door::Open];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Door::Raw => "`/raw`",
            Door::Exchange => "`POST …/exchange`",
            Door::Open => "`open` on 64 links",
        }
    }
}

/// What came of one arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// Its line came back.
    Served,
    /// It was told to come later, with this: a response with its header, or a socket's detail.
    Refused(Vec<u8>),
    /// Anything else: no answer, or another one.
    Failed(String),
}

/// What came of many. Times are µs from the first step of an arrival to its last.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Of those that were served, in order of length.
    pub served_us: Vec<u32>,
    /// Of those that were refused.
    pub refused_us: Vec<u32>,
    /// What the first of these was told.
    pub told: Option<String>,
    /// How many came to nothing.
    pub failed: usize,
    /// What became of the first of these.
    pub failure: Option<String>,
    /// How many could not come, because the load had no room for more.
    pub kept_out: usize,
    /// How long clients came for.
    pub took: Duration,
    /// How late the load itself was with each arrival, in µs.
    pub late_us: Vec<u32>,
}

impl Tally {
    fn add(&mut self, came: Came, us: u32) {
        match came {
            Came::Served => self.served_us.push(us),
            Came::Refused(told) => {
                self.refused_us.push(us);
                self.told
                    .get_or_insert_with(|| String::from_utf8_lossy(&told).into_owned());
            }
            Came::Failed(how) => {
                self.failed += 1;
                self.failure.get_or_insert(how);
            }
        }
    }

    fn done(mut self, took: Duration) -> Self {
        self.took = took;
        for times in [&mut self.served_us, &mut self.refused_us, &mut self.late_us] {
            times.sort_unstable();
        }
        self
    }

    /// So many a second.
    pub fn per_second(&self, count: usize) -> f64 {
        count as f64 / self.took.as_secs_f64()
    }
}

/// The time, in ms, that a share of these stays below; they are in order.
pub fn within_ms(times_us: &[u32], share: f64) -> f64 {
    let at = (times_us.len() as f64 * share) as usize;
    let last = times_us.len().saturating_sub(1);
    times_us
        .get(at.min(last))
        .map_or(f64::NAN, |us| f64::from(*us) / 1e3)
}

/// Clients at a gateway's door. Its target `t` is what [`answer`] does.
#[derive(Debug)]
pub struct Clients(By);

#[derive(Debug)]
enum By {
    Tcp(Asks),
    Links(Pool),
}

impl Clients {
    /// Goes to the door; links are connected.
    pub async fn at(address: SocketAddr, door: Door) -> Self {
        Clients(match door {
            Door::Raw => By::Tcp(Asks::raw(address)),
            Door::Exchange => By::Tcp(Asks::exchange(address)),
            Door::Open => By::Links(Pool::connect(address, LINKS).await),
        })
    }

    /// One exchange, from connecting to closing.
    pub async fn one(&self) -> (Came, u32) {
        let began = Instant::now();
        let came = async {
            match &self.0 {
                By::Links(links) => links.exchange().await,
                By::Tcp(asks) => asks
                    .once()
                    .await
                    .unwrap_or_else(|error| Came::Failed(error.to_string())),
            }
        };
        let came = tokio::time::timeout(PATIENCE, came).await;
        let came = came.unwrap_or_else(|_| Came::Failed("no answer".to_owned()));
        (came, micros(began.elapsed()))
    }

    /// So many clients at once, each coming again when it was served, for a time.
    pub async fn closed(&self, at_once: usize, each: Duration) -> Tally {
        let started = Instant::now();
        let done = join_all((0..at_once).map(async |_| {
            let mut done = Vec::new();
            while started.elapsed() < each {
                done.push(self.one().await);
            }
            done
        }))
        .await;
        let mut tally = Tally::default();
        for (came, us) in done.into_iter().flatten() {
            tally.add(came, us);
        }
        tally.done(started.elapsed())
    }

    /// So many clients a second, whether or not those before them were served, for a time, or until
    /// so many were refused.
    pub async fn open(self, per_second: f64, each: Duration, enough: usize) -> Tally {
        let this = Arc::new(self);
        let mut tally = Tally::default();
        let mut under_way = JoinSet::new();
        let started = Instant::now();
        let mut come = 0_u32;
        let mut pace = tokio::time::interval(Duration::from_millis(1));
        loop {
            pace.tick().await;
            let passed = started.elapsed();
            if passed >= each || tally.refused_us.len() >= enough {
                break;
            }
            loop {
                let due = Duration::from_secs_f64(f64::from(come) / per_second);
                if due > started.elapsed() {
                    break;
                }
                come += 1;
                if under_way.len() >= MOST {
                    tally.kept_out += 1;
                    continue;
                }
                tally.late_us.push(micros(started.elapsed() - due));
                let this = this.clone();
                under_way.spawn(async move { this.one().await });
            }
            while let Some(done) = under_way.try_join_next() {
                let (came, us) = done.expect("an arrival does not panic");
                tally.add(came, us);
            }
        }
        let took = started.elapsed();
        while let Some(done) = under_way.join_next().await {
            let (came, us) = done.expect("an arrival does not panic");
            tally.add(came, us);
        }
        tally.done(took)
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// Answers each connection's first line with the same, and closes.
pub async fn answer(listener: TcpListener) {
    let mut connections = JoinSet::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        connections.spawn(async move {
            let mut buffer = [0; 1_024];
            if let Ok(n @ 1..) = stream.read(&mut buffer).await {
                let _ = stream.write_all(&buffer[..n]).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}
