//! Programs as texts with named gaps: `@name@`.

/// Fills the gaps, each once: what is put in is not looked at again.
///
/// A gap that stands alone on its line gives its indentation to every line that is put in, and takes
/// its line away when nothing is.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let value = |name: &str| values.iter().find(|(key, _)| *key == name).map(|it| it.1);
    let mut out = String::with_capacity(template.len() * 2);
    for line in template.lines() {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        let alone = text.strip_prefix('@').and_then(|it| it.strip_suffix('@'));
        if let Some(block) = alone.and_then(value) {
            for line in block.lines() {
                if !line.is_empty() {
                    out += indent;
                    out += line;
                }
                out.push('\n');
            }
            continue;
        }
        let mut rest = line;
        while let Some((before, gap)) = rest.split_once('@') {
            out += before;
            match gap
                .split_once('@')
                .and_then(|(name, after)| Some((value(name)?, after)))
            {
                Some((value, after)) => {
                    out += value;
                    rest = after;
                }
                None => {
                    out.push('@');
                    rest = gap;
                }
            }
        }
        out += rest;
        out.push('\n');
    }
    out
}

/// Text as a comment whose lines begin with `sign`; no line is longer than reads well.
pub(super) fn comment(sign: &str, paragraphs: &[String]) -> String {
    const WIDTH: usize = 79;
    let mut out = String::new();
    for paragraph in paragraphs {
        let mut line = sign.to_owned();
        // Any white space, so that no line ends before its sign.
        for word in paragraph.split_whitespace() {
            let word = super::literal::one_line(word);
            if line.len() > sign.len() && line.len() + 1 + word.len() > WIDTH {
                out += &line;
                out.push('\n');
                line = sign.to_owned();
            }
            line.push(' ');
            line += &word;
        }
        out += &line;
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_alone_on_its_line_is_a_block_and_an_empty_one_is_gone() {
        let filled = fill(
            "a\n    @block@\n  @none@\nf(@x@, '@')\n",
            &[
                ("block", "one\n    two\n\nthree"),
                ("none", ""),
                ("x", "@block@"),
            ],
        );
        assert_eq!(
            filled,
            "a\n    one\n        two\n\n    three\nf(@block@, '@')\n"
        );
    }

    #[test]
    fn a_comment_stays_one_whatever_is_in_it() {
        let text = "a title\nimport os\u{2028}x\r\n".to_owned() + &"long words ".repeat(30);
        let out = comment("#", &[text]);
        assert!(out.lines().count() > 3);
        assert!(
            out.lines()
                .all(|line| line.starts_with("# ") && line.len() < 81)
        );
        assert!(!out.contains('\u{2028}') || out.split('\u{2028}').count() == 1);
    }
}
