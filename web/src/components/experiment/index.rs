//! The list of the experiments.

use yew::prelude::*;

use crate::experiment::settings::PATH;
use crate::experiment::{ALL, Experiment, PictureKind};
use crate::pages::experiments::HEADING_ID;

/// The list; `unknown` where the address names an experiment that there is not.
pub fn view(unknown: bool) -> Html {
    html! {
        <div class="exp-index">
            <h1 id={HEADING_ID} tabindex="-1">{ "Experiments" }</h1>
            <p class="soft">
                { "Guess first, then run it: real sockets, real servers, nothing simulated. Each takes less than a minute." }
            </p>
            if unknown {
                <p class="exp-bad" role="alert">{ "There is no experiment of that name. These are all:" }</p>
            }
            <ol class="exp-cards">{ for ALL.iter().map(|it| card(it)) }</ol>
        </div>
    }
}

/// What a picture is called.
fn picture(kind: PictureKind) -> &'static str {
    match kind {
        PictureKind::Sequence => "sequence",
        PictureKind::Ruler => "byte ruler",
        PictureKind::Gantt => "bars",
        PictureKind::Hex => "bytes",
        PictureKind::Histogram => "histogram",
        PictureKind::States => "states",
        PictureKind::DecisionTree => "decision tree",
    }
}

fn card(it: &Experiment) -> Html {
    let pictures: Vec<&str> = it.pictures.iter().map(|it| picture(*it)).collect();
    html! {
        <li class="exp-card">
            <span class="exp-number" aria-hidden="true">{ it.number }</span>
            <h2>
                <a href={format!("{PATH}{}", it.slug)}>
                    <span class="unseen">{ format!("{} · ", it.number) }</span>{ it.title }
                </a>
            </h2>
            <p>{ it.about }</p>
            <p class="exp-marks">
                <span>{ pictures.join(" · ") }</span>
                if it.linux { <span class="kind">{ "Linux" }</span> }
            </p>
        </li>
    }
}
