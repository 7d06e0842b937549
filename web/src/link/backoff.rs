//! How long to wait before the next try to connect.

/// The longest wait, in ms.
pub const CAP_MS: f64 = 15_000.0;

/// The wait before retry number `attempt` (from 0), in ms; `random` is in 0..1.
///
/// The first falls anywhere in a second, so that a class whose gateway restarts does not come back
/// in one stampede; later ones double, half of each by chance.
pub fn delay_ms(attempt: u32, random: f64) -> f64 {
    let whole = (1000.0 * f64::from(1u32 << attempt.min(10))).min(CAP_MS);
    if attempt == 0 {
        whole * random
    } else {
        whole * (0.5 + 0.5 * random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        assert_eq!(delay_ms(0, 0.0), 0.0);
        assert_eq!(delay_ms(1, 1.0), 2_000.0);
        assert_eq!(delay_ms(2, 0.0), 2_000.0);
        assert_eq!(delay_ms(9, 1.0), CAP_MS);
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_cap(attempt: u32, random in 0.0f64..1.0) {
            let wait = delay_ms(attempt, random);
            prop_assert!((0.0..=CAP_MS).contains(&wait));
        }
    }
}
