//! A client's messages, put together from its frames; nothing here reads a socket.

use chalkwire_shared::close::LinkClose;

use super::Broken;
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
    /// In memory of its own: most messages are one frame.
    under_way: Option<Box<Fragments>>,
}

/// A message of which not all fragments have come.
#[derive(Debug)]
struct Fragments {
    kind: Opcode,
    bytes: Vec<u8>,
}

impl Assembly {
    /// Of messages of so many bytes at the most.
    pub(super) fn new(most: usize) -> Self {
        Assembly {
            most,
            under_way: None,
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
    ) -> Result<Step<R>, Broken> {
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
        let whole = match head.opcode {
            Opcode::Close => Incoming::Close(code(payload)?),
            Opcode::Ping => Incoming::Ping(payload),
            Opcode::Pong => Incoming::Pong,
            kind if head.fin && self.under_way.is_none() => data(kind, payload)?,
            kind => {
                let begin = || {
                    let bytes = Vec::new();
                    Box::new(Fragments { kind, bytes })
                };
                let mut message = self.under_way.take().unwrap_or_else(begin);
                message.bytes.extend_from_slice(payload);
                if !head.fin {
                    self.under_way = Some(message);
                    return Ok(Step::Part(end));
                }
                let whole = data(message.kind, &message.bytes)?;
                return Ok(Step::Whole(end, take(whole)));
            }
        };
        Ok(Step::Whole(end, take(whole)))
    }

    /// Whether the frame may come here, and so long.
    fn check(&self, head: Head) -> Result<(), Broken> {
        match (head.opcode, &self.under_way) {
            (Opcode::Continuation, None) => {
                let detail = "a fragment of no message";
                return Err(Broken::protocol(detail));
            }
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                let detail = "a new message before the last fragment of the one before";
                return Err(Broken::protocol(detail));
            }
            _ => {}
        }
        let before = self.under_way.as_ref().map_or(0, |it| it.bytes.len());
        let (most, size) = (self.most, before.saturating_add(head.payload_bytes));
        if size > most {
            let detail = format!("a message of {size} bytes or more; at most {most} are accepted");
            return Err(Broken::new(LinkClose::TooBig, detail));
        }
        Ok(())
    }
}

/// A whole message.
fn data(kind: Opcode, payload: &[u8]) -> Result<Incoming<'_>, Broken> {
    match kind {
        Opcode::Text => match std::str::from_utf8(payload) {
            Ok(text) => Ok(Incoming::Text(text)),
            Err(error) => Err(Broken::new(LinkClose::NotUtf8, error.to_string())),
        },
        _ => Ok(Incoming::Binary(payload)),
    }
}

