//! The gateway's clock, which its timestamp servers share.

use std::time::Instant;

/// A monotonic clock that counts µs from its own start. Copies tell the same time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Clock {
            start: Instant::now(),
        }
    }

    /// µs since the start.
    pub fn now_us(self) -> u64 {
        // 584,000 years of µs fit; the conversion saturates rather than wraps.
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
