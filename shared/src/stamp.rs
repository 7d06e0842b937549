//! Reading and writing `[ctime]data`, the answer of a timestamp server.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

/// Length of a C `ctime` without its newline, in bytes: `Sun Nov 22 06:08:00 2026`.
///
/// Years outside 1000–9999 give another length; servers do not live there.
pub const CTIME_BYTES: usize = 24;

/// The most by which a reply may be longer than its request, in bytes.
pub const MAX_OVERHEAD_BYTES: usize = 64;

const DAYS: [&[u8; 3]; 7] = [b"Sun", b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat"];
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A point in local time as C's `ctime` writes it (C17, 7.27.3.1), without the newline: the day is
/// padded with a space. By hand, for what chrono needs to write any format is felt in the page's weight.
pub fn ctime(at: NaiveDateTime) -> String {
    let weekday = DAYS[at.weekday().num_days_from_sunday() as usize];
    let month = MONTHS[at.month0() as usize];
    let name = |name: &[u8; 3]| String::from_utf8_lossy(name).into_owned();
    format!(
        "{} {} {:>2} {:02}:{:02}:{:02} {:04}",
        name(weekday),
        name(month),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.year()
    )
}

/// A reply taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp<'a> {
    /// The server's local time, to the second.
    pub at: NaiveDateTime,
    /// What the server read.
    pub data: &'a [u8],
}

/// Reads `[ctime]data`; `None` where the bytes are something else.
pub fn read(reply: &[u8]) -> Option<Stamp<'_>> {
    let (ctime, rest) = reply.strip_prefix(b"[")?.split_at_checked(CTIME_BYTES)?;
    let data = rest.strip_prefix(b"]")?;
    Some(Stamp {
        at: read_ctime(ctime)?,
        data,
    })
}

/// Reads `Www Mmm dd hh:mm:ss yyyy`. By hand, because every column is fixed and chrono's reader of
/// any format is a good part of the page.
fn read_ctime(ctime: &[u8]) -> Option<NaiveDateTime> {
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = ctime.get(from..to)?;
        digits.iter().try_fold(0, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let month = MONTHS
        .iter()
        .position(|month| ctime.get(4..7) == Some(&month[..]))?;
    let year = i32::try_from(number(20, 24)?).ok()?;
    let padded = ctime.get(8) == Some(&b' ');
    let day = number(if padded { 9 } else { 8 }, 10)?;
    let date = NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()? + 1, day)?;
    let at = date.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)?;
    // What stands between the fields, and the day of the week, must be right too.
    let weekday = DAYS[date.weekday().num_days_from_sunday() as usize];
    let separators = [3, 7, 10, 13, 16, 19].map(|i| ctime.get(i).copied().unwrap_or(0));
    (ctime.starts_with(weekday) && separators == *b"   :: ").then_some(at)
}

/// Whether bytes begin as a ctime does: `Www Mmm`.
fn begins_like_ctime(bytes: &[u8]) -> bool {
    let Some((head, _)) = bytes.split_first_chunk::<7>() else {
        return false;
    };
    DAYS.iter().any(|day| head.starts_with(*day))
        && head[3] == b' '
        && MONTHS.iter().any(|month| head.ends_with(*month))
}

/// Why a text is no reply format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Not two `%s`, or a `%` that stands for nothing.
    #[error(
        "the reply format '{0}' must hold %s twice, for the time and for the data (and %% for a \
         percent sign), as in '[%s]%s'"
    )]
    Fields(String),
    /// More text than a reply may add.
    #[error(
        "the reply format '{0}' makes a reply more than {MAX_OVERHEAD_BYTES} bytes longer than its request"
    )]
    Long(String),
}

/// How a reply is put together: Python's `'[%s]%s' % (ctime(), data)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyFormat {
    before: Box<[u8]>,
    between: Box<[u8]>,
    after: Box<[u8]>,
}

impl Default for ReplyFormat {
    fn default() -> Self {
        ReplyFormat {
            before: (*b"[").into(),
            between: (*b"]").into(),
            after: (*b"").into(),
        }
    }
}

impl std::str::FromStr for ReplyFormat {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let mut parts = vec![Vec::new()];
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            let part = match (byte, parts.last_mut()) {
                (_, None) => break,
                (b'%', Some(part)) => match bytes.next() {
                    Some(b's') => {
                        parts.push(Vec::new());
                        continue;
                    }
                    Some(b'%') => part,
                    _ => return Err(FormatError::Fields(text.to_owned())),
                },
                (_, Some(part)) => part,
            };
            part.push(byte);
        }
        let Ok([before, between, after]) = <[Vec<u8>; 3]>::try_from(parts) else {
            return Err(FormatError::Fields(text.to_owned()));
        };
        let format = ReplyFormat {
            before: before.into(),
            between: between.into(),
            after: after.into(),
        };
        if format.overhead_bytes() > MAX_OVERHEAD_BYTES {
            return Err(FormatError::Long(text.to_owned()));
        }
        Ok(format)
    }
}

/// The format as it is read, so that it can be handed on.
impl std::fmt::Display for ReplyFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (part, field) in [
            (&self.before, "%s"),
            (&self.between, "%s"),
            (&self.after, ""),
        ] {
            // Parts are cut out of a str at ASCII bytes, so they are UTF-8.
            let text = String::from_utf8_lossy(part).replace('%', "%%");
            write!(f, "{text}{field}")?;
        }
        Ok(())
    }
}

