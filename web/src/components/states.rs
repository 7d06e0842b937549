//! Timelines: the states of a socket, and the calls of a program.

use std::rc::Rc;

use chalkwire_shared::job::Call;
use yew::prelude::*;

use super::drawing::drawing;
use crate::model::Entry;
use crate::pictures::{calls, states};

/// What a state timeline is drawn from.
#[derive(PartialEq, Properties)]
pub struct StatesProps {
    /// The entries of one socket, in order; those of the kernel's view are drawn.
    pub entries: Rc<Vec<Entry>>,
}

/// A strip for each end: its states over time, its queues beside it.
#[component]
pub fn States(props: &StatesProps) -> Html {
    states_of(&props.entries)
}

/// The same without a component of its own, for a page whose weight counts; drawn anew each time.
pub fn states_of(entries: &[Entry]) -> Html {
    let states = states::states(entries);
    if states.strips.is_empty() {
        return html! { <p class="seq-empty">{ "The kernel’s view of this socket is not known." }</p> };
    }
    drawing(states::story(&states), None, |width| {
        states::draw(&states, width)
    })
}

/// What a timeline of calls is drawn from.
#[derive(PartialEq, Properties)]
pub struct CallsProps {
    /// The calls, in order.
    pub calls: Rc<Vec<Call>>,
}

/// A lane for calls that are alike: how long they waited, and what they said.
#[component]
pub fn Calls(props: &CallsProps) -> Html {
    drawing(calls::story(&props.calls), None, |width| {
        calls::draw(&props.calls, width)
    })
}
