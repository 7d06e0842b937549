//! What a client accepts, as a header's list says it (RFC 9110, section 12.4.2).

/// Whether a list has a media type or a coding, and not with a weight of 0.
pub(super) fn accepts(list: &str, wanted: &str) -> bool {
    list.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|it| it.eq_ignore_ascii_case(wanted));
        named && !parts.any(is_refusal)
    })
}

/// `q=0`, `q=0.0` and the like.
fn is_refusal(parameter: &str) -> bool {
    let parameter = parameter.replace(' ', "");
    let weight = parameter.trim_end_matches(['0', '.']);
    weight.eq_ignore_ascii_case("q=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_accepted_unless_its_weight_is_0() {
        for accept in [
            "application/json",
            "text/html, Application/JSON;q=0.5",
            "application/json; q=1",
        ] {
            assert!(accepts(accept, "application/json"), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/jsonl",
            "application/json;q=0",
            "application/json; charset=utf-8; q=0.0, text/plain",
        ] {
            assert!(!accepts(accept, "application/json"), "{accept}");
        }
    }
}
