//! A link's connection without a WebSocket: Server-Sent Events down, POSTs up.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes};
use chalkwire_shared::close::LinkClose;
use chalkwire_shared::post::{
    self, BYTES_EVENT, END_EVENT, Kind, PING_EVENT, PostError, STREAM_EVENT,
};
use tokio::sync::mpsc;

use super::posts::{Inbox, Posts};
use crate::ws::{Broken, Incoming, Message};

/// The gateway's side of the connection.
pub(crate) struct Events {
    /// From here the reply takes one event after the other, as fast as the client reads.
    stream: mpsc::Sender<Bytes>,
    inbox: Inbox,
    /// What is left of the POST that is being taken.
    post: Bytes,
}

impl Events {
    /// A new connection, and the reply's body that carries its events. `None` where the system has no
    /// randomness.
    pub(crate) fn open(posts: &Posts) -> Option<(Self, Body)> {
        let inbox = posts.open()?;
        // The link's own queue holds what waits: here it is one event, and one that is being sent.
        let (stream, events) = mpsc::channel(1);
        let first = event(STREAM_EVENT, inbox.stream.expose());
        let body =
            futures_util::stream::unfold((Some(first), events), async |(first, mut events)| {
                let event = match first {
                    Some(first) => first,
                    None => events.recv().await?,
                };
                Some((Ok::<_, std::convert::Infallible>(event), (None, events)))
            });
        let events = Events {
            stream,
            inbox,
            post: Bytes::new(),
        };
        Some((events, Body::from_stream(body)))
    }

    /// Has the next message taken from where it lies; `None` where the client is gone. Cancel-safe.
    pub(super) async fn recv<R>(
        &mut self,
        mut take: impl FnMut(Incoming<'_>) -> R,
    ) -> Option<Result<R, Broken>> {
        loop {
            // What stands in one POST comes without waiting: others have their turn all the same.
            tokio::task::coop::consume_budget().await;
            if let Some(message) = next_message(&mut self.post, &mut take).transpose() {
                return Some(message);
            }
            self.post = Bytes::new();
            tokio::select! {
                post = self.inbox.next() => self.post = post?,
                () = self.stream.closed() => return None,
            }
        }
    }

    /// Sends a message, when the one before is on its way; whether somebody is there to read it.
    pub(super) async fn send(&mut self, message: Message) -> bool {
        let event = match message {
            // JSON has no line ends but escaped ones, so that it is one line.
            Message::Text(text) => Bytes::from(format!("data:{text}\n\n")),
            Message::Binary(bytes) => event(BYTES_EVENT, &STANDARD.encode(bytes)),
            // Without data it would be no event.
            Message::Ping => event(PING_EVENT, "?"),
            Message::Close(code, reason) => {
                // A reason may quote what the client sent.
                let reason = reason.replace(char::is_control, " ");
                event(END_EVENT, &format!("{code} {reason}"))
            }
        };
        self.stream.send(event).await.is_ok()
    }
}

fn event(name: &str, data: &str) -> Bytes {
    format!("event:{name}\ndata:{data}\n\n").into()
}

/// Has the next message of a POST taken; `None` at its end.
fn next_message<R>(
    post: &mut Bytes,
    take: impl FnOnce(Incoming<'_>) -> R,
) -> Result<Option<R>, Broken> {
    let taken = post::take(post).map_err(|error| {
        let close = match error {
            PostError::TooBig(_) => LinkClose::TooBig,
            PostError::Short | PostError::Kind(_) => LinkClose::Protocol,
        };
        Broken::new(close, error.to_string())
    })?;
    let Some((kind, mut payload)) = taken else {
        return Ok(None);
    };
    Ok(Some(take(match kind {
        Kind::Text => match std::str::from_utf8(&payload) {
            Ok(text) => Incoming::Text(text),
            Err(error) => return Err(Broken::new(LinkClose::NotUtf8, error.to_string())),
        },
        Kind::Binary => Incoming::Binary(&payload),
        Kind::Close => Incoming::Close((payload.len() >= 2).then(|| payload.get_u16())),
        Kind::Pong => Incoming::Pong,
    })))
}
