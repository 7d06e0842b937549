//! The room's page.

use yew::prelude::*;

use crate::browser;
use crate::place::Place;

/// Draws the page in its element.
pub fn begin() {
    if let Some(root) = browser::element(Place::Room.id()) {
        yew::Renderer::<Room>::with_root(root).render();
    }
}

/// The page.
#[component]
pub fn Room() -> Html {
    html! { <main><h1>{ "Rooms" }</h1></main> }
}
