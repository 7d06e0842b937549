//! The log as a file: JSON with everything, CSV for a spreadsheet.
//!
//! The JSON is one object:
//!
//! | field | what |
//! |---|---|
//! | `format` | `chalkwire-log/1` |
//! | `exported_at` | when it was written, by the browser's clock |
//! | `clock` | how the gateway's clock relates to the browser's: `zero` is the moment at which it showed 0 µs, `plus_minus_ms` how far off that may be; `null` if they were never compared |
//! | `entries` | the log, oldest first |
//!
//! and each entry:
//!
//! | field | what |
//! |---|---|
//! | `no` | counts from 1, never repeats |
//! | `at` | when the page saw or did it, by the browser's clock |
//! | `socket`, `target`, `kind` | which socket; `null` for the link itself |
//! | `what` | `connecting` `connected` `sent` `received` `shut_down` `eof` `closed` `notice` `trouble` |
//! | `size_bytes`, `hex`, `text` | of `sent` and `received`: the payload, two digits a byte, and as text if it is UTF-8 |
//! | `wrote_us`, `unknown` | of `sent`: when the gateway wrote it; whether it is unknown that it had it |
//! | `datagram`, `truncated` | of `received` |
//! | `local`, `peer`, `connect_us` | of `connected` |
//! | `reason` | of `closed`, as on the wire |
//! | `detail` | a sentence, where there is one |
//! | `clock_us` | when, by the gateway's clock |
//!
//! Moments of the browser are ISO 8601 in UTC, to the µs: `2026-11-22T12:04:05.123000Z`.

use std::borrow::Cow;

use chrono::DateTime;
use serde::Serialize;

use crate::bytes::escape;
use crate::model::{ClockMap, Entry, What};
use crate::words;

#[derive(Serialize)]
struct Log<'a> {
    format: &'static str,
    exported_at: String,
    clock: Option<Clock>,
    entries: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Clock {
    zero: String,
    plus_minus_ms: f64,
}

/// One entry, flat: what JSON leaves out where it is `None` is an empty field in CSV.
#[derive(Default, Serialize)]
struct Row<'a> {
    no: u32,
    at: String,
    socket: Option<u32>,
    target: Option<&'a str>,
    kind: Option<&'static str>,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip)]
    escaped: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrote_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    datagram: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_us: Option<u64>,
}

