//! The pictures of a run, each with the same as a table.

use std::rc::Rc;

use yew::prelude::*;

use crate::components::sequence::Sequence;
use crate::experiment::{Experiment, PictureKind, Run};
use crate::model::Entry;

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

/// The pictures, the most telling one first.
#[component]
pub fn See(props: &Props) -> Html {
    let Props { experiment, run } = props;
    html! {
        <>{ for experiment.pictures.iter().map(|it| picture(*it, run)) }</>
    }
}

fn picture(kind: PictureKind, run: &Rc<Run>) -> Html {
    match kind {
        PictureKind::Sequence => sequences(run),
        _ => Html::default(),
    }
}

/// A sequence for each socket.
fn sequences(run: &Run) -> Html {
    html! {
        { for run.sockets.iter().map(|socket| {
            let entries: Vec<Entry> = run
                .entries
                .iter()
                .filter(|it| it.socket == Some(socket.id))
                .cloned()
                .collect();
            html! {
                <section class="exp-picture" key={socket.id.0}>
                    <h3>{ socket.title }</h3>
                    <Sequence entries={Rc::new(entries)} clock={run.clock} />
                </section>
            }
        }) }
    }
}
