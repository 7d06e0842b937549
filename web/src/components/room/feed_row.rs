//! One line of the feed, which opens where there are bytes to be seen.

use std::rc::Rc;

use chalkwire_shared::room::{Command, Happened, MemberId, RoomEvent};
use yew::prelude::*;

use super::spotlight::exchange;
use crate::room::{Action, words};

/// What a line is drawn from.
#[derive(Clone, Properties)]
pub struct Props {
    /// The event.
    pub event: Rc<RoomEvent>,
    /// Its time of day.
    pub time: AttrValue,
    /// In a sentence.
    pub sentence: AttrValue,
    /// Whether it is not saved yet.
    pub live: bool,
    /// Who has left by it, and whose name may be removed.
    pub gone: Option<MemberId>,
    /// Whether one may show it to all.
    pub teaches: bool,
    /// What somebody does.
    pub act: Callback<Action>,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        // An event never changes; what its people are called may.
        Rc::ptr_eq(&self.event, &other.event)
            && self.sentence == other.sentence
            && self.live == other.live
            && self.gone == other.gone
            && self.teaches == other.teaches
    }
}

/// A line.
#[component]
pub fn FeedRow(props: &Props) -> Html {
    let open = use_state_eq(|| false);
    let it = match &props.event.what {
        Happened::Exchange { exchange, .. } => Some(exchange),
        _ => None,
    };
    let class = match it.map(|it| words::outcome(it)) {
        Some(outcome) => outcome.class,
        None if props.event.by == MemberId::GATEWAY => "soft",
        None => "control",
    };
    let sign = it.map_or("●", |it| words::outcome(it).sign);
    let toggle = {
        let (open, act) = (open.clone(), props.act.clone());
        Callback::from(move |_: MouseEvent| {
            // What is read stays where it is.
            if !*open {
                act.emit(Action::Hold(true));
            }
            open.set(!*open);
        })
    };
    let offset = props.event.offset;
    let show = props.act.reform(move |_: MouseEvent| {
        let offset = Some(offset);
        Action::Tell(Command::Spotlight { offset })
    });
    let forget = |member: MemberId| {
        props
            .act
            .reform(move |_: MouseEvent| Action::Tell(Command::Forget { member }))
    };
    html! {
        <li class="room-event">
            <span class="room-time">{ &props.time }</span>
            <span class={classes!("room-sign", class)} aria-hidden="true">{ sign }</span>
            <span class="room-words">{ &props.sentence }</span>
            if props.live { <span class="room-live" title="Members have it; it is not saved yet.">{ "live" }</span> }
            if let Some(member) = props.gone {
                <button class="small" onclick={forget(member)}>{ "Remove the name" }</button>
            }
            if it.is_some() {
                <button class="small" onclick={toggle} aria-expanded={open.to_string()}
                    aria-label={format!("Bytes of {offset}: {}", props.sentence)}>{ "Bytes" }</button>
            }
            if let Some(it) = it.filter(|_| *open) {
                <div class="room-more">
                    { exchange(it) }
                    if props.teaches {
                        <button class="small" onclick={show}>{ "Show to all" }</button>
                    }
                </div>
            }
        </li>
    }
}
