//! An exchange as a room has it: what the gateway saw of one send and what came back.

use serde::{Deserialize, Serialize};

use super::{MAX_KEPT_BYTES, RunId};
use crate::close::Reason;

/// One send and what came back, as the gateway saw it. Times are µs after `begun_us`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The "everyone send now" that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The target's name.
    pub target: String,
    /// The socket's number in the member's link.
    pub socket: u32,
    /// When it was begun: the socket asked for, or the next message sent on an open one. The room's
    /// clock, in µs since 1970.
    pub begun_us: u64,
    /// The socket was connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_us: Option<u32>,
    /// A built-in server took the connection out of its queue (`accept`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_us: Option<u32>,
    /// The first byte went to the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_us: Option<u32>,
    /// A built-in server read it (`recv`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recv_us: Option<u32>,
    /// The first byte of the reply came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replied_us: Option<u32>,
    /// It was over: the socket closed, or nothing more came for a while. `None` where it is still on:
    /// then it is told again, with the same `socket` and `begun_us`. So are those of a run of which
    /// nothing new is seen for a moment: who holds the server up shows while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_us: Option<u32>,
    /// How many bytes were sent.
    pub sent_bytes: u32,
    /// How many came back.
    pub received_bytes: u32,
    /// The beginning of what was sent.
    #[serde(default, skip_serializing_if = "Payload::is_empty")]
    pub sent: Payload,
    /// The beginning of what came back.
    #[serde(default, skip_serializing_if = "Payload::is_empty")]
    pub received: Payload,
    /// Why the socket closed; `None` while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Wrongs were done to its traffic on purpose.
    #[serde(default, skip_serializing_if = "is_false")]
    pub faulted: bool,
}

impl Exchange {
    /// Whether something went wrong with it: it ended otherwise than both sides wanted.
    pub fn failed(&self) -> bool {
        self.reason
            .is_some_and(|reason| !matches!(reason, Reason::Finished | Reason::ClosedByClient))
    }
}

/// The beginning of some bytes: as text where they are UTF-8, in hexadecimal digits where not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// UTF-8.
    Text(String),
    /// Two digits a byte.
    Hex(String),
}

impl Default for Payload {
    fn default() -> Self {
        Payload::Text(String::new())
    }
}

impl Payload {
    /// The first [`MAX_KEPT_BYTES`] of `bytes`.
    pub fn beginning_of(bytes: &[u8]) -> Self {
        let cut = bytes.len() > MAX_KEPT_BYTES;
        let bytes = &bytes[..bytes.len().min(MAX_KEPT_BYTES)];
        match std::str::from_utf8(bytes) {
            Ok(text) => Payload::Text(text.to_owned()),
            // A letter that the cut goes through is left out.
            Err(error) if cut && error.error_len().is_none() => {
                Payload::Text(String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned())
            }
            Err(_) => Payload::Hex(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Payload::Text(text) => text.clone().into_bytes(),
            Payload::Hex(digits) => digits
                .as_bytes()
                .chunks(2)
                .filter_map(|pair| std::str::from_utf8(pair).ok())
                .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
                .collect(),
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        matches!(self, Payload::Text(text) | Payload::Hex(text) if text.is_empty())
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_payload_is_the_beginning_of_its_bytes(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..600),
                ".{0,300}".prop_map(String::into_bytes),
            ],
        ) {
            let kept = Payload::beginning_of(&bytes).bytes();
            prop_assert!(bytes.starts_with(&kept));
            prop_assert!(kept.len() <= MAX_KEPT_BYTES);
            prop_assert!(kept.len() + 4 > bytes.len().min(MAX_KEPT_BYTES));
        }
    }
}
