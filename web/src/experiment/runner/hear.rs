//! What the wire has heard, taken into the run.

use chalkwire_shared::close::Reason;
use chalkwire_shared::job::{JobEnd, JobId};
use chalkwire_shared::message::{GatewayMessage, NoticeKind};

use super::Runner;
use crate::experiment::run::{End, JobRun, Run};
use crate::link::Phase;
use crate::model::{Entry, What};
use crate::wire::{Event, Out};

impl Runner {
    /// Takes what has come of an action into the run; that may end it.
    pub(super) fn hear(&mut self, out: &mut Out) {
        while let Some(event) = out.events.pop_front() {
            match event {
                Event::Noted(no) => self.noted(no, out),
                Event::Changed(no) => self.changed(no),
                Event::Lost => self.interrupted(out),
                Event::Gone => {
                    self.servers.clear();
                    self.job = None;
                    match self.wire.link.phase() {
                        Phase::Stopped(why) => {
                            let why = why.clone();
                            self.end(End::Failed(why), out);
                        }
                        _ => self.interrupted(out),
                    }
                }
                Event::Message(message) => self.message(message, out),
                Event::Welcome
                | Event::Resumed
                | Event::Data(..)
                | Event::Eof(_)
                | Event::Closed(_) => {}
            }
        }
        if self.course.is_some()
            && let Some(run) = &mut self.run
        {
            run.clock = self.wire.link.clock().or(run.clock);
        }
    }

    /// The run that goes on, if it has begun to do something.
    fn under_way(&mut self) -> Option<&mut Run> {
        self.course.as_ref()?;
        self.run.as_mut()
    }

    fn interrupted(&mut self, out: &mut Out) {
        let begun = |it: &super::Course| it.stage != super::Stage::Connecting;
        if self.course.as_ref().is_some_and(begun) {
            self.end(End::Interrupted, out);
        }
    }

    fn noted(&mut self, no: u32, out: &mut Out) {
        let Some(entry) = self.wire.log.get(no).map(|it| Entry::clone(it)) else {
            return;
        };
        let Some(run) = self.under_way() else {
            return;
        };
        // Late news of a run before are not this one's.
        let own = |id| run.sockets.iter().any(|it| it.id == id);
        if !entry.socket.is_none_or(own) {
            return;
        }
        let failed = match &entry.what {
            What::Closed { reason, detail, .. } if never_tried(*reason) => Some(detail.clone()),
            _ => None,
        };
        run.entries.push(entry);
        if let Some(detail) = failed {
            self.end(End::Failed(detail), out);
        }
    }

    fn changed(&mut self, no: u32) {
        let Some(entry) = self.wire.log.get(no).map(|it| Entry::clone(it)) else {
            return;
        };
        if let Some(run) = self.under_way()
            && let Ok(at) = run.entries.binary_search_by_key(&no, |it| it.no)
        {
            run.entries[at] = entry;
        }
    }

    fn message(&mut self, message: GatewayMessage, out: &mut Out) {
        match message {
            GatewayMessage::Serving { server, url, .. } => {
                let servers = self.under_way().map(|it| &mut it.servers);
                if let Some(it) = servers.and_then(|it| it.iter_mut().find(|it| it.id == server)) {
                    it.url = url;
                }
            }
            GatewayMessage::Stopped { server, detail, .. } => {
                self.servers.remove(&server);
                let servers = self.under_way().map(|it| &it.servers);
                let never_ran = servers
                    .and_then(|it| it.iter().find(|it| it.id == server))
                    .is_some_and(|it| it.url.is_empty());
                if never_ran {
                    self.end(End::Failed(detail), out);
                }
            }
            GatewayMessage::JobProgress { job, done, of, .. } => {
                self.of_job(job, |it| it.progress = (done, of));
            }
            GatewayMessage::JobClient { job, run, .. } => {
                self.of_job(job, |it| it.clients.push(run));
            }
            GatewayMessage::JobGauge { job, gauge, .. } => {
                self.of_job(job, |it| it.gauges.push(gauge));
            }
            GatewayMessage::JobCall { job, call, .. } => {
                self.of_job(job, |it| it.calls.push(call));
            }
            GatewayMessage::JobDone {
                job, end, detail, ..
            } => {
                if self.job == Some(job) {
                    self.job = None;
                }
                let mut mine = false;
                self.of_job(job, |it| {
                    it.end = Some((end, detail.clone()));
                    mine = true;
                });
                match end {
                    JobEnd::Done => {}
                    JobEnd::TimeUp => {
                        if mine {
                            self.end(End::TimeUp, out);
                        }
                    }
                    JobEnd::Cancelled | JobEnd::BadRequest | JobEnd::Limit | JobEnd::Failed => {
                        if mine {
                            self.end(End::Failed(detail), out);
                        }
                    }
                }
            }
            GatewayMessage::Notice {
                kind: NoticeKind::NoKernelView,
                detail,
                ..
            } => {
                if let Some(run) = self.under_way() {
                    run.no_kernel_view = Some(detail);
                }
            }
            _ => {}
        }
    }

    fn of_job(&mut self, id: JobId, does: impl FnOnce(&mut JobRun)) {
        let jobs = self.under_way().map(|it| &mut it.jobs);
        if let Some(it) = jobs.and_then(|it| it.iter_mut().find(|it| it.id == id)) {
            does(it);
        }
    }
}

/// Whether a socket that was closed for this reason says nothing about sockets: the gateway did not do
/// what was asked.
fn never_tried(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::UnknownTarget
            | Reason::Limit
            | Reason::BadRequest
            | Reason::ByRoom
            | Reason::Draining
    )
}
