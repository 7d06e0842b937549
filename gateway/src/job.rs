//! Jobs: what the gateway does by itself with real sockets, and reports.
//!
//! A job goes to a link's own servers and to built-in targets, and nowhere else: that is for whoever
//! makes its [`Place`]s to see to. It is bounded in time, clients and threads, and can be cancelled
//! at any moment.

mod call;
mod calls;
mod connection;
mod dial;
pub mod gauge;
mod load;
mod seen;

use std::sync::Arc;
use std::time::Duration;

use chalkwire_shared::job::{Call, ClientRun, Gauge, Job, JobEnd, MAX_JOB_MS};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::target::Target;
use crate::timestamp::Count;

/// Reports that may wait to be passed on, each under 4 KiB. What must not be lost waits for a place.
const REPORTS: usize = 64;

/// Somewhere a job may go.
#[derive(Clone, Debug)]
pub struct Place {
    /// A server of the gateway's own.
    pub target: Arc<Target>,
    /// How many threads and processes serve there.
    pub count: Count,
}

/// Something that a job tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// How far it is: done, and of how much.
    Progress {
        /// Connections that are over,
        done: u32,
        /// of so many.
        of: u32,
    },
    /// A client's connection is over.
    Client(ClientRun),
    /// A server as it is now.
    Gauge(Gauge),
    /// A call has returned.
    Call(Call),
}

/// Where a job puts its reports.
#[derive(Clone, Debug)]
pub struct Reports(mpsc::Sender<Report>);

/// A bounded queue for a job's reports.
pub fn reports() -> (Reports, mpsc::Receiver<Report>) {
    let (sender, receiver) = mpsc::channel(REPORTS);
    (Reports(sender), receiver)
}

impl Reports {
    /// Tells what must not be lost, and waits for a place.
    async fn tell(&self, report: Report) {
        // Nobody listens any more: the link has ended, and cancels the job.
        let _ = self.0.send(report).await;
    }

    /// The same for a thread that may block.
    fn tell_blocking(&self, report: Report) {
        let _ = self.0.blocking_send(report);
    }

    /// Tells what the next one of its kind makes up for; true if there was a place.
    fn mention(&self, report: Report) -> bool {
        self.0.try_send(report).is_ok()
    }
}

/// Does a job, and says how it ended, with a sentence where there is something to explain. It
/// returns soon after `cancel`, with nothing left behind, as long as its reports are taken.
///
/// `over` is a child of `cancel`, for whoever takes the reports: it is cancelled when the job's time
/// is up, too.
pub async fn run(
    core: Arc<Core>,
    job: Job,
    places: Vec<Place>,
    reports: Reports,
    cancel: CancellationToken,
    over: CancellationToken,
) -> (JobEnd, String) {
    let work = async {
        match job {
            Job::Load(load) => {
                load::run(&core, &load, &places, &reports, &over).await;
                Ok(())
            }
            Job::Calls(calls) => calls::run(&core, &calls, &places, &reports, &over).await,
        }
    };
    tokio::pin!(work);
    let mut time_up = false;
    let done = tokio::select! {
        done = &mut work => done,
        () = tokio::time::sleep(Duration::from_millis(MAX_JOB_MS.into())) => {
            time_up = true;
            over.cancel();
            work.await
        }
    };
    match done {
        Err(refused) => refused,
        Ok(()) if time_up => {
            let detail = format!("A job ends after {} s.", MAX_JOB_MS / 1_000);
            (JobEnd::TimeUp, detail)
        }
        Ok(()) if cancel.is_cancelled() => (JobEnd::Cancelled, String::new()),
        Ok(()) => (JobEnd::Done, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::{Config, Flags};
    use crate::lanes::Lanes;
    use crate::metrics::Metrics;
    use crate::observe::Observers;
    use crate::target::Targets;
    use crate::tasks::Tasks;
    use chalkwire_shared::job::{Load, Outcome};
    use chalkwire_shared::target::TargetInfo;

    /// With the lanes that its timers are kept by.
    fn core() -> (Arc<Core>, Lanes) {
        let config = Config::load(None, [], Flags::default()).unwrap();
        let (clock, tasks) = (Clock::start(), Tasks::default());
        let metrics = Arc::new(Metrics::default());
        let observers = Observers::start(clock, &metrics, &tasks);
        let targets = Targets::new(Vec::new(), Vec::new(), std::env::temp_dir());
        let lanes = Lanes::for_cores().unwrap();
        let core = Core::new(
            config,
            clock,
            &lanes,
            metrics,
            tasks,
            targets,
            observers,
            Default::default(),
        );
        (Arc::new(core), lanes)
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_ends_when_its_time_is_up() {
        // It never accepts, and so never answers.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("tcp://{}", listener.local_addr().unwrap());
        let target = Target {
            info: TargetInfo {
                name: "silent".to_owned(),
                kind: chalkwire_shared::target::Kind::Tcp,
                url: None,
                about: String::new(),
                builtin: true,
            },
            url: url.parse().unwrap(),
        };
        let place = Place {
            target: Arc::new(target),
            count: Count::default(),
        };
        let load = Load {
            targets: vec!["silent".to_owned()],
            reply_ms: u16::MAX,
            ..Load::default()
        };
        let (reports, mut heard) = reports();
        let cancel = CancellationToken::new();
        let over = cancel.child_token();
        let (core, _lanes) = core();
        let job = run(core, Job::Load(load), vec![place], reports, cancel, over);
        let clients = async {
            let mut outcomes = Vec::new();
            while let Some(report) = heard.recv().await {
                if let Report::Client(run) = report {
                    outcomes.push(run.outcome);
                }
            }
            outcomes
        };
        let ((end, detail), outcomes) = tokio::join!(job, clients);
        assert_eq!((end, &*detail), (JobEnd::TimeUp, "A job ends after 60 s."));
        assert_eq!(outcomes, [Outcome::Cancelled]);
    }
}
