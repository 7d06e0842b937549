//! Draws the experiments and the room, each when its place is first in sight.

use std::cell::Cell;

use crate::browser::{self, Listener};
use crate::components::{experiment, room};
use crate::place::Place;

/// Begins to follow the address, for as long as the page is there.
pub fn begin() {
    let drawn = Cell::default();
    enter(&drawn);
    let listener = Listener::window("hashchange", move |_| enter(&drawn));
    // The page has no end before the window's.
    std::mem::forget(listener);
}

/// Which of the two were drawn.
#[derive(Clone, Copy, Default)]
struct Drawn {
    experiments: bool,
    room: bool,
}

fn enter(drawn: &Cell<Drawn>) {
    let mut it = drawn.get();
    match browser::place() {
        Place::Room if !std::mem::replace(&mut it.room, true) => room::app::begin(),
        Place::Experiments if !std::mem::replace(&mut it.experiments, true) => {
            experiment::app::begin();
        }
        _ => {}
    }
    drawn.set(it);
}
