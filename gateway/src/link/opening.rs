//! Opening one more socket of a link.

use std::sync::{Arc, MutexGuard};

use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Asked, Fault, FaultError};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::room::{Refusal, RunId};

use super::side::Side;
use super::{Link, Open, State};
use crate::bridge::client::Told;
use crate::bridge::socket::Socket;
use crate::room::record::Asked as Recorded;
use crate::target::Failure;
use crate::ws::Broken;

/// How a socket is asked for, besides its number and its target: see [`ClientMessage::Open`].
pub(super) struct Opening<'a> {
    pub(super) credit: u32,
    pub(super) trace: bool,
    pub(super) kernel: bool,
    pub(super) faults: &'a [Asked],
    pub(super) seed: u32,
    pub(super) run: Option<RunId>,
}

impl Link {
    pub(super) fn open(
        self: &Arc<Self>,
        id: SocketId,
        name: &str,
        opening: Opening<'_>,
    ) -> Result<(), Broken> {
        let Opening {
            credit,
            trace,
            kernel,
            faults,
            seed,
            run,
        } = opening;
        let core = &self.core;
        let mut state = self.lock();
        if id.0 <= state.last_socket {
            let detail = format!("socket {} was used before: numbers must grow", id.0);
            return Err(Broken::protocol(detail));
        }
        state.last_socket = id.0;
        let open = state.sockets.len();
        let seat = state.room.seat.clone();
        let refuse = |state: MutexGuard<'_, State>, reason: Reason, detail: String| {
            drop(state);
            core.metrics.refuse(reason.as_str());
            tracing::info!(socket = %id, %reason, "socket refused");
            self.tell(
                id,
                core.clock.now_us(),
                Told::Closed(Failure { reason, detail }),
            );
            Ok(())
        };
        let run = run.filter(|run| seat.as_ref().is_some_and(|seat| seat.is_of(*run, name)));
        if let Some(seat) = &seat
            && let Err(refusal) = seat.may_send(name, !faults.is_empty())
        {
            let Failure { reason, detail } = by_room(refusal);
            // The picture of the run shows who was not let.
            if let Some(recorder) = state.room.recorder.as_ref().filter(|_| run.is_some()) {
                recorder.refused(id, name, run, reason);
            }
            return refuse(state, reason, detail);
        }
        let target = match state.servers.target(name, &core.targets) {
            Ok(target) => target,
            Err(failure) => return refuse(state, failure.reason, failure.detail),
        };
        let plan = read_faults(faults).and_then(|faults| core.plan(&target, faults, seed));
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                let Failure { reason, detail } = bad_request(&error);
                return refuse(state, reason, detail);
            }
        };
        if open >= core.config.limits.sockets_per_link {
            let detail =
                format!("Too many sockets: this link has {open}, the most that one may have.");
            return refuse(state, Reason::Limit, detail);
        }
        // Who is in a room is no newcomer: a class that is in goes on.
        let admitted = match state.room.recorder {
            Some(_) => Ok(None),
            None => core.newcomers.admit_to_wait().map(Some),
        };
        let waiting = match admitted {
            Ok(waiting) => waiting,
            Err(failure) => {
                drop(state);
                self.tell(id, core.clock.now_us(), Told::Closed(failure));
                return Ok(());
            }
        };
        let Ok(permit) = core.sockets.clone().try_acquire_owned() else {
            return refuse(state, Reason::Limit, Reason::Limit.sentence().to_owned());
        };
        // A server of one's own is nobody else's business.
        let recorder = state.room.recorder.clone();
        let recorder = recorder.filter(|_| !name.starts_with('#'));
        if let Some(recorder) = &recorder {
            let asked = Recorded {
                target: name.to_owned(),
                run,
                faulted: !plan.is_empty(),
                reports: target.info.builtin,
                accepts: target.info.builtin && !target.kind().is_datagram(),
            };
            recorder.asked(id, asked);
        }
        let observed = trace || recorder.is_some();
        let side = Side {
            link: Arc::downgrade(self),
            id,
            trace,
            recorder,
        };
        let socket = Arc::new(Socket::new(side, &target, core.context(), credit, plan));
        let opened = Open {
            socket: socket.clone(),
            target: name.into(),
        };
        state.sockets.insert(id, opened);
        drop(state);

        let stop = self.ended.child_token();
        let core = core.clone();
        self.core.tasks.spawn(async move {
            drop(waiting);
            let account = core.account(&target);
            let views = core.views(&target, observed, kernel);
            let (reason, watched) = socket.run(&core.targets, &target, views, stop).await;
            account.closed(reason);
            socket.linger().await;
            match watched {
                Some(watched) => watched.ended(target.kind(), (socket, permit)),
                None => drop(permit),
            }
        });
        Ok(())
    }
}

/// The faults that a client asks for.
pub(super) fn read_faults(asked: &[Asked]) -> Result<Vec<Fault>, FaultError> {
    asked.iter().map(Asked::read).collect()
}

pub(super) fn bad_request(error: &FaultError) -> Failure {
    Failure {
        reason: Reason::BadRequest,
        detail: error.to_string(),
    }
}

/// The room's rules are against it.
pub(super) fn by_room(refusal: Refusal) -> Failure {
    Failure {
        reason: Reason::ByRoom,
        detail: refusal.sentence().to_owned(),
    }
}
