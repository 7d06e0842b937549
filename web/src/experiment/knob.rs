//! Knobs: what a learner can change about an experiment.

/// Something about an experiment that can be changed. Its values are numbers everywhere; those of a
/// choice are places in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knob {
    /// Its name in addresses and scripts: `recv`.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What turning it does, in a sentence.
    pub hint: &'static str,
    /// What it may be set to.
    pub range: Range,
    /// What it is at first.
    pub default: u32,
}

/// What a knob may be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// A number.
    Number {
        /// At least,
        min: u32,
        /// at most,
        max: u32,
        /// of what: `ms`, `bytes`; may be empty.
        unit: &'static str,
    },
    /// One of these: its name in addresses, and its name for people.
    Choice(&'static [(&'static str, &'static str)]),
}

/// The ways to serve, in the order of [`chalkwire_shared::server::Model::ALL`].
pub const MODELS: &[(&str, &str)] = &[
    ("iterative", "one at a time"),
    ("threaded", "a thread a client"),
    ("process", "a process a client"),
    ("select", "select, one thread"),
    ("evented", "an event loop"),
];

impl Knob {
    /// Whether it may be set to this.
    pub fn takes(&self, value: u32) -> bool {
        match self.range {
            Range::Number { min, max, .. } => (min..=max).contains(&value),
            Range::Choice(choices) => (value as usize) < choices.len(),
        }
    }

    /// The value as it stands in an address.
    pub fn to_text(&self, value: u32) -> String {
        match self.range {
            Range::Number { .. } => value.to_string(),
            Range::Choice(choices) => choices
                .get(value as usize)
                .map_or_else(String::new, |(name, _)| (*name).to_owned()),
        }
    }

    /// The value of a text in an address, if it may be set to that.
    pub fn from_text(&self, text: &str) -> Option<u32> {
        let value = match self.range {
            Range::Number { .. } => text.parse().ok()?,
            Range::Choice(choices) => {
                let at = choices.iter().position(|(name, _)| *name == text)?;
                u32::try_from(at).ok()?
            }
        };
        self.takes(value).then_some(value)
    }
}
