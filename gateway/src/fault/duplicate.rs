//! Duplicate: datagrams come twice by chance.

use chalkwire_shared::fault::FaultDid;

use super::chance::Chance;
use super::pipeline::{Item, Moving, Out};

/// Doubles datagrams.
#[derive(Debug)]
pub(super) struct Duplicate {
    percent: u8,
    chance: Chance,
}

impl Duplicate {
    pub(super) fn new(percent: u8, chance: Chance) -> Self {
        Duplicate { percent, chance }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        if let Item::Datagram(bytes) = &moving.item
            && self.chance.percent(self.percent)
        {
            let bytes = bytes.len() as u32;
            out.did.push(FaultDid::Duplicated { bytes });
            out.passed.push(moving.clone());
        }
        out.passed.push(moving);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_comes_once_or_twice_in_order_and_each_copy_is_told(
            seed: u32, percent in 0u8..=100
        ) {
            let fault = format!("duplicate,percent={percent}");
            let out = datagrams(&[&fault], seed, &numbered(100));
            let mut passed = contents(&out.passed);
            let copies = count(&out.did, |did| matches!(did, FaultDid::Duplicated { .. }));
            prop_assert_eq!(passed.len(), 100 + copies);
            prop_assert!(percent > 0 || copies == 0);
            prop_assert!(percent < 100 || copies == 100);
            passed.dedup();
            prop_assert_eq!(passed, numbered(100));
        }
    }
}
