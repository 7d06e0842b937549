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

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_bit_of_those_that_are_told_is_another_and_nothing_else(
            seed: u32, percent in 0u8..=100
        ) {
            let mut sent = numbered(100);
            sent[50].clear();
            let out = datagrams(&[&format!("corrupt,percent={percent}")], seed, &sent);
            let passed = contents(&out.passed);
            prop_assert_eq!(passed.len(), 100);
            let mut told = out.did.iter();
            for (was, is) in sent.iter().zip(&passed) {
                prop_assert_eq!(was.len(), is.len());
                let flipped: Vec<usize> =
                    (0..was.len()).filter(|at| was[*at] != is[*at]).collect();
                if let [at] = flipped[..] {
                    prop_assert_eq!((was[at] ^ is[at]).count_ones(), 1);
                    let did = FaultDid::Corrupted { bytes: was.len() as u32, at: at as u32 };
                    prop_assert_eq!(told.next(), Some(&did));
                } else {
                    prop_assert!(flipped.is_empty());
                }
                let never = percent == 0 || was.is_empty();
                prop_assert!(!never || flipped.is_empty());
                prop_assert!(never || percent < 100 || !flipped.is_empty());
            }
            prop_assert_eq!(told.next(), None);
        }
    }
}
