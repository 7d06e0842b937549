//! The slim bar above another place, while the page is in a room.

use chalkwire_shared::role::Role;
use chalkwire_shared::room::Command;
use yew::prelude::*;

use crate::components::announcement;
use crate::place::Place;
use crate::room::follow::Led;
use crate::room::{Action, Seat, Stage};

/// The bar.
pub fn view(seat: &Seat, act: &Callback<Action>) -> Html {
    let Some(inside) = &seat.inside else {
        return Html::default();
    };
    let title = inside.facts().title.clone();
    html! {
        <section class="room-bar" aria-label="Your room">
            <a href={Place::Room.fragment()}>
                <span aria-hidden="true">{ "‹ " }</span>
                { if title.is_empty() { "Room".to_owned() } else { title } }
            </a>
            { now(seat, inside, act) }
            { announcement::view(&seat.told) }
        </section>
    }
}

fn now(seat: &Seat, inside: &crate::room::Inside, act: &Callback<Action>) -> Html {
    if let Stage::Out { detail } = &seat.stage {
        return html! { <span class="error">{ "✕ " }{ detail }</span> };
    }
    let run = inside.armed().filter(|it| !it.over);
    let said = |text: &'static str| html! { <span class="soft">{ text }</span> };
    let tell = |label: &'static str, command: Command| {
        let go = act.reform(move |_: MouseEvent| Action::Tell(command.clone()));
        html! { <button class="small" onclick={go}>{ label }</button> }
    };
    let to = |label: &'static str| {
        let go = act.reform(|_: MouseEvent| Action::ToTeacher);
        html! { <button class="small" onclick={go}>{ label }</button> }
    };
    html! {
        <>
            if run.is_some() { <b>{ "Everyone is sending now" }</b> }
            { match seat.led() {
                Led::There(_) => html! {
                    <>{ said("You follow the teacher") }{ tell("Stop", Command::Follow { on: false }) }</>
                },
                Led::Strayed(_) => to("Back to the teacher"),
                Led::Left(_) => html! {
                    <>{ to("Look at the teacher’s") }{ tell("Follow", Command::Follow { on: true }) }</>
                },
                Led::No => Html::default(),
            } }
            if inside.you.role == Role::Teacher { { lead(inside, act) } }
        </>
    }
}

/// A teacher leads the class to where it is now.
fn lead(inside: &crate::room::Inside, act: &Callback<Action>) -> Html {
    // The address knows the settings that were turned here; it is asked when it is pressed.
    let show = act.reform(|_: MouseEvent| {
        let now = crate::browser::fragment();
        let place = match Place::of(&now) {
            // Its settings are one's own.
            Place::Lab => Place::Lab.fragment().to_owned(),
            _ => now,
        };
        Action::Tell(Command::Show { place: Some(place) })
    });
    let stop = act.reform(|_: MouseEvent| Action::Tell(Command::Show { place: None }));
    html! {
        <>
            <button class="small" onclick={show}>{ "Show this to everyone" }</button>
            if inside.facts().showing.is_some() {
                <button class="small" onclick={stop}>{ "Lead no more" }</button>
            }
        </>
    }
}
