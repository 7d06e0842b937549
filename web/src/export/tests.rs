use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::target::Kind;
use proptest::prelude::*;

use super::*;
use crate::export::csv::COLUMNS;
use crate::model::{Entry, What};

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
        serde_json::from_str(&json(&entries, &Clocks::one(Some(clock)), 0.0)).unwrap();
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
        let log: serde_json::Value = serde_json::from_str(&json(&entries, &Clocks::default(), 0.0)).unwrap();
        prop_assert_eq!(&log["entries"][2]["detail"], &detail);
    }
}
