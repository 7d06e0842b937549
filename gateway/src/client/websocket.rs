//! One exchange through a gateway: a WebSocket on `/raw/TARGET`, bytes as binary messages.

use std::pin::pin;
use std::time::Duration;

use chalkwire_shared::close::{LinkClose, Reason};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::error::SendError;
use super::{QUIET, Sink};

/// How long the farewell may take.
const FAREWELL: Duration = Duration::from_millis(500);

/// Sends a message and reads until the gateway closes or is quiet.
pub(super) async fn exchange(
    stream: TcpStream,
    url: &str,
    message: &[u8],
    limit: Duration,
    sink: &mut Sink<'_>,
) -> Result<(), SendError> {
    let mut request = url.into_client_request().map_err(handshake)?;
    request.headers_mut().insert(
        header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static("binary"),
    );
    let opening = timeout(limit, tokio_tungstenite::client_async(request, stream));
    let (mut socket, _) = opening
        .await
        .map_err(|_| SendError::TimedOut(limit))?
        .map_err(handshake)?;
    let message = Message::binary(message.to_vec());
    match timeout(limit, socket.send(message)).await {
        Ok(Ok(())) => {}
        // The gateway has closed already; its reason is there to be read.
        Ok(Err(_)) => {}
        Err(_) => return Err(SendError::TimedOut(limit)),
    }
    let mut deadline = pin!(sleep(limit));
    let mut replied = false;
    loop {
        // Both are cancel-safe: a message is read whole or stays in the socket.
        let event = tokio::select! {
            event = socket.next() => event,
            () = &mut deadline => break,
        };
        let bytes = match event {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Text(text))) => text.into(),
            Some(Ok(Message::Close(frame))) => return closed(frame, replied),
            Some(Ok(_)) => continue,
            None | Some(Err(Error::ConnectionClosed)) => return closed(None, replied),
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                return Err(SendError::Closed(Reason::Reset));
            }
            Some(Err(Error::Io(error))) => return Err(error.into()),
            Some(Err(error)) => return Err(SendError::Gateway(error.to_string())),
        };
        sink(&bytes).map_err(SendError::Output)?;
        replied = true;
        deadline.as_mut().reset(Instant::now() + QUIET);
    }
    // A gateway that does not answer the farewell has lost nothing by it.
    let _ = timeout(FAREWELL, socket.close(None)).await;
    if replied {
        Ok(())
    } else {
        Err(SendError::TimedOut(limit))
    }
}

fn handshake(error: Error) -> SendError {
    match error {
        Error::Io(error) => error.into(),
        Error::Http(response) if response.status() == 404 => {
            SendError::Closed(Reason::UnknownTarget)
        }
        Error::Http(response) => SendError::Handshake(format!("HTTP {}", response.status())),
        other => SendError::Handshake(other.to_string()),
    }
}

/// What a close means; its text names the target's close reason, where there is one.
fn closed(frame: Option<CloseFrame>, replied: bool) -> Result<(), SendError> {
    let (code, text) = frame.map_or((1000, String::new()), |frame| {
        (u16::from(frame.code), frame.reason.to_string())
    });
    // What follows it is cut to what a close frame holds.
    let name = text.split(": ").next().unwrap_or_default();
    let named = Reason::ALL
        .into_iter()
        .find(|reason| reason.as_str() == name && *reason != Reason::Finished);
    match (named, LinkClose::from_code(code)) {
        (Some(reason), _) => Err(SendError::Closed(reason)),
        // 1005: closed without a code (RFC 6455, section 7.4.1).
        (None, Some(LinkClose::Normal)) if replied => Ok(()),
        (None, None) if replied && code == 1005 => Ok(()),
        (None, Some(LinkClose::Normal)) => Err(SendError::NoReply),
        (None, None) if code == 1005 => Err(SendError::NoReply),
        (None, _) if !text.is_empty() => Err(SendError::Gateway(format!(
            "the gateway closed the WebSocket ({code}): {}",
            text.escape_debug()
        ))),
        (None, Some(close)) => Err(SendError::Gateway(close.sentence().to_owned())),
        (None, None) => Err(SendError::Gateway(format!(
            "the gateway closed the WebSocket ({code})"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(code: u16, reason: &'static str) -> Option<CloseFrame> {
        Some(CloseFrame {
            code: code.into(),
            reason: reason.into(),
        })
    }

    #[test]
    fn a_close_is_told_by_its_reason_its_text_or_its_code() {
        for (close, replied, told) in [
            (None, true, None),
            (frame(1000, ""), true, None),
            (frame(1000, "finished"), true, None),
            (None, false, Some("without a reply")),
            (frame(1005, ""), false, Some("without a reply")),
            (frame(1011, "refused"), false, Some("Connection refused")),
            (frame(1011, "reset"), true, Some("Connection reset")),
            (
                frame(1011, "refused: Connection refused: the mach"),
                false,
                Some("nothing listens"),
            ),
            (frame(1011, "odd\u{1b}"), false, Some("(1011): odd\\u{1b}")),
            (frame(1012, ""), true, Some("being restarted")),
            (frame(4999, ""), false, Some("(4999)")),
        ] {
            match (closed(close.clone(), replied), told) {
                (Ok(()), None) => {}
                (Err(error), Some(part)) => {
                    assert!(error.to_string().contains(part), "{close:?}: {error}");
                }
                (result, _) => panic!("{close:?}: {result:?}"),
            }
        }
    }
}
