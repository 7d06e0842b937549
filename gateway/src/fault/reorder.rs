//! Reorder: datagrams are overtaken by the next one, by chance.

use chalkwire_shared::fault::FaultDid;

use super::chance::Chance;
use super::held::Held;
use super::pipeline::{Item, Moving, Out};

/// One that nothing follows is passed on after so long: late, but not lost.
const WAIT_US: u64 = 1_000_000;

/// Lets datagrams be overtaken.
#[derive(Debug)]
pub(super) struct Reorder {
    percent: u8,
    chance: Chance,
    /// The one that waits to be overtaken, if one does.
    pub(super) held: Held,
}

impl Reorder {
    pub(super) fn new(percent: u8, chance: Chance) -> Self {
        Reorder {
            percent,
            chance,
            held: Held::default(),
        }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        let at_us = moving.at_us;
        match &moving.item {
            Item::Datagram(bytes) => {
                // Drawn for each, so that the row of chances does not depend on who waits.
                let waits = self.chance.percent(self.percent) && self.held.is_empty();
                if waits {
                    let bytes = bytes.len() as u32;
                    out.did.push(FaultDid::Reordered { bytes });
                    self.held.hold(moving, at_us + WAIT_US, out);
                } else {
                    out.passed.push(moving);
                    self.held.interrupt(at_us, out);
                }
            }
            // Nothing comes after it that could overtake.
            Item::Bytes(_) | Item::End(_) => {
                self.held.interrupt(at_us, out);
                out.passed.push(moving);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn none_is_lost_and_each_that_is_told_was_overtaken_by_one(
            seed: u32, percent in 0u8..=100
        ) {
            let sent = numbered(101);
            let out = datagrams(&[&format!("reorder,percent={percent}")], seed, &sent);
            let passed = contents(&out.passed);
            let told = count(&out.did, |did| matches!(did, FaultDid::Reordered { .. }));
            let place = |datagram: &Vec<u8>| passed.iter().position(|one| one == datagram).unwrap();
            let overtaken = sent.windows(2).filter(|two| place(&two[0]) > place(&two[1])).count();
            // The last may wait in vain.
            prop_assert!(told == overtaken || told == overtaken + 1);
            prop_assert_eq!(passed.len(), 101);
            prop_assert!(percent > 0 || passed == sent);
            for (i, datagram) in sent.iter().enumerate() {
                prop_assert!(place(datagram).abs_diff(i) <= 1);
            }
        }
    }

    #[test]
    fn always_means_that_each_pair_is_swapped_and_one_that_nothing_follows_comes_late() {
        let sent: Vec<Vec<u8>> = (0..5).map(|i| vec![i]).collect();
        let passed = datagrams(&["reorder,percent=100"], 0, &sent).passed;
        assert_eq!(contents(&passed), [[1], [0], [3], [2], [4]]);
        assert_eq!(passed[4].at_us, 4_000 + WAIT_US);
    }
}
