//! The one job that a link may have at a time: begun, cancelled, and its reports passed on.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use chalkwire_shared::job::{Job, JobEnd, JobId, MAX_JOB_MS};
use chalkwire_shared::message::GatewayMessage;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Link;
use crate::job::{self, Place, Report};

/// How long records wait for room when their job is over. Without an end to it, a client that
/// acknowledges nothing would keep the job's place for ever.
const LATE: Duration = Duration::from_secs(5);

/// A job that runs.
pub(super) struct Running {
    id: JobId,
    targets: Vec<String>,
    cancel: CancellationToken,
}

impl Link {
    /// Begins a job, or says why not.
    pub(super) fn job(self: &Arc<Self>, id: JobId, work: Job) {
        let core = &self.core;
        let names = targets(&work).into_iter();
        let by_room = names
            .map(|name| self.may_send(name, false))
            .find_map(Result::err);
        let mut state = self.lock();
        let places = match (by_room, work.check()) {
            (Some(refusal), _) => Err(refusal.sentence().to_owned()),
            (None, Ok(())) => targets(&work)
                .iter()
                .map(|name| state.servers.place(name, core))
                .collect::<Result<Vec<Place>, String>>(),
            (None, Err(error)) => Err(error.to_string()),
        };
        let begun = match (places, &state.job) {
            (Err(detail), _) => Err((JobEnd::BadRequest, detail)),
            (_, Some(running)) => {
                let detail = format!(
                    "Job {} is not over yet: one at a time. Cancel it, or wait for it.",
                    running.id.0
                );
                Err((JobEnd::Limit, detail))
            }
            (Ok(places), None) => match core.jobs.clone().try_acquire_owned() {
                Ok(permit) => Ok((places, permit)),
                Err(_) => {
                    core.metrics.refuse("jobs");
                    let detail = "This gateway does as many jobs as it may. Try again in a moment.";
                    Err((JobEnd::Limit, detail.to_owned()))
                }
            },
        };
        let (places, permit) = match begun {
            Ok(begun) => begun,
            Err((end, detail)) => {
                drop(state);
                return self.job_done(id, end, detail);
            }
        };
        let cancel = self.ended.child_token();
        state.job = Some(Running {
            id,
            targets: targets(&work).into_iter().map(str::to_owned).collect(),
            cancel: cancel.clone(),
        });
        drop(state);
        // The rules may have changed since they were asked.
        self.silenced();
        core.metrics.jobs.inc();
        let (link, core) = (Arc::downgrade(self), core.clone());
        let ended = self.ended.clone();
        self.core.tasks.spawn(async move {
            let metrics = core.metrics.clone();
            let (reports, heard) = job::reports();
            // The job's end of the queue goes with it, and that ends the passing on.
            let over = cancel.child_token();
            let passed = pass_on(&link, id, heard, over.clone(), &ended);
            let work = job::run(core, work, places, reports, cancel, over);
            let ((end, mut detail), lost) = tokio::join!(work, passed);
            if lost > 0 {
                let sep = if detail.is_empty() { "" } else { " " };
                detail +=
                    &format!("{sep}{lost} of its reports found no room in time: they are lost.");
            }
            drop(permit);
            metrics.jobs.dec();
            if let Some(link) = link.upgrade() {
                // Whoever is told that it is over may begin another at once.
                link.lock().job = None;
                link.job_done(id, end, detail);
            }
        });
    }

    /// Cancels a job; `job_done` follows. One that is over already: the messages crossed.
    pub(super) fn cancel(&self, id: JobId) {
        if let Some(running) = self.lock().job.as_ref().filter(|job| job.id == id) {
            running.cancel.cancel();
        }
    }

    /// The room has other rules: a job that is against them is given up.
    pub(super) fn silenced(&self) {
        let (Some(seat), job) = ({
            let state = self.lock();
            let job = state.job.as_ref();
            let job = job.map(|job| (job.targets.clone(), job.cancel.clone()));
            (state.room.seat.clone(), job)
        }) else {
            return;
        };
        if let Some((targets, cancel)) = job
            && targets
                .iter()
                .any(|name| seat.may_send(name, false).is_err())
        {
            cancel.cancel();
        }
    }

    fn job_done(&self, job: JobId, end: JobEnd, detail: String) {
        let clock_us = self.core.clock.now_us();
        self.push(|seq| GatewayMessage::JobDone {
            seq,
            job,
            end,
            detail,
            clock_us,
        });
    }

    /// Passes a report on if there is room; gives it back if not.
    fn report(&self, job: JobId, report: Report) -> Result<(), Report> {
        let state = self.lock();
        if !self.has_room(&state) {
            self.full.store(true, Ordering::Relaxed);
            return Err(report);
        }
        drop(state);
        self.push(|seq| match report {
            Report::Progress { done, of } => GatewayMessage::JobProgress { seq, job, done, of },
            Report::Client(run) => GatewayMessage::JobClient { seq, job, run },
            Report::Gauge(gauge) => GatewayMessage::JobGauge { seq, job, gauge },
            Report::Call(call) => GatewayMessage::JobCall { seq, job, call },
        });
        Ok(())
    }
}

/// The names of a job's targets.
fn targets(work: &Job) -> Vec<&str> {
    match work {
        Job::Load(load) => load.targets.iter().map(String::as_str).collect(),
        Job::Calls(calls) => vec![&calls.target],
    }
}

/// Passes a job's reports on until there are no more. What finds no room waits, and the job with it,
/// other than what the next one of its kind makes up for: that is dropped. When the job is over, none
/// waits for long: how many were lost then.
async fn pass_on(
    link: &Weak<Link>,
    id: JobId,
    mut heard: mpsc::Receiver<Report>,
    over: CancellationToken,
    ended: &CancellationToken,
) -> u32 {
    let late = async {
        // Done in its time, or not: the same bound.
        let most = Duration::from_millis(MAX_JOB_MS.into());
        let _ = tokio::time::timeout(most, over.cancelled()).await;
        tokio::time::sleep(LATE).await;
    };
    tokio::pin!(late);
    let (mut is_late, mut lost) = (false, 0);
    while let Some(mut report) = heard.recv().await {
        loop {
            let Some(link) = link.upgrade() else {
                return lost;
            };
            // The notification is created before the room is looked at.
            let room = link.room.notified();
            match link.report(id, report) {
                Ok(()) | Err(Report::Progress { .. } | Report::Gauge(_)) => break,
                Err(_) if is_late => {
                    lost += 1;
                    break;
                }
                Err(back) => report = back,
            }
            tokio::select! {
                () = room => {}
                () = &mut late => is_late = true,
                () = ended.cancelled() => return lost,
            }
        }
    }
    lost
}
