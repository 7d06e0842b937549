//! One socket performed: the machine's shell, between a client's link and the target's stream.
//!
//! What the client sends is written to the target by whoever brings it, at once where the kernel
//! takes it: no queue, no copy, no other task woken. Only what does not fit is queued, within the
//! client's credit. The socket's own task connects, reads, writes what was queued, and watches for
//! silence.

mod ending;
mod read;
mod write;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Direction, Fault, FaultDid};
use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::client::{Client, Told};
use super::driving::{Driving, Teller};
use super::machine::{Event, Machine};
use super::watch::{Views, Watched};
use crate::fault::{Plan, Wire, refused};
use crate::seldom::Seldom;
use crate::target::{Dialled, Ends, Failure, LINGER, Named, Target, Targets};
use read::Read;

/// A client that has closed waits so long for a target that takes nothing of what was sent before.
const PATIENCE: Duration = Duration::from_secs(10);

/// One socket, shared by the client's side and the socket's own task.
pub struct Socket<C> {
    client: C,
    context: Context,
    datagram: bool,
    wire: OnceLock<Wire>,
    state: Mutex<State>,
    /// Something changed that the task waits for.
    wake: Notify,
    /// Bytes of frames that the gateway may still send to the client.
    credit: AtomicU64,
    /// Bytes went either way at this time of the gateway's clock.
    active_us: AtomicU64,
    /// When the client sent something that was not answered yet, or 0.
    asked_us: AtomicU64,
}

struct State {
    machine: Machine,
    /// The faults that are done to it.
    plan: Plan,
    /// Tells what they do; most sockets have none.
    teller: Option<Box<Teller>>,
    /// What could not be written yet.
    queue: VecDeque<Bytes>,
    /// How much of the first in the queue is written.
    written: usize,
    /// Bytes of frames that the client may still send.
    client_credit: u64,
    /// What was written and not yet given back as credit.
    to_give_back: u32,
    /// The socket failed: what the target sent before is still to be read.
    broken: Option<Failure>,
    /// Why it is over.
    closed: Option<Reason>,
}

/// What happens to a socket besides bytes.
enum Else {
    /// Something changed.
    Woken,
    Over(Failure),
}

impl<C: Client> Socket<C> {
    /// A socket that is about to connect; [`Socket::run`] does it.
    pub fn new(client: C, target: &Target, context: Context, credit: u32, plan: Plan) -> Self {
        Socket {
            client,
            datagram: target.kind().is_datagram(),
            wire: OnceLock::new(),
            state: Mutex::new(State {
                machine: Machine::default(),
                plan,
                teller: None,
                queue: VecDeque::new(),
                written: 0,
                client_credit: context.window_bytes.into(),
                to_give_back: 0,
                broken: None,
                closed: None,
            }),
            wake: Notify::new(),
            credit: AtomicU64::new(credit.into()),
            active_us: AtomicU64::new(0),
            asked_us: AtomicU64::new(0),
            context,
        }
    }

    /// Its client.
    pub fn client(&self) -> &C {
        &self.client
    }

    /// The client shuts down its side.
    pub fn shutdown(&self) {
        let mut state = self.lock();
        let actions = state.machine.on(Event::Shutdown);
        self.perform(&mut state, actions);
    }

    /// The client closes.
    pub fn close(&self) {
        let mut state = self.lock();
        let actions = state.machine.on(Event::Close);
        self.perform(&mut state, actions);
    }

