//! The top bar: whose page this is, how the connection stands, how it looks.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::app::Page;
use crate::link::Phase;
use crate::state::settings::Theme;
use crate::state::{Action, Overlay, State};
use crate::words;

/// The top bar.
pub fn view(page: &Page, state: &State, act: &Callback<Action>) -> Html {
    let theme = super::when(act, |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        Theme::from_key(&select.value()).map(Action::Theme)
    });
    let test = act.reform(|_: MouseEvent| Action::Overlay(Overlay::Test));
    let shortcuts = act.reform(|_: MouseEvent| Action::Overlay(Overlay::Shortcuts));
    html! {
        <header class="top" tabindex="-1">
            <h1 class="brand">
                <svg class="mark" viewBox="0 0 22 22" aria-hidden="true">
                    <path d="M2 15 C6 4 9 20 13 9 S19 7 20 5" />
                </svg>
                <span>{ "Chalkwire" }</span>
            </h1>
            <nav class="places" aria-label="Pages">
                <a href="./" aria-current="page">{ "Lab" }</a>
            </nav>
            <span class="grow"></span>
            { status(page, state, act) }
            <label class="theme">
                <span class="unseen">{ "Theme" }</span>
                <span aria-hidden="true">{ "◐" }</span>
                <select onchange={theme}>
                    { for Theme::ALL.into_iter().map(|it| html! {
                        <option value={it.key()} selected={it == state.settings.theme}>
                            { it.label() }
                        </option>
                    }) }
                </select>
            </label>
            <button class="small test" onclick={test} title="What gets through to the gateway, and what does not">
                { "Connection test" }
            </button>
            <button class="icon" onclick={shortcuts} aria-label="Shortcuts" title="Shortcuts (?)">
                { "?" }
            </button>
        </header>
    }
}

/// How the connection stands; figures that change by themselves are not read out.
fn status(page: &Page, state: &State, act: &Callback<Action>) -> Html {
    let retry = act.reform(|_: MouseEvent| Action::Retry);
    let (class, text, figure) = match state.wire.link.phase() {
        Phase::Connecting => ("wait", "Connecting …", String::new()),
        Phase::Resuming => (
            "wait",
            "Connected, taking the link up again …",
            String::new(),
        ),
        Phase::Up => {
            let figure = state.wire.link.round_trip_ms().map(words::millis);
            let figure = figure.map_or_else(String::new, |ms| format!(" · {ms}"));
            ("good", "Connected", format!("{figure} · WebSocket"))
        }
        Phase::Waiting { until_ms } => {
            let left = ((until_ms - page.now_ms) / 1000.0).ceil().max(0.0);
            ("bad", "Not connected: retrying", format!(" in {left:.0} s"))
        }
        Phase::Stopped(_) => ("bad", "Not connected: refused", String::new()),
    };
    let why = match state.wire.link.phase() {
        Phase::Stopped(why) => why.clone(),
        _ => String::new(),
    };
    html! {
        <>
            <div class={classes!("status", class)} role="status" aria-label="Connection" title={why}>
                <span class="dot" aria-hidden="true"></span>
                <span>{ text }<span class="figure" aria-live="off">{ figure }</span></span>
            </div>
            if matches!(state.wire.link.phase(), Phase::Waiting { .. } | Phase::Stopped(_)) {
                <button class="small" onclick={retry}>{ "Now" }</button>
            }
        </>
    }
}
