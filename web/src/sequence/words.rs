//! A sequence diagram in words.

use super::step::{Step, Steps, Tone};
use crate::model::{ClockMap, Whose, ms_text};

/// The picture in words, for those who listen.
pub fn summary(steps: &Steps, target: &str) -> String {
    const SPOKEN: usize = 12;
    // What the page did or saw; the other legs say the same once more.
    let own = |step: &&Step| {
        step.clock == Whose::Browser || step.dashed || step.mark || step.tone == Tone::Made
    };
    let said: Vec<&str> = steps
        .steps
        .iter()
        .filter(own)
        .map(|step| step.say.as_str())
        .collect();
    let mut out = format!("Sequence of what happened between you, the gateway and {target}: ");
    if said.is_empty() {
        return out + "nothing yet.";
    }
    out += &said[..said.len().min(SPOKEN)].join("; ");
    if said.len() > SPOKEN || steps.omitted > 0 {
        out += "; and more";
    }
    let last = |step: &Step| {
        let held = step.lands_ms.map_or(0.0, |lands| lands - step.order_ms);
        step.when_ms.map(|when| when + held)
    };
    if let Some(last) = steps.steps.iter().filter_map(last).reduce(f64::max) {
        out += &format!(". In all {}", ms_text(last));
    }
    out + "."
}

/// What the two columns of times are, and how far they may be trusted.
pub fn clock_words(clock: Option<ClockMap>) -> String {
    match clock {
        Some(clock) => format!(
            "Times in ms from the first event. Left: your browser's clock. Right: the gateway's clock, \
             set against yours to ± {}.",
            ms_text(clock.plus_minus_ms)
        ),
        None => "Times in ms from the first event, by your browser's clock; the gateway's is not \
                 compared with it yet."
            .to_owned(),
    }
}
