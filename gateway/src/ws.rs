//! What every WebSocket of the gateway has in common: how errors close it, and how it says goodbye.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use chalkwire_shared::close::LinkClose;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError};

/// How long a closing handshake may take.
pub(crate) const GOODBYE: Duration = Duration::from_secs(2);

/// The longest reason a close frame carries, in bytes (RFC 6455, section 5.5: 125 with the code).
const REASON_BYTES: usize = 123;

/// The close that an error calls for; `None` when the connection is gone.
pub(crate) fn fault(error: &axum::Error) -> Option<(LinkClose, String)> {
    use std::error::Error;
    let error = error.source()?.downcast_ref::<WsError>()?;
    match error {
        WsError::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            let detail =
                format!("a message of {size} bytes or more; at most {max_size} are accepted");
            Some((LinkClose::TooBig, detail))
        }
        WsError::Capacity(error) => Some((LinkClose::TooBig, error.to_string())),
        // The peer vanished without a close frame: nobody is left to be told.
        WsError::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => None,
        WsError::Protocol(_) => Some((LinkClose::Protocol, error.to_string())),
        WsError::Utf8(_) => Some((LinkClose::NotUtf8, error.to_string())),
        _ => None,
    }
}

/// A close frame with a code and a reason, cut where it is longer than one may be.
pub(crate) fn close_frame(code: u16, reason: &str) -> CloseFrame {
    let mut end = reason.len().min(REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    CloseFrame {
        code,
        reason: reason[..end].into(),
    }
}

/// Says goodbye with a code and a reason, and sees to it that the client has read it before the
/// connection goes.
pub(crate) async fn close(socket: &mut WebSocket, code: u16, reason: &str) {
    let frame = close_frame(code, reason);
    // Fails where the client said goodbye first: then the answer to it is what is still to be sent.
    let _ = tokio::time::timeout(GOODBYE, socket.send(Message::Close(Some(frame)))).await;
    finish(socket).await;
}

/// Carries the closing handshake to its end: sends the answer to the client's close frame, or waits
/// a little for the client's answer to ours.
pub(crate) async fn finish(socket: &mut WebSocket) {
    let rest = async { while let Some(Ok(_)) = socket.recv().await {} };
    // A client that does not answer has had its time.
    let _ = tokio::time::timeout(GOODBYE, rest).await;
}
