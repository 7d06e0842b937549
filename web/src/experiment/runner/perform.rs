//! The steps of a run, one after another.

use chalkwire_shared::fault::Asked;
use chalkwire_shared::job::{Calls, Job, JobId, Load};
use chalkwire_shared::message::ClientMessage;
use chalkwire_shared::server::ServerId;
use chalkwire_shared::target::Kind;

use super::{Runner, Stage};
use crate::experiment::run::{End, JobRun, Run, ServerRun, SocketRun};
use crate::experiment::step::{Awaited, Slot, Step, To};
use crate::model::What;
use crate::wire::{Now, Opening, Out};

/// How long the end of sockets, and then of servers, is waited for, in ms.
const END_MS: f64 = 3_000.0;

/// How long the last reports are waited for, in ms. They come in some 100 ms after what they report.
const SETTLE_MS: f64 = 300.0;

/// A timer may be early by so much, in ms: browsers round.
const EARLY_MS: f64 = 1.0;

/// How far the present step is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Doing {
    /// Not begun.
    Nothing,
    /// Begun, and over when something has come.
    Waiting,
    /// Begun, and over at this time at the latest, in ms.
    Until(f64),
    /// A message is on its way for the `tries`th time.
    Sending {
        /// Which of the messages, counted from 0.
        at: usize,
        tries: u32,
        /// When it is taken to be lost, in ms.
        until_ms: f64,
    },
}

impl Doing {
    pub(super) fn until_ms(&self) -> Option<f64> {
        match self {
            Doing::Nothing | Doing::Waiting => None,
            Doing::Until(ms) | Doing::Sending { until_ms: ms, .. } => Some(*ms),
        }
    }

    fn is_over(&self, now: Now) -> bool {
        self.until_ms().is_some_and(|it| now.ms + EARLY_MS >= it)
    }
}

impl Runner {
    /// Does the next thing that can be done: whether there was one.
    pub(super) fn advance(&mut self, now: Now, out: &mut Out) -> bool {
        let Some(course) = &mut self.course else {
            return false;
        };
        if now.ms + EARLY_MS >= course.limit_ms {
            self.end(End::TimeUp, out);
            return true;
        }
        let is_past = |until_ms: f64| now.ms + EARLY_MS >= until_ms;
        let next = match course.stage {
            Stage::Connecting => {
                let free = self.servers.is_empty() && self.job.is_none();
                let ready = self.wire.link.is_up() && self.wire.limits.is_some();
                if !ready || !free || self.wire.sockets().next().is_some() {
                    return false;
                }
                Stage::Step(0)
            }
            Stage::Step(at) => match course.steps.get(at).cloned() {
                None => {
                    self.close_all(out);
                    Stage::Closing {
                        until_ms: now.ms + END_MS,
                    }
                }
                Some(step) => {
                    if course.doing == Doing::Nothing {
                        match self.start(&step, now, out) {
                            Ok(doing) => self.set(doing),
                            Err(why) => self.end(End::Failed(why), out),
                        }
                        return true;
                    }
                    if !self.is_done(&step, now, out) {
                        return false;
                    }
                    self.set(Doing::Nothing);
                    Stage::Step(at + 1)
                }
            },
            Stage::Closing { until_ms } => {
                if self.wire.sockets().next().is_some() && !is_past(until_ms) {
                    return false;
                }
                self.stop_all(out);
                Stage::Stopping {
                    until_ms: now.ms + END_MS,
                }
            }
            Stage::Stopping { until_ms } => {
                if !self.servers.is_empty() && !is_past(until_ms) {
                    return false;
                }
                Stage::Settling {
                    until_ms: now.ms + SETTLE_MS,
                }
            }
            Stage::Settling { until_ms } => {
                if is_past(until_ms) {
                    self.end(End::Finished, out);
                    return true;
                }
                return false;
            }
        };
        if let Some(course) = &mut self.course {
            course.stage = next;
        }
        true
    }

    pub(super) fn set(&mut self, doing: Doing) {
        if let Some(course) = &mut self.course {
            course.doing = doing;
        }
    }

