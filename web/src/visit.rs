//! What somebody does on the experiments' page and what it shows: actions in, effects out, no I/O.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::experiment::runner::{self, Runner};
use crate::experiment::settings::{self, NO_SEED};
use crate::experiment::{ALL, Experiment, Finding, Knob, Range, Run, Settings};
use crate::place::Place;
use crate::state::settings::{Address, Theme};
use crate::wire::Now;

/// The pictures of a run that goes on are drawn anew at most so often, in ms.
const LOOK_MS: f64 = 250.0;

/// What is shown.
#[derive(Clone, Copy, Debug, Default)]
pub enum Shown {
    /// The list of all.
    #[default]
    Index,
    /// An experiment.
    One(&'static Experiment),
    /// The address names none that there is.
    Unknown,
}

/// What the page remembers of an experiment while it is open.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// With what the next run is done.
    pub settings: Settings,
    /// What is predicted for the next run.
    pub predicted: Option<usize>,
    /// Why a field was not taken: the knob's key, or `seed`, and a sentence.
    pub trouble: Option<(&'static str, String)>,
    /// The latest run, as it is drawn.
    pub run: Option<Rc<Run>>,
    /// What was predicted for that run.
    pub bet: Option<usize>,
}

/// What somebody does, or what happens.
#[derive(Clone, Debug)]
pub enum Action {
    /// The page is there, with this fragment; `embed`: in a frame of another page, to be looked at.
    Start {
        /// The address's fragment.
        fragment: String,
        /// As the browser remembers it.
        theme: Theme,
        /// Whether nothing can be changed here.
        embed: bool,
    },
    /// The address has changed.
    Go(String),
    /// A prediction.
    Predict(usize),
    /// A text was put into a knob's field.
    Knob(&'static str, String),
    /// A text was put into the seed's field.
    Seed(String),
    /// All knobs as they were at first.
    Restore,
    /// Run it.
    Run,
    /// Other colours.
    Theme(Theme),
    /// Something for the runner.
    Runner(runner::Action),
    /// The pictures of a run that goes on may be drawn anew.
    Look,
}

/// What the shell has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Something for the runner.
    Runner(runner::Effect),
    /// Put this fragment into the address, without a new entry in the history.
    Address(String),
    /// Give the window this title, and the heading the focus.
    Turned(String),
    /// A run has begun: bring its progress into sight.
    Begun,
    /// Keep the theme.
    Remember,
    /// Come with [`Action::Look`] after so many ms.
    LookAfter(f64),
}

/// The page's state.
#[derive(Debug, Default)]
pub struct Visit {
    /// What is shown.
    pub shown: Shown,
    /// Whether nothing can be changed here: in a frame of another page.
    pub embed: bool,
    /// The colours.
    pub theme: Theme,
    /// Performs the runs, one at a time.
    pub runner: Runner,
    sheets: BTreeMap<&'static str, Sheet>,
    look_due: bool,
}

impl Visit {
    /// Takes an action in: what is to be done about it.
    pub fn apply(&mut self, action: Action, now: Now) -> Vec<Effect> {
        let mut out = Vec::new();
        match action {
            Action::Start {
                fragment,
                theme,
                embed,
            } => {
                self.theme = theme;
                self.embed = embed;
                self.go(&fragment, &mut out);
                self.run(runner::Action::Start, now, &mut out);
            }
            Action::Go(fragment) if Place::of(&fragment) == Place::Experiments => {
                self.go(&fragment, &mut out);
            }
            Action::Go(_) => {}
            Action::Predict(answer) => {
                if let Some(sheet) = self.sheet_mut() {
                    sheet.predicted = Some(answer);
                }
            }
            Action::Knob(key, text) => self.turn(key, &text, &mut out),
            Action::Seed(text) => self.turn("seed", &text, &mut out),
            Action::Restore => {
                if let Shown::One(experiment) = self.shown
                    && let Some(sheet) = self.sheet_mut()
                {
                    sheet.settings = Settings::of(experiment);
                    sheet.trouble = None;
                    out.push(Effect::Address(sheet.settings.to_fragment(experiment)));
                }
            }
            Action::Run => self.begin(now, &mut out),
            Action::Theme(theme) => {
                self.theme = theme;
                out.push(Effect::Remember);
            }
            Action::Runner(action) => self.run(action, now, &mut out),
            Action::Look => {
                self.look_due = false;
                self.look();
            }
        }
        out
    }

