//! Brings the gateway's clock and the browser's to agree with what caused what.

use super::pairs::Pairs;
use crate::model::{ClockMap, Entry, What};

/// The clocks' relation, moved so far that no moment of the gateway's comes before what caused it and
/// none after what it caused; as far as that can be.
pub(super) fn agreeing(entries: &[Entry], pairs: &Pairs, clock: ClockMap) -> ClockMap {
    let (mut least, mut most) = (f64::MIN, f64::MAX);
    let mut asked = f64::MIN;
    for entry in entries {
        let zero = |clock_us: u64| entry.at_ms - clock_us as f64 / 1000.0;
        match &entry.what {
            What::Connecting => asked = entry.at_ms,
            What::Connected {
                connect_us,
                clock_us,
                ..
            } => {
                let called = clock_us.saturating_sub(*connect_us) as f64 / 1000.0;
                least = least.max(asked - called);
                most = most.min(zero(*clock_us));
            }
            What::Sent {
                wrote_us: Some(us), ..
            } => least = least.max(zero(pairs.wrote(entry.no, *us))),
            What::Received { clock_us, .. } | What::Eof { clock_us } => {
                most = most.min(zero(*clock_us))
            }
            _ => {}
        }
    }
    if least > most {
        return clock;
    }
    let zero_ms = clock.zero_ms.clamp(least, most);
    ClockMap { zero_ms, ..clock }
}
