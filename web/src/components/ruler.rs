//! The byte ruler of one socket.

use std::rc::Rc;

use chalkwire_shared::fault::Direction;
use yew::prelude::*;

use super::drawing::drawing;
use crate::model::Entry;
use crate::pictures::ruler::{draw, ruler, story};

/// What a ruler measures.
#[derive(PartialEq, Properties)]
pub struct RulerProps {
    /// The entries of one socket, in order.
    pub entries: Rc<Vec<Entry>>,
    /// What went to the target, what came back, or both under each other.
    #[prop_or_default]
    pub way: Direction,
    /// Whether bytes went before these.
    #[prop_or_default]
    pub earlier: bool,
}

/// The bytes once, the cuts of `send` above, those of `recv` below, and the same as a table.
#[component]
pub fn Ruler(props: &RulerProps) -> Html {
    let mut ruler = ruler(&props.entries, props.way);
    ruler.earlier = props.earlier;
    if ruler.tracks.is_empty() {
        return html! { <p class="seq-empty">{ "No bytes were sent on this socket yet." }</p> };
    }
    drawing(story(&ruler), None, |width| draw(&ruler, width))
}
