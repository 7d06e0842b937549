//! The sequence diagram of one socket, and the same as a table.

use std::rc::Rc;

use yew::prelude::*;

use super::drawing::drawing;
use crate::model::{ClockMap, Entry};
use crate::pictures::shape::Width;
use crate::sequence::steps::{MOST, steps_within};
use crate::sequence::{Shape, draw, shapes, story};

/// What a diagram needs.
#[derive(Properties)]
pub struct SequenceProps {
    /// The entries of one socket, in order.
    pub entries: Rc<Vec<Entry>>,
    /// How the clocks are related.
    #[prop_or_default]
    pub clock: Option<ClockMap>,
    /// The number of the entry that is selected in the log.
    #[prop_or_default]
    pub selected: Option<u32>,
    /// How many entries are drawn at the most; the others are counted.
    #[prop_or(MOST)]
    pub most: usize,
}

impl PartialEq for SequenceProps {
    fn eq(&self, other: &Self) -> bool {
        // The same list is equal without being read through.
        (Rc::ptr_eq(&self.entries, &other.entries) || self.entries == other.entries)
            && self.clock == other.clock
            && self.selected == other.selected
            && self.most == other.most
    }
}

/// Lifelines of you, the gateway and the target, and what went between them.
#[component]
pub fn Sequence(props: &SequenceProps) -> Html {
    let target = props
        .entries
        .iter()
        .map(|entry| entry.target.as_str())
        .find(|name| !name.is_empty())
        .unwrap_or("server");
    let steps = steps_within(&props.entries, props.clock, props.most);
    if steps.steps.is_empty() {
        return html! { <p class="seq-empty">{ "Nothing happened on this socket yet." }</p> };
    }
    let is_selected = |no: u32| steps.steps.iter().position(|step| step.no == no);
    let picked = props.selected.and_then(is_selected);
    drawing(story(&steps, target, props.clock), picked, |width| {
        let shape = match width {
            Width::Wide => Shape::Wide,
            Width::Narrow => Shape::Narrow,
        };
        shapes(&draw(&steps, target, shape), &steps)
    })
}
