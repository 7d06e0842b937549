//! The local time that replies carry, written once a second.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chalkwire_shared::stamp::{ReplyFormat, ctime};
use chrono::{DateTime, Local};

/// The time as the replies of one server write it. All its threads share it: to find the local time
/// costs a thread that has not done so before some reads of files.
#[derive(Debug, Default)]
pub(super) struct Time(Mutex<Written>);

#[derive(Debug, Default)]
struct Written {
    /// Seconds of Unix time.
    second: Option<u64>,
    ctime: String,
}

impl Time {
    /// Puts the reply to `data`, at this time, into `reply`.
    pub(super) fn reply(&self, format: &ReplyFormat, reply: &mut Vec<u8>, data: &[u8]) {
        self.now(|ctime| format.write(reply, ctime, data));
    }

    /// Calls `with` with the time as C's `ctime` writes it, without the newline.
    fn now<T>(&self, with: impl FnOnce(&str) -> T) -> T {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        written.update(since.unwrap_or_default(), local);
        with(&written.ctime)
    }
}

impl Written {
    fn update(&mut self, since: Duration, write: impl FnOnce(u64) -> String) {
        let second = since.as_secs();
        if self.second != Some(second) {
            self.second = Some(second);
            self.ctime = write(second);
        }
    }
}

fn local(second: u64) -> String {
    let at = i64::try_from(second).ok();
    let at = at.and_then(|second| DateTime::from_timestamp(second, 0));
    // No clock is set to a year that chrono does not know.
    let at = at.unwrap_or_default().with_timezone(&Local);
    ctime(at.naive_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_written_once_a_second_and_anew_when_the_clock_is_set_back() {
        let mut written = Written::default();
        let mut writes = Vec::new();
        for ms in [0, 999, 1_000, 1_001, 1_999, 2_000, 5_500, 1_700] {
            written.update(Duration::from_millis(ms), |second| {
                writes.push(second);
                second.to_string()
            });
            assert_eq!(written.ctime, (ms / 1_000).to_string());
        }
        assert_eq!(writes, [0, 1, 2, 5, 1]);
    }

    #[test]
    fn the_time_is_the_local_time() {
        let now = || ctime(Local::now().naive_local());
        let time = Time::default();
        // The second may change between the two.
        let (before, told, after) = (now(), time.now(str::to_owned), now());
        assert!([before, after].contains(&told), "{told}");
    }
}
