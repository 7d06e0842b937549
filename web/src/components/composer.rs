//! The composer: where to, what, with which line end; and what can be done with the socket.

use web_sys::{HtmlSelectElement, HtmlTextAreaElement, KeyboardEvent};
use yew::prelude::*;

use crate::line_end::LineEnd;
use crate::state::draft::Draft;
use crate::state::{Action, State, Way};
use crate::words::size;

/// The id of the message box, for shortcuts.
pub const MESSAGE_ID: &str = "message";

/// The composer.
pub fn view(state: &State, act: &Callback<Action>) -> Html {
    let draft = &state.draft;
    let submit = act.reform(|event: SubmitEvent| {
        event.prevent_default();
        Action::Submit
    });
    let target = act.reform(|event: Event| {
        Action::Target(event.target_unchecked_into::<HtmlSelectElement>().value())
    });
    let line_end = super::when(act, |event: Event| {
        let label = event.target_unchecked_into::<HtmlSelectElement>().value();
        LineEnd::from_label(&label).map(Action::LineEnd)
    });
    let write = act.reform(|event: InputEvent| {
        Action::Write(event.target_unchecked_into::<HtmlTextAreaElement>().value())
    });
    let many = draft.many_lines;
    let many_lines = act.reform(move |_: MouseEvent| Action::ManyLines(!many));
    let way = state.way();
    html! {
        <form class="composer" tabindex="-1" aria-label="Composer" onsubmit={submit}>
            <label class="field target">
                <span>{ "Target" }</span>
                <select onchange={target} disabled={state.wire.targets.is_empty()}>
                    { for state.wire.targets.iter().map(|it| html! {
                        <option key={it.name.clone()} value={it.name.clone()}
                            selected={it.name == state.target}>
                            { &it.name }
                        </option>
                    }) }
                </select>
            </label>
            <label class="field end">
                <span>{ "Line end" }</span>
                <select onchange={line_end} disabled={draft.typed.hex}
                    title={draft.typed.hex.then_some("Bytes in hex are sent as they stand.")}>
                    { for LineEnd::ALL.into_iter().map(|it| html! {
                        <option value={it.label()} selected={it == draft.line_end}>
                            { it.label() }
                        </option>
                    }) }
                </select>
            </label>
            <div class="field message">
                <div class="over">
                    <label for={MESSAGE_ID}>{ "Message" }</label>
                    { input_kind(draft, act) }
                    <button type="button" class="small" aria-pressed={many.to_string()} onclick={many_lines}>
                        { "Many lines" }
                    </button>
                </div>
                <textarea id={MESSAGE_ID} rows={if many { "4" } else { "1" }}
                    value={draft.typed.text.clone()} oninput={write} onkeydown={keys(draft, act)}
                    placeholder={if draft.typed.hex { "68 65 6c 6c 6f 0d 0a" } else { "" }}
                    aria-invalid={state.trouble.is_some().to_string()} aria-describedby="composer-hint"
                    autocomplete="off" autocapitalize="off" spellcheck="false" />
            </div>
            <button class="primary send" type="submit" disabled={way.is_err()}
                title={way.err()} onclick={once()}>
                { "Send" }
            </button>
            <div class="verbs">
                { verb("Connect", state.may_connect().err(), Action::Connect, act) }
                { verb("Shut down", state.may_shut_down().err(), Action::ShutDown, act) }
                { verb("Close", state.may_close().err(), Action::Close, act) }
            </div>
            { hint(state, way) }
            { super::faults::view(state, act) }
        </form>
    }
}

/// The second click of a double click does not send again.
fn once() -> Callback<MouseEvent> {
    Callback::from(|event: MouseEvent| {
        if event.detail() > 1 {
            event.prevent_default();
        }
    })
}

/// Text or hexadecimal.
fn input_kind(draft: &Draft, act: &Callback<Action>) -> Html {
    let kind = |hex: bool, label: &'static str| {
        let pick = act.reform(move |_: MouseEvent| Action::Hex(hex));
        html! {
            <button type="button" aria-pressed={(draft.typed.hex == hex).to_string()} onclick={pick}>
                { label }
            </button>
        }
    };
    html! {
        <span class="segments" role="group" aria-label="Typed as">
            { kind(false, "Text") }
            { kind(true, "Hex") }
        </span>
    }
}

/// A verb of the sockets API; one that cannot be done now says why.
fn verb(
    label: &'static str,
    why_not: Option<&'static str>,
    action: Action,
    act: &Callback<Action>,
) -> Html {
    html! {
        <button type="button" onclick={super::once(act, action)} disabled={why_not.is_some()} title={why_not}>
            { label }
        </button>
    }
}

/// Enter sends, the arrows recall.
fn keys(draft: &Draft, act: &Callback<Action>) -> Callback<KeyboardEvent> {
    let many = draft.many_lines;
    super::when(act, move |event: KeyboardEvent| {
        if event.is_composing() {
            return None;
        }
        let area: HtmlTextAreaElement = event.target_unchecked_into();
        let at = area.selection_start().ok().flatten().unwrap_or(0);
        let length = area.value().encode_utf16().count() as u32;
        match event.key().as_str() {
            "Enter" if !event.shift_key() && (!many || event.ctrl_key() || event.meta_key()) => {
                event.prevent_default();
                // A key held down sends once.
                (!event.repeat()).then_some(Action::Submit)
            }
            "ArrowUp" if !many || at == 0 => {
                event.prevent_default();
                Some(Action::Older)
            }
            "ArrowDown" if !many || at >= length => {
                event.prevent_default();
                Some(Action::Newer)
            }
            _ => None,
        }
    })
}

/// What Send would do, or what went wrong.
fn hint(state: &State, way: Result<Way, &'static str>) -> Html {
    if let Some(trouble) = &state.trouble {
        return html! { <p id="composer-hint" class="hint bad" role="alert">{ trouble }</p> };
    }
    let datagram = state.kind().is_some_and(|it| it.is_datagram());
    let text = match way {
        _ if state.submit_due => {
            "The message goes out as soon as the gateway answers; Esc keeps it here.".to_owned()
        }
        Err(why) => why.to_owned(),
        Ok(Way::WhenUp) => "Connecting to the gateway …".to_owned(),
        Ok(Way::On(id)) => match state.active_socket().map(|it| it.view.waiting_bytes) {
            Some(waiting) if waiting > 0 => {
                format!("{id} is waiting for credit: {} to be sent.", size(waiting))
            }
            _ => format!("Goes out on {id}, which stays open."),
        },
        Ok(Way::OneShot) if datagram => {
            "One datagram on a socket of its own; it is closed after the answer.".to_owned()
        }
        Ok(Way::OneShot) => "Connects, sends, reads the reply and closes.".to_owned(),
    };
    html! { <p id="composer-hint" class="hint">{ text }</p> }
}
