//! One client's connection in a load: connect, send, recv, close, each with its time.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use chalkwire_shared::job::{ClientRun, Load, MessageRun, Outcome};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::dial::{End, Fresh, Patience, outcome_of};
use super::seen::Ear;
use super::{Place, Report};
use crate::core::Core;
use crate::observe::Registration;

/// What the connections of a load to one of its targets have in common.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) core: Arc<Core>,
    pub(super) load: Load,
    pub(super) place: Place,
    /// Which of the load's targets.
    pub(super) target: u8,
    /// What a client sends.
    pub(super) line: Vec<u8>,
    /// The job is to end.
    pub(super) cancel: CancellationToken,
    /// Those who have something to say have said it.
    pub(super) idle_over: CancellationToken,
}

/// A connection as it is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) client: u8,
    pub(super) connection: u8,
    /// None for an idle client.
    pub(super) messages: u8,
}

/// A connection that is over, as its client saw it.
#[derive(Debug)]
pub(super) struct Finished {
    run: ClientRun,
    ear: Arc<Ear>,
    accepts: bool,
    _registration: Option<Registration>,
}

impl Finished {
    /// The record, with the server's side in it.
    pub(super) async fn settle(mut self, cancel: &CancellationToken) -> Report {
        tokio::select! {
            biased;
            // What is known already is in it, however it ends.
            () = self.ear.complete(&mut self.run, self.accepts) => {}
            () = cancel.cancelled() => {}
        }
        Report::Client(self.run)
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.run.outcome
    }
}

/// What the others wait for as a client starts. It is dropped, never sent.
#[derive(Debug)]
pub(super) struct Starting {
    /// `connect` has been called.
    pub(super) begun: oneshot::Sender<Infallible>,
    /// There is an answer to it; of an idle client alone.
    pub(super) connecting: Option<mpsc::Sender<Infallible>>,
}

/// Performs a connection.
pub(super) async fn perform(scene: &Scene, plan: Plan, starting: Option<Starting>) -> Finished {
    let core = &scene.core;
    let url = &scene.place.target.url;
    let ear = Arc::new(Ear::new(plan.messages));
    let mut registration = None;
    let mut run = ClientRun {
        target: scene.target,
        client: plan.client,
        connection: plan.connection,
        local: String::new(),
        start_us: core.clock.now_us(),
        connected_us: None,
        accepted_us: None,
        messages: Vec::with_capacity(plan.messages.into()),
        end_us: 0,
        outcome: Outcome::Failed,
    };
    let (begun, connecting) = match starting {
        Some(starting) => (Some(starting.begun), starting.connecting),
        None => (None, None),
    };
    let connected = match Fresh::open(&core.targets, url) {
        Ok(fresh) => {
            let named = |local: &str| {
                drop(begun);
                local.clone_into(&mut run.local);
                let hearing = ear.clone();
                let sink = move |event: &_| hearing.hear(event);
                registration = Some(core.observers.register(&url.to_string(), local, sink));
            };
            let patience = Patience {
                most: Duration::from_millis(scene.load.connect_ms.into()),
                nonblocking: scene.load.nonblocking,
            };
            run.start_us = core.clock.now_us();
            fresh.connect(core, patience, &scene.cancel, named).await
        }
        Err(error) => {
            tracing::warn!(%error, "a job's socket can't be had");
            Err(Outcome::Failed)
        }
    };
    drop(connecting);
    match connected {
        Ok(end) => {
            run.connected_us = Some(core.clock.now_us());
            let outcome = match plan.messages {
                0 => idle(scene, &end).await,
                _ => converse(scene, plan, &end, &mut run).await,
            };
            run.outcome = outcome;
            close(end, url.kind().is_datagram(), registration.as_mut());
        }
        Err(outcome) => run.outcome = outcome,
    }
    run.end_us = core.clock.now_us();
    Finished {
        run,
        ear,
        accepts: !url.kind().is_datagram(),
        _registration: registration,
    }
}

/// A datagram socket keeps its address until the server's last reports of it have come: they would
/// be taken for another's.
fn close(end: End, datagram: bool, registration: Option<&mut Registration>) {
    match registration {
        Some(registration) if datagram => registration.keep(end),
        _ => drop(end),
    }
}

/// Says nothing, until the server closes or the others are done.
async fn idle(scene: &Scene, end: &End) -> Outcome {
    let closed = async {
        let mut buffer = [0; 256];
        while matches!(end.recv(&mut buffer).await, Ok(1..)) {}
    };
    tokio::select! {
        () = closed => Outcome::Idle,
        () = scene.idle_over.cancelled() => Outcome::Idle,
        () = scene.cancel.cancelled() => Outcome::Cancelled,
    }
}

/// Sends each message, and waits for its reply.
async fn converse(scene: &Scene, plan: Plan, end: &End, run: &mut ClientRun) -> Outcome {
    let patience = Duration::from_millis(scene.load.reply_ms.into());
    for _ in 0..plan.messages {
        let mut message = MessageRun::default();
        let exchanged = tokio::select! {
            exchanged = tokio::time::timeout(patience, exchange(scene, end, &mut message)) => {
                exchanged
            }
            () = scene.cancel.cancelled() => Ok(Err(Outcome::Cancelled)),
        };
        run.messages.push(message);
        match exchanged {
            Ok(Ok(())) => {}
            Ok(Err(outcome)) => return outcome,
            Err(_) => return Outcome::ReplyTimeout,
        }
    }
    Outcome::Done
}

/// One message and its reply: a datagram, or what comes up to `\n` or the server's end.
async fn exchange(scene: &Scene, end: &End, message: &mut MessageRun) -> Result<(), Outcome> {
    let clock = scene.core.clock;
    let datagram = scene.place.target.kind().is_datagram();
    let failed = |error: io::Error| outcome_of(&error);
    let sent = end.send(&scene.line).await;
    message.sent_us = clock.now_us();
    sent.map_err(failed)?;
    let mut buffer = [0; 2_048];
    let mut last_us = 0;
    loop {
        let bytes = end.recv(&mut buffer).await.map_err(failed)?;
        if bytes == 0 && !datagram {
            // The server is done: a reply that has no line's end is whole now.
            if message.bytes == 0 {
                return Err(Outcome::Lost);
            }
            message.reply_us = Some(last_us);
            return Ok(());
        }
        last_us = clock.now_us();
        message.bytes += u32::try_from(bytes).unwrap_or(u32::MAX);
        if datagram || buffer[..bytes].contains(&b'\n') {
            message.reply_us = Some(last_us);
            return Ok(());
        }
    }
}
