//! A straight axis with round numbers on it.

/// The step between two marks, so that there are at most `most` of them up to `end`: 1, 2 or 5 times a
/// power of ten.
pub fn step(end: f64, most: usize) -> f64 {
    let raw = end / most.max(1) as f64;
    if !(1e-9..1e300).contains(&raw) {
        return 1.0;
    }
    // By hand: logarithms and powers would be felt in the page's weight.
    let (mut power, mut next) = (1.0, 0);
    while power > raw {
        power /= 10.0;
    }
    loop {
        let step = power * [1.0, 2.0, 5.0][next % 3];
        if step >= raw * 0.999_999 {
            return step;
        }
        next += 1;
        if next % 3 == 0 {
            power *= 10.0;
        }
    }
}

/// The marks from 0 to `end`.
pub fn marks(end: f64, most: usize) -> Vec<f64> {
    let step = step(end, most);
    let count = (end / step + 1e-6).floor().max(0.0) as usize;
    (0..=count).map(|i| i as f64 * step).collect()
}

/// A span of values on a span of units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Where 0 is.
    pub from: i32,
    /// Where the end is.
    pub to: i32,
    /// The value there.
    pub end: f64,
}

impl Scale {
    /// Where a value is; what lies beyond the axis is put at its edge.
    pub fn at(self, value: f64) -> i32 {
        let part = if self.end > 0.0 {
            value / self.end
        } else {
            0.0
        };
        self.from + (part.clamp(0.0, 1.0) * f64::from(self.to - self.from)).round() as i32
    }
}

/// A moment on an axis, in ms; in seconds from ten of them on.
pub fn ms_mark(ms: f64, end_ms: f64) -> String {
    let (value, unit) = if end_ms >= 10_000.0 {
        (ms / 1000.0, " s")
    } else {
        (ms, " ms")
    };
    // Display writes as many digits as it takes; marks are round but for the last bit.
    let mut out = ((value * 1e6).round() / 1e6).to_string();
    out.push_str(unit);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_few() {
        assert_eq!(
            marks(3000.0, 6),
            [0.0, 500.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0]
        );
        assert_eq!(marks(1003.0, 5), [0.0, 500.0, 1000.0]);
        assert_eq!(marks(0.0, 5), [0.0]);
        assert_eq!(marks(14.0, 14).len(), 15);
        assert_eq!(ms_mark(0.1 + 0.2, 1.0), "0.3 ms");
        assert_eq!(ms_mark(15_000.0, 20_000.0), "15 s");
    }

    #[test]
    fn values_beyond_the_axis_stay_on_it() {
        let scale = Scale {
            from: 10,
            to: 110,
            end: 50.0,
        };
        assert_eq!(
            (scale.at(-1.0), scale.at(25.0), scale.at(99.0)),
            (10, 60, 110)
        );
        assert_eq!(Scale { end: 0.0, ..scale }.at(5.0), 10);
    }
}
