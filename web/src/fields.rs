//! The fields of a stamp, `[ctime]data`, beside the browser's own clock.

use std::ops::Range;

use chalkwire_shared::stamp::{self, CTIME_BYTES};
use chrono::{DateTime, NaiveDateTime};

/// A reply taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// As the server wrote it.
    pub ctime: String,
    /// Where the ctime stands, its brackets included, in bytes.
    pub ctime_at: Range<usize>,
    /// Where the data stands, in bytes.
    pub data_at: Range<usize>,
    /// The server's clock less the browser's, in whole seconds, both read as local time; `None` where the
    /// reply was held back on purpose.
    pub difference_s: Option<i64>,
}

/// Takes a reply apart that came at `at_ms` (ms since 1970), where the browser's local time is
/// `offset_min` minutes ahead of UTC; `None` where it is no stamp.
pub fn fields(reply: &[u8], at_ms: f64, offset_min: i32) -> Option<Fields> {
    let stamp = stamp::read(reply)?;
    let ctime_at = 0..CTIME_BYTES + 2;
    // What was read as a ctime is ASCII, and stands there as it is to be shown.
    let ctime = std::str::from_utf8(&reply[1..=CTIME_BYTES]).ok()?;
    let here = local(at_ms, offset_min)?;
    Some(Fields {
        ctime: ctime.to_owned(),
        difference_s: Some((stamp.at - here).num_seconds()),
        data_at: ctime_at.end..reply.len(),
        ctime_at,
    })
}

/// The browser's local time, to the second, as a ctime is.
fn local(at_ms: f64, offset_min: i32) -> Option<NaiveDateTime> {
    let s = (at_ms / 1000.0).floor() as i64 + i64::from(offset_min) * 60;
    Some(DateTime::from_timestamp(s, 0)?.naive_utc())
}

/// The difference in words that promise no more than a ctime holds.
pub fn difference_words(difference_s: Option<i64>) -> String {
    let Some(difference_s) = difference_s else {
        return "not known: the reply was held on purpose".to_owned();
    };
    // Zones differ by quarters of an hour (IANA tz database), and a reply takes a moment.
    let quarters = (difference_s as f64 / 900.0).round() as i64;
    let left = difference_s - quarters * 900;
    if quarters != 0 && quarters.abs() <= 26 * 4 && left.abs() <= 5 {
        let hours = quarters as f64 / 4.0;
        return format!(
            "{hours:+} h, so the server seems to be in another time zone; else {}",
            seconds(left)
        );
    }
    seconds(difference_s)
}

fn seconds(s: i64) -> String {
    if s == 0 {
        "0 s".to_owned()
    } else {
        format!("{}{} s", if s > 0 { "+" } else { "−" }, s.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &[u8] = b"[Sun Nov 22 12:04:05 2026]hello\r\n";
    /// The same second in UTC, in ms since 1970.
    const THEN_MS: f64 = 1_795_349_045_000.0;

    #[test]
    fn a_stamp_is_taken_apart_and_compared_to_the_second() {
        let fields = fields(REPLY, THEN_MS + 999.0, 0).unwrap();
        assert_eq!(fields.ctime, "Sun Nov 22 12:04:05 2026");
        assert_eq!(
            &REPLY[fields.ctime_at.clone()],
            b"[Sun Nov 22 12:04:05 2026]"
        );
        assert_eq!(&REPLY[fields.data_at.clone()], b"hello\r\n");
        assert_eq!(fields.difference_s, Some(0));
        assert_eq!(
            super::fields(REPLY, THEN_MS - 3000.0, 0)
                .unwrap()
                .difference_s,
            Some(3)
        );
        assert_eq!(super::fields(b"hello", THEN_MS, 0), None);
    }

    #[test]
    fn another_time_zone_is_said_to_be_one() {
        let from_delhi = fields(REPLY, THEN_MS, 330).unwrap();
        assert_eq!(
            difference_words(from_delhi.difference_s),
            "-5.5 h, so the server seems to be in another time zone; else 0 s"
        );
        assert!(difference_words(None).starts_with("not known"));
        assert_eq!(difference_words(Some(-2)), "−2 s");
        assert_eq!(difference_words(Some(777)), "+777 s");
    }
}
