//! Rooms: classes on the wire together.
//!
//! A [`Room`] is a state that follows from its events ([`State`]), and where these go: into a ring of
//! pages that its members read, each at a place of its own, and into the log. Whoever brings a
//! command applies it, under one lock and without waiting; there is no task for a room. One task,
//! [`Rooms::run`], looks after all rooms that have news: every 20 ms at the most it makes one text of
//! what is new, which all members share, and wakes them.
//!
//! Whoever calls what changes a room must hold no lock of its own: [`Occupant`]s are told things on
//! the way out.

mod enter;
mod forget;
mod happen;
mod inside;
mod orphans;
mod page;
pub mod plan;
mod presence;
mod reader;
pub mod record;
pub mod recorder;
mod ring;
mod rooms;
mod run;
mod saving;
mod seat;
mod snapshot;
mod take_up;
#[cfg(test)]
mod tests;
pub mod transcript;
pub mod under_way;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use chalkwire_shared::job::Gauge;
use chalkwire_shared::room::{Armed, Code, Happened, LeftReason, MemberId, RoomId, RunId, State};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::config::Rooms as Limits;
use crate::log::Transcript;
use crate::metrics::Metrics;
use crate::policy::secret::{self, Hash};
use crate::tasks::Tasks;

pub use enter::{Came, Coming};
pub use reader::Reader;
pub use rooms::{Made, NotMade, Rooms, Wanted};
pub use seat::{Occupant, Seat, Told};

use inside::Inside;
use ring::RING_BYTES;

/// What all rooms share.
#[derive(Debug)]
struct Common {
    limits: Limits,
    /// What the pages of one room may take.
    ring_bytes: usize,
    /// The gateway's clock.
    clock: Clock,
    /// The rooms' clock less the gateway's, in µs.
    offset_us: u64,
    metrics: Arc<Metrics>,
    tasks: Tasks,
    /// Rooms that have news, each once.
    news: Mutex<Vec<Arc<Room>>>,
    wake: Notify,
    /// Some of them are over since they were looked at.
    some_over: AtomicBool,
}

impl Common {
    fn new(limits: Limits, clock: Clock, metrics: Arc<Metrics>, tasks: Tasks) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let since_1970 = since_1970.unwrap_or_default().as_micros();
        let since_1970 = u64::try_from(since_1970).unwrap_or(0);
        Common {
            offset_us: since_1970.saturating_sub(clock.now_us()),
            limits,
            ring_bytes: RING_BYTES,
            clock,
            metrics,
            tasks,
            news: Mutex::default(),
            wake: Notify::new(),
            some_over: AtomicBool::new(false),
        }
    }

    /// µs since 1970, by the rooms' clock.
    fn now_us(&self) -> u64 {
        self.clock.now_us().saturating_add(self.offset_us)
    }

    /// How long a member without a connection is taken for here, in µs.
    fn presence_us(&self) -> u64 {
        u64::try_from(self.limits.presence.as_micros()).unwrap_or(u64::MAX)
    }

    /// How long a room is kept that nobody is in, in µs.
    fn idle_us(&self) -> u64 {
        u64::try_from(self.limits.idle.as_micros()).unwrap_or(u64::MAX)
    }

    /// Does something that waits for the log. It is given up when the gateway ends.
    fn chore(&self, chore: impl Future<Output = ()> + Send + 'static) {
        let stop = self.tasks.stop();
        self.tasks.spawn(async move {
            tokio::select! {
                () = chore => {}
                () = stop.cancelled() => {}
            }
        });
    }

    fn news(&self) -> MutexGuard<'_, Vec<Arc<Room>>> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a room was made with.
#[derive(Debug)]
struct Keys {
    code: Code,
    teach: Hash,
    view: Hash,
}

/// A room.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    keys: Keys,
    common: Arc<Common>,
    transcript: Transcript,
    inside: Mutex<Inside>,
    /// Moves when there is something for its readers.
    changed: watch::Sender<u64>,
    /// The "everyone send now" that is under way.
    armed: watch::Sender<Option<Armed>>,
    /// The last run that somebody sees to.
    attended_run: AtomicU32,
    /// Some rule keeps some members from sending something.
    ruled: AtomicBool,
    /// When it is to be looked at at the latest, by the rooms' clock, in µs.
    due_us: AtomicU64,
}

