//! A field for a number.

use web_sys::HtmlInputElement;
use yew::prelude::*;

/// What a field for a number is drawn from.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Its id, for its label.
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// The id of what says more about it.
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    /// At least,
    pub min: u32,
    /// at most.
    pub max: u32,
    /// What it is.
    pub value: AttrValue,
    /// Whether what was entered last was no such number.
    pub bad: bool,
    /// Another number was entered.
    pub turn: Callback<Event>,
}

/// A field for a number. What is being typed is its own until it is taken: what goes on meanwhile has the
/// page drawn anew, and would put the old number back.
#[component]
pub fn Number(props: &Props) -> Html {
    let draft = use_state(|| None::<AttrValue>);
    let value = draft.as_ref().unwrap_or(&props.value).clone();
    let oninput = {
        let draft = draft.clone();
        Callback::from(move |event: InputEvent| draft.set(Some(typed(&event).into())))
    };
    // What was refused stays to be seen, under it why.
    use_effect_with((props.value.clone(), props.bad), move |(_, bad)| {
        if !bad {
            draft.set(None);
        }
    });
    html! {
        <input id={props.id.clone()} type="number" inputmode="numeric" step="1" {oninput}
            onchange={props.turn.clone()} {value} min={props.min.to_string()} max={props.max.to_string()}
            aria-describedby={props.hint.clone()} aria-invalid={props.bad.to_string()}
            autocomplete="off" />
    }
}

/// What stands in the field of an event.
pub fn typed(event: &Event) -> String {
    event.target_unchecked_into::<HtmlInputElement>().value()
}
