//! The accept loop: a permit first, then a connection, which is served in a task of its own.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::io::Errno;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use super::door::Door;
use super::proxied::arrived;
use super::upgrade::Offer;
use super::{Front, answer};
use crate::lanes::Lanes;
use crate::policy::rate::Bucket;
use crate::timers::Timers;

/// How long to wait when the system has no more file descriptors or memory.
const BACK_OFF: Duration = Duration::from_millis(100);

/// An HTTP connection takes requests for so long; a browser opens another one when it wants to.
const LIFETIME: Duration = Duration::from_secs(300);

/// The request that is under way then has so long to be answered, and its reply to be taken. The page
/// over a slow line takes a minute.
const REST: Duration = Duration::from_secs(60);

/// A client has so long to take the last of a reply that lasted.
const LAST: Duration = Duration::from_secs(2);

/// The most a request's header may have, in bytes.
const HEADER_BYTES: usize = 16_384;

/// What a request can make of the connection that it came on.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    pub(super) upgrade: Offer,
    lasts: AtomicBool,
    lasted: Notify,
}

/// A reply that lasts for as long as this is held. Whoever holds it sees to it that the client still
/// reads.
#[derive(Debug)]
pub(crate) struct Lasting(Arc<Offers>);

impl Lasting {
    /// Such a reply begins.
    pub(crate) fn begin(offers: Arc<Offers>) -> Self {
        offers.lasts.store(true, Ordering::Relaxed);
        Lasting(offers)
    }
}

impl Drop for Lasting {
    fn drop(&mut self) {
        self.0.lasted.notify_one();
    }
}

impl Offers {
    /// Resolves when the connection is to take no more requests, with the time that is left for the
    /// one that is under way.
    async fn time_up(&self, timers: &Timers) -> Duration {
        tokio::select! {
            () = self.lasted.notified() => {}
            () = timers.sleep(LIFETIME) => match self.lasts.load(Ordering::Relaxed) {
                true => self.lasted.notified().await,
                false => return REST,
            },
        }
        LAST
    }
}

/// Accepts connections for ever. Cancel-safe: the connections are tasks of their own.
pub(crate) async fn accept(mut door: Door, lanes: &Lanes, front: Arc<Front>) {
    let core = &front.core;
    let most = core.config.limits.connections;
    let places = Arc::new(Semaphore::new(most));
    // Who comes after these waits in the kernel's queue, where it takes no memory of ours. How long it
    // does is known ([`Door`]).
    let turns = Arc::new(Semaphore::new(core.newcomers.may_wait()));
    // What lasts is told once a second.
    let mut failures = Bucket::new(1, 1, Instant::now());
    let mut warnings = Bucket::new(1, 1, Instant::now());
    loop {
        let is_full = places.available_permits() == 0;
        if is_full {
            core.metrics.refuse("connections");
            if warnings.take(Instant::now()) {
                tracing::warn!(most, "limits.connections is reached: the next client waits");
            }
        }
        // The semaphore is never closed; if it were, there would be nothing to wait for.
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        if is_full {
            door.looked_away();
        }
        let (stream, address) = match door.next().await {
            Ok((stream, address, emptied)) => {
                core.newcomers.waited(emptied);
                (stream, address)
            }
            Err(error) => {
                // The client's own error, between its SYN and our accept, is no reason to wait.
                if !matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) {
                    if failures.take(Instant::now()) {
                        tracing::warn!(%error, "accept: waiting a little");
                    }
                    core.metrics.refuse("accept");
                    let spared = match is_out_of_descriptors(&error) {
                        true => door.next_on_spare(),
                        false => None,
                    };
                    match spared {
                        Some(stream) => out_of_descriptors(stream, &front).await,
                        None => tokio::time::sleep(BACK_OFF).await,
                    }
                    door.spare_again();
                }
                continue;
            }
        };
        // Here it waits for nobody's turn.
        let too_many = core.newcomers.are_too_many();
        if too_many && front.turned_away.answer(&stream) {
            core.newcomers.refuse();
            continue;
        }
        let Ok(turn) = turns.clone().acquire_owned().await else {
            return;
        };
        let (front, accepted) = (front.clone(), Instant::now());
        let task = async move {
            let stream = match TcpStream::from_std(stream) {
                Ok(stream) => stream,
                Err(error) => return tracing::warn!(%error, "a connection can't be served"),
            };
            drop(turn);
            let newcomers = &front.core.newcomers;
            newcomers.waited(accepted);
            // In memory of its own, which most need not have.
            if newcomers.are_too_many() && Box::pin(turn_away(&stream, &front)).await {
                return newcomers.refuse();
            }
            requests(stream, address.ip(), front).await;
            drop(place);
        };
        match lanes.emptiest() {
            None => core.tasks.spawn(task),
            Some(lane) => core.tasks.spawn_on(lane, task),
        }
    }
}

async fn until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

/// Tells a client that there is no descriptor for it. Whoever asks late is told so before.
async fn out_of_descriptors(stream: std::net::TcpStream, front: &Front) {
    if let Ok(stream) = TcpStream::from_std(stream) {
        let _ = timeout(BACK_OFF, stream.readable()).await;
        front.turned_away.for_want_of_descriptors(&stream);
    }
}

/// Turns a client away, if there is no time for it even when it has asked for something.
async fn turn_away(stream: &TcpStream, front: &Front) -> bool {
    let core = &front.core;
    // What it asks for may still be on its way.
    let waits = timeout(core.config.limits.header, stream.readable());
    tokio::select! {
        _ = waits => {}
        () = core.tasks.draining().cancelled() => {}
    }
    core.newcomers.are_too_many() && front.turned_away.answer(stream)
}

/// Answers requests, until one of them has upgraded the connection: then what it became is started.
async fn requests(stream: TcpStream, address: IpAddr, front: Arc<Front>) {
    let core = &front.core;
    let offers = Arc::<Offers>::default();
    let (answering, offered) = (front.clone(), offers.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        arrived(&answering.core.config, address, &offered, &mut request);
        answer(answering.clone(), request)
    });
    let connection = http1::Builder::new()
        .timer(core.timers.clone())
        .header_read_timeout(core.config.limits.header)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let time_up = offers.time_up(&core.timers);
    tokio::pin!(connection, time_up);
    let (draining, stop) = (core.tasks.draining(), core.tasks.stopping());
    // Who comes while the gateway drains is still answered; the answer says that it closes.
    let mut drains = core.tasks.is_draining();
    let mut ends_at = None;
    // This is about requests alone: what an upgraded connection has begun is still to be served.
    let ended = loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => break ended,
            () = draining.cancelled(), if !drains => {
                // The request under way is answered; an idle connection is closed.
                connection.as_mut().graceful_shutdown();
                drains = true;
            }
            // Half a header, or a reply that nobody reads, does not hold the end up.
            () = stop.cancelled(), if drains => return,
            rest = &mut time_up, if ends_at.is_none() => {
                connection.as_mut().graceful_shutdown();
                ends_at = Some(tokio::time::Instant::now() + rest);
            }
            // Who reads a reply byte by byte would have its place for ever: then it is dropped.
            () = until(ends_at) => {
                core.metrics.refuse("lifetime");
                return;
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
        return;
    }
    offers.upgrade.start(&core.tasks).await;
}
