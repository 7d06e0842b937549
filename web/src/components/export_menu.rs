//! The export of the log: a button that offers the two ways.

use wasm_bindgen::JsCast;
use web_sys::{Element, FocusEvent, KeyboardEvent, Node};
use yew::prelude::*;

use super::app::Page;
use super::download::download;
use crate::browser;
use crate::export;
use crate::model::Entry;

/// The id of the button, for the focus.
const EXPORT_ID: &str = "export";

/// What the export is made of.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// The state.
    pub page: Page,
}

/// How a log is written.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    Json,
    Csv,
}

/// The button, and the two ways.
#[component]
pub fn ExportMenu(props: &Props) -> Html {
    let open = use_state_eq(|| false);
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let leave = {
        let open = open.clone();
        Callback::from(move |event: FocusEvent| {
            let menu: Option<Element> = event.current_target().and_then(|it| it.dyn_into().ok());
            let next: Option<Node> = event.related_target().and_then(|it| it.dyn_into().ok());
            if !menu.is_some_and(|menu| menu.contains(next.as_ref())) {
                open.set(false);
            }
        })
    };
    let escape = {
        let open = open.clone();
        Callback::from(move |event: KeyboardEvent| {
            if *open && event.key() == "Escape" {
                event.prevent_default();
                browser::focus(EXPORT_ID);
                open.set(false);
            }
        })
    };
    let item = |format: Format, label: &'static str| {
        let (open, page) = (open.clone(), props.page.clone());
        let save = Callback::from(move |_: MouseEvent| {
            save(&page, format);
            // What was pressed goes with the menu.
            browser::focus(EXPORT_ID);
            open.set(false);
        });
        html! { <button class="small" onclick={save}>{ label }</button> }
    };
    let empty = props.page.state().wire.log.is_empty();
    html! {
        <span class="menu" onfocusout={leave} onkeydown={escape}>
            <button id={EXPORT_ID} class="small" aria-expanded={open.to_string()} disabled={empty} onclick={toggle}>
                { "Export" }
            </button>
            if *open {
                <span class="menu-items" role="group" aria-label="Export as">
                    { item(Format::Json, "JSON") }
                    { item(Format::Csv, "CSV") }
                </span>
            }
        </span>
    }
}

fn save(page: &Page, format: Format) {
    let state = page.state();
    let entries: Vec<Entry> = state
        .wire
        .log
        .entries()
        .map(|it| Entry::clone(it))
        .collect();
    let now_ms = js_sys::Date::now();
    // Of several targets none names the file.
    let mut targets = entries.iter().map(|it| it.target.as_str());
    let target = targets.find(|it| !it.is_empty()).unwrap_or_default();
    let same = |it: &Entry| it.target == target || it.target.is_empty();
    let target = if entries.iter().all(same) { target } else { "" };
    let (end, kind, text) = match format {
        Format::Json => {
            let text = export::json(&entries, &state.wire.log.clocks(), now_ms);
            ("json", "application/json", text)
        }
        Format::Csv => ("csv", "text/csv", export::csv(&entries)),
    };
    // A browser that saves nothing has told so itself.
    let _ = download(&export::file_name(target, now_ms, end), kind, &text);
}
