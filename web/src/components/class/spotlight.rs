//! One member's exchange, shown to all.

use std::rc::Rc;

use bytes::Bytes;
use chalkwire_shared::room::Exchange;
use yew::prelude::*;

use crate::components::drawing::drawing;
use crate::components::payload::Payload;
use crate::pictures::exchange::{draw, story};

/// What is shown.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Whose it is, as it is called here.
    pub name: AttrValue,
    /// What the gateway saw of it.
    pub exchange: Rc<Exchange>,
    /// Whether its target takes datagrams.
    #[prop_or_default]
    pub datagrams: bool,
}

/// The exchange as a sequence, and its bytes, under whose it is.
#[component]
pub fn Spotlight(props: &Props) -> Html {
    let it = &props.exchange;
    let found = story(it, props.datagrams).summary;
    html! {
        <section class="class-spotlight" aria-label="Spotlight">
            <h2>{ props.name.clone() }{ " → " }<code>{ it.target.clone() }</code></h2>
            <p class={classes!("class-says", it.failed().then_some("failed"))}>{ found }</p>
            { between(it, props.datagrams) }
            <dl class="class-bytes">
                <dt class="sent">{ "▶ sent" }</dt>
                <dd>{ bytes(&it.sent.bytes(), it.sent_bytes) }</dd>
                <dt class="received">{ "◀ received" }</dt>
                <dd>{ bytes(&it.received.bytes(), it.received_bytes) }</dd>
            </dl>
        </section>
    }
}

/// What went between the gateway and the target.
pub fn between(it: &Exchange, datagrams: bool) -> Html {
    drawing(story(it, datagrams), None, |width| {
        draw(it, datagrams, width)
    })
}

fn bytes(kept: &[u8], all: u32) -> Html {
    let more = (all as usize).saturating_sub(kept.len());
    html! {
        <>
            <Payload bytes={Bytes::copy_from_slice(kept)} max={kept.len()} />
            if more > 0 { <span class="payload-more">{ " … " }{ more }{ " more, not kept" }</span> }
        </>
    }
}
