//! Bytes made visible without ever losing one: text with badges, escapes, hexadecimal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// How bytes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum View {
    /// UTF-8 as text, all else as badges.
    #[default]
    Text,
    /// Two hexadecimal digits a byte.
    Hex,
    /// As in a Python bytes literal, without its quotes.
    Escaped,
}

impl View {
    /// Every view, in the order in which a switch offers them.
    pub const ALL: [View; 3] = [View::Text, View::Hex, View::Escaped];

    /// The view's name on a button.
    pub fn label(self) -> &'static str {
        match self {
            View::Text => "Text",
            View::Hex => "Hex",
            View::Escaped => "Escaped",
        }
    }
}

/// A run of bytes that is shown in one way; the runs of some bytes, put together, are those bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Where the run begins, in bytes.
    pub at: usize,
    /// The run.
    pub bytes: &'a [u8],
    /// How it is shown.
    pub shown: Shown<'a>,
}

/// How a run of bytes is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// As the text it is.
    Text(&'a str),
    /// A control byte, as a badge such as `CR`.
    Control(u8),
    /// A character that one would not see, or that would turn the text around it, as its number.
    Invisible(char),
    /// A byte that is no UTF-8, as a badge such as `\xff`.
    Invalid(u8),
}

/// The names of the control bytes in ASCII (ISO 646).
const CONTROLS: [(&str, &str); 32] = [
    ("NUL", "null"),
    ("SOH", "start of heading"),
    ("STX", "start of text"),
    ("ETX", "end of text"),
    ("EOT", "end of transmission"),
    ("ENQ", "enquiry"),
    ("ACK", "acknowledge"),
    ("BEL", "bell"),
    ("BS", "backspace"),
    ("TAB", "tab"),
    ("LF", "line feed"),
    ("VT", "vertical tab"),
    ("FF", "form feed"),
    ("CR", "carriage return"),
    ("SO", "shift out"),
    ("SI", "shift in"),
    ("DLE", "data link escape"),
    ("DC1", "device control 1"),
    ("DC2", "device control 2"),
    ("DC3", "device control 3"),
    ("DC4", "device control 4"),
    ("NAK", "negative acknowledge"),
    ("SYN", "synchronous idle"),
    ("ETB", "end of transmission block"),
    ("CAN", "cancel"),
    ("EM", "end of medium"),
    ("SUB", "substitute"),
    ("ESC", "escape"),
    ("FS", "file separator"),
    ("GS", "group separator"),
    ("RS", "record separator"),
    ("US", "unit separator"),
];

/// The badge and the full name of a control byte (`0x00`–`0x1f`, `0x7f`).
fn control(byte: u8) -> (&'static str, &'static str) {
    CONTROLS
        .get(usize::from(byte))
        .copied()
        .unwrap_or(("DEL", "delete"))
}

impl Shown<'_> {
    /// What stands on the badge; the text itself where there is none.
    pub fn label(&self) -> Cow<'_, str> {
        match self {
            Shown::Text(text) => Cow::Borrowed(text),
            Shown::Control(byte) => Cow::Borrowed(control(*byte).0),
            Shown::Invisible(c) => Cow::Owned(format!("U+{:04X}", u32::from(*c))),
            Shown::Invalid(byte) => Cow::Owned(format!("\\x{byte:02x}")),
        }
    }

    /// What a badge means, in words.
    pub fn title(&self) -> String {
        match self {
            Shown::Text(text) => (*text).to_owned(),
            Shown::Control(byte) => format!("{} ({byte:02x})", control(*byte).1),
            Shown::Invisible(c) => format!("U+{:04X}, not visible as text", u32::from(*c)),
            Shown::Invalid(byte) => format!("byte {byte:02x}, not UTF-8"),
        }
    }
}

/// Whether a character must be a badge: it is not seen, or it turns the text around it.
///
/// Unicode's format characters (Cf), the C1 controls, separators and blanks other than the space,
/// fillers and variation selectors (Unicode 16, `UnicodeData.txt` and `DerivedCoreProperties.txt`).
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x80..=0xa0 | 0xad | 0x34f | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2
        | 0x115f..=0x1160 | 0x1680 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x2000..=0x200f
        | 0x2028..=0x202f | 0x205f..=0x206f | 0x2800 | 0x3000 | 0x3164 | 0xfe00..=0xfe0f | 0xfeff
        | 0xffa0 | 0xfff0..=0xfffc | 0x110bd | 0x110cd | 0x13430..=0x1343f | 0x1bca0..=0x1bca3
        | 0x1d159 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

/// Takes bytes apart into runs of text and badges.
pub fn pieces(bytes: &[u8]) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        let text = chunk.valid();
        let mut plain = 0;
        for (i, c) in text.char_indices() {
            let shown = match c {
                '\0'..='\x1f' | '\x7f' => Shown::Control(c as u8),
                c if is_invisible(c) => Shown::Invisible(c),
                _ => continue,
            };
            push_text(&mut out, at + plain, &text[plain..i]);
            plain = i + c.len_utf8();
            out.push(Piece {
                at: at + i,
                bytes: &text.as_bytes()[i..plain],
                shown,
            });
        }
        push_text(&mut out, at + plain, &text[plain..]);
        at += text.len();
        for one in chunk.invalid().chunks(1) {
            out.push(Piece {
                at,
                bytes: one,
                shown: Shown::Invalid(one[0]),
            });
            at += 1;
        }
    }
    out
}

