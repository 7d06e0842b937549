//! Bytes in a line of text: text nodes and badges, never markup.

use bytes::Bytes;
use yew::prelude::*;

use crate::bytes::{self as view, Piece, Shown, View};

/// What a payload needs.
#[derive(Properties, PartialEq)]
pub struct PayloadProps {
    /// The bytes.
    pub bytes: Bytes,
    /// How they are shown.
    #[prop_or_default]
    pub view: View,
    /// How many are shown at most.
    #[prop_or(256)]
    pub max: usize,
}

/// Bytes in a line of text, and how many of them are not shown.
#[component]
pub fn Payload(props: &PayloadProps) -> Html {
    let head = match props.view {
        View::Text => view::head(&props.bytes, props.max),
        _ => &props.bytes[..props.bytes.len().min(props.max)],
    };
    let shown = match props.view {
        View::Text => view::pieces(head).iter().map(piece).collect(),
        View::Hex => Html::from(view::hex(head)),
        View::Escaped => Html::from(view::escape(head)),
    };
    let more = props.bytes.len() - head.len();
    html! {
        <span class="payload" dir="ltr">
            { shown }
            if props.bytes.is_empty() { <span class="payload-more">{ "no bytes" }</span> }
            if more > 0 {
                <span class="payload-more">{ format!(" … {} more", crate::model::bytes_text(more)) }</span>
            }
        </span>
    }
}

/// A run of bytes as text, or as a badge.
pub fn piece(piece: &Piece<'_>) -> Html {
    match piece.shown {
        // A text node: the browser shows it as it is.
        Shown::Text(text) => Html::from(text.to_owned()),
        badge => {
            let class = if matches!(badge, Shown::Invalid(_)) {
                "badge invalid"
            } else {
                "badge"
            };
            html! { <span {class} title={badge.title()}>{ badge.label().into_owned() }</span> }
        }
    }
}
