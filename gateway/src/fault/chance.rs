//! Chance that can be had again: numbers that follow from a seed, a direction and a fault's place.

use chalkwire_shared::fault::Direction;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};

use super::Whose;

/// One fault's row of chances. The row is the same on every machine and in every version.
#[derive(Clone, Debug)]
pub(super) struct Chance(Pcg32);

impl Chance {
    pub(super) fn new(seed: u32, whose: Whose, place: usize, way: Direction) -> Self {
        let whose = u64::from(whose == Whose::Client);
        let way = u64::from(way == Direction::FromTarget);
        let row = (place as u64) << 2 | whose << 1 | way;
        Chance(Pcg32::seed_from_u64(u64::from(seed) << 32 | row))
    }

    /// One draw: of 100 draws `percent` are `true`. 0 is never, 100 is always.
    pub(super) fn percent(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// One draw: a number from 0 to `bound - 1`.
    pub(super) fn below(&mut self, bound: u32) -> u64 {
        (u64::from(self.0.next_u32()) * u64::from(bound)) >> 32
    }

    /// One draw: `middle`, give or take up to `most`; never below 0.
    pub(super) fn around(&mut self, middle: u64, most: u32) -> u64 {
        let steps = most.saturating_mul(2).saturating_add(1);
        (middle + self.below(steps)).saturating_sub(u64::from(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chance(seed: u32) -> Chance {
        Chance::new(seed, Whose::Client, 0, Direction::ToTarget)
    }

    #[test]
    fn the_row_of_a_seed_stays_what_it_is() {
        let mut chance = chance(7);
        let row: Vec<u64> = (0..8).map(|_| chance.below(100)).collect();
        assert_eq!(row, [31, 36, 82, 34, 56, 7, 73, 67]);
    }

    #[test]
    fn each_seed_place_direction_and_owner_has_a_row_of_its_own() {
        let row = |mut chance: Chance| (0..8).map(|_| chance.below(1 << 31)).collect::<Vec<_>>();
        let rows = [
            row(chance(0)),
            row(chance(1)),
            row(Chance::new(0, Whose::Client, 1, Direction::ToTarget)),
            row(Chance::new(0, Whose::Client, 0, Direction::FromTarget)),
            row(Chance::new(0, Whose::Target, 0, Direction::ToTarget)),
        ];
        for (i, a) in rows.iter().enumerate() {
            assert!(!rows[..i].contains(a));
        }
    }

    proptest! {
        #[test]
        fn nothing_is_never_and_a_hundred_is_always(seed: u32) {
            let mut chance = chance(seed);
            for _ in 0..1_000 {
                prop_assert!(!chance.percent(0));
                prop_assert!(chance.percent(100));
            }
        }

        #[test]
        fn give_or_take_stays_in_its_bounds(seed: u32, middle in 0u64..1_000, most in 0u32..1_000) {
            let mut chance = chance(seed);
            for _ in 0..100 {
                let got = chance.around(middle, most);
                prop_assert!(got <= middle + u64::from(most));
                prop_assert!(got + u64::from(most) >= middle);
            }
        }
    }
}
