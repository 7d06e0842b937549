//! One row of the log.

use yew::prelude::*;

use super::payload::piece;
use crate::bytes::{View, escape, head, hex, pieces};
use crate::model::{Entry, What};
use crate::words;

/// The most of a payload that a row shows, in bytes: more than fits on any screen.
const SHOWN_BYTES: usize = 400;

/// How a row is to be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// How bytes are shown.
    pub view: View,
    /// Minutes that the local time is east of UTC.
    pub zone_min: i32,
    /// The moment that the second time counts from, in ms since 1970.
    pub from_ms: f64,
    /// Whether the row is picked.
    pub selected: bool,
}

/// The id of a row's element.
pub fn id(no: u32) -> String {
    format!("row-{no}")
}

/// A row.
pub fn view(entry: &Entry, look: Look, pick: Callback<MouseEvent>, places: (usize, usize)) -> Html {
    let class = entry.class();
    let (place, of) = places;
    html! {
        <div key={entry.no} id={id(entry.no)} class="row" role="option" onclick={pick}
            aria-selected={look.selected.to_string()}
            aria-posinset={(place + 1).to_string()} aria-setsize={of.to_string()}>
            <span class="time">{ words::clock(entry.at_ms, look.zone_min) }</span>
            <span class="delta">{ words::difference(entry.at_ms - look.from_ms) }</span>
            <span class={classes!("word", words::class_name(class))}>
                <span aria-hidden="true">{ words::sign(class) }</span>{ " " }{ words::word(&entry.what) }
            </span>
            <span class="what">{ what(entry, look.view) }</span>
            <span class="figure">{ words::figure(&entry.what) }</span>
        </div>
    }
}

fn what(entry: &Entry, view: View) -> Html {
    match &entry.what {
        What::Sent { bytes, .. } | What::Received { bytes, .. } => {
            let shown = head(bytes, SHOWN_BYTES);
            let shown = match view {
                View::Text => pieces(shown).iter().map(piece).collect(),
                View::Hex => Html::from(hex(shown)),
                View::Escaped => Html::from(escape(shown)),
            };
            html! { <span class="payload" dir="ltr">{ shown }</span> }
        }
        What::Connected { .. } => html! { <code>{ words::sentence(entry).into_owned() }</code> },
        _ => html! { <>{ words::sentence(entry).into_owned() }</> },
    }
}
