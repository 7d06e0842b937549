//! The bar above the log: what is shown, how, and what can be done with it.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::app::Page;
use super::export_menu::ExportMenu;
use crate::bytes::View;
use crate::state::settings::Times;
use crate::state::{Action, State};
use crate::words::{CLASSES, class_name, sign};

/// The id of the filter, for shortcuts.
pub const FILTER_ID: &str = "filter";

/// From what the second time of a row counts.
const TIMES: [(Times, &str, &str); 2] = [
    (Times::Before, "before", "Δ before"),
    (Times::First, "first", "Δ first"),
];

/// The bar.
pub fn view(page: &Page, state: &State, act: &Callback<Action>) -> Html {
    let filter = state.wire.log.filter();
    let write = act.reform(|event: InputEvent| {
        Action::Filter(event.target_unchecked_into::<HtmlInputElement>().value())
    });
    let press = |action: Action| act.reform(move |_: MouseEvent| action.clone());
    let waiting = state.wire.log.waiting();
    let view = super::when(act, |event: Event| {
        let label = event.target_unchecked_into::<HtmlSelectElement>().value();
        let view = View::ALL.into_iter().find(|it| it.label() == label)?;
        Some(Action::View(view))
    });
    let times = super::when(act, |event: Event| {
        let key = event.target_unchecked_into::<HtmlSelectElement>().value();
        let (times, ..) = TIMES.into_iter().find(|(_, it, _)| *it == key)?;
        Some(Action::Times(times))
    });
    html! {
        <div class="bar">
            <input id={FILTER_ID} class="filter" type="search" aria-label="Filter" placeholder="Filter"
                value={filter.text.clone()} oninput={write} autocomplete="off" spellcheck="false" />
            <span class="chips" role="group" aria-label="Shown">
                { for CLASSES.into_iter().map(|class| html! {
                    <button class={classes!("chip", class_name(class))}
                        aria-pressed={(!filter.hidden.contains(&class)).to_string()}
                        onclick={press(Action::ToggleClass(class))}>
                        <span aria-hidden="true">{ sign(class) }</span>{ " " }{ class_name(class) }
                    </button>
                }) }
            </span>
            <select class="small" aria-label="Bytes as" onchange={view}>
                { for View::ALL.into_iter().map(|view| html! {
                    <option value={view.label()} selected={view == state.settings.view}>
                        { view.label() }
                    </option>
                }) }
            </select>
            <select class="small" aria-label="Times count from" onchange={times}>
                { for TIMES.into_iter().map(|(times, key, label)| html! {
                    <option value={key} selected={times == state.settings.times}>{ label }</option>
                }) }
            </select>
            <span class="verbs-of-log">
            if waiting > 0 {
                <span class="new">{ format!("{waiting} new") }</span>
            }
            <button class="small" aria-pressed={state.wire.log.is_paused().to_string()}
                onclick={press(Action::Pause)}>
                { "Pause" }
            </button>
            <button class="small" onclick={press(Action::Clear)} disabled={state.wire.log.is_empty()}>
                { "Clear" }
            </button>
            if state.wire.log.can_undo() {
                <button class="small" onclick={press(Action::UndoClear)}>{ "Undo" }</button>
            }
            <ExportMenu page={page.clone()} />
            </span>
        </div>
    }
}
