//! The link over plain HTTP: how a POST holds messages, and what its stream of events is made of.
//!
//! Where WebSockets are blocked the gateway's messages come as Server-Sent Events (HTML standard,
//! section 9.2) and the client's go as POSTs. The messages are the same.

use bytes::{Buf, Bytes};

use crate::limits::MAX_MESSAGE_BYTES;

/// The most that one POST may hold, in bytes, its messages' headers included.
pub const MAX_POST_BYTES: usize = 262_144;

/// The header of a POST that names the stream it belongs to: a secret, and so not in the path.
pub const STREAM_HEADER: &str = "chalkwire-stream";

/// The header of a POST that numbers it within its stream, from 1.
pub const NUMBER_HEADER: &str = "chalkwire-post";

/// The event that comes first: the stream's secret. Text messages come as events without a name.
pub const STREAM_EVENT: &str = "stream";

/// The event of a binary message, in base64 (RFC 4648, section 4).
pub const BYTES_EVENT: &str = "bytes";

/// The event that asks for a sign of life: a message of [`Kind::Pong`].
pub const PING_EVENT: &str = "ping";

/// The event that comes last: a close code, a space, and a reason.
pub const END_EVENT: &str = "end";

/// A message's header in a POST, in bytes: its kind and its length.
pub const HEADER_BYTES: usize = 5;

/// What a message in a POST is. The numbers are a WebSocket's opcodes (RFC 6455, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A control message, in UTF-8.
    Text = 1,
    /// A data frame.
    Binary = 2,
    /// The client's goodbye: a close code in two bytes, or nothing.
    Close = 8,
    /// The answer to [`PING_EVENT`]: nothing.
    Pong = 10,
}

/// Why what a POST holds is no row of messages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// It ends within a message.
    #[error("a POST ended within a message")]
    Short,
    /// A message of a kind that there is not.
    #[error("a message of unknown kind {0} in a POST")]
    Kind(u8),
    /// A message is larger than a message may be.
    #[error("a message of {0} bytes or more; at most {MAX_MESSAGE_BYTES} are accepted")]
    TooBig(usize),
}

/// Appends a message to a POST.
pub fn put(post: &mut Vec<u8>, kind: Kind, payload: &[u8]) {
    post.push(kind as u8);
    // A message is at most 64 KiB; a longer one says so by its length, and is refused.
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    post.extend_from_slice(&length.to_be_bytes());
    post.extend_from_slice(payload);
}

/// Takes the next message off a POST; `None` at its end. The payload shares its memory.
///
/// # Errors
/// [`PostError`] where there is no whole message.
pub fn take(post: &mut Bytes) -> Result<Option<(Kind, Bytes)>, PostError> {
    if post.is_empty() {
        return Ok(None);
    }
    if post.len() < HEADER_BYTES {
        return Err(PostError::Short);
    }
    let kind = match post.get_u8() {
        1 => Kind::Text,
        2 => Kind::Binary,
        8 => Kind::Close,
        10 => Kind::Pong,
        unknown => return Err(PostError::Kind(unknown)),
    };
    let length = usize::try_from(post.get_u32()).unwrap_or(usize::MAX);
    if length > MAX_MESSAGE_BYTES {
        return Err(PostError::TooBig(length));
    }
    if length > post.len() {
        return Err(PostError::Short);
    }
    Ok(Some((kind, post.split_to(length))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind() -> impl Strategy<Value = Kind> {
        prop_oneof![
            Just(Kind::Text),
            Just(Kind::Binary),
            Just(Kind::Close),
            Just(Kind::Pong)
        ]
    }

    proptest! {
        #[test]
        fn messages_come_back_as_they_went_whole_and_in_order(
            messages in prop::collection::vec((kind(), any::<Vec<u8>>()), 0..8)
        ) {
            let mut post = Vec::new();
            for (kind, payload) in &messages {
                put(&mut post, *kind, payload);
            }
            let mut post = Bytes::from(post);
            for (kind, payload) in messages {
                prop_assert_eq!(take(&mut post), Ok(Some((kind, payload.into()))));
            }
            prop_assert_eq!(take(&mut post), Ok(None));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let mut post = Bytes::from(bytes);
            while let Ok(Some(_)) = take(&mut post) {}
        }
    }

    #[test]
    fn what_is_no_row_of_messages_is_refused() {
        for (bytes, error) in [
            (&[1, 0, 0, 0][..], PostError::Short),
            (&[1, 0, 0, 0, 2, b'x'], PostError::Short),
            (&[9, 0, 0, 0, 0], PostError::Kind(9)),
            (&[2, 0, 1, 0, 1], PostError::TooBig(65_537)),
        ] {
            assert_eq!(take(&mut Bytes::from(bytes)), Err(error));
        }
    }
}