    /// The client wants other faults, from here on.
    pub fn set_faults(&self, faults: Vec<Fault>, seed: u32) {
        let mut state = self.lock();
        if state.machine.is_closed() {
            return;
        }
        let detail = match faults.contains(&Fault::Refuse) {
            true => {
                let detail = "The fault refuse is for a connection that is not open yet: ask for it \
                              with open.";
                Some(detail.to_owned())
            }
            false => {
                let asked = state.plan.ask(faults, seed, self.datagram);
                asked.err().map(|error| error.to_string())
            }
        };
        if let Some(detail) = detail {
            let reason = Reason::BadRequest;
            return self.end(&mut state, Failure { reason, detail });
        }
        // Under the lock, as sending is: what was sent before goes before.
        if let Some(wire) = self.wire.get()
            && let Err(failure) = wire.change(&state.plan, &self.context.faulted)
        {
            return self.end(&mut state, failure);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// What the client asked for can't be done: the socket is closed.
    pub fn fail(&self, failure: Failure) {
        let mut state = self.lock();
        self.end(&mut state, failure);
    }

    /// The client gives credit.
    pub fn add_credit(&self, bytes: u32) {
        self.credit.fetch_add(bytes.into(), Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// The client has room again.
    pub fn room(&self) {
        self.wake.notify_one();
    }

    /// The socket's life, until it is closed or `stop`ped. Returns why it closed, and what is to
    /// be told when it has ended.
    pub async fn run(
        &self,
        targets: &Targets,
        target: &Target,
        views: Views<'_>,
        stop: CancellationToken,
    ) -> (Reason, Option<Box<Watched>>) {
        let mut watched = views.any().then(Box::<Watched>::default);
        let ended = self.live(targets, target, views, &mut watched, stop).await;
        let mut state = self.lock();
        if let Some(failure) = ended {
            self.end(&mut state, failure);
        }
        (state.closed.unwrap_or(Reason::ClosedByClient), watched)
    }

    /// Connects, then reads and writes. A failure that is still to be told, if one ended it.
    async fn live(
        &self,
        targets: &Targets,
        target: &Target,
        views: Views<'_>,
        watched: &mut Option<Box<Watched>>,
        stop: CancellationToken,
    ) -> Option<Failure> {
        if self.lock().plan.refuses() {
            let (direction, did) = (Direction::ToTarget, FaultDid::Refused);
            self.tell(Told::Fault { direction, did });
            return Some(refused());
        }
        let started_us = self.context.clock.now_us();
        if let Some(Err(no_view)) = views.kernel {
            self.tell(Told::NoKernelView(no_view));
        }
        let is_watched = watched.is_some();
        let mut named = |ends: &Ends| {
            if let Some(watched) = watched {
                watched.named(&views, ends, &self.client, &self.context);
            }
        };
        let named: Option<Named<'_>> = match is_watched {
            true => Some(&mut named),
            false => None,
        };
        let dialled = targets.dial_named(target, named);
        let dialled = tokio::select! {
            dialled = self.context.timers.timeout(self.context.connect, dialled) => dialled,
            () = self.given_up() => return None,
            () = stop.cancelled() => return Some(self.stopped()),
        };
        let wire = match dialled.unwrap_or_else(|_| Err(Reason::ConnectTimeout.into())) {
            Ok(dialled) => {
                tracing::info!(
                    target_name = target.info.name,
                    local = dialled.ends.local(),
                    peer = dialled.ends.peer(),
                    "socket opened"
                );
                let opened = self.opened(dialled, started_us, |ends| {
                    if let Some(watched) = watched {
                        let local = ends.local();
                        watched.opened(&views, target, &local, &self.client, &self.context);
                    }
                });
                match opened {
                    Ok(wire) => wire,
                    Err(failure) => return Some(failure),
                }
            }
            Err(failure) => return Some(failure),
        };
        let mut dropped = 0;
        let mut driving = Driving::default();
        let mut inflow = wire.inflow();
        // Not with each message.
        let woken = || self.wake.notified().map(|()| Else::Woken);
        let mut seldom = Seldom::new(woken());
        seldom.push(self.idle().map(|()| Else::Over(Reason::Idle.into())));
        seldom.push(stop.cancelled().map(|()| Else::Over(self.stopped())));
        // Whether a client that has closed is about to be out of patience.
        let mut gives_up = false;
        loop {
            let room = self.client.has_room() && self.credit_left() > 0;
            let lost = wire.take_lost();
            if lost > 0 {
                self.context.metrics.dropped_datagrams.inc_by(lost);
                dropped += lost;
            }
            if dropped > 0 && room {
                self.tell(Told::Dropped {
                    datagrams: std::mem::take(&mut dropped),
                });
            }
            let (reads, writes) = {
                let state = self.lock();
                if state.closed.is_some() {
                    return None;
                }
                if !gives_up && state.machine.is_closing() {
                    gives_up = true;
                    let patience = self.out_of_patience(wire);
                    seldom.push(patience.map(|()| Else::Over(Reason::ClosedByClient.into())));
                }
                if let Some(failure) = state.broken.clone() {
                    let reads = state.machine.reads();
                    drop(state);
                    // What the target sent before is still to be read, as the client has room.
                    if reads && room && matches!(self.read(wire, &mut dropped), Read::More) {
                        continue;
                    }
                    if !reads || room || self.datagram {
                        return Some(failure);
                    }
                    (false, false)
                } else {
                    // A datagram that finds no room is dropped: it is read all the same.
                    (
                        state.machine.reads() && (room || self.datagram),
                        !state.queue.is_empty(),
                    )
                }
            };
            driving.start(wire, || self.tell_reports(&mut self.lock()));
            // Each of these is cancel-safe, or goes on where it was: nothing is read or written before
            // a branch is chosen. What may be ready over and over comes last.
            tokio::select! {
                biased;
                it = seldom.next() => match it {
                    Else::Woken => seldom.push(woken()),
                    Else::Over(failure) => return Some(failure),
                },
                failure = driving.over() => {
                    self.lock().broken.get_or_insert(failure);
                }
                ready = wire.writable(), if writes => match ready {
                    Ok(()) => self.flush(wire),
                    Err(error) => return Some(Failure::of(&error)),
                },
                ready = poll_fn(|cx| inflow.poll_ready(cx)), if reads => match ready {
                    Ok(()) => if let Read::Failed(failure) = self.read(wire, &mut dropped) {
                        return Some(failure);
                    },
                    Err(error) => return Some(Failure::of(&error)),
                },
            }
        }
    }

    /// Resolves when the client gave up before the socket was connected.
    async fn given_up(&self) {
        loop {
            // The notification is created before the state is looked at, so that none is missed.
            let woken = self.wake.notified();
            if self.lock().closed.is_some() {
                return;
            }
            woken.await;
        }
    }

    /// Told to stop: the gateway ends, or the link has ended.
    fn stopped(&self) -> Failure {
        match self.context.draining.is_cancelled() {
            true => Reason::Draining.into(),
            false => Reason::ClosedByClient.into(),
        }
    }

    /// Connected; what the client sent meanwhile is in the queue.
    fn opened(
        &self,
        dialled: Dialled,
        started_us: u64,
        told: impl FnOnce(&Ends),
    ) -> Result<&Wire, Failure> {
        let now_us = self.active();
        let mut state = self.lock();
        let wire = Wire::new(dialled.stream, &state.plan, &self.context.faulted)?;
        let wire = self.wire.get_or_init(|| wire);
        let actions = state.machine.on(Event::Connected);
        if actions.tell_opened {
            let connect_us = now_us.saturating_sub(started_us);
            let opened = Told::Opened {
                local: dialled.ends.local(),
                peer: dialled.ends.peer(),
                connect_us,
            };
            self.client.tell(now_us, opened);
            // Before anything is sent, and after the client has been told.
            told(&dialled.ends);
        }
        self.perform(&mut state, actions);
        Ok(wire)
    }

    fn tell(&self, told: Told) {
        self.client.tell(self.context.clock.now_us(), told);
    }

    /// Notes that bytes went, and says when.
    fn active(&self) -> u64 {
        let now_us = self.context.clock.now_us();
        self.active_us.store(now_us, Ordering::Relaxed);
        now_us
    }

    /// Resolves when no byte has gone for too long.
    async fn idle(&self) {
        let hop_us = || self.wire.get().map_or(0, Wire::active_us);
        self.silent_for(self.context.idle, hop_us).await;
    }

    /// Resolves when a client that has closed waits no longer for what it sent to go: as long as its
    /// target takes none of it, or faults hold it back.
    async fn out_of_patience(&self, wire: &Wire) {
        if wire.is_faulted() {
            return tokio::time::sleep(LINGER).await;
        }
        let closed_us = self.context.clock.now_us();
        self.silent_for(PATIENCE, || closed_us).await;
    }

    /// Resolves when so long no byte has gone, as this socket or `other_us` tells.
    async fn silent_for(&self, long: Duration, other_us: impl Fn() -> u64) {
        loop {
            let now_us = self.context.clock.now_us();
            let active_us = self.active_us.load(Ordering::Relaxed).max(other_us());
            let silent = Duration::from_micros(now_us.saturating_sub(active_us));
            if silent >= long {
                return;
            }
            self.context.timers.sleep(long - silent).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What the lock protects is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn would_block(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
