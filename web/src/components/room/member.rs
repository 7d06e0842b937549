//! One member of the list.

use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Command, Member, MemberId};
use yew::prelude::*;

use crate::room::{Action, words};
use crate::words::clock;

/// What a member is drawn from.
#[derive(Clone, PartialEq)]
pub struct Shown {
    /// Its number.
    pub member: MemberId,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Whether it is one's own.
    pub mine: bool,
    /// Whether it is connected.
    pub here: bool,
    /// Whether its hand is up.
    pub hand: bool,
    /// Whether it may not send.
    pub muted: bool,
    /// How its last exchange came out, and at what time of day.
    pub last: Option<(words::Outcome, String)>,
}

impl Shown {
    /// A member as it is seen.
    pub fn of(it: &Member, name: String, mine: bool, zone_min: i32) -> Self {
        let last = it.last.as_ref().map(|exchange| {
            let at_ms = exchange.begun_us as f64 / 1000.0;
            let mut time = clock(at_ms, zone_min);
            // Whole seconds are enough to find it in the log.
            time.truncate(8);
            (words::outcome(exchange), time)
        });
        Shown {
            member: it.member,
            name,
            role: it.role,
            mine,
            here: it.here,
            hand: it.hand_us.is_some(),
            muted: it.muted,
            last,
        }
    }
}

/// What a row needs.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// Who.
    pub it: Shown,
    /// Whether the feed shows only this member.
    pub picked: bool,
    /// Whether one may do something about it.
    pub teaches: bool,
    /// Whether what can be done is shown.
    pub open: bool,
    /// It is to be shown, or no more.
    pub on_open: Callback<Option<MemberId>>,
    /// It is to be put out: asked once more.
    pub on_remove: Callback<MemberId>,
    /// What somebody does.
    pub act: Callback<Action>,
}

/// A row.
#[component]
pub fn Row(props: &Props) -> Html {
    let Props { it, picked, .. } = props;
    let of = (!picked).then_some(it.member);
    let filter = props.act.reform(move |_: MouseEvent| Action::Of(of));
    let open = (!props.open).then_some(it.member);
    let toggle = props.on_open.reform(move |_: MouseEvent| open);
    html! {
        <li class={classes!("room-member", (!it.here).then_some("away"), it.mine.then_some("mine"))}>
            <span class="room-dot" aria-hidden="true"></span>
            <span class="room-who">
            <button class="room-name" onclick={filter} aria-pressed={picked.to_string()}
                title="Show only this member’s events in the log">{ &it.name }</button>
            <span class="room-marks">
                if it.mine { <span class="kind">{ "you" }</span> }
                if it.role == Role::Teacher { <span class="kind">{ "teacher" }</span> }
                if it.hand { <span class="room-hand">{ "↑ hand up" }</span> }
                if it.muted { <span class="error">{ "muted" }</span> }
                if it.here {
                    <span class="unseen">{ "here" }</span>
                } else {
                    <span class="soft">{ "away" }</span>
                }
            </span>
            </span>
            if let Some((outcome, time)) = &it.last {
                <span class={classes!("room-figure", outcome.class)} title={format!("at {time}")}>
                    { format!("{} {}", outcome.sign, outcome.text) }
                    <span class="room-at">{ time }</span>
                </span>
            }
            if props.teaches && !it.mine {
                <button class="small room-dots" onclick={toggle} aria-expanded={props.open.to_string()}
                    aria-label={format!("What can be done about {}", it.name)}>{ "…" }</button>
            }
            if props.open { { deeds(props) } }
        </li>
    }
}

/// What a teacher can do about a member.
fn deeds(props: &Props) -> Html {
    let Shown {
        member,
        muted,
        hand,
        role,
        ..
    } = props.it;
    let tell = |label: &'static str, command: Command| {
        let go = props
            .act
            .reform(move |_: MouseEvent| Action::Tell(command.clone()));
        html! { <button class="small" onclick={go}>{ label }</button> }
    };
    let remove = props.on_remove.reform(move |_: MouseEvent| member);
    html! {
        <div class="room-more buttons">
            if hand { { tell("Lower the hand", Command::LowerHand { member }) } }
            if role == Role::Student {
                { tell(if muted { "Let send again" } else { "Mute" }, Command::Mute { member, on: !muted }) }
            }
            { tell("Remove the name", Command::Forget { member }) }
            if role == Role::Student {
                <button class="small room-danger" onclick={remove}>{ "Put out …" }</button>
            }
        </div>
    }
}
