//! Which item of a picture the arrow keys stand on.

/// A place in the reading order; `None` is the whole picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stepper {
    /// The item, counted from 0.
    pub at: Option<usize>,
}

impl Stepper {
    /// Where a key leads among `len` items; `None` for a key that is not ours, so that the keyboard is
    /// no trap.
    pub fn key(self, key: &str, len: usize) -> Option<Stepper> {
        let last = len.checked_sub(1)?;
        let at = match (key, self.at) {
            ("ArrowRight" | "ArrowDown", None) | ("Home", _) => Some(0),
            ("ArrowRight" | "ArrowDown", Some(at)) => Some((at + 1).min(last)),
            ("ArrowLeft" | "ArrowUp", None) | ("End", _) => Some(last),
            ("ArrowLeft" | "ArrowUp", Some(at)) => Some(at.min(last).saturating_sub(1)),
            ("Escape", Some(_)) => None,
            _ => return None,
        };
        Some(Stepper { at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(keys: &[&str], len: usize) -> Option<usize> {
        let step = |now: Stepper, key: &&str| now.key(key, len).unwrap_or(now);
        keys.iter().fold(Stepper::default(), step).at
    }

    #[test]
    fn arrow_keys_go_through_the_items_and_stop_at_the_edges() {
        assert_eq!(after(&["ArrowRight"], 3), Some(0));
        assert_eq!(after(&["ArrowDown", "ArrowRight"], 3), Some(1));
        assert_eq!(after(&["End", "ArrowRight"], 3), Some(2));
        assert_eq!(after(&["ArrowLeft"], 3), Some(2));
        assert_eq!(after(&["Home", "ArrowUp"], 3), Some(0));
        assert_eq!(after(&["End", "Escape"], 3), None);
    }

    #[test]
    fn other_keys_are_left_to_the_page_and_an_empty_picture_takes_none() {
        assert_eq!(Stepper { at: Some(1) }.key("Tab", 3), None);
        assert_eq!(
            Stepper::default().key("Escape", 3),
            None,
            "it closes what is on top"
        );
        assert_eq!(Stepper::default().key("ArrowRight", 0), None);
    }

    #[test]
    fn a_picture_that_became_smaller_is_stepped_from_its_end() {
        assert_eq!(
            Stepper { at: Some(9) }.key("ArrowRight", 3),
            Some(Stepper { at: Some(2) })
        );
        assert_eq!(
            Stepper { at: Some(9) }.key("ArrowLeft", 3),
            Some(Stepper { at: Some(1) })
        );
    }
}
