//! What a screen reader is to hear next, numbered: the same words may be said twice.

/// A summary, and how many there were before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Which one it is.
    pub no: u32,
    /// Its words.
    pub text: String,
}

impl Told {
    /// Says something else, or the same once more.
    pub fn say(&mut self, text: String) {
        self.no = self.no.wrapping_add(1);
        self.text = text;
    }
}
