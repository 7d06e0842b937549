//! What every connection needs of the gateway: its configuration, clock, counters, caps and targets.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Fault, FaultError};
use chalkwire_shared::id::Token;
use chalkwire_shared::limits::{Limits, MAX_PAYLOAD_BYTES};
use chalkwire_shared::message::GatewayMessage;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Semaphore;

use crate::bridge::Context;
use crate::bridge::watch::Views;
use crate::clock::Clock;
use crate::config::Config;
use crate::fault::{Places, Plan};
use crate::kernel::{NoView, Watcher};
use crate::lanes::Lanes;
use crate::metrics::{ByOutcome, ByTarget, Metrics};
use crate::newcomers::Newcomers;
use crate::observe::Observers;
use crate::policy::guesses::Guesses;
use crate::policy::guests::Guests;
use crate::target::{Dialled, Failure, Target, Targets};
use crate::tasks::Tasks;
use crate::timers::Timers;
use crate::timestamp::{Count, Workers};

/// Calls of jobs that hold a thread at once. tokio has 512 for all that blocks, and name resolution
/// must find one, too.
const BLOCKING_CALLS: usize = 256;

/// Addresses of links' servers that are kept after these have stopped, each by a socket.
const KEPT_ADDRESSES: usize = 1_024;

/// The gateway's common ground.
#[derive(Debug)]
pub struct Core {
    /// What it was told.
    pub config: Config,
    /// Its clock.
    pub clock: Clock,
    /// What is due late.
    pub timers: Timers,
    /// What it counts.
    pub metrics: Arc<Metrics>,
    /// The owner of its tasks.
    pub tasks: Tasks,
    /// What can be reached.
    pub targets: Targets,
    /// Who is told what its own servers do.
    pub observers: Observers,
    /// Who looks at the sockets to them.
    pub kernel: Watcher,
    /// Sockets that may still be opened.
    pub sockets: Arc<Semaphore>,
    /// Sockets of these that may still be faulted.
    pub faulted: Places,
    /// Servers of links' own that may still be started.
    pub servers: Arc<Semaphore>,
    /// Addresses of such servers that may still be kept when these have stopped.
    pub kept: Arc<Semaphore>,
    /// Places for the threads and processes that serve clients there.
    pub workers: Workers,
    /// Jobs that may still be begun.
    pub jobs: Arc<Semaphore>,
    /// Calls of jobs that may hold a thread.
    pub blocking: Arc<Semaphore>,
    /// How many threads and processes serve, of each built-in target.
    pub counts: BTreeMap<String, Count>,
    /// Whether there is time for one more.
    pub newcomers: Newcomers,
    /// Connections of each client address.
    pub guests: Guests,
    /// Wrong room codes of each.
    pub guesses: Guesses,
}

impl Core {
    /// The common ground of one gateway.
    #[expect(clippy::too_many_arguments, reason = "all that it has in common")]
    pub fn new(
        config: Config,
        clock: Clock,
        lanes: &Lanes,
        metrics: Arc<Metrics>,
        tasks: Tasks,
        targets: Targets,
        observers: Observers,
        counts: BTreeMap<String, Count>,
    ) -> Self {
        Core {
            servers: Arc::new(Semaphore::new(config.limits.servers)),
            kept: Arc::new(Semaphore::new(KEPT_ADDRESSES)),
            workers: Workers::new(config.limits.workers),
            jobs: Arc::new(Semaphore::new(config.limits.jobs)),
            blocking: Arc::new(Semaphore::new(BLOCKING_CALLS)),
            counts,
            sockets: Arc::new(Semaphore::new(config.limits.sockets)),
            kernel: Watcher::start(clock, &tasks),
            newcomers: Newcomers::start(
                config.limits.late,
                lanes.at_first(),
                metrics.clone(),
                &tasks,
            ),
            timers: lanes.timers().clone(),
            faulted: Places::new(clock, config.limits.faulted_sockets),
            guests: Guests::default(),
            guesses: Guesses::default(),
            config,
            clock,
            metrics,
            tasks,
            targets,
            observers,
        }
    }

