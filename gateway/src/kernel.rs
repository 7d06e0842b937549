//! The kernel's view of the sockets between the gateway and its own servers.
//!
//! One task looks at all sockets that are watched, every 10 ms while there are any, and tells what
//! has changed. What begins and ends between two looks is not seen.

#[cfg(target_os = "linux")]
mod diag;
#[cfg(not(target_os = "linux"))]
#[path = "kernel/elsewhere.rs"]
mod diag;
mod look;
mod sampled;
#[cfg(target_os = "linux")]
mod tcp_info;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chalkwire_shared::kernel::{End, State, View};
use chalkwire_shared::target::{Kind, TargetUrl};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::target::Ends;
use crate::tasks::Tasks;
use diag::Diag;
use look::{Listeners, Look};
use sampled::{ENDS, Sampled};

/// Sockets that are watched at once.
pub const MAX_WATCHED: usize = 64;

/// How often they are looked at.
const EVERY: Duration = Duration::from_millis(10);

/// How soon they are looked at again when somebody asks for it.
const SOON: Duration = Duration::from_millis(1);

/// How long a socket is looked at after its end.
const AFTERLIFE_US: u64 = 1_000_000;

/// Looks at so many before it lets others run: some 4 µs a question, three a socket.
const AT_A_TIME: usize = 8;

/// Why there is no view; a sentence for a learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoView {
    /// The target is none of the gateway's own.
    #[error("The kernel's view is shown for the gateway's own servers only.")]
    Foreign,
    /// The system has no such thing.
    #[error(
        "The kernel's view needs Linux; the gateway runs on {}.",
        std::env::consts::OS
    )]
    System,
    /// The system does not tell.
    #[error("The kernel of the gateway's machine does not tell about its sockets.")]
    Denied,
    /// The socket can't be told from others.
    #[error("This socket has no name of its own by which the kernel could be asked for it.")]
    Unnamed,
    /// Enough are watched.
    #[error(
        "The kernel's view is shown of {MAX_WATCHED} sockets at once, and so many are watched now: \
         try again a little later."
    )]
    TooMany,
}

/// Is told that an end has changed, and when it was looked at; false when it has no room for it.
type Sink = Box<dyn Fn(u64, End, Option<View>) -> bool + Send + Sync>;

/// Who looks. Clones are the same.
#[derive(Clone)]
pub struct Watcher {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    line: Mutex<Line>,
    watched: Mutex<Vec<Arc<Entry>>>,
    /// There is something to look at.
    wake: Notify,
}

/// The line to the kernel, and what is known of it.
#[derive(Default)]
struct Line {
    diag: Option<Diag>,
    /// Of which kinds of sockets the kernel tells; what was not asked yet is not in it.
    tells: Vec<(Kind, bool)>,
}

struct Entry {
    ends: Ends,
    sink: Sink,
    /// When it ended, or 0.
    ended_us: AtomicU64,
    /// Only the task that looks uses it.
    seen: Mutex<(Sampled, Look)>,
}

impl Watcher {
    /// Starts the one task that looks; it ends with `tasks`.
    pub fn start(clock: Clock, tasks: &Tasks) -> Self {
        let shared = Arc::new(Shared {
            clock,
            line: Mutex::default(),
            watched: Mutex::default(),
            wake: Notify::new(),
        });
        let (draining, stop) = (tasks.draining().clone(), tasks.stop());
        let looking = shared.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = looking.look_on() => {}
                () = draining.cancelled() => {}
                () = stop.cancelled() => {}
            }
            looking.watched().clear();
        });
        Watcher { shared }
    }

    /// Watches a socket until the guard is dropped, and a second beyond that. `sink` must not block;
    /// what it had no room for it is told again, as it is then.
    ///
    /// # Errors
    /// [`NoView`].
    pub fn watch(
        &self,
        ends: &Ends,
        sink: impl Fn(u64, End, Option<View>) -> bool + Send + Sync + 'static,
    ) -> Result<Watch, NoView> {
        if !cfg!(target_os = "linux") {
            return Err(NoView::System);
        }
        if !self.shared.line().tells(ends.kind()) {
            return Err(NoView::Denied);
        }
        let entry = Arc::new(Entry {
            ends: ends.clone(),
            sink: Box::new(sink),
            ended_us: AtomicU64::new(0),
            seen: Mutex::default(),
        });
        {
            let mut watched = self.shared.watched();
            if watched.len() >= MAX_WATCHED {
                return Err(NoView::TooMany);
            }
            watched.push(entry.clone());
        }
        self.shared.wake.notify_one();
        Ok(Watch {
            shared: self.shared.clone(),
            entry,
        })
    }

    /// The connections that wait for a server's `accept`, and its backlog. `None` where nothing
    /// listens there, or the kernel does not tell.
    pub fn listener_queue(&self, url: &TargetUrl) -> Option<(u32, u32)> {
        let mut line = self.shared.line();
        let view = line.ask(|diag| match url {
            TargetUrl::Inet { kind, host, port } => match host.parse() {
                Ok(ip) => diag.inet(*kind, SocketAddr::new(ip, *port), None),
                Err(_) => Ok(None),
            },
            TargetUrl::Path { path, .. } => Ok(diag.path(path)?.map(|found| found.view)),
        });
        let view = view?.filter(|view| view.state == State::Listen)?;
        Some((view.recv_queue?, view.send_queue?))
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}

