//! The room's heading: its title, who is here, whether it is saved, and what one must know now.

use chalkwire_shared::role::Role;
use yew::prelude::*;

use crate::link::Phase;
use crate::pages::room::HEADING_ID;
use crate::room::action::Action;
use crate::room::inside::Inside;
use crate::room::{Seat, follow::Led};

/// The heading.
pub fn view(seat: &Seat, inside: &Inside, act: &Callback<Action>) -> Html {
    html! {
        <header class="room-head">
            <div class="room-titles">
                <h1 id={HEADING_ID} tabindex="-1">{ title(inside) }</h1>
                <p class="room-state">{ state(seat, inside) }</p>
            </div>
            { notices(seat, inside, act) }
        </header>
    }
}

/// The room's title, once it has come.
fn title(inside: &Inside) -> String {
    match inside.facts().title.as_str() {
        "" => "Room".to_owned(),
        title => title.to_owned(),
    }
}

/// Who is here, and whether what is seen is saved.
fn state(seat: &Seat, inside: &Inside) -> Html {
    if !inside.replica.is_known() {
        return html! { { "Coming in …" } };
    }
    let you = match inside.me() {
        Some(me) => format!("You are {}, {}", me.name, me.role.label()),
        None => "You look on".to_owned(),
    };
    let keeping = match seat.wire.link.phase() {
        Phase::Up => inside.keeping(),
        _ => "as it was when the connection dropped",
    };
    html! {
        <>
            <span>{ format!("{} here · {keeping}", inside.here()) }</span>
            <span class="soft">{ you }</span>
        </>
    }
}

/// What one must know now, the most pressing first.
fn notices(seat: &Seat, inside: &Inside, act: &Callback<Action>) -> Html {
    let mut notices: Vec<(&'static str, String)> = Vec::new();
    if let Some(why) = inside.replica.unsaved() {
        notices.push(("bad", format!("Not saved: {why}")));
    }
    if !inside.kept && inside.replica.is_known() && inside.you.role == Role::Teacher {
        let text = "This gateway keeps rooms in memory only: when it stops, the room is gone.";
        notices.push(("", text.to_owned()));
    }
    if let Some(behind) = inside.replica.behind() {
        let text =
            format!("This page reads more slowly than the room goes: {behind} events behind.");
        notices.push(("", text));
    } else if seat.wire.link.is_up() && inside.replica.is_known() && !inside.replica.is_live() {
        notices.push(("", "Catching up with the room …".to_owned()));
    }
    if !seat.is_connected() && inside.waits(|_| true) {
        let text = "What you told the room waits until the page is connected again.";
        notices.push(("", text.to_owned()));
    }
    let facts = inside.facts();
    match inside.me() {
        Some(me) if me.muted => {
            let text = "The teacher has muted you: you can look, but not send.";
            notices.push(("held", text.to_owned()));
        }
        _ if facts.paused => {
            notices.push(("held", "Sending is paused by the teacher.".to_owned()));
        }
        _ => {}
    }
    if facts.locked && inside.you.role == Role::Teacher {
        notices.push((
            "",
            "The room is locked: nobody new comes in by the code.".to_owned(),
        ));
    }
    let done = act.reform(|_: MouseEvent| Action::Understood);
    html! {
        <>
            { for notices.into_iter().map(|(class, text)| html! {
                <p class={classes!("room-notice", class)}>{ text }</p>
            }) }
            if let Some(trouble) = &inside.trouble {
                <p class="room-notice bad" role="alert">
                    <span>{ "✕ " }{ trouble }</span>
                    <button class="small" onclick={done}>{ "Understood" }</button>
                </p>
            }
            { elsewhere(seat, inside, act) }
            { led(seat, act) }
        </>
    }
}

/// Another link was followed: where it leads, one goes by leaving.
fn elsewhere(seat: &Seat, inside: &Inside, act: &Callback<Action>) -> Html {
    if seat.elsewhere.is_none() {
        return Html::default();
    }
    let choose = |go| act.reform(move |_: MouseEvent| Action::Elsewhere(go));
    html! {
        <div class="room-notice held" role="alert">
            <span>{ format!("You are in the room “{}”. Leave it and go to the other?", title(inside)) }</span>
            <span class="buttons">
                <button class="small" onclick={choose(true)}>{ "Leave and go" }</button>
                <button class="small" onclick={choose(false)}>{ "Stay" }</button>
            </span>
        </div>
    }
}

/// Where the teacher leads, and the way there.
fn led(seat: &Seat, act: &Callback<Action>) -> Html {
    let go = act.reform(|_: MouseEvent| Action::ToTeacher);
    match seat.led() {
        Led::No | Led::There(_) => Html::default(),
        Led::Strayed(_) => html! {
            <p class="room-notice">
                <span>{ "The teacher shows something elsewhere on this page." }</span>
                <button class="small" onclick={go}>{ "Back to the teacher" }</button>
            </p>
        },
        Led::Left(_) => html! {
            <p class="room-notice">
                <span>{ "The teacher shows something, and you do not follow." }</span>
                <button class="small" onclick={go}>{ "Look once" }</button>
            </p>
        },
    }
}
