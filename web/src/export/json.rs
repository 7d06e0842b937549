//! The log as JSON, with everything.
//!
//! It is one object:
//!
//! | field | what |
//! |---|---|
//! | `format` | `chalkwire-log/1` |
//! | `exported_at` | when it was written, by the browser's clock |
//! | `clock` | how the gateway's clock relates to the browser's: `zero` is the moment at which it showed 0 µs, `plus_minus_ms` how far off that may be; `null` if they were never compared |
//! | `clocks` | every gateway's clock that the log saw, in order: `name`, `from` (the first entry that it holds for), and as in `clock`; the last one is `clock` |
//! | `entries` | the log, oldest first |
//!
//! and each entry:
//!
//! | field | what |
//! |---|---|
//! | `no` | counts from 1, never repeats |
//! | `at` | when the page saw or did it, by the browser's clock |
//! | `socket`, `target`, `kind` | which socket; `null` for the link itself |
//! | `what` | `connecting` `connected` `sent` `received` `shut_down` `eof` `closed` `server` `made` `kernel` `notice` `trouble` |
//! | `size_bytes`, `hex`, `text` | of `sent` and `received`: the payload, two digits a byte, and as text if it is UTF-8 |
//! | `wrote_us`, `unknown` | of `sent`: when the gateway wrote it; whether it is unknown that it had it |
//! | `datagram`, `truncated` | of `received` |
//! | `local`, `peer`, `connect_us` | of `connected` |
//! | `reason` | of `closed`, as on the wire |
//! | `detail` | a sentence, where there is one |
//! | `clock_us` | when, by the gateway's clock |
//! | `did`, `direction` | of `server` and `made`: what the server or a fault did, as in the link's messages |
//! | `end`, `view` | of `kernel`: which end, and how the kernel has it; no `view` where it is gone |
//!
//! Moments of the browser are ISO 8601 in UTC, to the µs: `2026-11-22T12:04:05.123000Z`.

use serde::Serialize;

use super::row::Row;
use super::{Clocks, iso};
use crate::model::{ClockMap, Entry};

#[derive(Serialize)]
struct Log<'a> {
    format: &'static str,
    exported_at: String,
    clock: Option<Clock>,
    clocks: Vec<Named>,
    entries: Vec<Row<'a>>,
}

#[derive(Serialize)]
pub(super) struct Clock {
    zero: String,
    plus_minus_ms: f64,
}

impl Clock {
    fn new(clock: ClockMap) -> Self {
        Clock {
            zero: iso(clock.zero_ms),
            plus_minus_ms: clock.plus_minus_ms,
        }
    }
}

/// A gateway's clock, from the entry on for which it holds.
#[derive(Serialize)]
pub(super) struct Named {
    name: String,
    from: u32,
    #[serde(flatten)]
    clock: Option<Clock>,
}

/// Every clock of a log with a name of its own.
pub(super) fn named(clocks: &Clocks) -> Vec<Named> {
    (1..)
        .zip(&clocks.0)
        .map(|(number, (from, clock))| Named {
            name: format!("gateway {number}"),
            from: *from,
            clock: clock.map(Clock::new),
        })
        .collect()
}

/// The log as JSON; see the head of this module for its fields.
pub fn json(entries: &[Entry], clocks: &Clocks, now_ms: f64) -> String {
    let log = Log {
        format: "chalkwire-log/1",
        exported_at: iso(now_ms),
        clock: clocks.last().map(Clock::new),
        clocks: named(clocks),
        entries: entries.iter().map(Row::new).collect(),
    };
    // Plain fields only: serde_json has nothing to refuse.
    serde_json::to_string_pretty(&log).unwrap_or_default()
}