    /// Begins a step, or says why that can't be.
    fn start(&mut self, step: &Step, now: Now, out: &mut Out) -> Result<Doing, String> {
        let Some(run) = &mut self.run else {
            return Ok(Doing::Waiting);
        };
        match step {
            Step::Serve {
                server: slot,
                title,
                options,
            } => {
                self.last_server += 1;
                let id = ServerId(self.last_server);
                self.servers.insert(id);
                run.servers.push(ServerRun {
                    slot: *slot,
                    title,
                    id,
                    options: options.clone(),
                    url: String::new(),
                });
                self.wire
                    .link
                    .say(&mut out.said, |seq| ClientMessage::Serve {
                        seq,
                        server: id,
                        options: options.clone(),
                    });
            }
            Step::Stop(slot) => {
                let server = server(run, *slot)?.id;
                self.wire
                    .link
                    .say(&mut out.said, |seq| ClientMessage::Stop { seq, server });
            }
            Step::Open {
                socket: slot,
                title,
                to,
                faults,
                kernel,
            } => {
                let (target, kind) = self.address(*to)?;
                let wanted = Opening {
                    kernel: *kernel,
                    faults: faults.iter().copied().map(Asked::from).collect(),
                    // Each socket has its own chance, all from the one seed; the first has the seed
                    // itself, so that it gives the same in the Lab and over `/raw`.
                    seed: match faults.is_empty() {
                        true => 0,
                        false => self.seed().wrapping_add(u32::from(slot.saturating_sub(1))),
                    },
                    ..Opening::new(target.clone(), kind)
                };
                let id = self.wire.open(wanted, now, out);
                let id = id.ok_or("There is no gateway to open a socket.")?;
                if let Some(run) = &mut self.run {
                    run.sockets.push(SocketRun {
                        slot: *slot,
                        title,
                        id,
                        target,
                    });
                }
            }
            Step::Send(slot, bytes) => {
                if let Some(id) = run.socket(*slot) {
                    self.wire.send(id, bytes.clone(), now, out);
                }
            }
            Step::SendWithRetry { timeout_ms, .. } => {
                self.send_numbered(step, 0, now, out);
                return Ok(Doing::Sending {
                    at: 0,
                    tries: 1,
                    until_ms: now.ms + f64::from(*timeout_ms),
                });
            }
            Step::Wait(ms) | Step::Await { ms, .. } => {
                return Ok(Doing::Until(now.ms + f64::from(*ms)));
            }
            Step::ShutDown(slot) => {
                if let Some(id) = run.socket(*slot) {
                    self.wire.shut_down(id, now, out);
                }
            }
            Step::Close(slot) => {
                if let Some(id) = run.socket(*slot) {
                    self.wire.close(id, out);
                }
            }
            Step::Load { to, load } => {
                let targets: Result<Vec<String>, String> =
                    to.iter().map(|it| Ok(self.address(*it)?.0)).collect();
                let load = Load {
                    targets: targets?,
                    ..load.clone()
                };
                self.ask(Job::Load(load), out);
            }
            Step::Calls {
                to,
                script,
                wait_ms,
            } => {
                let calls = Calls {
                    script: *script,
                    target: self.address(*to)?.0,
                    wait_ms: *wait_ms,
                };
                self.ask(Job::Calls(calls), out);
            }
        }
        Ok(Doing::Waiting)
    }

    fn ask(&mut self, work: Job, out: &mut Out) {
        self.last_job += 1;
        let job = JobId(self.last_job);
        self.job = Some(job);
        if let Some(run) = &mut self.run {
            run.jobs.push(JobRun {
                id: job,
                work: work.clone(),
                clients: Vec::new(),
                gauges: Vec::new(),
                calls: Vec::new(),
                progress: (0, 0),
                end: None,
            });
        }
        self.wire
            .link
            .say(&mut out.said, |seq| ClientMessage::Job { seq, job, work });
    }

    /// Whether the step that was begun is over.
    fn is_done(&mut self, step: &Step, now: Now, out: &mut Out) -> bool {
        let Some(course) = &self.course else {
            return true;
        };
        let Some(run) = &mut self.run else {
            return true;
        };
        let over = course.doing.is_over(now);
        match step {
            Step::Serve { server: slot, .. } => {
                server(run, *slot).is_ok_and(|it| !it.url.is_empty())
            }
            Step::Stop(slot) => server(run, *slot).is_ok_and(|it| !self.servers.contains(&it.id)),
            Step::Wait(_) => over,
            Step::Await { what, .. } => {
                if has_happened(run, *what) {
                    return true;
                }
                let closed = run.closed(what.socket()).is_some();
                let ended = match what {
                    // The server's reports may come after the end.
                    Awaited::Recvs(..) => false,
                    Awaited::Replies(..) | Awaited::Bytes(..) => closed || run.eof(what.socket()),
                    Awaited::Opened(_) | Awaited::Eof(_) | Awaited::Closed(_) => closed,
                };
                if over || ended {
                    run.unmet.push(*what);
                }
                over || ended
            }
            Step::SendWithRetry { .. } => self.retry(step, over, now, out),
            Step::Load { .. } | Step::Calls { .. } => self.job.is_none(),
            Step::Open { .. } | Step::Send(..) | Step::ShutDown(_) | Step::Close(_) => true,
        }
    }

    fn seed(&self) -> u32 {
        self.run.as_ref().map_or(0, |it| it.settings.seed)
    }

    /// The name and kind of what is spoken to.
    fn address(&self, to: To) -> Result<(String, Kind), String> {
        match to {
            To::Server(slot) => {
                let run = self.run.as_ref().ok_or("There is no run.")?;
                let server = server(run, slot)?;
                Ok((server.target(), server.options.kind))
            }
            To::Target(name) => {
                let found = self.wire.targets.iter().find(|it| it.name == name);
                let found = found.ok_or_else(|| {
                    format!("This gateway has no built-in server named “{name}”.")
                })?;
                Ok((found.name.clone(), found.kind))
            }
        }
    }
}

fn server(run: &Run, slot: Slot) -> Result<&ServerRun, String> {
    let found = run.servers.iter().find(|it| it.slot == slot);
    found.ok_or_else(|| "The server that it needs was never started.".to_owned())
}

fn has_happened(run: &Run, what: Awaited) -> bool {
    let slot = what.socket();
    match what {
        Awaited::Opened(_) => run
            .of(slot)
            .any(|it| matches!(it.what, What::Connected { .. })),
        Awaited::Recvs(_, count) => run.recvs(slot).len() >= count,
        Awaited::Replies(_, count) => run.replies(slot).len() >= count,
        Awaited::Bytes(_, count) => {
            run.replies(slot).iter().map(|it| it.len()).sum::<usize>() >= count
        }
        Awaited::Eof(_) => run.eof(slot),
        Awaited::Closed(_) => run.closed(slot).is_some(),
    }
}
