//! Bytes in rows of hexadecimal and of text, linked: a byte marked in the one is marked in both.

use std::ops::Range;

use bytes::Bytes;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use crate::bytes::{column_char, describe};

/// Bytes in a row; as many as fit beside their text in a narrow column.
const PER_ROW: usize = 8;
/// Bytes shown at first, and by how many more at a time.
const PAGE: usize = 512;

/// What the view needs.
#[derive(Properties, PartialEq)]
pub struct HexViewProps {
    /// The bytes.
    pub bytes: Bytes,
    /// Ranges with a meaning, each with the class that colours it.
    #[prop_or_default]
    pub ranges: Vec<(Range<usize>, &'static str)>,
}

/// Rows of hexadecimal and text. A byte is marked by pointer, by touch, or by arrow keys.
#[component]
pub fn HexView(props: &HexViewProps) -> Html {
    let marked = use_state_eq(|| None::<usize>);
    let limit = use_state_eq(|| PAGE);
    {
        // Other bytes, another story.
        let (marked, limit) = (marked.clone(), limit.clone());
        use_effect_with(props.bytes.clone(), move |_| {
            marked.set(None);
            limit.set(PAGE);
        });
    }
    let len = props.bytes.len();
    let shown = len.min(*limit);

    let point = {
        let marked = marked.clone();
        move |event: Event| {
            let at = event
                .target()
                .and_then(|target| target.dyn_into::<Element>().ok())
                .and_then(|element| element.get_attribute("data-i"))
                .and_then(|at| at.parse().ok());
            if let Some(at) = at {
                marked.set(Some(at));
            }
        }
    };
    let onmouseover = {
        let point = point.clone();
        Callback::from(move |event: MouseEvent| point(event.into()))
    };
    let onclick = Callback::from(move |event: MouseEvent| point(event.into()));
    let onkeydown = {
        let marked = marked.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.ctrl_key() || event.alt_key() || event.meta_key() {
                return;
            }
            if let Some(to) = moved(*marked, &event.key(), shown) {
                event.prevent_default();
                marked.set(Some(to));
            }
        })
    };
    let more = {
        let limit = limit.clone();
        Callback::from(move |_| limit.set(*limit + 8 * PAGE))
    };

    let class_of = |at: usize, column: &'static str| {
        let range = props.ranges.iter().find(|(range, _)| range.contains(&at));
        classes!(
            column,
            range.map(|(_, class)| *class),
            (*marked == Some(at)).then_some("on")
        )
    };
    let rows = (0..shown).step_by(PER_ROW).map(|start| {
        let ats = start..(start + PER_ROW).min(shown);
        html! {
            <div class="hex-row" key={start}>
                <span class="hex-at">{ format!("{start:04x}") }</span>
                <span class="hex-bytes">
                    { for ats.clone().map(|at| html! {
                        <span class={class_of(at, "b")} data-i={at.to_string()}>{ format!("{:02x}", props.bytes[at]) }</span>
                    }) }
                </span>
                <span class="hex-text">
                    { for ats.map(|at| html! {
                        <span class={class_of(at, "c")} data-i={at.to_string()}>{ column_char(props.bytes[at]) }</span>
                    }) }
                </span>
            </div>
        }
    });
    html! {
        <>
            <div class="hex" dir="ltr" role="group" tabindex="0" {onmouseover} {onclick} {onkeydown}
                aria-label={format!("{len} bytes in hexadecimal and as text; the arrow keys go from byte to byte")}>
                { for rows }
            </div>
            if len > shown {
                <button type="button" class="small" onclick={more}>
                    { format!("Show more ({} not shown)", crate::model::bytes_text(len - shown)) }
                </button>
            }
            <p class="hex-says" role="status">
                { match *marked {
                    Some(at) if at < len => describe(&props.bytes, at),
                    _ => "Point at a byte, tap it, or use the arrow keys.".to_owned(),
                } }
            </p>
        </>
    }
}

/// To which byte a key moves the mark; `None` for any other key.
fn moved(marked: Option<usize>, key: &str, len: usize) -> Option<usize> {
    let last = len.checked_sub(1)?;
    let Some(at) = marked else {
        return key.starts_with("Arrow").then_some(0);
    };
    Some(match key {
        "ArrowLeft" => at.saturating_sub(1),
        "ArrowRight" => (at + 1).min(last),
        "ArrowUp" => at.checked_sub(PER_ROW).unwrap_or(at),
        "ArrowDown" if at + PER_ROW <= last => at + PER_ROW,
        "ArrowDown" => at,
        "Home" => 0,
        "End" => last,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn keys_move_the_mark_and_stop_at_the_edges() {
        assert_eq!(moved(None, "ArrowDown", 9), Some(0));
        assert_eq!(moved(Some(0), "ArrowDown", 9), Some(8));
        assert_eq!(moved(Some(1), "ArrowDown", 9), Some(1));
        assert_eq!(moved(Some(8), "ArrowRight", 9), Some(8));
        assert_eq!(moved(Some(8), "ArrowUp", 9), Some(0));
        assert_eq!(moved(Some(3), "Home", 9), Some(0));
        assert_eq!(moved(Some(3), "End", 9), Some(8));
        assert_eq!(moved(Some(3), "Tab", 9), None, "the keyboard is no trap");
        assert_eq!(moved(None, "ArrowDown", 0), None);
    }
}