/// The code of a close frame (RFC 6455, section 7.4).
fn code(payload: &[u8]) -> Result<Option<u16>, Broken> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [a, b, reason @ ..] => (u16::from_be_bytes([*a, *b]), reason),
        [_] => return Err(Broken::protocol("a close with half a code")),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        let detail = format!("a close with the code {code}, which no endpoint may send");
        return Err(Broken::protocol(detail));
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(error) => Err(Broken::new(LinkClose::NotUtf8, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::frame::head;
    use super::*;

    const MOST: usize = 1_000;

    /// A client's frame.
    fn frame(fin: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
        let mask = [7, 11, 13, 17];
        let (server, start) = head(opcode, payload.len());
        let mut bytes = server[start..].to_vec();
        bytes[0] &= if fin { 0xFF } else { 0x7F };
        bytes[1] |= 0x80;
        bytes.extend(mask);
        let masked = payload.len();
        bytes.extend_from_slice(payload);
        let at = bytes.len() - masked;
        unmask(&mut bytes[at..], mask);
        bytes
    }

    /// A message as a client may send it: in fragments of these lengths and a last one.
    fn fragments(kind: Opcode, payload: &[u8], lengths: &[usize]) -> Vec<u8> {
        let (mut opcode, mut rest, mut bytes) = (kind, payload, Vec::new());
        for length in lengths {
            let (fragment, others) = rest.split_at((*length).min(rest.len()));
            bytes.extend(frame(false, opcode, fragment));
            (opcode, rest) = (Opcode::Continuation, others);
        }
        bytes.extend(frame(true, opcode, rest));
        bytes
    }

    /// All messages in `bytes`, as text, which come in pieces of these sizes.
    fn messages(bytes: &[u8], sizes: &[usize]) -> Result<Vec<String>, Broken> {
        let (mut assembly, mut kept, mut messages) = (Assembly::new(MOST), Vec::new(), Vec::new());
        let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
        while !rest.is_empty() {
            let size = sizes.next().copied().unwrap_or(1).clamp(1, rest.len());
            kept.extend_from_slice(&rest[..size]);
            rest = &rest[size..];
            loop {
                match assembly.step(&mut kept, |message| format!("{message:?}"))? {
                    Step::Short => break,
                    Step::Part(n) => drop(kept.drain(..n)),
                    Step::Whole(n, message) => {
                        kept.drain(..n);
                        messages.push(message);
                    }
                }
            }
        }
        assert!(kept.is_empty());
        Ok(messages)
    }

    fn fault(bytes: &[u8]) -> LinkClose {
        messages(bytes, &[bytes.len()]).unwrap_err().close
    }

    #[test]
    fn a_ping_may_come_between_the_fragments_of_a_message() {
        let mut bytes = frame(false, Opcode::Text, b"gr\xC3");
        bytes.extend(frame(true, Opcode::Ping, b"?"));
        bytes.extend(frame(true, Opcode::Continuation, b"\xBC\xC3\x9F dich"));
        let expected = [r#"Ping([63])"#, r#"Text("grüß dich")"#];
        assert_eq!(messages(&bytes, &[1]).unwrap(), expected);
    }

    #[test]
    fn a_message_over_the_limit_is_told_when_its_head_is_there() {
        let long = frame(true, Opcode::Binary, &[0; MOST + 1]);
        assert_eq!(fault(&long[..8]), LinkClose::TooBig);
        let parts = fragments(Opcode::Binary, &[0; MOST + 1], &[MOST]);
        assert_eq!(fault(&parts), LinkClose::TooBig);
        assert!(messages(&frame(true, Opcode::Binary, &[0; MOST]), &[9]).is_ok());
    }

    #[test]
    fn fragments_out_of_turn_break_the_protocol() {
        assert_eq!(
            fault(&frame(true, Opcode::Continuation, b"")),
            LinkClose::Protocol
        );
        let mut begun = frame(false, Opcode::Text, b"a");
        begun.extend(frame(true, Opcode::Binary, b"b"));
        assert_eq!(fault(&begun), LinkClose::Protocol);
    }

    #[test]
    fn a_text_is_utf_8_as_a_whole() {
        assert_eq!(
            fault(&frame(true, Opcode::Text, b"\xC3")),
            LinkClose::NotUtf8
        );
        assert_eq!(
            fault(&fragments(Opcode::Text, b"a\xFF", &[1])),
            LinkClose::NotUtf8
        );
    }

    #[test]
    fn a_close_has_a_code_that_may_be_sent_or_none() {
        let close = |payload: &[u8]| messages(&frame(true, Opcode::Close, payload), &[3]);
        assert_eq!(close(b"").unwrap(), ["Close(None)"]);
        assert_eq!(close(b"\x03\xE8bye").unwrap(), ["Close(Some(1000))"]);
        for bad in [
            &b"\x03"[..],
            b"\x03\xED",
            b"\x03\xEE",
            b"\x03\xE7",
            b"\x00\x00",
            b"\x0B\xB7",
        ] {
            assert_eq!(
                close(bad).unwrap_err().close,
                LinkClose::Protocol,
                "{bad:?}"
            );
        }
        assert_eq!(
            close(b"\x03\xE8\xFF").unwrap_err().close,
            LinkClose::NotUtf8
        );
    }

    proptest! {
        #[test]
        fn however_messages_are_cut_they_are_the_same(
            said in prop::collection::vec((any::<bool>(), "[a-zü]{0,300}"), 1..6),
            lengths in prop::collection::vec(0usize..200, 0..5),
            sizes in prop::collection::vec(1usize..400, 1..5),
        ) {
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            for (is_text, text) in &said {
                let kind = if *is_text { Opcode::Text } else { Opcode::Binary };
                bytes.extend(fragments(kind, text.as_bytes(), &lengths));
                expected.push(match is_text {
                    true => format!("{:?}", Incoming::Text(text)),
                    false => format!("{:?}", Incoming::Binary(text.as_bytes())),
                });
            }
            prop_assert_eq!(messages(&bytes, &sizes).unwrap(), expected);
        }

        #[test]
        fn any_bytes_are_messages_or_a_fault_and_nothing_panics(
            bytes: Vec<u8>,
            size in 1usize..20,
        ) {
            let mut assembly = Assembly::new(MOST);
            let mut kept = Vec::new();
            'all: for piece in bytes.chunks(size) {
                kept.extend_from_slice(piece);
                loop {
                    match assembly.step(&mut kept, |_| ()) {
                        Err(_) => break 'all,
                        Ok(Step::Short) => break,
                        Ok(Step::Part(n) | Step::Whole(n, ())) => drop(kept.drain(..n)),
                    }
                }
            }
        }
    }
}
