//! The exchange that the teacher shows to all.

use bytes::Bytes;
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Command, Exchange};
use yew::prelude::*;

use super::Props;
use crate::components::class::spotlight::between;
use crate::components::payload::Payload;
use crate::pictures::class::Serving;
use crate::room::{Action, words};
use crate::words::micros;

/// The spotlight, if there is one.
pub fn view(props: &Props) -> Html {
    let seat = props.desk.state();
    let Some(inside) = &seat.inside else {
        return Html::default();
    };
    let Some(spot) = &inside.facts().spotlight else {
        return Html::default();
    };
    let outcome = words::outcome(&spot.exchange);
    let serving = Serving::of(&spot.exchange.target, &seat.wire.targets);
    let stop = props
        .act
        .reform(|_: MouseEvent| Action::Tell(Command::Spotlight { offset: None }));
    html! {
        <section class="room-spot room-card" tabindex="-1" aria-labelledby="room-spot">
            <h2 id="room-spot">{ "Shown to all" }</h2>
            <p>
                <b>{ inside.name(spot.member) }</b>
                { format!(" → {} ", spot.exchange.target) }
                <span class={outcome.class}>{ format!("{} {}", outcome.sign, outcome.text) }</span>
            </p>
            { exchange(&spot.exchange) }
            { between(&spot.exchange, serving == Serving::Datagrams) }
            if inside.you.role == Role::Teacher {
                <button class="small" onclick={stop}>{ "Show it no longer" }</button>
            }
        </section>
    }
}

/// An exchange's bytes and times, as the gateway saw them.
pub fn exchange(it: &Exchange) -> Html {
    let mut times = vec![
        ("connected", it.connected_us),
        ("sent", it.sent_us),
        ("accepted by the server", it.accepted_us),
        ("read by the server", it.recv_us),
        ("first byte of the reply", it.replied_us),
        ("over", it.over_us),
    ];
    times.sort_by_key(|(_, us)| us.unwrap_or(u32::MAX));
    let time = |(name, us): (&'static str, Option<u32>)| {
        let us = us?;
        Some(html! { <><dt>{ name }</dt><dd>{ format!("+{}", micros(u64::from(us))) }</dd></> })
    };
    html! {
        <div class="room-exchange">
            <p><span class="sent">{ "▶ " }</span><Payload bytes={Bytes::from(it.sent.bytes())} /></p>
            <p><span class="received">{ "◀ " }</span><Payload bytes={Bytes::from(it.received.bytes())} /></p>
            <dl>{ for times.into_iter().filter_map(time) }</dl>
            if let Some(reason) = it.reason.filter(|_| it.failed()) {
                <p class="error">{ "✕ " }{ reason.sentence() }</p>
            }
            if it.faulted { <p class="made">{ "✂ Faults were done to it on purpose." }</p> }
            <p class="soft">{ "Times by the gateway’s clock, from when it was begun." }</p>
        </div>
    }
}
