//! Numbers and names as findings tell them.

use chalkwire_shared::server::Model;

use crate::bytes::escape;
use crate::model::ms_text;

/// So many parts are told one by one.
const PARTS: usize = 8;

/// `1024 + 1024 + 952`, of many the first and the last; `nothing` where there is nothing.
pub(super) fn sum(parts: &[u32]) -> String {
    let join = |parts: &[u32]| {
        let parts: Vec<String> = parts.iter().map(u32::to_string).collect();
        parts.join(" + ")
    };
    match parts {
        [] => "nothing".to_owned(),
        [head @ .., last] if parts.len() > PARTS => {
            let head = &head[..PARTS - 2];
            format!("{} + … + {last} ({} in all)", join(head), parts.len())
        }
        _ => join(parts),
    }
}

/// `1 client`, `20 clients`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `never`, `once`, `twice`, `3 times`.
pub(super) fn times(number: usize) -> String {
    match number {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// A time: `0.06 ms`, `4.95 s`.
pub(super) fn ms(ms: f64) -> String {
    ms_text(ms)
}

/// The model of that place in [`super::knob::MODELS`].
pub(super) fn model(value: u32) -> Model {
    Model::ALL.get(value as usize).copied().unwrap_or_default()
}

/// Bytes as a text in quotes, with control characters as in Python: `“hello\r\n”`.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text
            .chars()
            .map(|it| match it.is_control() || it == '\\' {
                true => it.escape_default().to_string(),
                false => it.to_string(),
            })
            .collect(),
        // Half a letter is no text.
        Err(_) => escape(bytes),
    };
    format!("“{text}”")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_tell_numbers_and_bytes_shortly() {
        assert_eq!(sum(&[1_024, 1_024, 952]), "1024 + 1024 + 952");
        assert_eq!(sum(&[]), "nothing");
        assert_eq!(
            sum(&[16; 188]),
            "16 + 16 + 16 + 16 + 16 + 16 + … + 16 (188 in all)"
        );
        assert_eq!(quoted("café\r\n".as_bytes()), "“café\\r\\n”");
        assert_eq!(quoted(b"caf\xc3"), "“caf\\xc3”");
        assert_eq!(
            (times(2).as_str(), count(1, "client", "clients")),
            ("twice", "1 client".to_owned())
        );
    }
}
