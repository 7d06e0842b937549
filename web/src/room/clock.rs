//! The room's clock and the browser's.

use crate::model::ClockMap;

/// More than this either way, and a bar of this page may be seen to begin too early or too late, in ms.
const VAGUE_MS: f64 = 50.0;

/// How the room's clock and the browser's are related.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoomClock {
    /// The room's clock less the gateway's, in µs.
    pub offset_us: u64,
    /// The gateway's clock and the browser's.
    pub map: ClockMap,
}

impl RoomClock {
    /// A moment of the room's clock (µs since 1970) in the browser's ms since 1970.
    pub fn browser_ms(self, time_us: u64) -> f64 {
        // The room may be older than the gateway that has it now.
        let since_us = i128::from(time_us) - i128::from(self.offset_us);
        self.map.zero_ms + since_us as f64 / 1000.0
    }

    /// A moment of the browser's (ms since 1970) in the room's µs since 1970.
    pub fn room_us(self, browser_ms: f64) -> u64 {
        let since_us = ((browser_ms - self.map.zero_ms) * 1000.0).round() as i128;
        u64::try_from(i128::from(self.offset_us) + since_us).unwrap_or_default()
    }

    /// How far off it may be, in ms, where that is so much that it can be seen.
    pub fn vague_ms(self) -> Option<f64> {
        Some(self.map.plus_minus_ms).filter(|it| *it > VAGUE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_moment_there_is_the_same_moment_back(
            offset_us in 0u64..2_000_000_000_000_000, zero_ms in 1.7e12f64..1.8e12,
            later_us in -1_000_000_000_000i64..1_000_000_000_000,
        ) {
            let map = ClockMap { zero_ms, plus_minus_ms: 1.0 };
            let clock = RoomClock { offset_us, map };
            let time_us = offset_us.saturating_add_signed(later_us);
            let back = clock.room_us(clock.browser_ms(time_us));
            prop_assert!(back.abs_diff(time_us) <= 1_000, "{back} {time_us}");
        }
    }

    #[test]
    fn a_slow_way_to_the_gateway_is_told() {
        let clock = |plus_minus_ms| RoomClock {
            offset_us: 5,
            map: ClockMap {
                zero_ms: 0.0,
                plus_minus_ms,
            },
        };
        assert_eq!(clock(3.0).vague_ms(), None);
        assert_eq!(clock(120.0).vague_ms(), Some(120.0));
    }
}
