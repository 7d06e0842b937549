//! The pictures of a run, each with the same as a table.

use std::rc::Rc;

use chalkwire_shared::fault::Direction;
use chalkwire_shared::job::Job;
use yew::prelude::*;

use crate::components::buffer::Buffer;
use crate::components::gantt::Gantt;
use crate::components::latency::Histogram;
use crate::components::ruler::Ruler;
use crate::components::sequence::Sequence;
use crate::components::states::{Calls, States};
use crate::components::tree::Tree;
use crate::experiment::run::JobRun;
use crate::experiment::run::drawn::{self, Drawn, entries_of, script, tried};
use crate::experiment::{Experiment, PictureKind, Run};
use crate::model::{Entry, What};

/// Entries of a socket that are drawn as a sequence at the most.
const MOST: usize = 150;

/// What the pictures are drawn from.
#[derive(Clone, Properties)]
pub struct Props {
    /// The experiment.
    pub experiment: &'static Experiment,
    /// The run.
    pub run: Rc<Run>,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        // A run that has changed is another one.
        Rc::ptr_eq(&self.run, &other.run)
    }
}

/// The most telling picture.
#[component]
pub fn See(props: &Props) -> Html {
    let Props { experiment, run } = props;
    html! {
        <>
            if let Some(why) = &run.no_kernel_view { <p class="soft">{ why }</p> }
            { for experiment.pictures.first().map(|it| picture(*it, run)) }
        </>
    }
}

/// The other pictures of the same run.
#[component]
pub fn SeeMore(props: &Props) -> Html {
    let Props { experiment, run } = props;
    let more = |it: &PictureKind| match it {
        // It tells the whole course: much, where another picture has made the point.
        PictureKind::Sequence => html! {
            <details class="exp-more">
                <summary>{ "Step by step, as a sequence" }</summary>
                { picture(*it, run) }
            </details>
        },
        it => picture(*it, run),
    };
    html! { { for experiment.pictures.iter().skip(1).map(more) } }
}

fn picture(kind: PictureKind, run: &Run) -> Html {
    match kind {
        PictureKind::Sequence => sockets(run, |entries| {
            Some(html! { <Sequence {entries} clock={run.clock} most={MOST} /> })
        }),
        PictureKind::Ruler => sockets(run, |entries| {
            Some(html! { <Ruler {entries} way={Direction::ToTarget} /> })
        }),
        PictureKind::Gantt => loads(run, bars),
        PictureKind::Histogram => loads(run, histogram),
        PictureKind::States => html! { <>{ watched(run) }{ called(run) }</> },
        PictureKind::Hex => sockets(run, |entries| {
            let stream = entries
                .iter()
                .any(|it| it.kind.is_some_and(|it| !it.is_datagram()));
            stream.then(|| html! { <Buffer {entries} /> })
        }),
        PictureKind::DecisionTree => tree(run),
    }
}

/// What came of everything that was tried.
fn tree(run: &Run) -> Html {
    html! { <div class="exp-picture"><Tree tried={Rc::new(tried(run))} /></div> }
}

/// A picture of each socket, under what it is for.
fn sockets(run: &Run, draw: impl Fn(Rc<Vec<Entry>>) -> Option<Html>) -> Html {
    html! {
        { for run.sockets.iter().filter_map(|socket| {
            Some(titled(socket.title, draw(Rc::new(entries_of(run, socket)))?))
        }) }
    }
}

/// The states of each socket that the kernel was asked about.
fn watched(run: &Run) -> Html {
    sockets(run, |entries| {
        let seen = entries
            .iter()
            .any(|it| matches!(it.what, What::Kernel { .. }));
        seen.then(|| html! { <States {entries} /> })
    })
}

/// The calls of each job that made some.
fn called(run: &Run) -> Html {
    let calls = |job: &JobRun| {
        let Job::Calls(work) = &job.work else {
            return None;
        };
        let calls = Rc::new(job.calls.clone());
        Some(titled(script(work.script), html! { <Calls {calls} /> }))
    };
    html! { { for run.jobs.iter().filter_map(calls) } }
}

/// A picture of each load.
fn loads(run: &Run, draw: impl Fn(Drawn) -> Option<Html>) -> Html {
    html! {
        { for drawn::loads(run).into_iter().filter_map(|it| {
            Some(html! { <div class="exp-picture">{ draw(it)? }</div> })
        }) }
    }
}

fn bars(it: Drawn) -> Option<Html> {
    let (clients, gauges) = (Rc::new(it.clients), Rc::new(it.gauges));
    Some(html! { <Gantt {clients} {gauges} names={Rc::new(it.names)} /> })
}

fn histogram(it: Drawn) -> Option<Html> {
    (!it.series.is_empty()).then(|| html! { <Histogram series={Rc::new(it.series)} /> })
}

fn titled(title: &'static str, picture: Html) -> Html {
    html! {
        <section class="exp-picture">
            <h3>{ title }</h3>
            { picture }
        </section>
    }
}
