//! Bytes and texts as literals of a shell, of Python and of Rust, whatever is in them.

use std::fmt::Write as _;

/// Bytes of payload in one line of a program.
pub(super) const LINE_BYTES: usize = 48;

/// `printf` with a format that writes these bytes, whatever they are (POSIX.1-2017, printf).
pub(super) fn printf(bytes: &[u8]) -> String {
    let mut out = String::from("printf '");
    for (i, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            b'%' => out.push_str("%%"),
            // A leading - would be taken for an option, and a quote ends the format.
            b'-' if i == 0 => out.push_str("\\055"),
            b' '..=b'~' if byte != b'\'' => out.push(char::from(byte)),
            // Always three digits, so that a digit after it stays itself; writing cannot fail.
            _ => drop(write!(out, "\\{byte:03o}")),
        }
    }
    out.push('\'');
    out
}

/// One word for a shell.
pub(super) fn quote(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A path in an address of socat, where `,` and `!!` end it and others group (socat(1)).
pub(super) fn socat_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if matches!(
            c,
            ',' | ':' | '!' | '"' | '\'' | '\\' | '(' | ')' | '[' | ']' | '{' | '}'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The escapes that the literals of Python and of Rust share.
fn escaped(byte: u8, quote: u8, out: &mut String) {
    match byte {
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        b if b == quote => {
            out.push('\\');
            out.push(char::from(b));
        }
        b' '..=b'~' => out.push(char::from(byte)),
        // Writing to a String cannot fail.
        _ => drop(write!(out, "\\x{byte:02x}")),
    }
}

/// A bytes literal of Python; a long one over several lines.
pub(super) fn python_bytes(bytes: &[u8]) -> String {
    let literal = |part: &[u8]| {
        let mut out = String::from("b'");
        part.iter().for_each(|&byte| escaped(byte, b'\'', &mut out));
        out + "'"
    };
    if bytes.len() <= LINE_BYTES {
        return literal(bytes);
    }
    let lines: Vec<_> = bytes
        .chunks(LINE_BYTES)
        .map(|part| format!("    {}\n", literal(part)))
        .collect();
    format!("(\n{})", lines.concat())
}

/// A str literal of Python.
pub(super) fn python_text(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            // Writing to a String cannot fail.
            c if c.is_control() => drop(write!(out, "\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "'"
}

/// A byte string of Rust; a long one over several lines.
pub(super) fn rust_bytes(bytes: &[u8]) -> String {
    let mut out = String::from("b\"");
    for (i, part) in bytes.chunks(LINE_BYTES).enumerate() {
        if i > 0 {
            out.push_str("\\\n        ");
        }
        for (j, &byte) in part.iter().enumerate() {
            // A line that goes on swallows the blanks before its first letter.
            if i > 0 && j == 0 && byte == b' ' {
                out.push_str("\\x20");
            } else {
                escaped(byte, b'"', &mut out);
            }
        }
    }
    out + "\""
}

/// A str literal of Rust.
pub(super) fn rust_text(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}

/// A host as it stands before `:port`.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// A text without what could end a comment's line.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// What a long literal repeats, how often, and what follows: 3,000 letters are not to be read one by
/// one.
pub(super) fn repeated(bytes: &[u8]) -> Option<(&[u8], usize, &[u8])> {
    if bytes.len() <= LINE_BYTES {
        return None;
    }
    (1..=LINE_BYTES.min(bytes.len() / 2)).find_map(|size| {
        let same = bytes.iter().zip(&bytes[size..]).take_while(|(a, b)| a == b);
        let times = (same.count() + size) / size;
        let tail = &bytes[size * times..];
        (times > 1 && tail.len() <= LINE_BYTES).then(|| (&bytes[..size], times, tail))
    })
}

/// The one text of a list that has it many times over.
pub(super) fn all_the_same(texts: &[String]) -> Option<&String> {
    let (first, rest) = texts.split_first()?;
    (!rest.is_empty() && rest.iter().all(|it| it == first)).then_some(first)
}

/// Texts between brackets, several lines of them where one is too long.
pub(super) fn list(literals: &[String]) -> String {
    let one = literals.join(", ");
    if one.len() <= 60 {
        return format!("[{one}]");
    }
    format!("[\n        {},\n    ]", literals.join(",\n        "))
}
