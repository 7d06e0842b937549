//! The record of a seated link at work: fed by the link's sockets, it tells the room.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chalkwire_shared::close::Reason;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::room::{Exchange, RunId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::record::{Asked, Record, Seen};
use crate::clock::Clock;
use crate::metrics::Metrics;

/// After a link's end its sockets close, and their servers tell of it, within this time.
const ENDING: Duration = Duration::from_millis(500);

/// The record of one link's exchanges, shared by its sockets.
pub struct Recorder {
    clock: Clock,
    metrics: Arc<Metrics>,
    record: Mutex<Record>,
    /// Something is due sooner than it was.
    wake: Notify,
    /// The link is in the room no more.
    over: CancellationToken,
}

impl Recorder {
    /// For a link that has at most so many sockets, until `over`. `offset_us` makes the room's clock
    /// of the gateway's.
    pub fn new(
        clock: Clock,
        metrics: Arc<Metrics>,
        sockets: usize,
        offset_us: u64,
        over: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Recorder {
            clock,
            metrics,
            record: Mutex::new(Record::new(sockets, offset_us)),
            wake: Notify::new(),
            over,
        })
    }

    /// A socket was asked for.
    pub fn asked(&self, id: SocketId, asked: Asked) {
        self.lock().asked(self.clock.now_us(), id, asked);
    }

    /// A socket of a run was asked for, and its room is against it.
    pub fn refused(&self, id: SocketId, target: &str, run: Option<RunId>, reason: Reason) {
        let asked = Asked {
            target: target.to_owned(),
            run,
            faulted: false,
            reports: false,
            accepts: false,
        };
        self.asked(id, asked);
        self.seen(self.clock.now_us(), id, Seen::Closed(reason));
    }

    /// Wrongs are done to a socket's traffic from here on.
    pub fn faulted(&self, id: SocketId) {
        self.lock().faulted(id);
    }

    /// Something happened on a socket.
    pub fn seen(&self, clock_us: u64, id: SocketId, seen: Seen<'_>) {
        let sooner = self.lock().seen(clock_us, id, seen);
        if sooner {
            self.wake.notify_one();
        }
    }

    /// The link is in the room no more.
    pub fn stop(&self) {
        self.over.cancel();
    }

    /// Tells `room` each exchange in its time, until it is stopped and a moment beyond that: so long
    /// the sockets of a link that ends take to close.
    pub async fn run(&self, room: impl Fn(Exchange)) {
        let telling = async {
            loop {
                let told = self.tell(&room);
                match told {
                    Some(wait) => tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.wake.notified() => {}
                    },
                    None => self.wake.notified().await,
                }
            }
        };
        let ending = async {
            self.over.cancelled().await;
            let empty = async {
                while !self.lock().is_empty() {
                    tokio::time::sleep(ENDING / 50).await;
                }
            };
            let _ = tokio::time::timeout(ENDING, empty).await;
        };
        tokio::select! {
            () = telling => {}
            () = ending => {}
        }
    }

    /// Tells what is due, and says how long it is until there is more.
    fn tell(&self, room: &impl Fn(Exchange)) -> Option<Duration> {
        let now_us = self.clock.now_us();
        let (told, due_us, untold) = {
            let mut record = self.lock();
            let told = record.take(now_us);
            (told, record.due_us(), record.untold())
        };
        self.metrics.untold_exchanges.inc_by(untold);
        told.into_iter().for_each(room);
        due_us.map(|due_us| Duration::from_micros(due_us.saturating_sub(now_us)))
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        // What the lock protects is whole between any two statements.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}
