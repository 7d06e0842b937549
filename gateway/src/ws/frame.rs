//! Frames of a WebSocket (RFC 6455, section 5), as a server reads and writes them.

use super::Broken;

/// The longest head of a frame that a server writes: it masks nothing.
pub(crate) const HEAD_BYTES: usize = 10;

/// The most that a control frame carries (section 5.5).
pub(super) const CONTROL_BYTES: usize = 125;

/// What a frame is for (section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn of(nibble: u8) -> Option<Self> {
        Some(match nibble {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xA => Opcode::Pong,
            _ => return None,
        })
    }

    fn nibble(self) -> u8 {
        match self {
            Opcode::Continuation => 0x0,
            Opcode::Text => 0x1,
            Opcode::Binary => 0x2,
            Opcode::Close => 0x8,
            Opcode::Ping => 0x9,
            Opcode::Pong => 0xA,
        }
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// The head of a client's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The last of its message.
    pub(super) fin: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; 4],
    /// The head's own length.
    pub(super) head_bytes: usize,
    pub(super) payload_bytes: usize,
}

impl Head {
    /// The head that `bytes` begin with; `None` where more of it is still to come.
    ///
    /// # Errors
    /// What no client may send, as soon as it shows.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, Broken> {
        let broken = |detail: &str| Err(Broken::protocol(detail));
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return broken("a frame with reserved bits: no extension was agreed");
        }
        let Some(opcode) = Opcode::of(first & 0x0F) else {
            return broken("a frame with an opcode that RFC 6455 does not know");
        };
        let (fin, length) = (first & 0x80 != 0, second & 0x7F);
        if opcode.is_control() && (!fin || usize::from(length) > CONTROL_BYTES) {
            return broken("a control frame that is longer than 125 bytes or in fragments");
        }
        if second & 0x80 == 0 {
            return broken("a frame that is not masked: a client's must be");
        }
        let (payload_bytes, rest) = match (length, rest) {
            (126, [a, b, rest @ ..]) => (u16::from_be_bytes([*a, *b]).into(), rest),
            (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
                let bytes = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
                // Above any limit, whatever the machine's word.
                (usize::try_from(bytes).unwrap_or(usize::MAX), rest)
            }
            (126 | 127, _) => return Ok(None),
            (short, rest) => (usize::from(short), rest),
        };
        let [a, b, c, d, rest @ ..] = rest else {
            return Ok(None);
        };
        Ok(Some(Head {
            fin,
            opcode,
            mask: [*a, *b, *c, *d],
            head_bytes: bytes.len() - rest.len(),
            payload_bytes,
        }))
    }
}

/// Takes a client's mask off, or puts it on: it is the same (section 5.3).
pub(super) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut words = payload.chunks_exact_mut(8);
    for word in &mut words {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(word);
        word.copy_from_slice(&(u64::from_ne_bytes(bytes) ^ wide).to_ne_bytes());
    }
    for (byte, mask) in words.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// The head of a whole message's frame. It ends at [`HEAD_BYTES`]; what is given with it is where it
/// begins.
pub(crate) fn head(opcode: Opcode, payload_bytes: usize) -> ([u8; HEAD_BYTES], usize) {
    let mut head = [0; HEAD_BYTES];
    let length = (payload_bytes as u64).to_be_bytes();
    let start = match payload_bytes {
        0..126 => {
            head[9] = length[7];
            8
        }
        126..=0xFFFF => {
            head[7] = 126;
            head[8..].copy_from_slice(&length[6..]);
            6
        }
        _ => {
            head[1] = 127;
            head[2..].copy_from_slice(&length);
            0
        }
    };
    head[start] = 0x80 | opcode.nibble();
    (head, start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of_client(first: u8, mask: [u8; 4], payload_bytes: usize) -> Vec<u8> {
        let (server, start) = head(Opcode::Binary, payload_bytes);
        let mut bytes = server[start..].to_vec();
        bytes[0] = first;
        bytes[1] |= 0x80;
        bytes.extend(mask);
        bytes
    }

    #[test]
    fn a_head_is_read_when_it_is_whole_and_not_before() {
        for payload_bytes in [0, 1, 125, 126, 65_535, 65_536, 1 << 40] {
            let bytes = of_client(0x82, [1, 2, 3, 4], payload_bytes);
            for short in 0..bytes.len() {
                assert_eq!(Head::parse(&bytes[..short]), Ok(None));
            }
            let expected = Head {
                fin: true,
                opcode: Opcode::Binary,
                mask: [1, 2, 3, 4],
                head_bytes: bytes.len(),
                payload_bytes,
            };
            assert_eq!(Head::parse(&bytes), Ok(Some(expected)));
        }
    }

    #[test]
    fn what_no_client_may_send_shows_at_once() {
        for (first, second) in [
            (0xC2, 0x80), // a reserved bit
            (0x83, 0x80), // no such opcode
            (0x8B, 0x80), // no such control
            (0x82, 0x05), // not masked
            (0x89, 0xFE), // a long ping
            (0x08, 0x80), // a close in fragments
        ] {
            assert!(
                Head::parse(&[first, second]).is_err(),
                "{first:x} {second:x}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_mask_goes_byte_by_byte(payload: Vec<u8>, mask: [u8; 4]) {
            let mut unmasked = payload.clone();
            unmask(&mut unmasked, mask);
            let by_hand = payload.iter().enumerate().map(|(i, byte)| byte ^ mask[i % 4]);
            prop_assert_eq!(unmasked, by_hand.collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_a_head_or_none_and_nothing_panics(bytes: Vec<u8>) {
            if let Ok(Some(head)) = Head::parse(&bytes) {
                prop_assert!(head.head_bytes <= bytes.len());
            }
        }
    }
}
