//! A WebSocket that echoes each message as it came, for the page's connection test.

use std::sync::Arc;

use chalkwire_shared::close::LinkClose;

use crate::core::Core;
use crate::ws::{Incoming, Message, WebSocket};

/// What the echo heard.
enum Heard {
    Message(Message),
    SignOfLife,
    Goodbye,
}

/// Echoes each message.
pub(crate) async fn echo(mut socket: WebSocket, core: Arc<Core>) {
    let (limits, timers) = (&core.config.limits, &core.timers);
    let silence = limits.ping + limits.pong;
    let stop = core.tasks.draining();
    let own = |incoming: Incoming<'_>| match incoming {
        Incoming::Text(text) => Heard::Message(Message::text(text)),
        Incoming::Binary(bytes) => Heard::Message(Message::Binary(bytes.to_vec().into())),
        Incoming::Ping(_) | Incoming::Pong => Heard::SignOfLife,
        Incoming::Close(_) => Heard::Goodbye,
    };
    let end = loop {
        let heard = tokio::select! {
            heard = timers.timeout(silence, socket.recv(own)) => heard,
            () = stop.cancelled() => break Some((LinkClose::Restart, String::new())),
        };
        match heard {
            Ok(Some(Ok(Heard::Message(message)))) => {
                let sent = tokio::select! {
                    sent = timers.timeout(silence, socket.send(message)) => sent,
                    () = stop.cancelled() => break Some((LinkClose::Restart, String::new())),
                };
                if !matches!(sent, Ok(Ok(()))) {
                    break None;
                }
            }
            // Pings and closes are answered by the WebSocket itself.
            Ok(Some(Ok(Heard::SignOfLife))) => {}
            Ok(Some(Ok(Heard::Goodbye)) | None) => break None,
            Ok(Some(Err(broken))) => break Some((broken.close, broken.detail)),
            Err(_) => {
                break Some((
                    LinkClose::Policy,
                    "nothing was said for too long".to_owned(),
                ));
            }
        }
    };
    match end {
        Some((close, detail)) => socket.close(timers, close.code(), &detail).await,
        None => socket.finish(timers).await,
    }
}
