//! Nicknames: cleaned, and unlike all others in the room.

use super::MAX_NAME_CHARS;

/// A name as it may be shown: no control, format or direction characters, no towers of accents, single
/// spaces, at most `most` characters. Joiners stay between two letters: Persian is written with them, and
/// families of emoji are. `None` where nothing is left.
pub fn clean(text: &str, most: usize) -> Option<String> {
    let mut name = String::new();
    let mut chars = 0;
    let mut marks = 0;
    let mut joiner = None;
    for c in text.chars() {
        if is_joiner(c) {
            joiner = Some(c).filter(|_| !name.is_empty() && !name.ends_with(' '));
            continue;
        }
        let c = if c.is_whitespace() { ' ' } else { c };
        if c.is_control() || is_unseen(c) || (c == ' ' && (name.is_empty() || name.ends_with(' ')))
        {
            continue;
        }
        let more = if is_mark(c) { marks + 1 } else { 0 };
        if more > 2 || (more > 0 && name.is_empty()) {
            continue;
        }
        marks = more;
        let joined = joiner.take().filter(|_| c != ' ');
        chars += 1 + usize::from(joined.is_some());
        if chars > most {
            break;
        }
        name.extend(joined);
        name.push(c);
    }
    name.truncate(name.trim_end().len());
    (!name.is_empty()).then_some(name)
}

/// The name, with a number behind it where somebody has the same already: whichever case it is in.
pub fn unlike<'a>(name: &str, others: impl Iterator<Item = &'a str> + Clone) -> String {
    // Nobody sees a joiner between letters that don't join.
    let folded = |text: &str| text.replace(is_joiner, "").to_lowercase();
    let taken = |name: &str| {
        let name = folded(name);
        others.clone().any(|other| folded(other) == name)
    };
    if !taken(name) {
        return name.to_owned();
    }
    // There are fewer others than numbers.
    (2u32..)
        .map(|number| {
            let suffix = format!(" {number}");
            let keep = MAX_NAME_CHARS.saturating_sub(suffix.len());
            let stem: String = name.chars().take(keep).collect();
            let stem = stem.trim_end_matches(|c| c == ' ' || is_joiner(c));
            format!("{stem}{suffix}")
        })
        .find(|name| !taken(name))
        .unwrap_or_else(|| name.to_owned())
}

/// Characters that join their neighbours, or keep them from joining.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Characters that are not seen, or that turn the writing's direction around.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

/// Marks that are drawn upon the letter before.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_seen_or_turns_the_line_is_left_out() {
        let cleaned = |text: &str| clean(text, MAX_NAME_CHARS);
        assert_eq!(
            cleaned("  Ada \t\n Lovelace "),
            Some("Ada Lovelace".to_owned())
        );
        assert_eq!(
            cleaned("evil\u{202e}txt\0\u{7}\u{200b}"),
            Some("eviltxt".to_owned())
        );
        assert_eq!(cleaned("Ünïcødé 学生"), Some("Ünïcødé 学生".to_owned()));
        assert_eq!(
            cleaned(&format!("e{}", "\u{301}".repeat(40))),
            Some("e\u{301}\u{301}".to_owned())
        );
        for nothing in [
            "",
            " \t",
            "\u{200b}\u{feff}",
            "\u{301}",
            "\u{2800}",
            "\u{200d}",
        ] {
            assert_eq!(cleaned(nothing), None);
        }
    }

    #[test]
    fn joiners_stay_between_letters_and_make_no_other_name() {
        let cleaned = |text: &str| clean(text, MAX_NAME_CHARS);
        for kept in ["مهدی\u{200c}نیا", "👩\u{200d}👧"] {
            assert_eq!(cleaned(kept).as_deref(), Some(kept));
        }
        assert_eq!(
            cleaned("\u{200d}a\u{200d} \u{200c}b\u{200c}"),
            Some("a b".to_owned())
        );
        assert_eq!(
            unlike("o\u{200c}tter", ["otter"].into_iter()),
            "o\u{200c}tter 2"
        );
    }

    proptest! {
        #[test]
        fn a_clean_name_is_short_stays_as_it_is_and_is_told_from_all_others(
            texts in proptest::collection::vec(".{0,40}|[aA ]{0,30}|[a\u{301}\u{200d} ]{0,30}", 1..30),
        ) {
            let mut names: Vec<String> = Vec::new();
            for text in texts {
                let Some(name) = clean(&text, MAX_NAME_CHARS) else { continue };
                prop_assert_eq!(clean(&name, MAX_NAME_CHARS), Some(name.clone()));
                let name = unlike(&name, names.iter().map(String::as_str));
                prop_assert!(name.chars().count() <= MAX_NAME_CHARS);
                prop_assert!(names.iter().all(|other| other.to_lowercase() != name.to_lowercase()));
                names.push(name);
            }
        }
    }
}
