//! Line ends: what the page puts after what was typed.

/// What is put after a message, and between its lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LineEnd {
    /// Nothing: the bytes as typed.
    None,
    /// `\n`
    Lf,
    /// `\r\n`, as the chapter's client sends it.
    #[default]
    CrLf,
    /// `\r`
    Cr,
}

impl LineEnd {
    /// Every line end, in the order in which they are offered.
    pub const ALL: [LineEnd; 4] = [LineEnd::None, LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr];

    /// The bytes themselves.
    pub fn as_str(self) -> &'static str {
        match self {
            LineEnd::None => "",
            LineEnd::Lf => "\n",
            LineEnd::CrLf => "\r\n",
            LineEnd::Cr => "\r",
        }
    }

    /// What the choice is called, on the page and in its address.
    pub fn label(self) -> &'static str {
        match self {
            LineEnd::None => "none",
            LineEnd::Lf => "\\n",
            LineEnd::CrLf => "\\r\\n",
            LineEnd::Cr => "\\r",
        }
    }

    /// The choice of that label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.label() == label)
    }

    /// A typed text with this line end after each of its lines; unchanged for [`LineEnd::None`].
    pub fn apply(self, typed: &str) -> String {
        if self == LineEnd::None {
            return typed.to_owned();
        }
        let typed = typed.strip_suffix('\n').unwrap_or(typed);
        let mut out = String::with_capacity(typed.len() + 2);
        for line in typed.split('\n') {
            out.push_str(line);
            out.push_str(self.as_str());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_gets_the_line_end_and_none_leaves_the_text_alone() {
        assert_eq!(LineEnd::CrLf.apply("hello"), "hello\r\n");
        assert_eq!(LineEnd::CrLf.apply(""), "\r\n");
        assert_eq!(LineEnd::Lf.apply("a\nb"), "a\nb\n");
        assert_eq!(LineEnd::Cr.apply("a\nb\n"), "a\rb\r");
        assert_eq!(LineEnd::None.apply("a\nb"), "a\nb");
    }

    #[test]
    fn labels_lead_back_to_their_line_end() {
        for end in LineEnd::ALL {
            assert_eq!(LineEnd::from_label(end.label()), Some(end));
        }
    }
}
