//! The decision tree of what a program is told when nobody serves it.

use std::rc::Rc;

use yew::prelude::*;

use super::drawing::drawing;
use crate::pictures::tree::{Tried, draw, story};

/// What a tree is drawn from.
#[derive(PartialEq, Properties)]
pub struct TreeProps {
    /// What was tried, and what came of it.
    pub tried: Rc<Vec<Tried>>,
}

/// The tree, with what was tried under its leaves.
#[component]
pub fn Tree(props: &TreeProps) -> Html {
    drawing(story(&props.tried), None, |width| draw(&props.tried, width))
}
