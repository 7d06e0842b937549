//! Jobs of a link, and all that they report.

use chalkwire_shared::job::{Call, ClientRun, Gauge, Job, JobEnd, JobId};
use chalkwire_shared::message::{ClientMessage, GatewayMessage};

use super::{Event, Link};

/// All that a job reported.
#[derive(Clone, Debug, Default)]
pub struct Reported {
    /// The connections of a load, in the order in which they were over.
    pub clients: Vec<ClientRun>,
    /// What the load's servers looked like.
    pub gauges: Vec<Gauge>,
    /// Calls.
    pub calls: Vec<Call>,
    /// How far it was: done, of so many.
    pub progress: Vec<(u32, u32)>,
    /// How it ended, once it has.
    pub end: Option<JobEnd>,
    /// What was said at its end.
    pub detail: String,
}

impl Link {
    /// Begins a job.
    pub async fn job(&mut self, job: u32, work: Job) {
        let job = JobId(job);
        self.say(|seq| ClientMessage::Job { seq, job, work }).await;
    }

    /// Gives a job up.
    pub async fn cancel(&mut self, job: u32) {
        let job = JobId(job);
        self.say(|seq| ClientMessage::Cancel { seq, job }).await;
    }

    /// The next report of a job.
    pub async fn report(&mut self, id: u32) -> GatewayMessage {
        let of_job = |event: &Event| match event {
            Event::Told(
                GatewayMessage::JobProgress { job, .. }
                | GatewayMessage::JobClient { job, .. }
                | GatewayMessage::JobGauge { job, .. }
                | GatewayMessage::JobCall { job, .. }
                | GatewayMessage::JobDone { job, .. },
            ) => job.0 == id,
            _ => false,
        };
        match self.event_that(of_job).await {
            Event::Told(message) => message,
            Event::Data(frame) => panic!("not told but {frame:?}"),
        }
    }

    /// All that a job reports to its end.
    pub async fn reported(&mut self, job: u32) -> Reported {
        let mut reported = Reported::default();
        loop {
            match self.report(job).await {
                GatewayMessage::JobProgress { done, of, .. } => reported.progress.push((done, of)),
                GatewayMessage::JobClient { run, .. } => reported.clients.push(run),
                GatewayMessage::JobGauge { gauge, .. } => reported.gauges.push(gauge),
                GatewayMessage::JobCall { call, .. } => reported.calls.push(call),
                GatewayMessage::JobDone { end, detail, .. } => {
                    reported.end = Some(end);
                    reported.detail = detail;
                    return reported;
                }
                other => panic!("no report: {other:?}"),
            }
        }
    }
}
