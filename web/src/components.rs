//! What the page is made of: a file for each part, drawn from plain data.

use yew::{Callback, MouseEvent};

use crate::state::Action;

pub mod announcement;
pub mod app;
pub mod buffer;
pub mod class;
pub mod composer;
pub mod connection_test;
pub mod details;
pub mod dialog;
pub mod download;
pub mod drawing;
pub mod experiment;
pub mod export_menu;
pub mod faults;
pub mod filter_bar;
pub mod gantt;
pub mod hex_view;
pub mod inspector;
pub mod latency;
pub mod legs;
pub mod log_list;
pub mod log_row;
pub mod number;
pub mod payload;
pub mod picture;
pub mod picture_file;
pub mod programs;
pub mod room;
pub mod ruler;
pub mod sequence;
pub mod shortcuts;
pub mod sidebar;
pub mod states;
pub mod top_bar;
pub mod tree;

/// Turns an event into an action, where it calls for one.
fn when<E: 'static>(
    act: &Callback<Action>,
    action: impl Fn(E) -> Option<Action> + 'static,
) -> Callback<E> {
    let act = act.clone();
    Callback::from(move |event| {
        if let Some(action) = action(event) {
            act.emit(action);
        }
    })
}

/// Turns a click into an action; the second click of a double click is none.
pub(crate) fn once(act: &Callback<Action>, action: Action) -> Callback<MouseEvent> {
    when(act, move |event: MouseEvent| {
        (event.detail() < 2).then(|| action.clone())
    })
}