/// A socket's place with the [`Watcher`]. Drop it when the socket has ended.
#[must_use = "dropped at once, it is watched for a second only"]
pub struct Watch {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
}

impl Watch {
    /// Something has just happened on the socket: it is worth a look.
    pub fn look(&self) {
        self.shared.wake.notify_one();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let now_us = self.shared.clock.now_us().max(1);
        self.entry.ended_us.store(now_us, Ordering::Relaxed);
        self.look();
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({:?})", self.entry.ends)
    }
}

impl Shared {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(&self) -> MutexGuard<'_, Vec<Arc<Entry>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks and looks again, as long as there is something to look at.
    async fn look_on(&self) {
        loop {
            // Who wants to be looked at after this has left a permit to the notification.
            let entries = self.watched().clone();
            if entries.is_empty() {
                self.wake.notified().await;
                continue;
            }
            let mut listeners = Listeners::default();
            for some in entries.chunks(AT_A_TIME) {
                for entry in some {
                    self.look_at(entry, &mut listeners);
                }
                tokio::task::yield_now().await;
            }
            let now_us = self.clock.now_us();
            self.watched().retain(|entry| !entry.is_over(now_us));
            tokio::time::sleep(SOON).await;
            // Both are cancel-safe.
            tokio::select! {
                () = tokio::time::sleep(EVERY - SOON) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    fn look_at(&self, entry: &Entry, listeners: &mut Listeners) {
        let mut seen = entry.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (sampled, look) = &mut *seen;
        for end in ENDS {
            if !sampled.wants(end) {
                continue;
            }
            let clock_us = self.clock.now_us();
            let view = self
                .line()
                .ask(|diag| look.at(diag, &entry.ends, end, listeners));
            // Not told this time: it is asked again at the next look.
            let Some(view) = view else { continue };
            sampled.see(end, view, |view| (entry.sink)(clock_us, end, view));
        }
    }
}

impl Entry {
    fn is_over(&self, now_us: u64) -> bool {
        let ended_us = self.ended_us.load(Ordering::Relaxed);
        ended_us > 0 && now_us.saturating_sub(ended_us) > AFTERLIFE_US
    }
}

impl Line {
    /// Asks the kernel, on a new line where there is none; `None` after an error.
    fn ask<T>(&mut self, question: impl FnOnce(&mut Diag) -> io::Result<T>) -> Option<T> {
        let mut diag = match self.diag.take().map_or_else(Diag::open, Ok) {
            Ok(diag) => diag,
            Err(error) => {
                tracing::debug!(%error, "kernel: no sock_diag");
                return None;
            }
        };
        match question(&mut diag) {
            Ok(answer) => {
                self.diag = Some(diag);
                Some(answer)
            }
            Err(error) => {
                tracing::debug!(%error, "kernel: sock_diag");
                None
            }
        }
    }

    /// Whether the kernel tells of sockets of this kind; asked once.
    fn tells(&mut self, kind: Kind) -> bool {
        if let Some((_, tells)) = self.tells.iter().find(|(known, _)| *known == kind) {
            return *tells;
        }
        // An error may be gone the next time.
        let Some(tells) = self.ask(|diag| diag.tells(kind)) else {
            return false;
        };
        if !tells {
            tracing::info!(%kind, "kernel: sock_diag does not tell of these sockets");
        }
        self.tells.push((kind, tells));
        tells
    }
}
