//! The message being written, and those written before.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::bytes::parse_hex;
use crate::line_end::LineEnd;

/// The most messages that are remembered.
const HISTORY: usize = 50;

/// The largest message that is remembered, in bytes.
const HISTORY_BYTES: usize = 16_384;

/// A message as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// What stands in the box.
    pub text: String,
    /// Whether that is hexadecimal.
    pub hex: bool,
}

/// The message being written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// What stands in the box.
    pub typed: Typed,
    /// What is put after each line of a text.
    pub line_end: LineEnd,
    /// Whether the box has many lines.
    pub many_lines: bool,
    history: VecDeque<Typed>,
    /// Which one of the history stands in the box, from the newest.
    recalled: Option<usize>,
    /// What stood in the box before.
    kept: Typed,
}

impl Draft {
    /// The bytes that would be sent, or a sentence on why the text stands for none.
    pub fn bytes(&self) -> Result<Bytes, String> {
        if self.typed.hex {
            return parse_hex(&self.typed.text)
                .map(Bytes::from)
                .map_err(|error| error.to_string());
        }
        Ok(Bytes::from(self.line_end.apply(&self.typed.text)))
    }

    /// Another text stands in the box.
    pub fn write(&mut self, text: String) {
        // Pasted lines need a box that shows them; a one-line box would run them together.
        if text.contains('\n') {
            self.many_lines = true;
        }
        self.typed.text = text;
        self.recalled = None;
    }

    /// The message was sent: remembered, and the box is empty.
    pub fn sent(&mut self) {
        let typed = Typed {
            text: String::new(),
            hex: self.typed.hex,
        };
        let typed = std::mem::replace(&mut self.typed, typed);
        self.recalled = None;
        if typed.text.is_empty()
            || typed.text.len() > HISTORY_BYTES
            || self.history.front() == Some(&typed)
        {
            return;
        }
        self.history.push_front(typed);
        self.history.truncate(HISTORY);
    }

    /// Puts the next older message into the box.
    pub fn older(&mut self) {
        let next = self.recalled.map_or(0, |it| it + 1);
        if let Some(typed) = self.history.get(next) {
            if self.recalled.is_none() {
                self.kept = std::mem::take(&mut self.typed);
            }
            self.typed = typed.clone();
            self.recalled = Some(next);
            self.many_lines |= self.typed.text.contains('\n');
        }
    }

    /// Puts the next newer message into the box, after the newest what stood there before.
    pub fn newer(&mut self) {
        self.recalled = match self.recalled {
            None => return,
            Some(0) => {
                self.typed = std::mem::take(&mut self.kept);
                None
            }
            Some(it) => {
                self.typed = self.history.get(it - 1).cloned().unwrap_or_default();
                Some(it - 1)
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_gets_its_line_end_and_hex_stands_as_it_is() {
        let mut draft = Draft::default();
        draft.write("hello".to_owned());
        assert_eq!(draft.bytes().unwrap(), "hello\r\n");
        draft.typed.hex = true;
        assert!(draft.bytes().unwrap_err().starts_with("Character 1"));
        draft.write("68 69".to_owned());
        assert_eq!(draft.bytes().unwrap(), "hi");
    }

    #[test]
    fn older_and_newer_walk_through_what_was_sent_and_back_to_what_was_begun() {
        let mut draft = Draft::default();
        for text in ["one", "two", "two"] {
            draft.write(text.to_owned());
            draft.sent();
        }
        draft.write("begun".to_owned());
        let walk = |draft: &Draft| draft.typed.text.clone();
        draft.older();
        assert_eq!(walk(&draft), "two");
        draft.older();
        draft.older();
        assert_eq!(walk(&draft), "one");
        draft.newer();
        assert_eq!(walk(&draft), "two");
        draft.newer();
        draft.newer();
        assert_eq!(walk(&draft), "begun");
    }

    #[test]
    fn a_text_of_many_lines_gets_a_box_of_many_lines() {
        let mut draft = Draft::default();
        draft.write("a\nb".to_owned());
        assert!(draft.many_lines);
    }
}
