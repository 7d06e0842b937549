//! Numbers as findings tell them.

/// `1024 + 1024 + 952`; `nothing` where there is nothing.
pub fn sum(parts: &[u32]) -> String {
    if parts.is_empty() {
        return "nothing".to_owned();
    }
    let parts: Vec<String> = parts.iter().map(u32::to_string).collect();
    parts.join(" + ")
}

/// `once`, `twice`, `3 times`.
pub fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}
