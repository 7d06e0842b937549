//! The runner: performs an experiment's steps over a link, actions in, effects out, no clock.

use std::collections::BTreeSet;

use bytes::Bytes;
use chalkwire_shared::job::JobId;
use chalkwire_shared::message::ClientMessage;
use chalkwire_shared::server::ServerId;

use super::run::{End, Run};
use super::{Experiment, Finding, Settings};
use crate::link::ways::Way;
use crate::link::{Do, Link, Phase};
use crate::wire::{Now, Out, Wire};

mod hear;
mod perform;
mod retry;

use perform::Doing;

/// A run takes no longer than this, in ms: a job's longest time, and what stands around it.
const LIMIT_MS: f64 = 90_000.0;

/// What happens to the runner.
#[derive(Clone, Debug)]
pub enum Action {
    /// The page is there: connect to the gateway.
    Start,
    /// Connect to the gateway now.
    Retry,
    /// The WebSocket is closed, with this code.
    Dropped(u16),
    /// A text message came.
    Text(String),
    /// A binary message came.
    Bytes(Bytes),
    /// A wait is over.
    Wake(Timer),
    /// Run this, as soon as the gateway is there; a run that goes on is cancelled.
    Run(&'static Experiment, Settings),
    /// Stop the run.
    Cancel,
}

/// What the shell has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Connect to the gateway, this way.
    Connect(Way),
    /// Drop it.
    Drop,
    /// Send a text message.
    Text(String),
    /// Send a binary message.
    Bytes(Bytes),
    /// Wake after so many ms; replaces a wait of the same name.
    Wake(Timer, f64),
}

/// Waits that the shell keeps, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Until the next try to connect.
    Retry,
    /// Until the next ping.
    Ping,
    /// Until the present step is over, one way or another.
    Step,
    /// Until the run has taken too long.
    Limit,
}

/// How far a run is: `step 3 of 7: waiting for the server's recv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The step, counted from 1.
    pub step: usize,
    /// Of so many.
    pub of: usize,
    /// What is going on.
    pub says: String,
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "step {} of {}: {}", self.step, self.of, self.says)
    }
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// Waits for the gateway, and for what is left of the run before.
    Connecting,
    /// At a step, counted from 0.
    Step(usize),
    /// Its sockets are being closed.
    Closing {
        /// Not waited for any longer than until then, in ms.
        until_ms: f64,
    },
    /// Its servers are being stopped.
    Stopping {
        /// Not waited for any longer than until then, in ms.
        until_ms: f64,
    },
    /// What the server and the kernel saw last may still come in.
    Settling {
        /// It is over then, in ms.
        until_ms: f64,
    },
}

/// A run that goes on.
#[derive(Clone, Debug)]
struct Course {
    steps: Vec<super::Step>,
    stage: Stage,
    doing: Doing,
    /// The run is over then, whatever it does.
    limit_ms: f64,
    /// For when the shell was last asked to wake.
    armed_ms: Option<f64>,
}

/// A link to the gateway that runs experiments, one at a time.
#[derive(Clone, Debug)]
pub struct Runner {
    wire: Wire,
    course: Option<Course>,
    run: Option<Run>,
    /// What the run is of.
    experiment: Option<&'static Experiment>,
    last_server: u32,
    last_job: u32,
    /// Servers that were asked for and have not been heard to have stopped.
    servers: BTreeSet<ServerId>,
    /// The job that goes on.
    job: Option<JobId>,
}

impl Default for Runner {
    fn default() -> Self {
        Runner {
            wire: Wire::new(Link::whole()),
            course: None,
            run: None,
            experiment: None,
            last_server: 0,
            last_job: 0,
            servers: BTreeSet::new(),
            job: None,
        }
    }
}

impl Runner {
    /// Takes an action in: what is to be done about it.
    pub fn apply(&mut self, action: Action, now: Now) -> Vec<Effect> {
        let mut out = Out::default();
        let mut effects = Vec::new();
        match action {
            Action::Start | Action::Retry | Action::Wake(Timer::Retry) => {
                self.wire.retry(now, &mut out);
            }
            Action::Dropped(code) => self.wire.dropped(code, now, &mut out),
            Action::Text(text) => self.wire.text(&text, now, &mut out),
            Action::Bytes(bytes) => self.wire.bytes(bytes, now, &mut out),
            Action::Wake(Timer::Ping) => self.wire.ping(now, &mut out),
            Action::Wake(Timer::Step | Timer::Limit) => {
                if let Some(course) = &mut self.course {
                    course.armed_ms = None;
                }
            }
            Action::Run(experiment, settings) => {
                self.end(End::Cancelled, &mut out);
                self.begin(experiment, settings, now);
                effects.push(Effect::Wake(Timer::Limit, LIMIT_MS));
            }
            Action::Cancel => self.end(End::Cancelled, &mut out),
        }
        self.hear(&mut out);
        loop {
            // A step that is not over yet may have sent something, which is heard as well.
            let more = self.advance(now, &mut out);
            self.hear(&mut out);
            if !more {
                break;
            }
        }
        effects.extend(out.said.into_iter().map(|it| match it {
            Do::Connect(way) => Effect::Connect(way),
            Do::Drop => Effect::Drop,
            Do::Text(text) => Effect::Text(text),
            Do::Bytes(bytes) => Effect::Bytes(bytes),
            Do::RetryAfter(ms) => Effect::Wake(Timer::Retry, ms),
            Do::PingAfter(ms) => Effect::Wake(Timer::Ping, ms),
        }));
        effects.extend(self.arm(now));
        effects
    }