    /// The experiment that is shown and what is remembered of it.
    pub fn sheet(&self) -> Option<(&'static Experiment, &Sheet)> {
        match self.shown {
            Shown::One(experiment) => Some((experiment, self.sheets.get(experiment.slug)?)),
            Shown::Index | Shown::Unknown => None,
        }
    }

    /// The experiment that is being run now, if one is.
    pub fn running(&self) -> Option<&'static str> {
        let run = self.runner.run()?;
        run.end.is_none().then_some(run.slug)
    }

    fn sheet_mut(&mut self) -> Option<&mut Sheet> {
        match self.shown {
            Shown::One(experiment) => self.sheets.get_mut(experiment.slug),
            Shown::Index | Shown::Unknown => None,
        }
    }

    /// Shows what a fragment names.
    fn go(&mut self, fragment: &str, out: &mut Vec<Effect>) {
        let query = fragment.split_once('?').map_or("", |(_, query)| query);
        if let Some(theme) = Address::read(query).theme {
            self.theme = theme;
        }
        let path = fragment.trim_start_matches('#').split('?').next();
        self.shown = match Settings::from_fragment(fragment) {
            Some((experiment, settings)) => {
                let sheet = self.sheets.entry(experiment.slug).or_insert(Sheet {
                    settings: Settings::of(experiment),
                    predicted: None,
                    trouble: None,
                    run: None,
                    bet: None,
                });
                // A bare address is not one of settings: what was set before is kept.
                if !query.is_empty() {
                    sheet.settings = settings;
                }
                sheet.trouble = refused(experiment, query);
                Shown::One(experiment)
            }
            None if matches!(path, Some("/experiments" | "/experiments/")) => Shown::Index,
            // In a frame there is no Lab.
            None if Place::of(fragment) == Place::Lab => Shown::Index,
            None => Shown::Unknown,
        };
        out.push(Effect::Turned(match self.shown {
            Shown::One(it) => format!("{} · {} – Chalkwire", it.number, it.title),
            Shown::Index | Shown::Unknown => "Chalkwire: experiments".to_owned(),
        }));
    }

    /// Takes in what was put into a field: a knob's, or the seed's.
    fn turn(&mut self, key: &'static str, text: &str, out: &mut Vec<Effect>) {
        let Shown::One(experiment) = self.shown else {
            return;
        };
        let Some(sheet) = self.sheet_mut() else {
            return;
        };
        let text = text.trim();
        let taken = match experiment.knobs.iter().find(|it| it.key == key) {
            None => settings::seed(text)
                .map(|seed| sheet.settings.seed = seed)
                .ok_or_else(|| NO_SEED.to_owned()),
            Some(knob) => knob
                .from_text(text)
                .filter(|value| sheet.settings.set(experiment, key, *value))
                .map(|_| ())
                .ok_or_else(|| too_far(knob)),
        };
        match taken {
            Ok(()) => {
                sheet.trouble = None;
                out.push(Effect::Address(sheet.settings.to_fragment(experiment)));
            }
            Err(sentence) => sheet.trouble = Some((key, sentence)),
        }
    }

