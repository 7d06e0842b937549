//! WebSocket frames (RFC 6455) as the load has them: built once and sent often, read without copying.

use anyhow::ensure;

/// The opcodes that come up here.
pub(crate) const CONTINUED: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;

/// A client's frames are masked. One key for all will do where nobody is to be protected from a cache.
const KEY: [u8; 4] = [0x5a, 0xc3, 0x17, 0xe8];

/// A client's whole frame, masked; what changes from one to the next is written over in place.
#[derive(Clone)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    payload_at: usize,
}

impl Frame {
    pub(crate) fn new(opcode: u8, payload: &[u8]) -> Self {
        let mut bytes = vec![0x80 | opcode];
        match payload.len() {
            n @ ..126 => bytes.push(0x80 | n as u8),
            n @ 126..=0xffff => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&(n as u16).to_be_bytes());
            }
            n => {
                bytes.push(0x80 | 127);
                bytes.extend_from_slice(&(n as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&KEY);
        let payload_at = bytes.len();
        let masked = payload.iter().zip(KEY.iter().cycle());
        bytes.extend(masked.map(|(byte, key)| byte ^ key));
        Frame { bytes, payload_at }
    }

    /// What is sent as it is, without a frame around it.
    pub(crate) fn plain(payload: &[u8]) -> Self {
        Frame {
            bytes: payload.to_vec(),
            payload_at: 0,
        }
    }

    /// Writes over a part of the payload.
    pub(crate) fn patch(&mut self, at: usize, value: &[u8]) {
        let plain = self.payload_at == 0;
        for (i, byte) in value.iter().enumerate() {
            let key = if plain { 0 } else { KEY[(at + i) % 4] };
            self.bytes[self.payload_at + at + i] = byte ^ key;
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A part of a message that came: as much of it as is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// Of the message; a continued one keeps that of its first frame.
    pub(crate) opcode: u8,
    /// Where it lies in what was given.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Whether the message ends with it.
    pub(crate) last: bool,
}

/// Takes a server's frames apart, however they are cut.
#[derive(Default)]
pub(crate) struct Parser {
    head: [u8; 10],
    have: usize,
    /// Of the payload, still to come. With a whole head only.
    left: u64,
    in_payload: bool,
    message: u8,
}

impl Parser {
    /// The next part in `input` from `*at` on, which moves on. None: it is used up.
    pub(crate) fn next(&mut self, input: &[u8], at: &mut usize) -> anyhow::Result<Option<Part>> {
        while !self.in_payload {
            let Some(byte) = input.get(*at) else {
                return Ok(None);
            };
            *at += 1;
            self.head[self.have] = *byte;
            self.have += 1;
            self.take_head()?;
        }
        let n = self.left.min((input.len() - *at) as u64);
        if n == 0 && self.left > 0 {
            return Ok(None);
        }
        let from = *at;
        *at += n as usize;
        self.left -= n;
        let whole = self.left == 0;
        if whole {
            (self.in_payload, self.have) = (false, 0);
        }
        let opcode = self.head[0] & 0x0f;
        Ok(Some(Part {
            opcode: if opcode == CONTINUED {
                self.message
            } else {
                opcode
            },
            from,
            to: *at,
            last: whole && self.head[0] & 0x80 != 0,
        }))
    }

    fn take_head(&mut self) -> anyhow::Result<()> {
        let [first, second, ref rest @ ..] = self.head;
        self.left = match (self.have, second) {
            (1, _) => return Ok(()),
            (2, n @ ..126) => n.into(),
            (4, 126) => u16::from_be_bytes([rest[0], rest[1]]).into(),
            (10, 127) => u64::from_be_bytes(*rest),
            (2..10, 126 | 127) => return Ok(()),
            _ => anyhow::bail!("a masked frame from a server"),
        };
        ensure!(first & 0x70 == 0, "an extension that nobody asked for");
        if matches!(first & 0x0f, TEXT | BINARY) {
            self.message = first & 0x0f;
        }
        self.in_payload = true;
        Ok(())
    }
}
