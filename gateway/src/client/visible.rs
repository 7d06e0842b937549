//! Bytes made visible for a terminal: nothing that a server sends can move its cursor.

use std::fmt::Write;

/// Turns bytes into text without control characters but the line breaks, which are shown too
/// (`\n`, then a new line). Bytes may come in pieces.
///
/// C0, DEL and C1 are escaped, and so are the marks that turn the direction of text around (they
/// can make it look like another), the backslash, and what is no UTF-8.
#[derive(Debug, Default)]
pub struct Visible {
    /// The beginning of a character whose rest has not come yet.
    unfinished: Vec<u8>,
}

impl Visible {
    /// The text of a piece, except for a character that it cuts.
    pub fn piece(&mut self, bytes: &[u8]) -> String {
        self.unfinished.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.unfinished);
        let mut text = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            show(chunk.valid(), &mut text);
            let last = chunks.peek().is_none();
            if last && is_cut_short(chunk.invalid()) {
                self.unfinished = chunk.invalid().to_vec();
            } else {
                show_invalid(chunk.invalid(), &mut text);
            }
        }
        text
    }

    /// What is left at the end.
    pub fn end(&mut self) -> String {
        let mut text = String::new();
        show_invalid(&std::mem::take(&mut self.unfinished), &mut text);
        text
    }
}

/// Whether bytes are the beginning of a character, and not wrong as yet.
fn is_cut_short(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(error) if error.error_len().is_none())
}

fn show(valid: &str, text: &mut String) {
    for c in valid.chars() {
        match c {
            '\n' => text.push_str("\\n\n"),
            '\0' => text.push_str("\\0"),
            '\\' | '\r' | '\t' => text.extend(c.escape_default()),
            '\0'..='\u{1f}' | '\u{7f}' => {
                // To a String nothing fails.
                let _ = write!(text, "\\x{:02x}", u32::from(c));
            }
            '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => text.extend(c.escape_unicode()),
            _ => text.push(c),
        }
    }
}

fn show_invalid(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        let _ = write!(text, "\\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(bytes: &[u8]) -> String {
        let mut visible = Visible::default();
        visible.piece(bytes) + &visible.end()
    }

    #[test]
    fn control_bytes_are_shown_and_lines_broken() {
        for (bytes, text) in [
            (&b"hi\r\nyou\n"[..], "hi\\r\\n\nyou\\n\n"),
            ("Grüße 🖍".as_bytes(), "Grüße 🖍"),
            (b"\x1b[2J\x07\0\t\x7f", "\\x1b[2J\\x07\\0\\t\\x7f"),
            ("\u{9b}2J".as_bytes(), "\\u{9b}2J"),
            (b"\x9b\xff\xc3", "\\x9b\\xff\\xc3"),
            ("\u{202e}evil".as_bytes(), "\\u{202e}evil"),
            (b"C:\\new", "C:\\\\new"),
        ] {
            assert_eq!(whole(bytes), text);
        }
    }

    proptest! {
        #[test]
        fn no_control_character_but_line_breaks_reaches_a_terminal(bytes: Vec<u8>) {
            prop_assert!(whole(&bytes).chars().all(|c| c == '\n' || !c.is_control()));
        }

        #[test]
        fn pieces_show_what_the_whole_shows(text in "\\PC{0,20}", tail: Vec<u8>, size in 1usize..6) {
            let bytes = [text.as_bytes(), &tail].concat();
            let mut visible = Visible::default();
            let mut shown: String = bytes.chunks(size).map(|piece| visible.piece(piece)).collect();
            shown += &visible.end();
            prop_assert_eq!(shown, whole(&bytes));
        }
    }
}
