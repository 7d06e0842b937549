//! What carries a link's messages: a WebSocket, or events and POSTs where that is blocked.

use super::Broken;
use super::events::Events;
use crate::ws::{self, Message, WebSocket};

/// What carries a link's messages. Both know the same kinds of them, a WebSocket's.
pub(crate) enum Carrier {
    WebSocket(WebSocket),
    Events(Events),
}

impl Carrier {
    /// The client's next message, or why there is none; `Err(None)` where it is gone. Cancel-safe.
    pub(super) async fn recv(&mut self) -> Result<Message, Option<Broken>> {
        match self {
            Carrier::WebSocket(socket) => match socket.recv().await {
                Some(Ok(message)) => Ok(message),
                Some(Err(fault)) => Err(Some(Broken {
                    close: fault.close,
                    detail: fault.detail,
                })),
                None => Err(None),
            },
            Carrier::Events(events) => events.recv().await,
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
    pub(super) async fn close(&mut self, code: u16, reason: &str) {
        match self {
            Carrier::WebSocket(socket) => socket.close(code, reason).await,
            Carrier::Events(events) => {
                let goodbye = events.send(Message::Close(Some((code, reason.to_owned()))));
                // A client that does not read has had its time.
                let _ = tokio::time::timeout(ws::GOODBYE, goodbye).await;
            }
        }
    }
}
