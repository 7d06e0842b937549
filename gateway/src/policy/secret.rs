//! Secrets that open a room: made from chance, kept as hashes, compared in constant time.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What is kept of a secret: its SHA-256. With 160 bits of chance in it, no salt is needed.
pub type Hash = [u8; 32];

/// Random bytes in a secret: 160 bits, which is 32 letters without any padding.
const RANDOM_BYTES: usize = 20;

/// The alphabet of RFC 4648's base32, in lower case: safe in URLs, and each letter is five bits.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A secret as its owner has it. It prints as nothing but its kind, so that no log can hold it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new secret. `None` where the system has no randomness: then there can be no secrets.
    pub fn random() -> Option<Self> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes).ok()?;
        Some(Secret(letters(&bytes)))
    }

    /// The text, for its owner alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What to keep of it.
    pub fn hash(&self) -> Hash {
        hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What to keep of a secret that somebody shows.
pub fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// Whether a text is the secret that `kept` is the hash of. How long it takes tells nothing about it.
pub fn matches(text: &str, kept: &Hash) -> bool {
    hash(text).ct_eq(kept).into()
}

/// Five bits a letter, the highest first.
fn letters(bytes: &[u8; RANDOM_BYTES]) -> String {
    let groups = bytes.chunks(5).map(|five| {
        five.iter()
            .fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte))
    });
    groups
        .flat_map(|bits| (0..8).rev().map(move |i| (bits >> (5 * i)) as usize & 31))
        .map(|index| char::from(ALPHABET[index]))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_secret_opens_its_own_hash_and_no_other() {
        let secret = Secret::random().unwrap();
        assert!(matches(secret.expose(), &secret.hash()));
        let other = Secret::random().unwrap();
        assert!(!matches(other.expose(), &secret.hash()));
        assert!(!matches("", &secret.hash()));
        assert!(!matches(&secret.expose().to_uppercase(), &secret.hash()));
    }

    #[test]
    fn the_hash_is_sha_256() {
        // FIPS 180-4's own example.
        let abc = hash("abc");
        assert_eq!(abc[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(abc[28..], [0xf2, 0x00, 0x15, 0xad]);
    }

    #[test]
    fn a_secret_has_160_bits_in_letters_that_need_no_escape_in_a_url() {
        let secrets: HashSet<String> = (0..200).map(|_| Secret::random().unwrap().0).collect();
        assert_eq!(secrets.len(), 200);
        for secret in &secrets {
            assert_eq!(secret.len() * 5, 160, "{secret}");
            assert!(secret.bytes().all(|letter| ALPHABET.contains(&letter)));
        }
        // Each place takes many values: none of the bits is stuck.
        for place in 0..32 {
            let seen: HashSet<u8> = secrets.iter().map(|s| s.as_bytes()[place]).collect();
            assert!(
                seen.len() > 16,
                "letter {place} takes {} values",
                seen.len()
            );
        }
    }

    #[test]
    fn letters_are_those_of_rfc_4648() {
        assert_eq!(letters(b"foobafoobafoobafooba"), "mzxw6ytb".repeat(4));
    }

    #[test]
    fn a_printed_secret_says_nothing() {
        let secret = Secret::random().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
