//! One message of one's own: where to, what, with which line end.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::line_end::LineEnd;
use crate::room::{Action, Seat};

/// The composer.
pub fn view(seat: &Seat, act: &Callback<Action>) -> Html {
    let draft = &seat.draft;
    let way = seat.may_send();
    let picked = seat.target().map(|it| it.name.clone());
    let submit = act.reform(|event: SubmitEvent| {
        event.prevent_default();
        Action::Send
    });
    let target = act.reform(|event: Event| {
        Action::Target(event.target_unchecked_into::<HtmlSelectElement>().value())
    });
    let emit = act.clone();
    let line_end = Callback::from(move |event: Event| {
        let label = event.target_unchecked_into::<HtmlSelectElement>().value();
        if let Some(end) = LineEnd::from_label(&label) {
            emit.emit(Action::LineEnd(end));
        }
    });
    let write = act.reform(|event: InputEvent| {
        Action::Message(event.target_unchecked_into::<HtmlInputElement>().value())
    });
    // The second click of a double click does not send again.
    let once = Callback::from(|event: MouseEvent| {
        if event.detail() > 1 {
            event.prevent_default();
        }
    });
    let trouble = draft.trouble.clone();
    let invalid = trouble.is_some();
    let hint = match (&trouble, &way) {
        (Some(trouble), _) => trouble.clone(),
        (None, Err(why)) => why.clone(),
        (None, Ok(_)) => "Connects, sends, reads the reply and closes.".to_owned(),
    };
    html! {
        <form class="room-composer" tabindex="-1" aria-label="Composer" onsubmit={submit}>
            <label class="field">
                <span>{ "Target" }</span>
                <select onchange={target} disabled={picked.is_none()}>
                    { for seat.targets().map(|it| html! {
                        <option key={it.name.clone()} value={it.name.clone()}
                            selected={Some(&it.name) == picked.as_ref()}>{ &it.name }</option>
                    }) }
                </select>
            </label>
            <label class="field">
                <span>{ "Line end" }</span>
                <select onchange={line_end}>
                    { for LineEnd::ALL.into_iter().map(|it| html! {
                        <option value={it.label()} selected={it == draft.line_end}>{ it.label() }</option>
                    }) }
                </select>
            </label>
            <label class="field room-message">
                <span>{ "Message" }</span>
                <input value={draft.text.clone()} oninput={write} maxlength="4096"
                    aria-invalid={invalid.to_string()} aria-describedby="room-send-hint"
                    autocomplete="off" autocapitalize="off" spellcheck="false" />
            </label>
            <button class="primary" type="submit" onclick={once} disabled={way.is_err()}>{ "Send" }</button>
            <p id="room-send-hint" class={classes!("room-hint", invalid.then_some("room-wrong"))}
                role={invalid.then_some("alert")}>{ hint }</p>
        </form>
    }
}
