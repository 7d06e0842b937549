//! The room: the lobby, the student's room, the teacher's board.

use chalkwire_shared::role::Role;
use chalkwire_shared::room::Command;
use yew::prelude::*;

use crate::components::announcement;
use crate::components::room::board::{Board, Wall};
use crate::components::room::everyone::Everyone;
use crate::components::room::members::Members;
use crate::components::room::teach::Teach;
use crate::components::room::transcript::Transcript;
use crate::components::room::{
    Props, composer, feed, head, lobby, mine, now, share, spotlight, stuck, tabs,
};
use crate::components::top_bar::{self, Bar};
use crate::place::Place;
use crate::room::inside::Inside;
use crate::room::{Action, Seat, Stage, words};

/// The id of the heading, for the focus.
pub const HEADING_ID: &str = "room-heading";

/// The window's title.
pub fn title(seat: &Seat) -> String {
    let title = seat.inside.as_ref().map(|it| it.facts().title.as_str());
    match title {
        Some(title) if !title.is_empty() => format!("{title} – Chalkwire"),
        _ => "Chalkwire: room".to_owned(),
    }
}

/// The page.
#[component]
pub fn Room(props: &Props) -> Html {
    let seat = props.desk.state();
    if let (Stage::In, Some(inside)) = (&seat.stage, &seat.inside)
        && inside.replica.is_known()
        && (seat.projector || inside.you.role == Role::Viewer)
    {
        return html! {
            <div class="exp wall-page">
                <Wall desk={props.desk.clone()} act={props.act.clone()} />
                { announcement::view(&seat.told) }
            </div>
        };
    }
    let body = match (&seat.stage, &seat.inside) {
        (Stage::In, Some(inside)) => room(props, &seat, inside),
        (Stage::Out { detail }, _) => out(detail, &props.act),
        _ => lobby::view(props),
    };
    let within = seat.stage == Stage::In;
    html! {
        <div class={classes!("room-page", within.then_some("within"))} data-tab={seat.tab.key()}>
            { top(props, &seat) }
            <main class="room exp" tabindex="-1">{ body }</main>
            if within { { tabs(seat.tab, &props.act) } }
            { announcement::view(&seat.told) }
        </div>
    }
}

fn top(props: &Props, seat: &Seat) -> Html {
    let bar = Bar {
        place: Place::Room,
        theme: seat.theme,
        link: &seat.wire.link,
        now_ms: props.desk.now_ms,
    };
    let retry = props.act.reform(|()| Action::Retry);
    top_bar::view(
        bar,
        &props.act.reform(Action::Theme),
        &retry,
        Html::default(),
    )
}

/// After the end.
fn out(detail: &str, act: &Callback<Action>) -> Html {
    let back = act.reform(|_: MouseEvent| Action::Lobby);
    html! {
        <div class="room-lobby">
            <h1 id={HEADING_ID} tabindex="-1">{ "You are not in the room any more" }</h1>
            <p>{ detail.to_owned() }</p>
            <p><button class="primary" onclick={back}>{ "To the lobby" }</button></p>
        </div>
    }
}

fn room(props: &Props, seat: &Seat, inside: &Inside) -> Html {
    let teaches = inside.you.role == Role::Teacher;
    html! {
        <>
            { head::view(seat, inside, &props.act) }
            <div class="room-two">
                <article>
                    <div class="pane-send">
                        { now::view(props) }
                        { spotlight::view(props) }
                        if !teaches { { sends(props, seat) } }
                    </div>
                    <div class="pane-picture">
                        <Board desk={props.desk.clone()} act={props.act.clone()} />
                        if !teaches { { mine::picture(props) } }
                    </div>
                    <div class="pane-log">{ feed::view(props) }</div>
                    if teaches {
                        <details class="pane-send room-own">
                            <summary>{ "Send something yourself" }</summary>
                            { sends(props, seat) }
                            { mine::picture(props) }
                        </details>
                    }
                </article>
                <aside aria-label="Members and settings">
                    if teaches {
                        <div class="pane-room">{ share::of(inside) }</div>
                        <div class="pane-send"><Everyone desk={props.desk.clone()} act={props.act.clone()} /></div>
                    }
                    <div class="pane-room">
                        if !teaches { { own(inside, &props.act) } }
                        <Members desk={props.desk.clone()} act={props.act.clone()} />
                        if teaches {
                            { stuck::view(props) }
                            <Teach desk={props.desk.clone()} act={props.act.clone()} />
                            <Transcript act={props.act.clone()} />
                        }
                        { foot(inside, &props.act) }
                    </div>
                </aside>
            </div>
        </>
    }
}

/// The composer and what came of it.
fn sends(props: &Props, seat: &Seat) -> Html {
    html! {
        <>
            { composer::view(seat, &props.act) }
            { mine::list(props) }
        </>
    }
}

/// What a student does besides sending.
fn own(inside: &Inside, act: &Callback<Action>) -> Html {
    let Some(me) = inside.me() else {
        return Html::default();
    };
    let (up, follows) = (me.hand_us.is_some(), me.follows);
    let hand = act.reform(move |_: MouseEvent| Action::Tell(Command::Hand { up: !up }));
    let follow = act.reform(move |_: MouseEvent| Action::Tell(Command::Follow { on: !follows }));
    html! {
        <section class="room-me" tabindex="-1" aria-label="You">
            <button class="small" aria-pressed={up.to_string()} onclick={hand}>
                { if up { "Hand is up" } else { "Raise hand" } }
                if inside.waits(|it| matches!(it, Command::Hand { .. })) { { " …" } }
            </button>
            <button class="small" aria-pressed={follows.to_string()} onclick={follow}
                title="Your page goes where the teacher leads">
                { if follows { "Follow the teacher: on" } else { "Follow the teacher" } }
            </button>
        </section>
    }
}

/// How long the room lasts, and the way out.
fn foot(inside: &Inside, act: &Callback<Action>) -> Html {
    let leave = act.reform(|_: MouseEvent| Action::Leave);
    let kept = words::lasting(inside.keep_s);
    html! {
        <section class="room-foot" tabindex="-1" aria-label="Leave">
            <p class="soft">
                { format!("The room and its transcript are deleted when nobody was in it for {kept}.") }
            </p>
            <button class="small" onclick={leave}>{ "Leave the room" }</button>
        </section>
    }
}
