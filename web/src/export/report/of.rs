//! A run's report: what of the experiment and of the run stands in it.

use chalkwire_shared::fault::Direction;
use chalkwire_shared::job::Job;

use super::{Finding, Report};
use crate::experiment::{Experiment, PictureKind, Run};
use crate::export::Clocks;
use crate::model::Entry;
use crate::pictures::latency::Series;
use crate::pictures::shape::Width;
use crate::pictures::story::Story;
use crate::pictures::{gantt, latency, ruler, svg};
use crate::state::settings::Theme;
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
            .map(|knob| (knob.label, knob.to_text(run.settings.get(knob.key))))
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

/// The experiment's pictures as documents, on paper.
fn pictures(experiment: &Experiment, run: &Run) -> Vec<(Story, String)> {
    let mut out = Vec::new();
    let mut add = |story: Story, picture| {
        let svg = svg::document(&picture, &story, Theme::Projector);
        out.push((story, svg));
    };
    for kind in experiment.pictures {
        match kind {
            PictureKind::Ruler => {
                for socket in &run.sockets {
                    let of = |it: &&Entry| it.socket == Some(socket.id);
                    let entries: Vec<Entry> = run.entries.iter().filter(of).cloned().collect();
                    let ruler = ruler::ruler(&entries, Direction::ToTarget);
                    if !ruler.tracks.is_empty() {
                        add(ruler::story(&ruler), ruler::draw(&ruler, Width::Wide));
                    }
                }
            }
            PictureKind::Gantt | PictureKind::Histogram => {
                for job in &run.jobs {
                    let Job::Load(load) = &job.work else {
                        continue;
                    };
                    let names: Vec<String> = load.targets.iter().map(|it| name(run, it)).collect();
                    if *kind == PictureKind::Gantt {
                        let gantt = gantt::gantt(&job.clients, &job.gauges, &names);
                        let picture = gantt::draw(&gantt, Width::Wide);
                        add(gantt::story(&gantt, &job.clients), picture);
                        continue;
                    }
                    let series: Vec<Series> = (0..)
                        .zip(&names)
                        .map(|(target, name)| match load.nonblocking {
                            true => Series::connects(&job.clients, target, name),
                            false => Series::replies(&job.clients, target, name),
                        })
                        .filter(|it| !it.ms.is_empty())
                        .collect();
                    if !series.is_empty() {
                        let times = latency::latency(&series);
                        let picture = latency::histogram(&times, Width::Wide);
                        add(latency::story(&times, false), picture);
                    }
                }
            }
            _ => {}
        }
    }
    out
}

/// What a load's target is called.
fn name(run: &Run, target: &str) -> String {
    let server = run.servers.iter().find(|it| it.target() == target);
    server.map_or_else(|| target.to_owned(), |it| it.title.to_owned())
}
