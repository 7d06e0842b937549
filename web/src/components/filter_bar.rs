//! The bar above the log: what is shown, how, and what can be done with it.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::bytes::View;
use crate::state::settings::Times;
use crate::state::{Action, State};
use crate::words::{CLASSES, class_name, sign};

/// The id of the filter, for shortcuts.
pub const FILTER_ID: &str = "filter";

/// The bar.
pub fn view(state: &State, act: &Callback<Action>) -> Html {
    let filter = state.log.filter();
    let write = act.reform(|event: InputEvent| {
        Action::Filter(event.target_unchecked_into::<HtmlInputElement>().value())
    });
    let press = |action: Action| act.reform(move |_: MouseEvent| action.clone());
    let waiting = state.log.waiting();
    let times = match state.settings.times {
        Times::Before => Times::First,
        Times::First => Times::Before,
    };
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
            <span class="segments" role="group" aria-label="Bytes as">
                { for View::ALL.into_iter().map(|view| html! {
                    <button aria-pressed={(view == state.settings.view).to_string()}
                        onclick={press(Action::View(view))}>
                        { view.label() }
                    </button>
                }) }
            </span>
            <button class="small" onclick={press(Action::Times(times))}
                title="What the second time of a row counts from">
                { match state.settings.times {
                    Times::Before => "Δ row before",
                    Times::First => "Δ first row",
                } }
            </button>
            <span class="grow"></span>
            if waiting > 0 {
                <span class="new">{ format!("{waiting} new") }</span>
            }
            <button class="small" aria-pressed={state.log.is_paused().to_string()}
                onclick={press(Action::Pause)}>
                { "Pause" }
            </button>
            <button class="small" onclick={press(Action::Clear)} disabled={state.log.is_empty()}>
                { "Clear" }
            </button>
            if state.log.can_undo() {
                <button class="small" onclick={press(Action::UndoClear)}>{ "Undo" }</button>
            }
        </div>
    }
}
