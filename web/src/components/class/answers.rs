//! What everyone found in an experiment.

use std::rc::Rc;

use yew::prelude::*;

use crate::components::drawing::drawing;
use crate::pictures::answers::{Answers, draw, experiment, story};
use crate::pictures::class::Seen;

/// What is drawn.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// A run of an experiment.
    pub seen: Rc<Seen>,
}

/// Bars of answers, and the measured sentences as a table.
#[component]
pub fn Findings(props: &Props) -> Html {
    let experiment = experiment(&props.seen.armed);
    let it = Answers::of(&props.seen);
    html! {
        <div class="class-findings">
            if let Some(experiment) = experiment { <p>{ experiment.question }</p> }
            <p class="class-says">{ it.summary() }</p>
            { drawing(story(&it), None, |width| draw(&it, width)) }
        </div>
    }
}
