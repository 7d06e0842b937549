//! A run's report: what of the experiment and of the run stands in it.

use super::pictures::pictures;
use super::{Finding, Report};
use crate::experiment::{Experiment, Knob, Range, Run};
use crate::export::Clocks;
use crate::take_home::recipe::recipes_of;
use crate::take_home::{Program, Recipe};

/// The report of a run; `link` repeats it, `predicted` is the place of an answer.
pub fn of<'a>(
    experiment: &'a Experiment,
    run: &'a Run,
    predicted: Option<usize>,
    link: String,
    now_ms: f64,
) -> Report<'a> {
    let answer = |at: Option<usize>| {
        at.and_then(|at| experiment.answers.get(at))
            .map(|it| it.text)
    };
    let finding = match experiment.finding(run) {
        Ok(finding) => Finding {
            answer: answer(finding.answer),
            measured: finding.measured,
        },
        Err(why) => Finding {
            answer: None,
            measured: why,
        },
    };
    Report {
        title: format!("Experiment {}: {}", experiment.number, experiment.title),
        about: experiment.about,
        link,
        now_ms,
        settings: experiment
            .knobs
            .iter()
            .map(|knob| (knob.label, value(knob, run.settings.get(knob.key))))
            .collect(),
        seed: run.settings.seed,
        question: experiment.question,
        prediction: answer(predicted),
        finding,
        explain: experiment.explain,
        pictures: pictures(experiment, run),
        entries: &run.entries,
        clocks: Clocks::one(run.clock),
        programs: programs(&recipes_of(experiment, &run.settings)),
    }
}

/// What a knob is set to, as people read it.
fn value(knob: &Knob, value: u32) -> String {
    match knob.range {
        Range::Number { unit, .. } => format!("{value} {unit}").trim_end().to_owned(),
        Range::Choice(choices) => choices
            .get(value as usize)
            .map_or_else(String::new, |(_, label)| (*label).to_owned()),
    }
}

/// Every program of the recipes, under what it is called.
fn programs(recipes: &[Recipe]) -> Vec<(String, String)> {
    let mut programs = Vec::new();
    for recipe in recipes {
        for program in Program::ALL {
            if let Some(text) = program.text(recipe) {
                let label = program.label();
                let name = match recipe.name.as_str() {
                    "" => label.to_owned(),
                    name => format!("{label} ({name})"),
                };
                programs.push((name, text));
            }
        }
    }
    programs
}
