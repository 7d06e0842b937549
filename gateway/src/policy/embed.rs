//! Which pages may show this one in a frame, as the Content-Security-Policy says it.

use super::origin::is_origin;

/// Origins of pages that may show this one in a frame; none at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Embedders(Vec<String>);

impl Embedders {
    /// From what the operator lists; the first that is no origin comes back.
    ///
    /// # Errors
    /// What is not `http://host` or `https://host`, with or without a port.
    pub fn new(origins: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut list = Vec::new();
        for origin in origins {
            let bare = origin.trim_end_matches('/').to_ascii_lowercase();
            let on_the_web = bare.starts_with("https://") || bare.starts_with("http://");
            if !on_the_web || !is_origin(&bare) {
                return Err(origin);
            }
            list.push(bare);
        }
        Ok(Embedders(list))
    }

    /// The sources of `frame-ancestors` (CSP level 3, section 6.4.2).
    pub fn sources(&self) -> String {
        match self.0.is_empty() {
            true => "'none'".to_owned(),
            false => self.0.join(" "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sources(origins: &[&str]) -> Result<String, String> {
        let origins = origins.iter().map(|it| (*it).to_owned());
        Embedders::new(origins).map(|it| it.sources())
    }

    #[test]
    fn nobody_frames_the_page_unless_the_operator_says_who() {
        assert_eq!(sources(&[]).unwrap(), "'none'");
        let two = ["https://LMS.example/", "http://127.0.0.1:8090"];
        assert_eq!(
            sources(&two).unwrap(),
            "https://lms.example http://127.0.0.1:8090"
        );
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for bad in [
            "",
            "*",
            "lms.example",
            "https://",
            "https://*.example",
            "https://lms.example/course",
            "https://lms.example; script-src *",
            "https://lms.example 'self'",
        ] {
            assert_eq!(sources(&[bad]).unwrap_err(), bad);
        }
    }

    proptest! {
        #[test]
        fn no_entry_adds_a_directive_or_a_source(text in "(https://)?[ -~]{0,20}") {
            if let Ok(written) = sources(&[&text]) {
                prop_assert!(!written.contains([';', ',', ' ', '*']), "{}", written);
            }
        }
    }
}
