//! What a screen reader hears of the room: the latest, together, and not too much.

/// How long news are gathered, in ms.
pub(super) const GATHER_MS: f64 = 700.0;

/// Sentences that are said together at the most; the others are counted.
const MOST: usize = 3;

/// News that were not told yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct News {
    sentences: Vec<String>,
    more: usize,
}

impl News {
    /// One more: whether it is the first, so that somebody has to come and tell it.
    pub(super) fn add(&mut self, sentence: String) -> bool {
        let first = self.sentences.is_empty();
        match self.sentences.len() < MOST {
            true => self.sentences.push(sentence),
            false => self.more += 1,
        }
        first
    }

    /// All that was gathered, as one text.
    pub(super) fn tell(&mut self) -> String {
        let mut text = std::mem::take(&mut self.sentences).join(" ");
        match std::mem::take(&mut self.more) {
            0 => {}
            1 => text += " And one more.",
            more => text += &format!(" And {more} more."),
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_news_are_a_few_sentences_and_a_number() {
        let mut news = News::default();
        assert!(news.add("a raised a hand.".to_owned()));
        for name in ["b", "c", "d", "e"] {
            assert!(!news.add(format!("{name} raised a hand.")));
        }
        assert_eq!(
            news.tell(),
            "a raised a hand. b raised a hand. c raised a hand. And 2 more."
        );
        assert!(news.add("f".to_owned()));
        assert_eq!(news.tell(), "f");
    }
}
