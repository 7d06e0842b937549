//! The lobby: in by a code, or a room of one's own.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::Props;
use crate::room::door::Door;
use crate::room::lobby::Field;
use crate::room::{Action, Seat};

/// The lobby.
pub fn view(props: &Props) -> Html {
    let seat = props.desk.state();
    let entering = seat.is_entering();
    html! {
        <div class="room-lobby">
            <h1 id={crate::pages::room::HEADING_ID} tabindex="-1">{ "Room" }</h1>
            <p class="soft">
                { "A class on the wire together: everybody sends for real, and everybody sees one picture of it." }
            </p>
            <div class="room-doors">
                { join(&seat, entering, &props.act) }
                if !matches!(seat.lobby.door, Door::Teach { .. } | Door::View { .. }) {
                    { open(&seat, entering, &props.act) }
                }
            </div>
        </div>
    }
}

fn join(seat: &Seat, entering: bool, act: &Callback<Action>) -> Html {
    let teaches = matches!(seat.lobby.door, Door::Teach { .. });
    let looks = matches!(seat.lobby.door, Door::View { .. });
    let submit = act.reform(|event: SubmitEvent| {
        event.prevent_default();
        Action::Join
    });
    let (title, about) = match (teaches, looks) {
        (true, _) => (
            "Teach",
            "You come by the teach link. Say what the class shall call you.",
        ),
        (_, true) => (
            "Look",
            "You come by the view link: you see all and send nothing.",
        ),
        _ => (
            "Join a room",
            "Your teacher has the code. There is no account: a name is enough.",
        ),
    };
    html! {
        <form class="room-card" tabindex="-1" aria-labelledby="room-join" onsubmit={submit}>
            <h2 id="room-join">{ title }</h2>
            <p class="soft">{ about }</p>
            if !teaches && !looks {
                { field(Input {
                    id: "room-code",
                    label: "Room code",
                    class: "room-code",
                    value: &seat.lobby.code,
                    trouble: seat.lobby.trouble(Field::Code),
                    hint: "Six letters, such as HKT PWN. Capitals and spaces don’t matter.",
                    most: "24",
                    complete: "off",
                }, act, Action::Code) }
            } else {
                { wrong("room-code", seat.lobby.trouble(Field::Code)) }
            }
            if !looks {
                { field(Input {
                    id: "room-name",
                    label: "Your name",
                    class: "",
                    value: &seat.lobby.name,
                    trouble: seat.lobby.trouble(Field::Name),
                    hint: "The others in the room see it.",
                    most: "60",
                    complete: "nickname",
                }, act, Action::Name) }
                <button class="primary" type="submit" aria-disabled={entering.to_string()}>
                    { "Join" }
                </button>
            }
            if (teaches || looks) && !entering {
                <p><button class="small" type="button"
                    onclick={act.reform(|_: MouseEvent| Action::Lobby)}>{ "Come in by a code instead" }</button></p>
            }
            <p class="soft" role="status">
                if entering { { waiting(seat) } }
            </p>
        </form>
    }
}

/// What the page waits for on its way in.
fn waiting(seat: &Seat) -> &'static str {
    match seat.wire.link.is_up() {
        true => "Asking to be let in …",
        false => "Connecting to the gateway …",
    }
}

fn open(seat: &Seat, entering: bool, act: &Callback<Action>) -> Html {
    let submit = act.reform(|event: SubmitEvent| {
        event.prevent_default();
        Action::Open
    });
    let busy = entering || seat.lobby.opening;
    html! {
        <form class="room-card" tabindex="-1" aria-labelledby="room-open" onsubmit={submit}>
            <h2 id="room-open">{ "Open a room" }</h2>
            <p class="soft">{ "For teachers. You get a code for the class, and links to teach and to look." }</p>
            { field(Input {
                id: "room-title",
                label: "Title",
                class: "",
                value: &seat.lobby.title,
                trouble: seat.lobby.trouble(Field::Title),
                hint: "It stands above the room, such as “Networks 1, Tuesday”. The class sees you under “Your name”, or else as “Teacher”.",
                most: "60",
                complete: "off",
            }, act, Action::Title) }
            <button type="submit" class="small room-wide" aria-disabled={busy.to_string()}>{ "Open a room" }</button>
            <p class="soft" role="status">
                if seat.lobby.opening { { "Opening …" } }
            </p>
        </form>
    }
}

/// A box for a line of text.
struct Input<'a> {
    id: &'static str,
    label: &'static str,
    class: &'static str,
    value: &'a str,
    trouble: Option<&'a str>,
    hint: &'static str,
    most: &'static str,
    complete: &'static str,
}

/// A box with its label, its hint, and what is wrong with it.
fn field(it: Input<'_>, act: &Callback<Action>, action: fn(String) -> Action) -> Html {
    let write = act.reform(move |event: InputEvent| {
        action(event.target_unchecked_into::<HtmlInputElement>().value())
    });
    let (hint, wrong_id) = (format!("{}-hint", it.id), format!("{}-wrong", it.id));
    let about = match it.trouble {
        Some(_) => format!("{wrong_id} {hint}"),
        None => hint.clone(),
    };
    html! {
        <div class="field">
            <label for={it.id}>{ it.label }</label>
            <input id={it.id} class={it.class} value={it.value.to_owned()} oninput={write}
                maxlength={it.most} autocomplete={it.complete} autocapitalize="off" spellcheck="false"
                aria-invalid={it.trouble.is_some().to_string()} aria-describedby={about} />
            { wrong(it.id, it.trouble) }
            <p id={hint} class="room-hint">{ it.hint }</p>
        </div>
    }
}

fn wrong(id: &str, trouble: Option<&str>) -> Html {
    match trouble {
        Some(trouble) => html! {
            <p id={format!("{id}-wrong")} class="room-wrong" role="alert">
                <span aria-hidden="true">{ "✕ " }</span>{ trouble }
            </p>
        },
        None => Html::default(),
    }
}
