//! What everyone found in an experiment.

use std::rc::Rc;

use yew::prelude::*;

use crate::components::drawing::drawing;
use crate::experiment::Settings;
use crate::pictures::answers::{answers, draw, story};
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
    let Seen { senders, armed, .. } = &*props.seen;
    let place = armed.plan.experiment.as_deref().unwrap_or_default();
    let experiment = Settings::from_fragment(place).map(|it| it.0);
    let texts: Vec<&str> = experiment
        .map(|it| it.answers.iter().map(|it| it.text).collect())
        .unwrap_or_default();
    let found = senders.iter().filter_map(|it| {
        let found = it.found.clone().filter(|it| it.run == armed.run)?;
        Some((it.name.clone(), found))
    });
    let expected = if armed.over {
        0
    } else {
        senders.iter().filter(|it| it.expected).count()
    };
    let it = answers(&texts, found.collect(), expected);
    html! {
        <div class="class-findings">
            if let Some(experiment) = experiment { <p>{ experiment.question }</p> }
            <p class="class-says">{ it.summary() }</p>
            { drawing(story(&it), None, |width| draw(&it, width)) }
        </div>
    }
}
