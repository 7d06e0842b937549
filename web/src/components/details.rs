//! The details of the picked row; on narrow screens they slide over.

use std::rc::Rc;

use bytes::Bytes;
use yew::prelude::*;

use super::app::Page;
use super::inspector::Inspector;
use crate::state::{Action, State};

/// The id of the details, for the focus.
pub const DETAILS_ID: &str = "details";

/// The details.
pub fn view(page: &Page, state: &State, act: &Callback<Action>) -> Html {
    let entry = state.look().and_then(|no| state.wire.log.get(no));
    let back = act.reform(|_: MouseEvent| Action::Inspect(false));
    html! {
        <aside class="details" id={DETAILS_ID} tabindex="-1" aria-label="Details">
            <button class="small back" onclick={back}>{ "‹ Back" }</button>
            if let Some(entry) = entry {
                <Inspector entry={(**entry).clone()}
                    entries={Rc::new(state.wire.log.exchange(entry.no))}
                    clock={state.wire.log.clock(entry.no)}
                    socket={entry.socket.and_then(|id| state.wire.socket_view(id)).cloned()}
                    target_url={url(state, &entry.target)}
                    base={page.base.clone()}
                    offset_min={page.zone_min}
                    on_send_again={again(&entry.target, act)} />
            } else {
                <h2>{ "Details" }</h2>
                <p class="about">
                    { "The bytes of a row, where its time went, and the same in Python: send something, or pick a row of the log." }
                </p>
            }
        </aside>
    }
}

/// Sends bytes to a target again.
fn again(target: &str, act: &Callback<Action>) -> Callback<Bytes> {
    let target = target.to_owned();
    act.reform(move |bytes| Action::Resend(target.clone(), bytes))
}

fn url(state: &State, target: &str) -> Option<AttrValue> {
    let target = state.wire.targets.iter().find(|it| it.name == target)?;
    target.url.clone().map(AttrValue::from)
}