impl ReplyFormat {
    /// By how much a reply is longer than its request, in bytes.
    pub fn overhead_bytes(&self) -> usize {
        self.before.len() + CTIME_BYTES + self.between.len() + self.after.len()
    }

    /// The reply to `data` at the local time `at`.
    pub fn reply(&self, at: NaiveDateTime, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out, &ctime(at), data);
        out
    }

    /// Puts the reply to `data` into `out`, in place of what was there; the time is written already.
    pub fn write(&self, out: &mut Vec<u8>, ctime: &str, data: &[u8]) {
        out.clear();
        out.reserve(self.overhead_bytes() + data.len());
        out.extend_from_slice(&self.before);
        out.extend_from_slice(ctime.as_bytes());
        out.extend_from_slice(&self.between);
        out.extend_from_slice(data);
        out.extend_from_slice(&self.after);
    }

    /// Whether a datagram begins like a reply, the chapter's (`[Www Mmm`) or this format's own: such
    /// a one must not be answered, or two servers could talk to each other for ever.
    pub fn begins_like_reply(&self, datagram: &[u8]) -> bool {
        [&b"["[..], &self.before]
            .into_iter()
            .any(|before| datagram.strip_prefix(before).is_some_and(begins_like_ctime))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use proptest::prelude::*;

    fn at(day: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 11, day)
            .unwrap()
            .and_hms_opt(6, 8, 0)
            .unwrap()
    }

    #[test]
    fn ctime_is_written_as_c_writes_it() {
        assert_eq!(ctime(at(22)), "Sun Nov 22 06:08:00 2026");
        assert_eq!(ctime(at(1)), "Sun Nov  1 06:08:00 2026");
    }

    #[test]
    fn a_stamp_is_read_back() {
        let reply = ReplyFormat::default().reply(at(2), b"hi\r\n");
        assert_eq!(reply, b"[Mon Nov  2 06:08:00 2026]hi\r\n");
        assert_eq!(
            read(&reply),
            Some(Stamp {
                at: at(2),
                data: b"hi\r\n"
            })
        );
        for not in [
            &b""[..],
            b"[",
            b"[Mon Nov  2 06:08:00 2026",
            b"[Xxx Nov  2 06:08:00 2026]x",
        ] {
            assert_eq!(read(not), None);
        }
    }

    #[test]
    fn formats_follow_python() {
        let format: ReplyFormat = "100%% %s: %s!".parse().unwrap();
        assert_eq!(
            format.reply(at(22), b"x"),
            b"100% Sun Nov 22 06:08:00 2026: x!"
        );
        for bad in ["", "%s", "%s%s%s", "%d%s", "[%s]%", "%s%s%"] {
            assert!(
                matches!(bad.parse::<ReplyFormat>(), Err(FormatError::Fields(_))),
                "{bad}"
            );
        }
        let long = format!("{}%s%s", "x".repeat(41));
        assert_eq!(long.parse::<ReplyFormat>(), Err(FormatError::Long(long)));
    }

    #[test]
    fn what_is_no_ctime_is_not_read() {
        for not in [
            "[Tue Nov  2 06:08:00 2026]x", // it was a Monday
            "[Mon Nov 31 06:08:00 2026]x",
            "[Mon Nov  2 24:08:00 2026]x",
            "[Mon Nov  2  6:08:00 2026]x",
            "[Mon Nov +2 06:08:00 2026]x",
            "[Mon Nov  2 06-08:00 2026]x",
            "[Mon Nov  2 06:08:00  026]x",
            "[Mon Nov    06:08:00 2026]x",
        ] {
            assert_eq!(read(not.as_bytes()), None, "{not}");
        }
    }

    proptest! {
        #[test]
        fn every_ctime_is_read_back(seconds in -30_600_000_000i64..250_000_000_000) {
            let at = chrono::DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            let reply = ReplyFormat::default().reply(at, b"x");
            prop_assert_eq!(read(&reply).map(|stamp| stamp.at), Some(at));
        }

        #[test]
        fn a_format_is_printed_as_it_is_read(text in "(\\PC|%s|%%){0,6}") {
            if let Ok(format) = text.parse::<ReplyFormat>() {
                prop_assert_eq!(format.to_string(), text);
            }
        }

        #[test]
        fn no_server_answers_its_own_reply_or_the_chapters(
            before in "[ -$&-~]{0,16}", between in "[ -$&-~]{0,8}", data: Vec<u8>
        ) {
            let format: ReplyFormat = format!("{before}%s{between}%s").parse().unwrap();
            prop_assert!(format.begins_like_reply(&format.reply(at(9), &data)));
            prop_assert!(format.begins_like_reply(&ReplyFormat::default().reply(at(9), &data)));
        }

        #[test]
        fn a_reply_is_at_most_64_bytes_longer(text in "\\PC{0,30}", data: Vec<u8>) {
            if let Ok(format) = format!("{text}%s{text}%s").parse::<ReplyFormat>() {
                prop_assert!(format.reply(at(9), &data).len() <= data.len() + MAX_OVERHEAD_BYTES);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
            let _ = ReplyFormat::default().begins_like_reply(&bytes);
        }
    }
}
