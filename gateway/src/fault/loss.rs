//! Loss: datagrams are lost by chance.

use chalkwire_shared::fault::FaultDid;

use super::chance::Chance;
use super::pipeline::{Item, Moving, Out};

/// Loses datagrams.
#[derive(Debug)]
pub(super) struct Loss {
    percent: u8,
    chance: Chance,
}

impl Loss {
    pub(super) fn new(percent: u8, chance: Chance) -> Self {
        Loss { percent, chance }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        match &moving.item {
            Item::Datagram(bytes) if self.chance.percent(self.percent) => {
                let bytes = bytes.len() as u32;
                out.did.push(FaultDid::Dropped { bytes });
            }
            _ => out.passed.push(moving),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use proptest::prelude::*;

    fn run(percent: u8, seed: u32) -> (Vec<Vec<u8>>, usize) {
        let out = datagrams(&[&format!("loss,percent={percent}")], seed, &numbered(200));
        let lost = count(&out.did, |did| matches!(did, FaultDid::Dropped { .. }));
        (contents(&out.passed), lost)
    }

    proptest! {
        #[test]
        fn what_is_not_lost_comes_as_it_was_and_each_loss_is_told(seed: u32, percent in 0u8..=100) {
            let (passed, lost) = run(percent, seed);
            prop_assert_eq!(passed.len() + lost, 200);
            let mut sent = numbered(200).into_iter();
            prop_assert!(passed.iter().all(|datagram| sent.any(|one| one == *datagram)), "in order");
            prop_assert_eq!(&passed, &run(percent, seed).0, "the same seed is the same run");
            prop_assert!(percent > 0 || lost == 0);
            prop_assert!(percent < 100 || passed.is_empty());
        }
    }

    #[test]
    fn about_as_many_are_lost_as_was_asked_for_and_another_seed_loses_others() {
        for seed in 0..20 {
            let (_, lost) = run(20, seed);
            assert!((15..70).contains(&lost), "{lost} of 200 at 20 %");
            assert_ne!(run(20, seed).0, run(20, seed + 1).0);
        }
    }
}
