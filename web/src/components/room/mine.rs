//! This page's own exchanges, the last one with its picture.

use std::rc::Rc;

use bytes::Bytes;
use yew::prelude::*;

use super::Props;
use crate::components::payload::Payload;
use crate::components::sequence::Sequence;
use crate::room::mine::{Fate, Mine};
use crate::room::words::short;
use crate::words::{clock, millis};

/// How many are listed.
const LISTED: usize = 8;

/// The last one, drawn.
pub fn picture(props: &Props) -> Html {
    let seat = props.desk.state();
    let last = seat.inside.as_ref().and_then(|it| it.mine.newest().next());
    let Some(last) = last else {
        return Html::default();
    };
    let entries = Rc::new(seat.wire.log.socket(last.entry));
    html! {
        <section class="room-mine-picture" tabindex="-1" aria-labelledby="room-mine-picture">
            <h2 id="room-mine-picture">{ "Your last exchange" }</h2>
            <div class="room-scroll" tabindex="0" role="group" aria-label="Your last exchange as a sequence">
                <Sequence {entries} clock={seat.wire.link.clock()} />
            </div>
        </section>
    }
}

/// All of them, newest first.
pub fn list(props: &Props) -> Html {
    let seat = props.desk.state();
    let Some(inside) = &seat.inside else {
        return Html::default();
    };
    let up = seat.wire.link.is_up();
    let row = |it: &Mine| {
        let (class, text) = fate(&it.fate, up);
        let reply = match &it.fate {
            Fate::Replied { reply, .. } => reply.clone(),
            _ => Bytes::new(),
        };
        html! {
            <li key={it.socket.0}>
                <span class="room-time">{ clock(it.at_ms, props.desk.zone_min) }</span>
                <span class="room-words">
                    <span class="sent">{ "▶ " }</span>
                    if it.said.is_empty() {
                        <span>{ "nothing" }</span>
                    } else {
                        <Payload bytes={it.said.clone()} max={64} />
                    }
                    { format!(" → {}", it.target) }
                </span>
                if !reply.is_empty() {
                    <span class="room-words"><span class="received">{ "◀ " }</span><Payload bytes={reply} max={96} /></span>
                }
                <span class={classes!("room-figure", class)}>{ text }</span>
            </li>
        }
    };
    if inside.mine.newest().next().is_none() {
        return Html::default();
    }
    html! {
        <section class="room-mine" tabindex="-1" aria-labelledby="room-mine">
            <h2 id="room-mine">{ "Your exchanges" }</h2>
            <ul aria-labelledby="room-mine">{ for inside.mine.newest().take(LISTED).map(row) }</ul>
        </section>
    }
}

fn fate(fate: &Fate, up: bool) -> (&'static str, String) {
    match fate {
        Fate::UnderWay if !up => ("control", "● unknown until connected again".to_owned()),
        Fate::UnderWay => ("control", "● under way".to_owned()),
        Fate::Replied { ms, .. } => ("received", format!("◀ {}", millis(*ms))),
        Fate::Silent => ("control", "● no reply".to_owned()),
        Fate::Failed(reason, _) => ("error", format!("✕ {}", short(*reason))),
        Fate::Unknown => ("error", "✕ unknown".to_owned()),
    }
}