impl Room {
    fn new(
        id: RoomId,
        keys: Keys,
        common: Arc<Common>,
        transcript: Transcript,
        inside: Inside,
    ) -> Arc<Self> {
        common.metrics.rooms.inc();
        let room = Room {
            id,
            keys,
            common,
            transcript,
            changed: watch::Sender::new(0),
            armed: watch::Sender::new(inside.armed().cloned()),
            attended_run: AtomicU32::new(0),
            ruled: AtomicBool::new(inside.is_ruled()),
            due_us: AtomicU64::new(u64::MAX),
            inside: Mutex::new(inside),
        };
        Arc::new(room)
    }

    /// Its public name.
    pub fn id(&self) -> &RoomId {
        &self.id
    }

    /// Whether a text is its teach link's secret.
    pub fn is_taught_by(&self, secret: &str) -> bool {
        secret::matches(secret, &self.keys.teach)
    }

    /// Its part of the log.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// The rooms' clock less the gateway's, in µs.
    pub fn clock_offset_us(&self) -> u64 {
        self.common.offset_us
    }

    /// The "everyone send now" that is under way, now and at each change.
    pub fn armed(&self) -> watch::Receiver<Option<Armed>> {
        self.armed.subscribe()
    }

    /// How a run's server is, as the gateway saw it. Its `clock_us` is of the rooms' clock.
    pub fn gauge(self: &Arc<Self>, run: RunId, gauge: Gauge) {
        self.with(|room, inside| {
            if inside.is_present(run) {
                room.happens(inside, Happened::Gauge { run, gauge });
            }
        });
    }

    /// A run is over: all are done. Nothing happens where it was over already.
    pub fn run_over(self: &Arc<Self>, run: RunId) {
        self.with(|room, inside| {
            if inside.is_present(run) {
                let called_off = false;
                room.happens(inside, Happened::RunOver { run, called_off });
            }
        });
    }

    /// Whether all are done with the present run by now.
    pub fn all_are_done(&self) -> bool {
        self.lock().state.all_are_done(self.common.now_us())
    }

    /// The room as it is now.
    pub fn state(&self) -> State {
        self.lock().state.clone()
    }

    /// Does something to the room, and on the way out: tells who is to be told, and has the room
    /// looked after where it has news.
    fn with<T>(self: &Arc<Self>, act: impl FnOnce(&Arc<Self>, &mut Inside) -> T) -> T {
        let mut inside = self.lock();
        let done = act(self, &mut inside);
        let told = std::mem::take(&mut inside.told);
        let due_us = inside.due_us(self.common.idle_us());
        let sooner = self.due_us.swap(due_us, Ordering::Relaxed) > due_us;
        let attend = inside.needs_attention() && !std::mem::replace(&mut inside.attended, true);
        drop(inside);
        if attend {
            self.common.news().push(self.clone());
        }
        if attend || sooner {
            self.common.wake.notify_one();
        }
        for (occupant, told) in told {
            if let Some(occupant) = occupant.upgrade() {
                occupant.tell(told);
            }
        }
        done
    }

    /// Something happens by the gateway's own doing.
    fn happens(self: &Arc<Self>, inside: &mut Inside, what: Happened) {
        self.apply(inside, MemberId::GATEWAY, None, what, None);
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // What the lock protects is whole between any two statements.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.common.metrics.rooms.dec();
    }
}

/// Somebody to be told something.
type Letter = (Weak<dyn Occupant>, Told);

/// Why a room is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// A teacher ended it.
    Ended,
    /// Nobody was in it for too long.
    Expired,
}

impl Over {
    fn reason(self) -> LeftReason {
        match self {
            Over::Ended => LeftReason::Ended,
            Over::Expired => LeftReason::Expired,
        }
    }
}
