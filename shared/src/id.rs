//! Names for the things of a link: its sockets and its token.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A socket's number in its link.
///
/// The client chooses it when it opens the socket: larger than every number it used before on the
/// link, so that a late message can never reach the wrong socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SocketId(pub u32);

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

/// The secret by which a client takes its link up again after a dropped connection.
///
/// 32 hexadecimal digits (128 bits). `Debug` hides it, so that it does not reach a log.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// A token from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        use fmt::Write;
        let mut text = String::with_capacity(32);
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Token(text)
    }

    /// The token as it travels.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Token(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_32_hex_digits_and_stays_out_of_debug_output() {
        let token = Token::from_random([0xab; 16]);
        assert_eq!(token.expose(), "ab".repeat(16));
        assert_eq!(format!("{token:?}"), "Token(…)");
    }
}
