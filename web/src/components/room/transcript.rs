//! The transcript, as files.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::room::Action;
use crate::room::action::Format;

/// What the buttons need.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// What somebody does.
    pub act: Callback<Action>,
}

/// Buttons for each format, with names or without.
#[component]
pub fn Transcript(props: &Props) -> Html {
    let names = use_state_eq(|| true);
    let pick = {
        let names = names.clone();
        Callback::from(move |event: Event| {
            names.set(event.target_unchecked_into::<HtmlInputElement>().checked());
        })
    };
    let button = |format: Format, label: &'static str| {
        let names = *names;
        let go = props
            .act
            .reform(move |_: MouseEvent| Action::Export { format, names });
        html! { <button class="small" onclick={go}>{ label }</button> }
    };
    html! {
        <section tabindex="-1" aria-labelledby="room-transcript">
            <h2 id="room-transcript">{ "Export" }</h2>
            <label class="tick">
                <input type="checkbox" checked={*names} onchange={pick} />
                <span>{ "with names" }</span>
            </label>
            <div class="buttons">
                { button(Format::Report, "Report") }
                { button(Format::Jsonl, "JSON lines") }
                { button(Format::Csv, "CSV") }
            </div>
        </section>
    }
}
