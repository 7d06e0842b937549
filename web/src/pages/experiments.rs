//! The experiments: the list, and each one from prediction to explanation.

use std::rc::Rc;

use yew::prelude::*;

use crate::components::experiment::again::{self, Again};
use crate::components::experiment::files::Files;
use crate::components::experiment::see::{See, SeeMore};
use crate::components::experiment::take_home::TakeHome;
use crate::components::experiment::{check, index, knobs, predict, run};
use crate::components::top_bar::{self, Bar};
use crate::desk::Desk;
use crate::experiment::settings::PATH;
use crate::experiment::{Experiment, runner};
use crate::place::Place;
use crate::visit::{Action, Sheet, Shown, Visit, neighbours};

/// The id of the heading, for the focus.
pub const HEADING_ID: &str = "experiment";

/// What the page is drawn from.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// The state.
    pub desk: Desk<Visit>,
    /// What somebody does.
    pub act: Callback<Action>,
}

/// The page.
#[component]
pub fn Experiments(props: &Props) -> Html {
    let visit = props.desk.state();
    let body = match (visit.shown, visit.sheet()) {
        (Shown::One(_), Some((experiment, sheet))) => one(props, &visit, experiment, sheet),
        (shown, _) => index::view(matches!(shown, Shown::Unknown)),
    };
    html! {
        <div class={classes!("exp-page", visit.embed.then_some("embed"))}>
            if !visit.embed { { top(props, &visit) } }
            <main class="exp" tabindex="-1">{ body }</main>
        </div>
    }
}

fn top(props: &Props, visit: &Visit) -> Html {
    let bar = Bar {
        place: Place::Experiments,
        theme: visit.theme,
        link: &visit.runner.wire().link,
        now_ms: props.desk.now_ms,
    };
    let retry = props.act.reform(|()| Action::Runner(runner::Action::Retry));
    top_bar::view(
        bar,
        &props.act.reform(Action::Theme),
        &retry,
        Html::default(),
    )
}

fn one(props: &Props, visit: &Visit, experiment: &'static Experiment, sheet: &Sheet) -> Html {
    let act = &props.act;
    let fragment = again::fragment(experiment, &sheet.settings);
    html! {
        <div class="exp-two" key={experiment.slug}>
            <article aria-labelledby={HEADING_ID}>
                if !visit.embed {
                    <p class="exp-back"><a href={Place::Experiments.fragment()}>{ "‹ All experiments" }</a></p>
                }
                <h1 id={HEADING_ID} tabindex="-1">
                    { format!("{} · {}", experiment.number, experiment.title) }
                    if experiment.linux { <span class="kind">{ "Linux" }</span> }
                </h1>
                <p class="soft">{ experiment.about }</p>
                <p class="exp-question">{ experiment.question }</p>
                { predict::view(experiment, sheet, act) }
                { run::view(visit, experiment, sheet, act) }
                { results(experiment, sheet) }
                if !visit.embed {
                    <TakeHome {experiment} settings={sheet.settings.clone()} />
                    { files(props, experiment, sheet) }
                    { turn_page(experiment) }
                }
            </article>
            <aside aria-label="Settings and take-away">
                if visit.embed {
                    { knobs::list(experiment, sheet) }
                    <p>
                        <a href={again::link(&props.desk.base, &fragment, false)} target="_blank" rel="noopener">
                            { "Open in Chalkwire" }
                        </a>
                    </p>
                } else {
                    { knobs::view(visit, experiment, sheet, act) }
                    <Again {fragment} seed={sheet.settings.seed} base={props.desk.base.clone()} />
                }
            </aside>
        </div>
    }
}

/// What came out: pictures, verdict, explanation.
fn results(experiment: &'static Experiment, sheet: &Sheet) -> Html {
    let Some(run) = &sheet.run else {
        return Html::default();
    };
    html! {
        <>
            <section class="exp-see" tabindex="-1" aria-labelledby="exp-see">
                <h2 id="exp-see" class="exp-step">{ "See" }</h2>
                <See {experiment} run={Rc::clone(run)} />
            </section>
            if run.end.is_some() {
                { check::view(experiment, sheet, run) }
                <details class="exp-why">
                    <summary>{ "Why?" }</summary>
                    { for experiment.explain.iter().map(|it| html! { <p>{ *it }</p> }) }
                </details>
                if experiment.pictures.len() > 1 {
                    <section class="exp-see" tabindex="-1" aria-labelledby="exp-see-more">
                        <h2 id="exp-see-more" class="exp-step">{ "The same run, seen otherwise" }</h2>
                        <SeeMore {experiment} run={Rc::clone(run)} />
                    </section>
                }
            }
        </>
    }
}

/// The run that is over, as files.
fn files(props: &Props, experiment: &'static Experiment, sheet: &Sheet) -> Html {
    let Some(run) = sheet.run.as_ref().filter(|it| it.end.is_some()) else {
        return Html::default();
    };
    let base = props.desk.base.clone();
    let way = props.desk.state().runner.wire().link.ways().way();
    html! { <Files {experiment} run={Rc::clone(run)} bet={sheet.bet} {base} {way} /> }
}

/// The experiments before and after.
fn turn_page(experiment: &Experiment) -> Html {
    let (before, after) = neighbours(experiment);
    let link = |to: Option<&'static Experiment>, rel: &'static str, word: &'static str| {
        to.map(|to| {
            html! {
                <a href={format!("{PATH}{}", to.slug)} {rel}>
                    <span class="soft">{ word }</span>
                    { format!("{} · {}", to.number, to.title) }
                </a>
            }
        })
        .unwrap_or_else(|| html! { <span></span> })
    };
    html! {
        <nav class="exp-turn" aria-label="Other experiments">
            { link(before, "prev", "Before") }
            { link(after, "next", "Next") }
        </nav>
    }
}