    fn begin(&mut self, now: Now, out: &mut Vec<Effect>) {
        let Shown::One(experiment) = self.shown else {
            return;
        };
        // The button keeps the focus during a run, so it can be pressed. And what was asked for and can't
        // be is not run: something else would pass for it. In a frame nobody can put it right.
        let wrong = !self.embed && self.sheet().is_some_and(|(_, it)| it.trouble.is_some());
        if wrong || self.running() == Some(experiment.slug) {
            return;
        }
        // A run of another experiment ends here, and its page says so.
        if self.running().is_some() {
            self.run(runner::Action::Cancel, now, out);
        }
        let Some(sheet) = self.sheet_mut() else {
            return;
        };
        sheet.bet = sheet.predicted;
        sheet.run = None;
        let settings = sheet.settings.clone();
        self.run(runner::Action::Run(experiment, settings), now, out);
        out.push(Effect::Begun);
    }

    /// Lets the runner take something in, and looks at what it has when it is time.
    fn run(&mut self, action: runner::Action, now: Now, out: &mut Vec<Effect>) {
        let was = self.running();
        let effects = self.runner.apply(action, now);
        out.extend(effects.into_iter().map(Effect::Runner));
        match (was, self.running()) {
            (_, Some(_)) if !std::mem::replace(&mut self.look_due, true) => {
                out.push(Effect::LookAfter(LOOK_MS));
            }
            (Some(_), None) => self.look(),
            _ => {}
        }
    }

    /// Takes over what the runner has, to be drawn.
    fn look(&mut self) {
        let Some(run) = self.runner.run() else {
            return;
        };
        if let Some(sheet) = self.sheets.get_mut(run.slug)
            && sheet.run.as_deref() != Some(run)
        {
            sheet.run = Some(Rc::new(run.clone()));
        }
    }
}

/// The first value of a link that cannot be taken, so that nobody takes the run for that of the link.
fn refused(experiment: &'static Experiment, query: &str) -> Option<(&'static str, String)> {
    let mut given = query.split('&').filter_map(|it| it.split_once('='));
    given.find_map(|(key, value)| {
        let (key, why) = if key == "seed" {
            let fits = settings::seed(value).is_some();
            ("seed", (!fits).then(|| NO_SEED.to_owned())?)
        } else {
            let knob = experiment.knobs.iter().find(|it| it.key == key)?;
            let fits = knob.from_text(value).is_some();
            (knob.key, (!fits).then(|| too_far(knob))?)
        };
        Some((key, format!("The link asks for something else. {why}")))
    })
}

/// Why a knob does not take a value.
fn too_far(knob: &Knob) -> String {
    match knob.range {
        Range::Number { min, max, unit } => {
            let unit = if unit.is_empty() { "" } else { " " }.to_owned() + unit;
            format!("{} goes from {min} to {max}{unit}.", knob.label)
        }
        Range::Choice(_) => format!("{} has no such setting.", knob.label),
    }
}

/// How a prediction came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As predicted.
    Held,
    /// Not as predicted.
    DidNotHold,
    /// Nobody predicted anything.
    NoBet,
    /// What came out fits none of the answers.
    NoneFits,
}

impl Verdict {
    /// How it came out.
    pub fn of(bet: Option<usize>, finding: &Finding) -> Self {
        match (bet, finding.answer) {
            (_, None) => Verdict::NoneFits,
            (None, Some(_)) => Verdict::NoBet,
            (Some(bet), Some(answer)) if bet == answer => Verdict::Held,
            (Some(_), Some(_)) => Verdict::DidNotHold,
        }
    }

    /// In a sentence.
    pub fn sentence(&self) -> &'static str {
        match self {
            Verdict::Held => "Your prediction held.",
            Verdict::DidNotHold => "Your prediction did not hold.",
            Verdict::NoBet => "You had made no prediction.",
            Verdict::NoneFits => "This time it came out otherwise than any of the answers.",
        }
    }
}

/// The experiments before and after one.
pub fn neighbours(
    experiment: &Experiment,
) -> (Option<&'static Experiment>, Option<&'static Experiment>) {
    let at = ALL.iter().position(|it| it.slug == experiment.slug);
    let nth = |at: Option<usize>| ALL.get(at?).copied();
    (
        nth(at.and_then(|it| it.checked_sub(1))),
        nth(at.map(|it| it + 1)),
    )
}

#[cfg(test)]
mod tests;
