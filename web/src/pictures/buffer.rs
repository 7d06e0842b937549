//! How a line server's buffer fills, `recv` by `recv`, until a `\n` lets a line out.

use chalkwire_shared::server::ServerDid;

use super::story::{Story, Table, count};
use crate::bytes::escape;
use crate::model::{Entry, What, bytes_text};

mod draw;

pub use draw::draw;

/// The bytes that were sent, and the reads of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buffer {
    /// The bytes to the target; no more than [`BYTES`] of them.
    pub bytes: Vec<u8>,
    /// What each `recv` did to the buffer.
    pub reads: Vec<Read>,
    /// Reads that are not drawn.
    pub omitted: usize,
    /// Whether the server's `recv` then returned nothing: no more bytes will come.
    pub ended: bool,
}

/// One `recv`. All places are counted in bytes from the first that was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Where the bytes begin that were in the buffer before it.
    pub kept_from: usize,
    /// Where the new bytes begin.
    pub from: usize,
    /// Where they end.
    pub to: usize,
    /// The lines that came out, their ends included.
    pub lines: Vec<(usize, usize)>,
    /// A letter of which only the first bytes are there.
    pub split: Option<Split>,
}

impl Read {
    /// Where the bytes begin that stay in the buffer.
    pub fn stays_from(&self) -> usize {
        self.lines.last().map_or(self.kept_from, |line| line.1)
    }
}

/// A letter of UTF-8 that a read cut in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Where it begins.
    pub at: usize,
    /// Bytes of it that are there.
    pub have: usize,
    /// Bytes that it has.
    pub of: usize,
}

/// Bytes that are looked at, and reads that are drawn.
pub const BYTES: usize = 4_096;
const READS: usize = 40;

/// The letter that the end of some bytes cuts in two (RFC 3629, section 3).
fn split(bytes: &[u8], to: usize) -> Option<Split> {
    let first = (to.saturating_sub(3)..to)
        .rev()
        .find(|&at| bytes[at] & 0xc0 != 0x80)?;
    let of = match bytes[first] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let have = to - first;
    (have < of).then_some(Split {
        at: first,
        have,
        of,
    })
}

/// Follows the buffer of the server of one stream socket.
pub fn buffer(entries: &[Entry]) -> Buffer {
    let mut out = Buffer::default();
    for entry in entries {
        if let What::Sent { bytes, .. } = &entry.what {
            let room = BYTES - out.bytes.len();
            out.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
    let (mut from, mut kept_from) = (0, 0);
    for entry in entries {
        let What::Server { did, .. } = &entry.what else {
            continue;
        };
        match did {
            ServerDid::Recv { bytes } => {
                let to = (from + *bytes as usize).min(out.bytes.len());
                if to == from || out.reads.len() == READS {
                    out.omitted += 1;
                    from = to;
                    continue;
                }
                let mut read = Read {
                    kept_from,
                    from,
                    to,
                    lines: Vec::new(),
                    split: split(&out.bytes, to),
                };
                let mut line_from = kept_from;
                for at in from..to {
                    if out.bytes[at] == b'\n' {
                        read.lines.push((line_from, at + 1));
                        line_from = at + 1;
                    }
                }
                kept_from = line_from;
                from = to;
                out.reads.push(read);
            }
            ServerDid::Eof => out.ended = true,
            _ => {}
        }
    }
    out
}

/// What the last read left in the buffer.
pub fn left(buffer: &Buffer) -> &[u8] {
    let last = buffer.reads.last();
    last.map_or(&[][..], |read| &buffer.bytes[read.stays_from()..read.to])
}

/// The most of a line that a sentence quotes.
const QUOTE: usize = 40;

fn quote(bytes: &[u8]) -> String {
    let head = crate::bytes::head(bytes, QUOTE);
    let mut out = match std::str::from_utf8(head) {
        // Letters stay letters; what ends a line is escaped.
        Ok(text)
            if !text
                .chars()
                .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) =>
        {
            text.replace('\\', "\\\\")
                .replace('\n', "\\n")
                .replace('\r', "\\r")
                .replace('\t', "\\t")
        }
        _ => escape(head),
    };
    if head.len() < bytes.len() {
        out.push('…');
    }
    out
}

/// What a read did, in words.
fn read_words(buffer: &Buffer, i: usize) -> String {
    let read = &buffer.reads[i];
    let mut out = String::new();
    let before: usize = buffer.reads[..i].iter().map(|it| it.lines.len()).sum();
    for (n, (from, to)) in read.lines.iter().enumerate() {
        if n > 0 {
            out += ", ";
        }
        out += "line ";
        out += &(before + n + 1).to_string();
        out += " comes out: ";
        out += &quote(&buffer.bytes[*from..*to]);
    }
    let stays = read.to - read.stays_from();
    if read.lines.is_empty() {
        out += "no \\n yet";
    }
    if stays > 0 {
        out += "; ";
        out += &stays.to_string();
        out += " B stay in the buffer";
    }
    if let Some(split) = read.split {
        out += "; a letter is cut: ";
        out += &split.have.to_string();
        out += " of its ";
        out += &split.of.to_string();
        out += " bytes are there";
    }
    out
}

/// What happens to what is left without an end of line; empty if nothing is.
fn end_words(buffer: &Buffer) -> String {
    let left = left(buffer);
    if left.is_empty() || !buffer.ended {
        return String::new();
    }
    [
        "recv b'': no more will come, and ",
        &bytes_text(left.len()),
        " without \\n: ",
        &quote(left),
    ]
    .concat()
}

/// The buffer in words.
pub fn story(buffer: &Buffer) -> Story {
    let mut story = Story {
        name: "Line buffer",
        table: Table::new(&["recv", "Bytes", "New bytes", "What came of it"]),
        ..Story::default()
    };
    if buffer.reads.is_empty() {
        story.summary.push_str(
            "What the server’s recv returned is not known: only the built-in servers tell.",
        );
        return story;
    }
    let lines: usize = buffer.reads.iter().map(|read| read.lines.len()).sum();
    story.summary = [
        &*bytes_text(buffer.bytes.len()),
        " in ",
        &count(buffer.reads.len(), "recv"),
        ": ",
        &count(lines, "line"),
        " came out",
    ]
    .concat();
    let splits = buffer
        .reads
        .iter()
        .filter(|read| read.split.is_some())
        .count();
    if splits > 0 {
        story.summary += ", a letter was cut in two ";
        story.summary += &count(splits, "time");
    }
    let left = left(buffer).len();
    if left > 0 {
        story.summary += ", ";
        story.summary += &bytes_text(left);
        story.summary += " stayed without \\n";
    }
    story.summary.push('.');
    for (i, read) in buffer.reads.iter().enumerate() {
        let (number, bytes) = ((i + 1).to_string(), (read.to - read.from).to_string());
        let words = read_words(buffer, i);
        story.item(["recv ", &number, ", ", &bytes, " B: ", &words].concat());
        let new = quote(&buffer.bytes[read.from..read.to]);
        story.table.push(vec![number, bytes, new, words]);
    }
    let end = end_words(buffer);
    if !end.is_empty() {
        story.table.push(vec![
            "end".to_owned(),
            "0".to_owned(),
            String::new(),
            end.clone(),
        ]);
        story.item(end);
    }
    if buffer.omitted > 0 {
        story
            .notes
            .push(count(buffer.omitted, "more recv") + " not drawn; the log has them.");
    }
    story
}

#[cfg(test)]
mod tests;