    /// Has the link go this way only.
    pub fn force(&mut self, way: Way) {
        self.wire.link.force(way);
    }

    /// The link to the gateway, and its whole log.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// What was observed in the run that goes on, or in the last one.
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Whether a run goes on.
    pub fn is_running(&self) -> bool {
        self.course.is_some()
    }

    /// What the last run showed; `None` while it goes on, or where there was none.
    pub fn finding(&self) -> Option<Result<Finding, String>> {
        let run = self.run.as_ref().filter(|it| it.end.is_some())?;
        Some(self.experiment?.finding(run))
    }

    /// How far the run is.
    pub fn progress(&self) -> Option<Progress> {
        let course = self.course.as_ref()?;
        let of = course.steps.len();
        let (step, says) = match course.stage {
            Stage::Connecting => (
                1,
                match self.wire.link.phase() {
                    Phase::Up => "waiting for the end of the run before".to_owned(),
                    _ => "connecting to the gateway".to_owned(),
                },
            ),
            Stage::Step(at) => {
                let mut says = course
                    .steps
                    .get(at)
                    .map_or_else(String::new, |it| it.says());
                let job = self.run.as_ref().and_then(|it| it.jobs.last());
                if let (Some(_), Some((done, all))) = (self.job, job.map(|it| it.progress)) {
                    says += &format!(", {done} of {all} done");
                }
                (at + 1, says)
            }
            Stage::Closing { .. } => (of, "closing the sockets".to_owned()),
            Stage::Stopping { .. } => (of, "stopping the servers".to_owned()),
            Stage::Settling { .. } => (of, "gathering the last reports".to_owned()),
        };
        Some(Progress { step, of, says })
    }

    fn begin(&mut self, experiment: &'static Experiment, settings: Settings, now: Now) {
        self.experiment = Some(experiment);
        self.course = Some(Course {
            steps: (experiment.script)(&settings),
            stage: Stage::Connecting,
            doing: Doing::Nothing,
            limit_ms: now.ms + LIMIT_MS,
            armed_ms: None,
        });
        self.run = Some(Run::new(experiment.slug, settings));
    }

    /// Ends the run that goes on, if one does, and all that it had opened.
    fn end(&mut self, end: End, out: &mut Out) {
        if self.course.take().is_none() {
            return;
        }
        if let Some(run) = &mut self.run {
            run.end = Some(end);
        }
        if let Some(job) = self.job {
            self.wire
                .link
                .say(&mut out.said, |seq| ClientMessage::Cancel { seq, job });
        }
        self.close_all(out);
        self.stop_all(out);
    }

    /// Asks for all sockets to be closed: whether there were any.
    fn close_all(&mut self, out: &mut Out) -> bool {
        let open: Vec<_> = self.wire.sockets().map(|it| it.view.id).collect();
        for id in &open {
            self.wire.close(*id, out);
        }
        !open.is_empty()
    }

    /// Asks for all servers to be stopped: whether there were any.
    fn stop_all(&mut self, out: &mut Out) -> bool {
        for server in self.servers.clone() {
            self.wire
                .link
                .say(&mut out.said, |seq| ClientMessage::Stop { seq, server });
        }
        !self.servers.is_empty()
    }

    /// When the run wants to be woken, if that has changed.
    fn arm(&mut self, now: Now) -> Option<Effect> {
        let course = self.course.as_mut()?;
        let at = match course.stage {
            Stage::Connecting => None,
            Stage::Step(_) => course.doing.until_ms(),
            Stage::Closing { until_ms }
            | Stage::Stopping { until_ms }
            | Stage::Settling { until_ms } => Some(until_ms),
        };
        if course.armed_ms == at {
            return None;
        }
        course.armed_ms = at;
        at.map(|at| Effect::Wake(Timer::Step, (at - now.ms).max(0.0)))
    }
}

#[cfg(test)]
mod tests;