/// A moment of the browser's clock (ms since 1970) as ISO 8601; empty for one that no date has.
pub fn iso(at_ms: f64) -> String {
    DateTime::from_timestamp_micros((at_ms * 1000.0).round() as i64)
        .map(|at| at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
        .unwrap_or_default()
}

/// Two digits a byte, as Python's `bytes.fromhex` reads them.
fn hex(bytes: &[u8]) -> String {
    crate::bytes::hex(bytes).replace(' ', "")
}

impl<'a> Row<'a> {
    fn new(entry: &'a Entry) -> Self {
        let mut row = Row {
            no: entry.no,
            at: iso(entry.at_ms),
            socket: entry.socket.map(|socket| socket.0),
            target: Some(entry.target.as_str()).filter(|name| !name.is_empty()),
            kind: entry.kind.map(|kind| kind.as_str()),
            ..Row::default()
        };
        match &entry.what {
            What::Connecting => row.what = "connecting",
            What::Connected {
                local,
                peer,
                connect_us,
                clock_us,
            } => {
                row.what = "connected";
                row.local = Some(local);
                row.peer = Some(peer);
                row.connect_us = Some(*connect_us);
                row.clock_us = Some(*clock_us);
            }
            What::Sent {
                bytes,
                wrote_us,
                unknown,
            } => {
                row.what = "sent";
                row.payload(bytes);
                row.wrote_us = *wrote_us;
                row.unknown = Some(*unknown);
            }
            What::Received {
                bytes,
                datagram,
                truncated,
                clock_us,
            } => {
                row.what = "received";
                row.payload(bytes);
                row.datagram = Some(*datagram);
                row.truncated = Some(*truncated);
                row.clock_us = Some(*clock_us);
            }
            What::ShutDown => row.what = "shut_down",
            What::Eof { clock_us } => {
                row.what = "eof";
                row.clock_us = Some(*clock_us);
            }
            What::Closed {
                reason,
                detail,
                clock_us,
            } => {
                row.what = "closed";
                row.reason = Some(reason.as_str());
                row.detail = Some(detail.into());
                row.clock_us = Some(*clock_us);
            }
            What::Server { clock_us, .. } => {
                row.what = "server";
                row.detail = Some(words::sentence(entry));
                row.clock_us = Some(*clock_us);
            }
            What::Fault { clock_us, .. } => {
                row.what = "made";
                row.detail = Some(words::sentence(entry));
                row.clock_us = Some(*clock_us);
            }
            What::Kernel { clock_us, .. } => {
                row.what = "kernel";
                row.detail = Some(words::sentence(entry));
                row.clock_us = Some(*clock_us);
            }
            What::Notice(text) => {
                row.what = "notice";
                row.detail = Some(text.into());
            }
            What::Trouble(text) => {
                row.what = "trouble";
                row.detail = Some(text.into());
            }
        }
        row
    }

    fn payload(&mut self, bytes: &'a [u8]) {
        self.size_bytes = Some(bytes.len());
        self.hex = Some(hex(bytes));
        self.text = std::str::from_utf8(bytes).ok();
        self.escaped = Some(escape(bytes));
    }
}

/// The log as JSON; see the head of this module for its fields.
pub fn json(entries: &[Entry], clock: Option<ClockMap>, now_ms: f64) -> String {
    let log = Log {
        format: "chalkwire-log/1",
        exported_at: iso(now_ms),
        clock: clock.map(|clock| Clock {
            zero: iso(clock.zero_ms),
            plus_minus_ms: clock.plus_minus_ms,
        }),
        entries: entries.iter().map(Row::new).collect(),
    };
    // Plain fields only: serde_json has nothing to refuse.
    serde_json::to_string_pretty(&log).unwrap_or_default()
}

/// The columns of the CSV; `escaped` is the payload as in a Python bytes literal.
const COLUMNS: [&str; 19] = [
    "no",
    "at",
    "socket",
    "target",
    "kind",
    "what",
    "size_bytes",
    "escaped",
    "hex",
    "wrote_us",
    "unknown",
    "datagram",
    "truncated",
    "local",
    "peer",
    "connect_us",
    "reason",
    "detail",
    "clock_us",
];

/// The log as CSV (RFC 4180) with a line of column names.
///
/// A field that a spreadsheet would take for a formula has a `'` put before it (OWASP, CSV
/// injection); `hex` always holds the payload as it was.
pub fn csv(entries: &[Entry]) -> String {
    fn text(value: Option<impl ToString>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let mut out = String::new();
    line(&mut out, COLUMNS.map(str::to_owned));
    for row in entries.iter().map(Row::new) {
        line(
            &mut out,
            [
                row.no.to_string(),
                row.at,
                text(row.socket),
                text(row.target),
                text(row.kind),
                row.what.to_owned(),
                text(row.size_bytes),
                text(row.escaped),
                text(row.hex),
                text(row.wrote_us),
                text(row.unknown),
                text(row.datagram),
                text(row.truncated),
                text(row.local),
                text(row.peer),
                text(row.connect_us),
                text(row.reason),
                text(row.detail.as_deref()),
                text(row.clock_us),
            ],
        );
    }
    out
}

fn line(out: &mut String, fields: [String; 19]) {
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&quoted(&defused(field)));
    }
    out.push_str("\r\n");
}

/// A field that no spreadsheet takes for a formula.
fn defused(field: &str) -> String {
    match field.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            format!("'{field}")
        }
        _ => field.to_owned(),
    }
}

