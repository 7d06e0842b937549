//! Corrupt: in some datagrams one bit is flipped.

use bytes::{Bytes, BytesMut};
use chalkwire_shared::fault::FaultDid;

use super::chance::Chance;
use super::pipeline::{Item, Moving, Out};

/// Flips bits.
#[derive(Debug)]
pub(super) struct Corrupt {
    percent: u8,
    chance: Chance,
}

impl Corrupt {
    pub(super) fn new(percent: u8, chance: Chance) -> Self {
        Corrupt { percent, chance }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        let Item::Datagram(bytes) = &moving.item else {
            return out.passed.push(moving);
        };
        // Three draws for each, so that the row of chances does not depend on the contents.
        let flips = self.chance.percent(self.percent);
        let length = bytes.len() as u32;
        let at = self.chance.below(length) as usize;
        let bit = self.chance.below(8);
        if !flips || bytes.is_empty() {
            return out.passed.push(moving);
        }
        let flipped = flip(bytes, at, bit);
        out.did.push(FaultDid::Corrupted {
            bytes: length,
            at: at as u32,
        });
        out.passed.push(moving.with(Item::Datagram(flipped)));
    }
}

fn flip(bytes: &Bytes, at: usize, bit: u64) -> Bytes {
    let mut flipped = BytesMut::from(&bytes[..]);
    flipped[at] ^= 1 << bit;
    flipped.freeze()
}
