//! Draws the places of the second program: each when somebody is there for the first time.

use std::cell::Cell;

use web_sys::EventTarget;

use crate::browser::{self, Listener};
use crate::components::experiment;
use crate::pages::room;
use crate::place::Place;

/// Begins to follow the address, for as long as the page is there.
pub fn begin() {
    let drawn = Cell::new([false; Place::ALL.len()]);
    draw(&drawn);
    if let Some(window) = browser::window().map(EventTarget::from) {
        let listener = Listener::new(window, "hashchange", move |_| draw(&drawn));
        // The page has no end before the window's.
        std::mem::forget(listener);
    }
}

fn draw(drawn: &Cell<[bool; Place::ALL.len()]>) {
    let place = browser::place();
    let mut it = drawn.get();
    let Some(was_drawn) = it.get_mut(place as usize) else {
        return;
    };
    if std::mem::replace(was_drawn, true) {
        return;
    }
    drawn.set(it);
    match place {
        // That is the other program's.
        Place::Lab => {}
        Place::Experiments => experiment::app::begin(),
        Place::Room => room::begin(),
    }
}