/// A field as RFC 4180 has it, section 2, rules 5 to 7.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chalkwire_shared::close::Reason;
    use chalkwire_shared::id::SocketId;
    use chalkwire_shared::target::Kind;
    use proptest::prelude::*;

    use super::*;

    fn entry(no: u32, what: What) -> Entry {
        Entry {
            no,
            at_ms: 1_795_349_045_123.4,
            socket: Some(SocketId(3)),
            target: "line".to_owned(),
            kind: Some(Kind::Tcp),
            what,
        }
    }

    fn sent(bytes: impl Into<Bytes>) -> What {
        What::Sent {
            bytes: bytes.into(),
            wrote_us: Some(2000),
            unknown: false,
        }
    }

    /// Reads CSV by the letter of RFC 4180.
    fn read(csv: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
        let mut chars = csv.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if field.is_empty() => loop {
                    match chars.next().expect("an open quote") {
                        '"' if chars.next_if_eq(&'"').is_some() => field.push('"'),
                        '"' => break,
                        c => field.push(c),
                    }
                },
                ',' => row.push(std::mem::take(&mut field)),
                '\r' => {
                    assert_eq!(chars.next(), Some('\n'), "a bare CR outside of quotes");
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                c => field.push(c),
            }
        }
        assert!(row.is_empty() && field.is_empty(), "ends with a line end");
        rows
    }

    #[test]
    fn times_have_a_date_and_a_zone() {
        assert_eq!(iso(1_795_349_045_123.4), "2026-11-22T12:04:05.123400Z");
        assert_eq!(iso(f64::INFINITY), "");
    }

    #[test]
    fn json_holds_everything_and_the_bytes_as_they_were() {
        let entries = [
            entry(
                1,
                What::Connected {
                    local: "a".into(),
                    peer: "b".into(),
                    connect_us: 58,
                    clock_us: 7,
                },
            ),
            entry(2, sent(&b"hello\r\n"[..])),
            entry(
                3,
                What::Received {
                    bytes: Bytes::from_static(b"\xff\0"),
                    datagram: false,
                    truncated: false,
                    clock_us: 9,
                },
            ),
            entry(
                4,
                What::Closed {
                    reason: Reason::Reset,
                    detail: "gone".into(),
                    clock_us: 10,
                },
            ),
            Entry {
                socket: None,
                kind: None,
                target: String::new(),
                ..entry(5, What::Trouble("no link".into()))
            },
        ];
        let clock = ClockMap {
            zero_ms: 1_795_349_045_000.0,
            plus_minus_ms: 0.25,
        };
        let log: serde_json::Value =
            serde_json::from_str(&json(&entries, Some(clock), 0.0)).unwrap();
        assert_eq!(log["format"], "chalkwire-log/1");
        assert_eq!(log["exported_at"], "1970-01-01T00:00:00.000000Z");
        assert_eq!(log["clock"]["plus_minus_ms"], 0.25);
        let at = |i: usize, field: &str| log["entries"][i][field].clone();
        assert_eq!(at(0, "connect_us"), 58);
        assert_eq!(at(1, "text"), "hello\r\n");
        assert_eq!(at(1, "hex"), "68656c6c6f0d0a");
        assert_eq!(at(1, "at"), "2026-11-22T12:04:05.123400Z");
        assert_eq!(at(2, "hex"), "ff00");
        assert!(at(2, "text").is_null(), "not UTF-8");
        assert_eq!(at(3, "reason"), "reset");
        assert!(at(4, "socket").is_null());
        assert_eq!(at(4, "detail"), "no link");
    }

    #[test]
    fn csv_is_read_back_by_the_letter_of_the_rfc() {
        let rows = read(&csv(&[
            entry(1, sent(&b"a,\"b\"\r\n"[..])),
            entry(2, What::Notice("x,\n\"y\"".into())),
        ]));
        assert_eq!(rows[0], COLUMNS);
        assert_eq!(rows[1][7], "a,\"b\"\\r\\n");
        assert_eq!(rows[1][8], "612c2262220d0a");
        assert_eq!(rows[2][17], "x,\n\"y\"");
    }

    proptest! {
        #[test]
        fn no_field_is_a_formula_and_the_bytes_are_all_there(
            payload: Vec<u8>, first in "[=+\\-@\t\r\n＝＋－＠]?", rest in ".{0,12}", target in ".{0,8}"
        ) {
            let detail = format!("{first}{rest}");
            let entries = [
                entry(1, sent(payload.clone())),
                entry(2, sent(detail.clone().into_bytes())),
                Entry { target, ..entry(3, What::Trouble(detail.clone())) },
            ];
            let rows = read(&csv(&entries));
            prop_assert_eq!(rows.len(), 4);
            for field in rows.iter().flatten() {
                prop_assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{field:?}");
            }
            prop_assert_eq!(crate::bytes::parse_hex(&rows[1][8]).unwrap(), payload);
            prop_assert_eq!(rows[3][17].trim_start_matches('\'').replace('\'', ""), detail.replace('\'', ""));
            let log: serde_json::Value = serde_json::from_str(&json(&entries, None, 0.0)).unwrap();
            prop_assert_eq!(&log["entries"][2]["detail"], &detail);
        }
    }
}
