//! Numbers as findings tell them.

/// `1024 + 1024 + 952`; `nothing` where there is nothing.
pub(super) fn sum(parts: &[u32]) -> String {
    if parts.is_empty() {
        return "nothing".to_owned();
    }
    let parts: Vec<String> = parts.iter().map(u32::to_string).collect();
    parts.join(" + ")
}
