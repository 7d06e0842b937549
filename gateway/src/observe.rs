//! What the built-in servers saw, brought to whoever's socket it was.
//!
//! A server knows its client by address alone, and so does [`Observers`]: whoever has a socket to a
//! server registers that socket's own address, and is told what the server did with it. Nobody else
//! is. A server may accept before the dialler has its address, so what nobody has registered for is
//! kept for a moment.

mod early;
mod router;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chalkwire_shared::server::ServerDid;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::tasks::Tasks;
use crate::timestamp::{self, Event, EventSender, Events, What};
use router::Router;

/// Events of servers that may wait to be passed on, each under 1 KiB; more are dropped and counted.
const EVENTS: usize = 4_096;

/// How long a registration outlives its guard: a server closes later than its client.
const AFTERLIFE_US: u64 = 1_000_000;

/// Where the built-in servers' events go: into the log, and to whoever's socket they are about.
/// Clones are the same.
#[derive(Clone)]
pub struct Observers {
    shared: Arc<Shared>,
    events: EventSender,
}

struct Shared {
    clock: Clock,
    router: Mutex<Router>,
    /// A registration has ended, and is to be forgotten in time.
    ended: Notify,
}

impl Observers {
    /// Starts the one task that passes events on; it ends with `tasks`.
    pub fn start(clock: Clock, metrics: &Arc<Metrics>, tasks: &Tasks) -> Self {
        let (sender, events) = timestamp::events(EVENTS);
        let shared = Arc::new(Shared {
            clock,
            router: Mutex::default(),
            ended: Notify::new(),
        });
        let (draining, stop) = (tasks.draining().clone(), tasks.stop());
        let (metrics, passing) = (metrics.clone(), shared.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = pass_on(events, &passing, &metrics) => {}
                () = draining.cancelled() => {}
                () = stop.cancelled() => {}
            }
            let left = std::mem::take(&mut *passing.lock());
            drop(left);
        });
        Observers {
            shared,
            events: sender,
        }
    }

    /// What a server is to be started with, so that its events come here.
    pub fn events(&self) -> EventSender {
        self.events.clone()
    }

    /// Tells `sink` what the server at `server` (its URL, as it was bound) does with the socket whose
    /// own address is `local`, until the registration is dropped and a second beyond that.
    ///
    /// Register a stream once it is connected, or before; a datagram socket before its first send.
    /// What the server did with a stream before is told at once, in order. A registration of the
    /// same address replaces an older one. `sink` must not block, nor call back into `Observers`.
    pub fn register(
        &self,
        server: &str,
        local: &str,
        sink: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Registration {
        let now_us = self.shared.clock.now_us();
        let (id, replaced) = self
            .shared
            .lock()
            .register(server, local, Box::new(sink), now_us);
        // Not under the lock: what it keeps is somebody else's.
        drop(replaced);
        Registration {
            shared: self.shared.clone(),
            id,
            local: local.into(),
            kept: None,
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observers")
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Router> {
        // A sink that panicked leaves the router whole: it is called between two statements.
        self.router.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket's place with the [`Observers`]. Drop it when the socket has ended.
#[must_use = "dropped at once, it is told a second's events only"]
pub struct Registration {
    shared: Arc<Shared>,
    id: u64,
    local: Box<str>,
    kept: Option<Box<dyn Send>>,
}

impl Registration {
    /// Keeps something until the registration is forgotten: a datagram socket, whose address would
    /// be somebody else's before its last reports have come.
    pub fn keep(&mut self, thing: impl Send + 'static) {
        self.kept = Some(Box::new(thing));
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let forget_us = self.shared.clock.now_us() + AFTERLIFE_US;
        let kept = self.kept.take();
        let replaced = self
            .shared
            .lock()
            .end(&self.local, self.id, forget_us, kept);
        drop(replaced);
        self.shared.ended.notify_one();
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registration({})", self.local)
    }
}

/// Takes what comes, and forgets who has ended.
async fn pass_on(mut events: Events, shared: &Shared, metrics: &Metrics) {
    loop {
        let next_us = shared.lock().next_forget_us();
        let wait = next_us.map(|at| at.saturating_sub(shared.clock.now_us()));
        // All are cancel-safe. Who ended before the lock was taken has left a permit to notify.
        tokio::select! {
            event = events.recv() => {
                let Some(event) = event else { return };
                let lost = i64::try_from(events.dropped()).unwrap_or(i64::MAX);
                metrics.lost_events.set(lost);
                log(&event);
                shared.lock().route(event);
            }
            () = shared.ended.notified(), if wait.is_none() => {}
            () = tokio::time::sleep(Duration::from_micros(wait.unwrap_or(0))), if wait.is_some() => {
                let forgotten = shared.lock().forget(shared.clock.now_us());
                drop(forgotten);
            }
        }
    }
}

fn log(event: &Event) {
    match event.what {
        What::TimedOut | What::Ignored(_) | What::Failed(_) => tracing::info!("server: {event}"),
        _ => tracing::debug!("server: {event}"),
    }
}

/// What a server did, as a link is told.
pub fn did(what: &What) -> ServerDid {
    let count = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    match what {
        What::Accepted => ServerDid::Accepted,
        What::Recv(bytes) => ServerDid::Recv {
            bytes: count(*bytes),
        },
        What::RecvCut { bytes, of } => ServerDid::RecvCut {
            bytes: count(*bytes),
            of: count(*of),
        },
        What::Eof => ServerDid::Eof,
        What::Sent(bytes) => ServerDid::Sent {
            bytes: count(*bytes),
        },
        What::TimedOut => ServerDid::TimedOut,
        What::Ignored(why) => ServerDid::Ignored {
            detail: why.to_string(),
        },
        What::Failed(text) => ServerDid::Failed {
            detail: text.clone(),
        },
        What::Closed => ServerDid::Closed,
    }
}
