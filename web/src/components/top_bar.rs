//! The top bar, the same in every place: whose page this is, where one is, how the link stands, how it looks.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::link::ways::Way;
use crate::link::{Link, Phase};
use crate::place::Place;
use crate::state::settings::Theme;
use crate::words;

/// What is said of a network that lets no WebSocket pass.
const BLOCKED: &str = "Connected over HTTP, because WebSockets are blocked here";

/// What the top bar is drawn from.
pub struct Bar<'a> {
    /// Where one is.
    pub place: Place,
    /// The colours.
    pub theme: Theme,
    /// The link of this place.
    pub link: &'a Link,
    /// When this is drawn, in ms since 1970.
    pub now_ms: f64,
}

/// The top bar; `more` are the place's own buttons.
pub fn view(bar: Bar<'_>, on_theme: &Callback<Theme>, on_retry: &Callback<()>, more: Html) -> Html {
    let pick = on_theme.clone();
    let theme = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        if let Some(theme) = Theme::from_key(&select.value()) {
            pick.emit(theme);
        }
    });
    html! {
        <header class="top" tabindex="-1">
            { brand(bar.place) }
            <nav class="places" aria-label="Pages">
                { for Place::ALL.into_iter().map(|place| html! {
                    <a href={place.fragment()} aria-current={(place == bar.place).then_some("page")}>
                        { place.label() }
                    </a>
                }) }
            </nav>
            { status(&bar, on_retry) }
            <label class="theme">
                <span class="unseen">{ "Theme" }</span>
                <span aria-hidden="true">{ "◐" }</span>
                <select onchange={theme}>
                    { for Theme::ALL.into_iter().map(|it| html! {
                        <option value={it.key()} selected={it == bar.theme}>
                            { it.label() }
                        </option>
                    }) }
                </select>
            </label>
            { more }
        </header>
    }
}

/// The page's name: its heading where nothing else is.
fn brand(place: Place) -> Html {
    let name = match place {
        Place::Lab => "h1",
        Place::Experiments | Place::Room => "p",
    };
    html! {
        <@{name} class="brand">
            <svg class="mark" viewBox="0 0 22 22" aria-hidden="true">
                <path d="M2 15 C6 4 9 20 13 9 S19 7 20 5" />
            </svg>
            <span>{ "Chalkwire" }</span>
        </@>
    }
}

/// How the connection stands; figures that change by themselves are not read out.
fn status(bar: &Bar<'_>, on_retry: &Callback<()>) -> Html {
    let retry = on_retry.reform(|_: MouseEvent| ());
    let (class, text, figure) = match bar.link.phase() {
        Phase::Connecting => ("wait", "Connecting …", String::new()),
        Phase::Resuming => (
            "wait",
            "Connected, taking the link up again …",
            String::new(),
        ),
        Phase::Up => {
            let figure = bar.link.round_trip_ms().map(words::millis);
            let figure = figure.map_or_else(String::new, |ms| format!(" · {ms}"));
            match bar.link.ways() {
                it if it.is_blocked() => ("slow", BLOCKED, figure),
                it if it.way() == Way::Http => ("slow", "Connected over HTTP", figure),
                _ => ("good", "Connected", format!("{figure} · WebSocket")),
            }
        }
        Phase::Waiting { until_ms } => {
            let left = ((until_ms - bar.now_ms) / 1000.0).ceil().max(0.0);
            ("bad", "Not connected: retrying", format!(" in {left:.0} s"))
        }
        Phase::Stopped(_) => ("bad", "Not connected: refused", String::new()),
    };
    let why = match bar.link.phase() {
        Phase::Stopped(why) => why.clone(),
        _ => String::new(),
    };
    html! {
        <>
            <div class={classes!("status", class)} role="status" aria-label="Connection" title={why}>
                <span class="dot" aria-hidden="true"></span>
                <span class="said">{ text }<span class="figure" aria-live="off">{ figure }</span></span>
            </div>
            if matches!(bar.link.phase(), Phase::Waiting { .. } | Phase::Stopped(_)) {
                <button class="small" onclick={retry}>{ "Now" }</button>
            }
        </>
    }
}
