//! The plain fast road: a WebSocket whose messages are a socket's bytes, and nothing else.
//!
//! What comes from either side is passed on before more is read from it: nothing queues here, and a
//! side that does not read holds back the other through the kernels.

mod echo;
mod life;
mod pump;

use std::future::poll_fn;
use std::sync::Arc;

use chalkwire_shared::close::{LinkClose, Reason};

use crate::core::Core;
use crate::fault::{Plan, Wire, refused};
use crate::seldom::Seldom;
use crate::target::{Failure, Target};
use crate::ws::WebSocket;
pub(crate) use echo::echo;
use life::{Life, silence};
use pump::Pump;

/// How a raw socket ended.
enum End {
    /// The target is done, or failed.
    Target(Failure),
    /// The client said goodbye or is gone.
    Client,
    /// The client's messages break the protocol or a limit.
    Broken(LinkClose, String),
    /// The gateway ends.
    Draining,
}

/// Bridges a WebSocket and a target until either ends. The places it takes are held as long.
pub(crate) async fn serve<P>(
    mut socket: WebSocket,
    target: Arc<Target>,
    plan: Plan,
    core: Arc<Core>,
    places: P,
) {
    let _held = places;
    let account = core.account(&target);
    let stop = core.tasks.stopping();
    let dialled = match plan.refuses() {
        true => Err(refused()),
        false => tokio::select! {
            dialled = core.dial(&target) => dialled,
            () = stop.cancelled() => Err(Reason::Draining.into()),
        },
    };
    let opened = dialled.and_then(|dialled| {
        let ends = dialled.ends;
        tracing::info!(
            target_name = target.info.name,
            local = ends.local(),
            peer = ends.peer(),
            "socket opened"
        );
        Wire::new(dialled.stream, &plan, &core.faulted)
    });
    let (end, wire) = match opened {
        Ok(wire) => {
            let life = Life::begin(&core);
            // Not with each message.
            let mut seldom = Seldom::new(drained(&core));
            seldom.push(silence(&wire, &life));
            let mut pump = Pump::new(socket, &wire, &life, &core, seldom);
            let end = poll_fn(|cx| pump.poll(cx)).await;
            socket = pump.into_socket();
            (end, wire)
        }
        Err(failure) => {
            let Failure { reason, detail } = failure;
            account.closed(reason);
            let text = format!("{reason}: {detail}");
            return socket
                .close(&core.timers, LinkClose::Internal.code(), &text)
                .await;
        }
    };
    let (reason, close) = match end {
        End::Target(Failure { reason, detail }) => {
            let close = match reason {
                Reason::Finished => (LinkClose::Normal.code(), detail),
                _ => (LinkClose::Internal.code(), format!("{reason}: {detail}")),
            };
            (reason, Some(close))
        }
        End::Client => (Reason::ClosedByClient, None),
        End::Broken(close, detail) => (Reason::BadRequest, Some((close.code(), detail))),
        End::Draining => {
            let restart = LinkClose::Restart;
            (
                Reason::Draining,
                Some((restart.code(), restart.sentence().to_owned())),
            )
        }
    };
    let Some((code, text)) = close else {
        // The client's goodbye is answered, and its connection closed, before the target has come to
        // its end: the client waits for nothing else.
        let timers = &core.timers;
        let goodbye = async move { socket.finish(timers).await };
        tokio::join!(goodbye, wire.linger(timers));
        return account.closed(reason);
    };
    // Faults may still hold back what the client sent before the target's end.
    if reason == Reason::Finished && wire.is_sending() {
        wire.linger(&core.timers).await;
    }
    account.closed(reason);
    drop(wire);
    socket.close(&core.timers, code, &text).await;
}

/// The end that the gateway's own brings: it drains before it stops.
async fn drained(core: &Core) -> End {
    core.tasks.draining().cancelled().await;
    let spread = core.spread(core.config.limits.drain / 2);
    let _ = tokio::time::timeout(spread, core.tasks.stopping().cancelled()).await;
    End::Draining
}