    /// Connects to a target, within the time there is for that. Cancel-safe.
    ///
    /// # Errors
    /// As [`Targets::dial`], or [`Reason::ConnectTimeout`].
    pub async fn dial(&self, target: &Target) -> Result<Dialled, Failure> {
        let dialling = self.targets.dial(target);
        let dialled = self.timers.timeout(self.config.limits.connect, dialling);
        dialled
            .await
            .unwrap_or_else(|_| Err(Reason::ConnectTimeout.into()))
    }

    /// What a new link is told.
    pub fn welcome(&self, token: Token) -> GatewayMessage {
        let limits = &self.config.limits;
        let seconds = |duration: Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        GatewayMessage::Welcome {
            token,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clock_us: self.clock.now_us(),
            unix_ms: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
            limits: Limits {
                sockets: u32::try_from(limits.sockets_per_link).unwrap_or(u32::MAX),
                payload_bytes: MAX_PAYLOAD_BYTES as u32,
                window_bytes: limits.window_bytes,
                idle_s: seconds(limits.idle),
                resume_s: seconds(limits.resume),
            },
            targets: self.targets.list(),
        }
    }

    /// What a new socket needs.
    pub fn context(&self) -> Context {
        Context {
            clock: self.clock,
            timers: self.timers.clone(),
            faulted: self.faulted.clone(),
            metrics: self.metrics.clone(),
            draining: self.tasks.draining().clone(),
            connect: self.config.limits.connect,
            idle: self.config.limits.idle,
            window_bytes: self.config.limits.window_bytes,
        }
    }

    /// What is done to a new socket of a target: the faults that the configuration has for it, and
    /// those that a client asks for.
    ///
    /// # Errors
    /// [`FaultError`] says what does not fit the target.
    pub fn plan(&self, target: &Target, faults: Vec<Fault>, seed: u32) -> Result<Plan, FaultError> {
        let mut targets = self.config.targets.iter();
        let mut plan = targets
            .find(|own| own.name == target.info.name)
            .map(|own| Plan::standing(own.faults.clone(), own.seed))
            .unwrap_or_default();
        if !faults.is_empty() {
            plan.ask(faults, seed, target.kind().is_datagram())?;
        }
        Ok(plan)
    }

    /// What is to be watched of a socket to a target, besides its bytes: with `trace` what one of
    /// the gateway's own servers does, with `kernel` how the kernel has the connection to it.
    pub fn views(&self, target: &Target, trace: bool, kernel: bool) -> Views<'_> {
        let builtin = target.info.builtin;
        Views {
            server: (trace && builtin).then_some(&self.observers),
            kernel: match (kernel, builtin) {
                (false, _) => None,
                (true, true) => Some(Ok(&self.kernel)),
                (true, false) => Some(Err(NoView::Foreign)),
            },
        }
    }

    /// Counts a socket in; the account counts it out.
    pub fn account(&self, target: &Target) -> Account {
        // One label for all servers of links' own, or their numbers would make labels without end.
        let target = match target.info.name.as_str() {
            name if name.starts_with('#') => "#",
            name => name,
        };
        let target = target.to_owned();
        let labels = ByTarget { target };
        let open = self.metrics.sockets.get_or_create_owned(&labels);
        open.inc();
        Account {
            metrics: self.metrics.clone(),
            target: labels.target,
            open,
        }
    }

    /// A random time up to `most`, so that many who are told the same don't come back as one.
    pub fn spread(&self, most: Duration) -> Duration {
        let mut bytes = [0; 4];
        // Without chance all come at the same time, which is worse but not wrong.
        let _ = getrandom::fill(&mut bytes);
        most.mul_f64(f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX))
    }
}

/// An open socket in the books: one line in the log and the counters when it ends.
#[derive(Debug)]
pub struct Account {
    metrics: Arc<Metrics>,
    /// The label, which `closed` takes.
    target: String,
    /// How many there are of it.
    open: Gauge,
}

impl Account {
    /// The socket has ended.
    pub fn closed(mut self, reason: Reason) {
        tracing::info!(target_name = self.target, %reason, "socket closed");
        let outcome = ByOutcome {
            target: mem::take(&mut self.target),
            outcome: reason.as_str(),
        };
        self.metrics.closed.get_or_create(&outcome).inc();
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.open.dec();
    }
}

/// A new token. `None` where the system has no randomness: then there can be no secrets.
pub fn new_token() -> Option<Token> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(Token::from_random(bytes))
}
