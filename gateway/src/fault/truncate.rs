//! Truncate: datagrams lose what is beyond so many bytes.

use bytes::Bytes;
use chalkwire_shared::fault::FaultDid;

use super::pipeline::{Item, Moving, Out};

/// Cuts tails off.
#[derive(Debug)]
pub(super) struct Truncate {
    bytes: usize,
}

impl Truncate {
    pub(super) fn new(bytes: u32) -> Self {
        Truncate {
            bytes: bytes as usize,
        }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        match &moving.item {
            Item::Datagram(bytes) if bytes.len() > self.bytes => {
                out.did.push(FaultDid::Truncated {
                    bytes: self.bytes as u32,
                    of: bytes.len() as u32,
                });
                // A copy: the tail need not stay in memory.
                let head = Bytes::copy_from_slice(&bytes[..self.bytes]);
                out.passed.push(moving.with(Item::Datagram(head)));
            }
            _ => out.passed.push(moving),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn what_is_longer_loses_its_tail_and_what_is_not_stays_whole() {
        let sent = [b"12345".to_vec(), b"1234".to_vec(), Vec::new()];
        let out = datagrams(&["truncate,bytes=4"], 0, &sent);
        assert_eq!(contents(&out.passed), [&b"1234"[..], b"1234", b""]);
        assert_eq!(out.did, [FaultDid::Truncated { bytes: 4, of: 5 }]);
    }
}
