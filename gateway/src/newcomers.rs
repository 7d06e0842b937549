//! Newcomers: whether the gateway has time for one more socket, by how late it is at its own work.
//!
//! A task sets itself a timer and looks how late it ran. It sleeps while nobody comes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chalkwire_shared::close::Reason;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::metrics::Metrics;
use crate::policy::admission::Admission;
use crate::policy::rate::Bucket;
use crate::target::Failure;
use crate::tasks::Tasks;

/// What who is turned away is told.
pub(crate) const TOO_MUCH: &str = "The gateway has more to do than it can do in time, so it takes nobody new \
                        at this moment. Who is connected stays so. Try again in a few seconds.";

/// Who asks for a socket.
#[derive(Clone, Debug)]
pub struct Newcomers {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Somebody came.
    came: Notify,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct State {
    admission: Admission,
    warnings: Bucket,
    /// Turned away since the last warning.
    untold: u64,
}

impl Newcomers {
    /// With a gateway that may be so late, and one task that looks.
    pub fn start(most: Duration, metrics: Arc<Metrics>, tasks: &Tasks) -> Self {
        let now = Instant::now().into_std();
        let inner = Arc::new(Inner {
            state: Mutex::new(State {
                admission: Admission::new(most, now),
                warnings: Bucket::new(1, 1, now),
                untold: 0,
            }),
            came: Notify::new(),
            metrics,
        });
        let (looks, draining) = (inner.clone(), tasks.draining().clone());
        tasks.spawn(async move {
            // Nobody new comes in while the gateway drains.
            tokio::select! {
                () = looks.look() => {}
                () = draining.cancelled() => {}
            }
        });
        Newcomers { inner }
    }

    /// A connection that was accepted at this time has its turn now.
    pub fn waited(&self, accepted: std::time::Instant) {
        let now = Instant::now().into_std();
        let waited = now.saturating_duration_since(accepted);
        self.inner.lock().admission.waited(waited, now);
    }

    /// Lets one in. To be asked before anything is done for it.
    ///
    /// # Errors
    /// What it is to be told instead; it is counted already.
    pub fn admit(&self) -> Result<(), Failure> {
        if self.ask(Admission::admit) {
            return Ok(());
        }
        self.refuse();
        Err(Failure {
            reason: Reason::Limit,
            detail: TOO_MUCH.to_owned(),
        })
    }

    /// Whether nobody is let in now.
    pub fn are_too_many(&self) -> bool {
        self.ask(Admission::refuses)
    }

    /// Counts one that is turned away.
    pub fn refuse(&self) {
        let inner = &self.inner;
        inner.metrics.refuse("overload");
        let mut state = inner.lock();
        state.untold += 1;
        if state.warnings.take(Instant::now().into_std()) {
            let turned_away = std::mem::take(&mut state.untold);
            drop(state);
            tracing::warn!(turned_away, "overload: newcomers are turned away");
        }
    }

    fn ask(&self, what: fn(&mut Admission, std::time::Instant) -> bool) -> bool {
        let now = Instant::now().into_std();
        let answer = what(&mut self.inner.lock().admission, now);
        // The next timer is wanted.
        self.inner.came.notify_one();
        answer
    }
}

impl Inner {
    async fn look(&self) {
        loop {
            self.came.notified().await;
            let due = self.lock().admission.due();
            if let Some(due) = due {
                sleep_until(due.into()).await;
                self.lock().admission.ran(Instant::now().into_std());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
