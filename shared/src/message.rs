//! Control messages: the text messages of a link, JSON objects that name their `type`.
//!
//! Messages that carry `seq` are *sequenced*, and so is every data frame: each side numbers its own
//! from 1 without a gap, keeps them until the other has acknowledged them, and sends those again
//! that the other had not seen when a dropped link is taken up. The others (`welcome`, `resume`,
//! `resumed`, `resume_failed`, `ack`, `ping`, `pong`) speak of the connection itself.

mod client;
mod gateway;

pub use client::ClientMessage;
pub use gateway::{GatewayMessage, NoticeKind};

/// Why a text is no control message.
#[derive(Debug, thiserror::Error)]
#[error("not a message of this protocol: {0}")]
pub struct MessageError(#[from] serde_json::Error);