fn push_text<'a>(out: &mut Vec<Piece<'a>>, at: usize, text: &'a str) {
    if !text.is_empty() {
        out.push(Piece {
            at,
            bytes: text.as_bytes(),
            shown: Shown::Text(text),
        });
    }
}

/// At most the first `max` bytes, without cutting a character of UTF-8 in two where that can be.
pub fn head(bytes: &[u8], max: usize) -> &[u8] {
    if bytes.len() <= max {
        return bytes;
    }
    // A character has at most four bytes; the first of its bytes is not 0b10……….
    let is_inside = |at: usize| bytes[at] & 0xc0 == 0x80;
    let cut = (max.saturating_sub(3)..=max)
        .rev()
        .find(|&at| !is_inside(at));
    &bytes[..cut.filter(|&cut| cut > 0).unwrap_or(max)]
}

/// Bytes as in a Python bytes literal without its quotes: `hello\r\n`.
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' => out.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "\\x{byte:02x}")),
        }
    }
    out
}

/// Why a text does not stand for bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// What is wrong there, a clause that names the character.
    pub what: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line > 1 {
            write!(f, "Line {}, character {}: ", self.line, self.column)?;
        } else {
            write!(f, "Character {}: ", self.column)?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for ParseError {}

/// An error at the character that begins at byte `at` of `text`.
fn error_at(text: &str, at: usize, what: String) -> ParseError {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    ParseError {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        what,
    }
}

/// Bytes in hexadecimal, a space between them: `68 65 6c 6c 6f`. [`parse_hex`] reads it back.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (i, byte) in bytes.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(out, "{}{byte:02x}", if i == 0 { "" } else { " " });
    }
    out
}

/// Reads bytes typed in hexadecimal: `68 65 6c6c 6f`, `0x68, 0x65`, over several lines if need be.
///
/// # Errors
/// [`ParseError`] says which character is no digit, or stands alone.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, ParseError> {
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_whitespace() || matches!(c, ',' | ':' | ';') {
            continue;
        }
        if c == '0' && chars.next_if(|(_, c)| matches!(c, 'x' | 'X')).is_some() {
            if !chars.peek().is_some_and(|(_, c)| c.is_ascii_hexdigit()) {
                let what = "0x needs two hexadecimal digits after it, as in 0x0a.".to_owned();
                return Err(error_at(text, at, what));
            }
            continue;
        }
        let Some(high) = c.to_digit(16) else {
            let what = format!("{} is no hexadecimal digit (0–9, a–f).", quoted(c));
            return Err(error_at(text, at, what));
        };
        let Some((_, low)) = chars.next_if(|(_, c)| c.is_ascii_hexdigit()) else {
            if let Some(&(bad, c)) = chars.peek()
                && !(c.is_whitespace() || matches!(c, ',' | ':' | ';'))
            {
                let what = format!("{} is no hexadecimal digit (0–9, a–f).", quoted(c));
                return Err(error_at(text, bad, what));
            }
            let what = format!("the digit '{c}' stands alone; a byte takes two, as in 0{c}.");
            return Err(error_at(text, at, what));
        };
        out.push((high * 16 + low.to_digit(16).unwrap_or(0)) as u8);
    }
    Ok(out)
}

/// A character in quotes, or by its number where it would not be seen.
fn quoted(c: char) -> String {
    if c.is_control() || is_invisible(c) {
        format!("U+{:04X}", u32::from(c))
    } else {
        format!("'{c}'")
    }
}

/// The character by which a byte stands in the text column of a hex view.
pub fn column_char(byte: u8) -> char {
    if matches!(byte, b' '..=b'~') {
        char::from(byte)
    } else {
        '·'
    }
}

/// One byte in words, for the line below a hex view: `byte 6 of 7: 0d = 13, carriage return`.
pub fn describe(bytes: &[u8], at: usize) -> String {
    let Some(&byte) = bytes.get(at) else {
        return String::new();
    };
    let mut out = format!("byte {} of {}: {byte:02x} = {byte}, ", at + 1, bytes.len());
    match char_holding(bytes, at) {
        _ if byte < 0x20 || byte == 0x7f => out.push_str(control(byte).1),
        _ if byte == b' ' => out.push_str("space"),
        Some((_, c)) if c.is_ascii() => out.push_str(&quoted(c)),
        // Writing to a String cannot fail.
        Some((start, c)) => drop(write!(
            out,
            "{} of the {} bytes of {} (U+{:04X})",
            ["first", "second", "third", "fourth"][at - start],
            c.len_utf8(),
            if is_invisible(c) {
                "an invisible character".to_owned()
            } else {
                quoted(c)
            },
            u32::from(c)
        )),
        None => out.push_str("not UTF-8"),
    }
    out
}

/// The character that begins at `at`, if the bytes there are one in UTF-8.
fn char_at(bytes: &[u8], at: usize) -> Option<char> {
    let rest = &bytes[at..bytes.len().min(at + 4)];
    rest.utf8_chunks().next()?.valid().chars().next()
}

/// The character that covers byte `at`, and where it begins.
fn char_holding(bytes: &[u8], at: usize) -> Option<(usize, char)> {
    // UTF-8 finds itself: what begins in the midst of a character is no character.
    (at.saturating_sub(3)..=at).find_map(|start| {
        let c = char_at(bytes, start)?;
        (start + c.len_utf8() > at).then_some((start, c))
    })
}

#[cfg(test)]
mod tests;
