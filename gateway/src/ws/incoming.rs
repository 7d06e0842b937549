//! A client's messages, put together from its frames; nothing here reads a socket.

use std::mem;

use chalkwire_shared::close::LinkClose;

use super::Fault;
use super::frame::{Head, Opcode, unmask};

/// What a client said, where it lies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    /// With its code, if it has one.
    Close(Option<u16>),
}

/// What the next frame was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<R> {
    /// There is no whole frame yet.
    Short,
    /// So many bytes were a part of a message.
    Part(usize),
    /// So many bytes ended a message, which was taken.
    Whole(usize, R),
}

/// Puts messages together.
#[derive(Debug)]
pub(super) struct Assembly {
    /// The longest message.
    most: usize,
    /// The kind of the message whose fragments come.
    under_way: Option<Opcode>,
    parts: Vec<u8>,
}

impl Assembly {
    /// Of messages of so many bytes at the most.
    pub(super) fn new(most: usize) -> Self {
        Assembly {
            most,
            under_way: None,
            parts: Vec::new(),
        }
    }

    /// Looks at the frame that `bytes` begin with, and has its message taken if it ends one.
    ///
    /// # Errors
    /// What breaks the protocol or the limit: the connection is over.
    pub(super) fn step<R>(
        &mut self,
        bytes: &mut [u8],
        take: impl FnOnce(Incoming<'_>) -> R,
    ) -> Result<Step<R>, Fault> {
        let Some(head) = Head::parse(bytes)? else {
            return Ok(Step::Short);
        };
        if !head.opcode.is_control() {
            self.check(head)?;
        }
        let end = head.head_bytes.saturating_add(head.payload_bytes);
        let Some(payload) = bytes.get_mut(head.head_bytes..end) else {
            return Ok(Step::Short);
        };
        unmask(payload, head.mask);
        let whole = match (head.opcode, self.under_way) {
            (Opcode::Close, _) => Incoming::Close(code(payload)?),
            (Opcode::Ping, _) => Incoming::Ping(payload),
            (Opcode::Pong, _) => Incoming::Pong,
            (kind, None) if head.fin => data(kind, payload)?,
            (kind, under_way) => {
                self.parts.extend_from_slice(payload);
                let kind = under_way.unwrap_or(kind);
                self.under_way = (!head.fin).then_some(kind);
                if !head.fin {
                    return Ok(Step::Part(end));
                }
                let parts = mem::take(&mut self.parts);
                return Ok(Step::Whole(end, take(data(kind, &parts)?)));
            }
        };
        Ok(Step::Whole(end, take(whole)))
    }

    /// Whether the frame may come here, and so long.
    fn check(&self, head: Head) -> Result<(), Fault> {
        match (head.opcode, self.under_way) {
            (Opcode::Continuation, None) => {
                let detail = "a fragment of no message";
                return Err(Fault::new(LinkClose::Protocol, detail));
            }
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                let detail = "a new message before the last fragment of the one before";
                return Err(Fault::new(LinkClose::Protocol, detail));
            }
            _ => {}
        }
        let (most, size) = (
            self.most,
            self.parts.len().saturating_add(head.payload_bytes),
        );
        if size > most {
            let detail = format!("a message of {size} bytes or more; at most {most} are accepted");
            return Err(Fault::new(LinkClose::TooBig, detail));
        }
        Ok(())
    }
}

/// A whole message.
fn data(kind: Opcode, payload: &[u8]) -> Result<Incoming<'_>, Fault> {
    match kind {
        Opcode::Text => match std::str::from_utf8(payload) {
            Ok(text) => Ok(Incoming::Text(text)),
            Err(error) => Err(Fault::new(LinkClose::NotUtf8, &error.to_string())),
        },
        _ => Ok(Incoming::Binary(payload)),
    }
}

/// The code of a close frame (RFC 6455, section 7.4).
fn code(payload: &[u8]) -> Result<Option<u16>, Fault> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [a, b, reason @ ..] => (u16::from_be_bytes([*a, *b]), reason),
        [_] => return Err(Fault::new(LinkClose::Protocol, "a close with half a code")),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        let detail = format!("a close with the code {code}, which no endpoint may send");
        return Err(Fault::new(LinkClose::Protocol, detail));
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(error) => Err(Fault::new(LinkClose::NotUtf8, &error.to_string())),
    }
}
