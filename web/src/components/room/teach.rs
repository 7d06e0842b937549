//! The teacher's board: what holds for the whole room.

use chalkwire_shared::room::{Command, Facts};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::Props;
use crate::components::dialog::Dialog;
use crate::experiment::{ALL, settings::PATH};
use crate::place::Place;
use crate::room::Action;

/// The switches of the room, where it is led to, and its end.
#[component]
pub fn Teach(props: &Props) -> Html {
    let ends = use_state_eq(|| false);
    let seat = props.desk.state();
    let Some(inside) = &seat.inside else {
        return Html::default();
    };
    let facts = inside.facts();
    let (allowed, faults) = inside.allowed();
    // Switches that the room has not turned yet.
    let waits = |command: fn(bool) -> Command| {
        let kind = std::mem::discriminant(&command(true));
        inside.waits(|it| std::mem::discriminant(it) == kind)
    };
    let switch = |label, about, on, command: fn(bool) -> Command| {
        switch(label, about, on, waits(command), command, &props.act)
    };
    let ask = {
        let ends = ends.clone();
        Callback::from(move |_: MouseEvent| ends.set(true))
    };
    let close = {
        let ends = ends.clone();
        Callback::from(move |()| ends.set(false))
    };
    let end = {
        let (ends, act) = (ends.clone(), props.act.clone());
        Callback::from(move |_: MouseEvent| {
            ends.set(false);
            act.emit(Action::Tell(Command::End));
        })
    };
    html! {
        <section class="room-teach" tabindex="-1" aria-labelledby="room-teach">
            <h2 id="room-teach">{ "The room" }</h2>
            <div class="buttons">
                { switch("Lock", "Let nobody new in by the code", facts.locked, |on| Command::Lock { on }) }
                { switch("Pause sending", "Nobody but teachers sends", facts.paused, |on| Command::Pause { on }) }
                <button class="small" title="The room for a wall: large, with the code, nothing to press"
                    onclick={props.act.reform(|_: MouseEvent| Action::Projector(true))}>{ "Projector" }</button>
                { switch("Hide names", "On the projector, members are numbers", facts.names_hidden, |on| Command::HideNames { on }) }
            </div>
            { lead(facts, &props.act) }
            <Allow targets={seat.wire.targets.iter().map(|it| it.name.clone()).collect::<Vec<_>>()}
                {allowed} {faults} act={props.act.clone()} />
            <p><button class="small room-danger" onclick={ask}>{ "End the room …" }</button></p>
            if *ends {
                <Dialog title="End the room?" done="Cancel" on_done={close}>
                    <p>{ "Everybody is put out, and the transcript is deleted with the room. Export it first if you want to keep it." }</p>
                    <p class="more"><button class="primary room-danger" onclick={end}>{ "End the room" }</button></p>
                </Dialog>
            }
        </section>
    }
}

/// A switch that says what it is now.
fn switch(
    label: &'static str,
    about: &'static str,
    on: bool,
    waits: bool,
    command: fn(bool) -> Command,
    act: &Callback<Action>,
) -> Html {
    let go = act.reform(move |_: MouseEvent| Action::Tell(command(!on)));
    html! {
        <button class="small" aria-pressed={on.to_string()} title={about} onclick={go}>
            { label }{ if on { ": on" } else { "" } }{ if waits { " …" } else { "" } }
        </button>
    }
}

/// Where all who follow are led.
fn lead(facts: &Facts, act: &Callback<Action>) -> Html {
    let emit = act.clone();
    let show = Callback::from(move |event: Event| {
        let place = event.target_unchecked_into::<HtmlSelectElement>().value();
        let place = (!place.is_empty()).then_some(place);
        emit.emit(Action::Tell(Command::Show { place }));
    });
    let now = facts.showing.as_deref().unwrap_or_default();
    let path = |it: &str| it.split('?').next().unwrap_or_default().to_owned();
    let option = |place: String, label: String| {
        let selected = path(now) == place;
        html! { <option value={place} {selected}>{ label }</option> }
    };
    let known = |it: &str| {
        let lab = Place::Lab.fragment();
        it == lab
            || ALL
                .iter()
                .any(|experiment| it == format!("{PATH}{}", experiment.slug))
    };
    html! {
        <label class="field room-lead">
            <span>{ "Follow me: show everyone" }</span>
            <select onchange={show}>
                <option value="" selected={now.is_empty()}>{ "nothing: each where they are" }</option>
                { option(Place::Lab.fragment().to_owned(), "the Lab".to_owned()) }
                { for ALL.iter().map(|it| option(
                    format!("{PATH}{}", it.slug),
                    format!("{} · {}", it.number, it.title),
                )) }
                if !now.is_empty() && !known(&path(now)) {
                    <option value={now.to_owned()} selected=true>{ now.to_owned() }</option>
                }
            </select>
        </label>
    }
}

/// What may be sent to.
#[derive(Clone, PartialEq, Properties)]
struct AllowProps {
    targets: Vec<String>,
    allowed: Option<Vec<String>>,
    faults: bool,
    act: Callback<Action>,
}

/// The targets that are allowed, and faults: each tick holds at once.
#[component]
fn Allow(props: &AllowProps) -> Html {
    let allows = |name: &String| props.allowed.as_ref().is_none_or(|it| it.contains(name));
    let count = props.targets.iter().filter(|it| allows(it)).count();
    let tick = |name: &String| {
        let (act, faults, name) = (props.act.clone(), props.faults, name.clone());
        let (all, allowed) = (props.targets.clone(), props.allowed.clone());
        let checked = allows(&name);
        let label = name.clone();
        let change = Callback::from(move |event: Event| {
            let on = event.target_unchecked_into::<HtmlInputElement>().checked();
            let mut names = allowed.clone().unwrap_or_else(|| all.clone());
            names.retain(|it| *it != name && all.contains(it));
            if on {
                names.push(name.clone());
            }
            let targets = (names.len() < all.len()).then_some(names);
            act.emit(Action::Tell(Command::Allow { targets, faults }));
        });
        html! {
            <label class="tick">
                <input type="checkbox" {checked} onchange={change} /><span>{ label }</span>
            </label>
        }
    };
    let faults = {
        let (act, targets) = (props.act.clone(), props.allowed.clone());
        Callback::from(move |event: Event| {
            let faults = event.target_unchecked_into::<HtmlInputElement>().checked();
            let targets = targets.clone();
            act.emit(Action::Tell(Command::Allow { targets, faults }));
        })
    };
    html! {
        <details class="room-allow">
            <summary>
                { format!("Allowed: {count} of {} targets, faults {}", props.targets.len(),
                    if props.faults { "allowed" } else { "not allowed" }) }
            </summary>
            <div class="room-ticks">{ for props.targets.iter().map(tick) }</div>
            <label class="tick">
                <input type="checkbox" checked={props.faults} onchange={faults} />
                <span>{ "Members may ask for faults" }</span>
            </label>
        </details>
    }
}
