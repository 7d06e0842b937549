//! A run's pictures for its report: the same as on the page, in ink on paper.

use chalkwire_shared::fault::Direction;
use chalkwire_shared::job::Job;

use super::Drawn;
use crate::experiment::run::drawn::{entries_of, loads, script, tried};
use crate::experiment::{Experiment, PictureKind, Run};
use crate::model::Entry;
use crate::pictures::shape::{Picture, Width};
use crate::pictures::story::Story;
use crate::pictures::{buffer, calls, gantt, latency, ruler, states, svg, tree};
use crate::sequence::{self, Shape, steps};
use crate::state::settings::Theme;

/// Entries of a socket that are drawn as a sequence at the most.
const MOST: usize = 150;

/// The experiment's pictures, the most telling one first.
pub(super) fn pictures(experiment: &Experiment, run: &Run) -> Vec<Drawn> {
    let mut out = Vec::new();
    for kind in experiment.pictures {
        of_kind(*kind, run, &mut out);
    }
    out
}

fn add(out: &mut Vec<Drawn>, title: &str, story: Story, picture: &Picture) {
    // A picture of nothing says nothing.
    if !picture.shapes.is_empty() {
        let svg = svg::document(picture, &story, Theme::Projector);
        let title = title.to_owned();
        out.push(Drawn { title, story, svg });
    }
}

fn of_kind(kind: PictureKind, run: &Run, out: &mut Vec<Drawn>) {
    const WIDE: Width = Width::Wide;
    match kind {
        PictureKind::Sequence => sockets(run, |title, entries| {
            let target = entries.first().map_or("server", |it| it.target.as_str());
            let steps = steps::steps_within(entries, run.clock, MOST);
            if steps.steps.is_empty() {
                return;
            }
            let drawn = sequence::draw(&steps, target, Shape::Wide);
            let story = sequence::story(&steps, target, run.clock);
            add(out, title, story, &sequence::shapes(&drawn, &steps));
        }),
        PictureKind::Ruler => sockets(run, |title, entries| {
            let ruler = ruler::ruler(entries, Direction::ToTarget);
            if !ruler.tracks.is_empty() {
                add(out, title, ruler::story(&ruler), &ruler::draw(&ruler, WIDE));
            }
        }),
        PictureKind::Hex => sockets(run, |title, entries| {
            if entries
                .iter()
                .any(|it| it.kind.is_some_and(|it| !it.is_datagram()))
            {
                let buffer = buffer::buffer(entries);
                add(
                    out,
                    title,
                    buffer::story(&buffer),
                    &buffer::draw(&buffer, WIDE),
                );
            }
        }),
        PictureKind::States => {
            sockets(run, |title, entries| {
                let states = states::states(entries);
                if !states.strips.is_empty() {
                    add(
                        out,
                        title,
                        states::story(&states),
                        &states::draw(&states, WIDE),
                    );
                }
            });
            for job in &run.jobs {
                if let Job::Calls(work) = &job.work {
                    let drawn = calls::draw(&job.calls, WIDE);
                    add(out, script(work.script), calls::story(&job.calls), &drawn);
                }
            }
        }
        PictureKind::Gantt | PictureKind::Histogram => {
            for it in loads(run) {
                if kind == PictureKind::Gantt {
                    let gantt = gantt::gantt(&it.clients, &it.gauges, &it.names);
                    let story = gantt::story(&gantt, &it.clients);
                    add(out, "", story, &gantt::draw(&gantt, WIDE));
                } else if !it.series.is_empty() {
                    let times = latency::latency(&it.series);
                    let story = latency::story(&times, false);
                    add(out, "", story, &latency::histogram(&times, WIDE));
                }
            }
        }
        PictureKind::DecisionTree => {
            let tried = tried(run);
            add(out, "", tree::story(&tried), &tree::draw(&tried, WIDE));
        }
    }
}

/// Each socket's title and entries.
fn sockets(run: &Run, mut draw: impl FnMut(&str, &[Entry])) {
    for socket in &run.sockets {
        draw(socket.title, &entries_of(run, socket));
    }
}
