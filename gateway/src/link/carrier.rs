//! What carries a link's messages: a WebSocket, or events and POSTs where that is blocked.

use std::sync::Arc;

use super::events::Events;
use crate::timers::Timers;
use crate::ws::{self, Broken, Incoming, Message, Outlet, WebSocket};

/// What carries a link's messages. Both know the same kinds of them, a WebSocket's.
pub(crate) enum Carrier {
    WebSocket(WebSocket<Arc<Outlet>>),
    Events(Events),
}

impl Carrier {
    /// Has the client's next message taken from where it lies; `None` where the client is gone.
    /// Cancel-safe. What `take` does must not need the thread's buffer.
    pub(super) async fn recv<R>(
        &mut self,
        take: impl FnMut(Incoming<'_>) -> R,
    ) -> Option<Result<R, Broken>> {
        match self {
            Carrier::WebSocket(socket) => socket.recv(take).await,
            Carrier::Events(events) => events.recv(take).await,
        }
    }

    /// The way out for others who write, where there is one.
    pub(super) fn outlet(&self) -> Option<Arc<Outlet>> {
        match self {
            Carrier::WebSocket(socket) => Some(socket.outlet().clone()),
            Carrier::Events(_) => None,
        }
    }

    /// Sends a message: whether the client is still there.
    pub(super) async fn send(&mut self, message: Message) -> bool {
        match self {
            Carrier::WebSocket(socket) => socket.send(message).await.is_ok(),
            Carrier::Events(events) => events.send(message).await,
        }
    }

    /// Says goodbye with a code and a reason.
    pub(super) async fn close(&mut self, timers: &Timers, code: u16, reason: &str) {
        match self {
            Carrier::WebSocket(socket) => socket.close(timers, code, reason).await,
            Carrier::Events(events) => {
                let goodbye = events.send(Message::Close(code, reason.to_owned()));
                // A client that does not read has had its time.
                let _ = timers.timeout(ws::GOODBYE, goodbye).await;
            }
        }
    }
}
