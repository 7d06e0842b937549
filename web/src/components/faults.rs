//! The faults at the composer: which wrongs are done to the next socket and to the picked one.

use chalkwire_shared::fault::ABOUT;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::number::{Number, typed};
use crate::faults::{Chosen, Edit, NO_LOSS, WAYS, fits};
use crate::state::{Action, State};

/// The fold with the faults.
pub fn view(state: &State, act: &Callback<Action>) -> Html {
    let faults = &state.faults;
    let datagram = is_datagram(state);
    let badge = faults.badge(datagram, false);
    let add = super::when(act, |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let at = ABOUT.iter().position(|it| it.kind == select.value())?;
        select.set_value("");
        Some(Action::Fault(Edit::Add(at)))
    });
    let seed = act.reform(|event: Event| Action::Fault(Edit::Seed(typed(&event))));
    html! {
        <details class="faults">
            <summary>
                { "✂ Faults" }
                <span class="made">{ if badge.is_empty() { String::new() } else { format!(": {badge}") } }</span>
            </summary>
            <div class="faults-in" onkeydown={enter}>
                { for faults.list.iter().enumerate().map(|(at, it)| row(at, it, state, act)) }
                <div class="fault-new">
                    <label class="field">
                        <span>{ "Add a fault" }</span>
                        <select onchange={add} disabled={!faults.takes_more()}>
                            <option value="">{ if faults.takes_more() { "Pick one" } else { "No more than these" } }</option>
                            { for ABOUT.iter().filter(|it| fits(it, datagram)).map(|it| html! {
                                <option value={it.kind}>{ it.label }</option>
                            }) }
                        </select>
                    </label>
                    { number("Seed", (0, u32::MAX), faults.seed, is_bad(state, None), seed) }
                </div>
                { trouble(state, None) }
                <p class="about">
                    if !datagram { { NO_LOSS }{ " " } }
                    { "Done to the next socket, and to the picked one from now on. The same seed and the same bytes give the same run." }
                </p>
            </div>
        </details>
    }
}

fn is_datagram(state: &State) -> bool {
    state.kind().is_some_and(|it| it.is_datagram())
}

/// Whether the number of this field was not taken.
fn is_bad(state: &State, field: Option<(usize, usize)>) -> bool {
    state.fault_trouble.as_ref().is_some_and(|it| it.0 == field)
}

/// Why a number of this fault was not taken, or the seed.
fn trouble(state: &State, at: Option<usize>) -> Html {
    match &state.fault_trouble {
        Some((field, why)) if field.map(|it| it.0) == at => {
            html! { <p class="about bad" role="alert">{ why }</p> }
        }
        _ => Html::default(),
    }
}

fn row(at: usize, it: &Chosen, state: &State, act: &Callback<Action>) -> Html {
    let datagram = is_datagram(state);
    let way = super::when(act, move |event: Event| {
        let key = event.target_unchecked_into::<HtmlSelectElement>().value();
        let (way, ..) = WAYS.into_iter().find(|it| it.1 == key)?;
        Some(Action::Fault(Edit::Way(at, way)))
    });
    let remove = act.reform(move |_: MouseEvent| Action::Fault(Edit::Remove(at)));
    html! {
        <fieldset class="fault">
            <legend class="made">{ it.about().label }</legend>
            if it.has_way() {
                <label class="field">
                    <span>{ "Which way" }</span>
                    <select onchange={way}>
                        { for WAYS.into_iter().map(|(way, key, label)| html! {
                            <option value={key} selected={way == it.way}>{ label }</option>
                        }) }
                    </select>
                </label>
            }
            { for it.fields().iter().zip(&it.values).enumerate().map(|(n, (field, value))| {
                let set = act.reform(move |event: Event| Action::Fault(Edit::Value(at, n, typed(&event))));
                number(field.label, (field.min, field.max), *value, is_bad(state, Some((at, n))), set)
            }) }
            <button type="button" class="small" onclick={remove}>{ "Remove" }</button>
            { trouble(state, Some(at)) }
            <p class="about">
                { it.about().effect }
                if !fits(it.about(), datagram) {
                    { if datagram { " Not for datagrams: left out here." } else { " Only for datagrams: left out here." } }
                }
            </p>
        </fieldset>
    }
}

fn number(
    label: &'static str,
    (min, max): (u32, u32),
    value: u32,
    bad: bool,
    turn: Callback<Event>,
) -> Html {
    html! {
        <label class="field">
            <span>{ label }</span>
            <Number {min} {max} value={value.to_string()} {bad} {turn} />
        </label>
    }
}

/// Enter enters the number; the message is not sent with it.
fn enter(event: KeyboardEvent) {
    let input = event.target_dyn_into::<HtmlInputElement>();
    if let Some(input) = input.filter(|_| event.key() == "Enter") {
        event.prevent_default();
        // Neither fails on what has the focus.
        let _ = input.blur().and_then(|()| input.focus());
    }
}
