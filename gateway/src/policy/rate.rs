//! A token bucket: how much in how short a time.

use std::time::Instant;

/// So many at once, and so many a second after that. Time is passed in.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    burst: f64,
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(burst: u32, per_second: u32, now: Instant) -> Self {
        let burst = f64::from(burst);
        Bucket {
            burst,
            per_second: f64::from(per_second),
            tokens: burst,
            filled: now,
        }
    }

    /// Takes one; `false` when the bucket is empty.
    pub fn take(&mut self, now: Instant) -> bool {
        if self.is_empty(now) {
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    /// Whether there is none to take.
    pub fn is_empty(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled);
        self.filled = now;
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_second).min(self.burst);
        self.tokens < 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(3, 2, start);
        assert_eq!((0..5).filter(|_| bucket.take(start)).count(), 3);
        let later = start + Duration::from_secs(1);
        assert_eq!((0..5).filter(|_| bucket.take(later)).count(), 2);
        let much_later = start + Duration::from_secs(100);
        assert_eq!((0..9).filter(|_| bucket.take(much_later)).count(), 3);
    }
}
