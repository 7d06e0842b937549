//! Numbers and names as findings tell them.

use chalkwire_shared::server::Model;

use crate::bytes::escape;
use crate::model::ms_text;

/// `1024 + 1024 + 952`; `nothing` where there is nothing.
pub(super) fn sum(parts: &[u32]) -> String {
    if parts.is_empty() {
        return "nothing".to_owned();
    }
    let parts: Vec<String> = parts.iter().map(u32::to_string).collect();
    parts.join(" + ")
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
