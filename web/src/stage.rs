//! Draws the Lab when its place is first in sight, and gives the page its title and the focus then.

use std::cell::Cell;

use crate::browser::{self, Listener};
use crate::components::app::App;
use crate::pages::lab::MAIN_ID;
use crate::place::Place;

/// Begins to follow the address, for as long as the page is there.
pub fn begin() {
    let stage = Cell::default();
    enter(&stage);
    let listener = Listener::window("hashchange", move |_| enter(&stage));
    // The page has no end before the window's.
    std::mem::forget(listener);
}

/// How the Lab stands.
#[derive(Clone, Copy, Default)]
struct Stage {
    drawn: bool,
    in_sight: bool,
}

fn enter(stage: &Cell<Stage>) {
    let Stage { drawn, in_sight } = stage.get();
    let lab = browser::place() == Place::Lab;
    stage.set(Stage {
        drawn: drawn || lab,
        in_sight: lab,
    });
    if !lab || in_sight {
        return;
    }
    browser::set_title("Chalkwire: the Lab");
    match browser::element(Place::Lab.id()) {
        Some(root) if !drawn => drop(yew::Renderer::<App>::with_root(root).render()),
        _ => browser::focus(MAIN_ID),
    }
}
