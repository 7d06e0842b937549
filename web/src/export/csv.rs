//! The log as CSV, for a spreadsheet.

use super::row::Row;
use crate::model::Entry;

/// The columns of the CSV; `escaped` is the payload as in a Python bytes literal.
pub(super) const COLUMNS: [&str; 19] = [
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
