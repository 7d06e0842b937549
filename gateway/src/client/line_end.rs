//! What ends a line that is sent: `crlf`, `lf`, `cr`, `none`, or escapes such as `\r\n`.

use std::str::FromStr;

/// The bytes that end a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineEnd(pub Vec<u8>);

/// A text that is no line end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line end is crlf, lf, cr, none, or made of the escapes \\r \\n \\t \\0 \\xHH")]
pub struct LineEndError;

impl FromStr for LineEnd {
    type Err = LineEndError;

    fn from_str(text: &str) -> Result<Self, LineEndError> {
        let named: &[u8] = match text {
            "crlf" => b"\r\n",
            "lf" => b"\n",
            "cr" => b"\r",
            "none" => b"",
            _ => return escapes(text).map(LineEnd).ok_or(LineEndError),
        };
        Ok(LineEnd(named.to_vec()))
    }
}

/// Nothing but escapes, so that a name with a slip in it is not sent as a line end.
fn escapes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for escape in text.strip_prefix('\\')?.split('\\') {
        bytes.push(match escape {
            "r" => b'\r',
            "n" => b'\n',
            "t" => b'\t',
            "0" => 0,
            _ => {
                let digits = escape.strip_prefix('x')?;
                let valid = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                valid.then(|| u8::from_str_radix(digits, 16).ok())??
            }
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_have_names_and_escapes() {
        for (text, bytes) in [
            ("crlf", &b"\r\n"[..]),
            ("lf", b"\n"),
            ("cr", b"\r"),
            ("none", b""),
            (r"\r\n", b"\r\n"),
            (r"\n", b"\n"),
            (r"\0", b"\0"),
            (r"\x1a\xFF", b"\x1a\xff"),
        ] {
            assert_eq!(text.parse(), Ok(LineEnd(bytes.to_vec())), "{text}");
        }
        for bad in [
            "", "CRLF", "clrf", "n", r"\", r"\q", r"\x1", r"\x+1", r"\nx",
        ] {
            assert_eq!(bad.parse::<LineEnd>(), Err(LineEndError), "{bad}");
        }
    }
}
