//! The settings of a run: the seed and the knobs, as a link to it carries them.

use std::collections::BTreeMap;

use super::Experiment;

/// Where experiments are among the page's addresses: `#/experiments/stream?seed=7`.
pub const PATH: &str = "#/experiments/";

/// The seed where none is given.
pub const SEED: u32 = 7;

/// The largest seed.
pub const MAX_SEED: u32 = 999_999;

/// Why another one is not taken.
pub const NO_SEED: &str = "The seed is a whole number from 0 to 999999.";

/// What a run is done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where chance begins: the same seed, the same run.
    pub seed: u32,
    values: BTreeMap<&'static str, u32>,
}

impl Settings {
    /// The settings that an experiment starts with.
    pub fn of(experiment: &Experiment) -> Self {
        Settings {
            seed: SEED,
            values: experiment
                .knobs
                .iter()
                .map(|it| (it.key, it.default))
                .collect(),
        }
    }

    /// What a knob is set to; 0 where the experiment has no such knob.
    pub fn get(&self, key: &str) -> u32 {
        self.values.get(key).copied().unwrap_or_default()
    }

    /// Turns a knob; one that is not there, or does not go so far, stays as it is: whether it did.
    pub fn set(&mut self, experiment: &Experiment, key: &str, value: u32) -> bool {
        let knob = experiment.knobs.iter().find(|it| it.key == key);
        let Some(knob) = knob.filter(|it| it.takes(value)) else {
            return false;
        };
        self.values.insert(knob.key, value);
        true
    }

    /// Whether all knobs are as the experiment starts with, whatever the seed.
    pub fn is_default(&self, experiment: &Experiment) -> bool {
        self.values == Settings::of(experiment).values
    }

    /// The fragment of an address that repeats this run: `#/experiments/stream?seed=7&recv=1024`.
    pub fn to_fragment(&self, experiment: &Experiment) -> String {
        let mut text = format!("{PATH}{}?seed={}", experiment.slug, self.seed);
        for knob in experiment.knobs {
            text += &format!("&{}={}", knob.key, knob.to_text(self.get(knob.key)));
        }
        text
    }

    /// The experiment and the settings of a fragment, with or without its `#`. Keys that nobody knows
    /// are passed over; what a knob does not take is what it is at first.
    pub fn from_fragment(fragment: &str) -> Option<(&'static Experiment, Settings)> {
        let fragment = fragment.trim_start_matches('#');
        let rest = fragment.strip_prefix(PATH.trim_start_matches('#'))?;
        let (slug, query) = rest.split_once('?').unwrap_or((rest, ""));
        let experiment = Experiment::find(slug)?;
        let mut settings = Settings::of(experiment);
        for part in query.split('&') {
            let Some((key, value)) = part.split_once('=') else {
                continue;
            };
            if key == "seed" {
                settings.seed = seed(value).unwrap_or(SEED);
            } else if let Some(knob) = experiment.knobs.iter().find(|it| it.key == key) {
                let value = knob.from_text(value).unwrap_or(knob.default);
                settings.values.insert(knob.key, value);
            }
        }
        Some((experiment, settings))
    }
}

/// The seed of a text, if there is such a one.
pub fn seed(text: &str) -> Option<u32> {
    text.parse().ok().filter(|it| *it <= MAX_SEED)
}
