//! The log and runs as files: a file a format, all pure.

use chrono::{DateTime, Datelike, Timelike};

use crate::model::ClockMap;

pub mod csv;
pub mod har;
pub mod json;
pub mod page;
pub mod pcap;
pub mod report;
pub mod room;
pub mod run;

mod row;

pub use csv::csv;
pub use json::json;

/// The gateways' clocks that a log has seen, oldest first: each from the entry on for which it holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clocks(pub Vec<(u32, Option<ClockMap>)>);

impl Clocks {
    /// One clock for everything.
    pub fn one(clock: Option<ClockMap>) -> Self {
        Clocks(vec![(0, clock)])
    }

    /// The clock that holds for an entry.
    pub fn of(&self, no: u32) -> Option<ClockMap> {
        let after = self.0.partition_point(|(from, _)| *from <= no);
        self.0.get(after.checked_sub(1)?)?.1
    }

    /// The latest clock.
    pub fn last(&self) -> Option<ClockMap> {
        self.0.last()?.1
    }
}

/// A moment of the browser's clock (ms since 1970) as ISO 8601; empty for one that no date has.
pub fn iso(at_ms: f64) -> String {
    let Some(at) = DateTime::from_timestamp_micros((at_ms * 1000.0).round() as i64) else {
        return String::new();
    };
    // By hand: what chrono needs for formats of any kind would be felt in the page's weight.
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, min, s, us) = (at.hour(), at.minute(), at.second(), at.nanosecond() / 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{min:02}:{s:02}.{us:06}Z")
}

/// The name of a file: with the date and the target, or whatever it is of.
pub fn file_name(of: &str, now_ms: f64, end: &str) -> String {
    let plain = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
        _ => '-',
    };
    let of: String = of.chars().take(64).map(plain).collect();
    let of = of.trim_matches('-');
    let at: String = iso(now_ms).chars().take(19).map(plain).collect();
    let dash = if of.is_empty() { "" } else { "-" };
    format!("chalkwire-{at}{dash}{of}.{end}")
}

#[cfg(test)]
mod tests;
