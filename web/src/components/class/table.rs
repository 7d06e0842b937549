//! A picture's data as a table, where the picture is not one of [`drawing`](crate::components::drawing)'s.

use std::rc::Rc;

use yew::prelude::*;

use crate::components::drawing::{PAGE, table};
use crate::pictures::story::Story;

/// What the table is of.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The picture in words.
    pub story: Rc<Story>,
}

/// The table, the first rows of it, and a button for more.
#[component]
pub fn DataTable(props: &Props) -> Html {
    let shown = use_state_eq(|| PAGE);
    table(&props.story, &shown)
}
