//! Numbers and names as findings tell them.

use chalkwire_shared::server::Model;

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
