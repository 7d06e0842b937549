//! The code on the board.

use std::fmt;

/// Letters that nobody takes for another letter or a digit.
const LETTERS: &[u8; 23] = b"ABCDEFGHJKMNPQRSTUVWXYZ";

/// How many of them make a code: 148 million codes.
const LENGTH: usize = 6;

/// What lets a student into a room: six letters, shown as two groups of three.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code([u8; LENGTH]);

impl Code {
    /// A code from random bytes; `None` where too many of them had to be passed over, as bytes above
    /// the largest multiple of the alphabet would make some letters likelier.
    pub fn from_random(bytes: &[u8]) -> Option<Self> {
        let fair = u8::try_from(256 / LETTERS.len() * LETTERS.len()).unwrap_or(u8::MAX);
        let mut letters = bytes
            .iter()
            .filter(|byte| **byte < fair)
            .map(|byte| LETTERS[usize::from(*byte) % LETTERS.len()]);
        let mut code = [0; LENGTH];
        for place in &mut code {
            *place = letters.next()?;
        }
        Some(Code(code))
    }

    /// Reads a code as people write it: in either case, with spaces or hyphens anywhere.
    pub fn read(text: &str) -> Option<Self> {
        let mut code = [0; LENGTH];
        let mut places = code.iter_mut();
        for letter in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let letter = u8::try_from(letter.to_ascii_uppercase()).ok()?;
            *places.next()? = LETTERS.contains(&letter).then_some(letter)?;
        }
        places.next().is_none().then_some(Code(code))
    }

    /// The letters without a gap, as in a link.
    pub fn plain(&self) -> String {
        self.0.map(char::from).iter().collect()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (no, letter) in self.0.iter().enumerate() {
            if no == LENGTH / 2 {
                f.write_str(" ")?;
            }
            write!(f, "{}", char::from(*letter))?;
        }
        Ok(())
    }
}

/// A code lets people in: it stays out of logs.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_code_is_read_however_it_is_written(bytes in any::<[u8; 32]>()) {
            let Some(code) = Code::from_random(&bytes) else { return Ok(()) };
            let plain = code.plain();
            for written in [
                plain.clone(),
                plain.to_lowercase(),
                code.to_string(),
                format!(" {}-{} ", &plain[..2], &plain[2..]),
            ] {
                prop_assert_eq!(Code::read(&written), Some(code.clone()));
            }
        }

        #[test]
        fn what_is_no_code_is_none(text in ".{0,12}") {
            if let Some(code) = Code::read(&text) {
                prop_assert_eq!(Code::read(&code.plain()), Some(code));
            }
        }
    }

    #[test]
    fn letters_that_look_like_others_are_in_no_code() {
        for text in [
            "", "ABCDE", "ABCDEFG", "ABCDE1", "ABCDEO", "ABCDEI", "ABCDEL", "ABCDEé",
        ] {
            assert_eq!(Code::read(text), None, "{text}");
        }
        assert_eq!(Code::from_random(&[255; 64]), None);
        assert_eq!(Code::from_random(&[0; 6]).unwrap().to_string(), "AAA AAA");
    }
}
