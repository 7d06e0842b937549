//! Shortcuts: what keys do wherever the focus is, and the list of them.

use web_sys::{HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use super::composer::MESSAGE_ID;
use super::dialog::Dialog;
use super::filter_bar::FILTER_ID;
use super::log_list::LIST_ID;
use crate::browser;
use crate::state::{Action, Overlay, State};

/// The single keys, and what they do.
const SINGLE: [(&str, &str); 7] = [
    ("?", "shows these shortcuts"),
    ("m", "goes to the message"),
    ("l", "goes to the log"),
    ("/", "goes to the filter"),
    ("p", "stops the log, or lets it go on"),
    ("c", "connects"),
    ("g", "folds or unfolds the picture"),
];

/// The others.
const OTHERS: [(&str, &str); 6] = [
    ("Enter", "sends a message of one line"),
    ("Ctrl/⌘ + Enter", "sends one of many lines"),
    ("↑ ↓", "in the message: recall what was sent before"),
    ("↑ ↓ Page Home End", "in the log: pick a row"),
    ("Enter", "in the log: shows the row’s details"),
    ("Esc", "closes what is on top"),
];

/// Takes a key of the whole page.
pub fn key(event: &KeyboardEvent, state: &State) -> Option<Action> {
    if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return None;
    }
    if event.repeat() {
        // A key held down presses a button once.
        if event.key() == "Enter" && browser::is_button(event) {
            event.prevent_default();
        }
        return None;
    }
    if event.key() == "Escape" {
        return Some(Action::Escape);
    }
    if !state.settings.keys || state.overlay.is_some() || browser::is_typing(event) {
        return None;
    }
    let go = |id| {
        browser::focus(id);
        None
    };
    let action = match event.key().as_str() {
        "?" => Some(Action::Overlay(Overlay::Shortcuts)),
        "m" => go(MESSAGE_ID),
        "l" => go(LIST_ID),
        "/" => go(FILTER_ID),
        "p" => Some(Action::Pause),
        "c" => Some(Action::Connect),
        "g" => Some(Action::Picture(!state.settings.picture)),
        _ => return None,
    };
    event.prevent_default();
    action
}

/// The list of them.
pub fn dialog(state: &State, act: &Callback<Action>) -> Html {
    let keys = act.reform(|event: Event| {
        Action::Keys(event.target_unchecked_into::<HtmlInputElement>().checked())
    });
    let list = |keys: &[(&'static str, &'static str)]| {
        html! {
            <dl class="keys">
                { for keys.iter().map(|(key, what)| html! {
                    <><dt><kbd>{ *key }</kbd></dt><dd>{ *what }</dd></>
                }) }
            </dl>
        }
    };
    html! {
        <Dialog title="Shortcuts" on_done={act.reform(|()| Action::Escape)}>
            { list(&OTHERS) }
            <label class="tick">
                <input type="checkbox" checked={state.settings.keys} onchange={keys} />
                { "Single keys are shortcuts" }
            </label>
            { list(&SINGLE) }
            <p class="more">
                <button class="small" onclick={act.reform(|_: MouseEvent| Action::Overlay(Overlay::Test))}>
                    { "Connection test" }
                </button>
            </p>
        </Dialog>
    }
}
