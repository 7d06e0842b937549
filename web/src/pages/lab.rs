//! The Lab: one learner, real sockets, and what happened on the wire.

use yew::prelude::*;

use crate::components::app::Page;
use crate::components::connection_test::ConnectionTest;
use crate::components::dialog::Dialog;
use crate::components::log_list::LogList;
use crate::components::picture::Picture;
use crate::components::top_bar::{self, Bar};
use crate::components::{announcement, composer, details, filter_bar, once, shortcuts, sidebar};
use crate::place::Place;
use crate::state::settings::Tab;
use crate::state::{Action, Overlay, State};

/// The id of its main part, for the focus.
pub const MAIN_ID: &str = "lab-main";

/// What the Lab is drawn from.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// The state.
    pub page: Page,
    /// What somebody does.
    pub act: Callback<Action>,
}

/// The Lab.
#[component]
pub fn Lab(props: &Props) -> Html {
    let Props { page, act } = props;
    let state = page.state();
    let tab = match state.settings.tab {
        Tab::Send => "send",
        Tab::Log => "log",
        Tab::Picture => "picture",
    };
    html! {
        <div class="page" data-tab={tab} data-details={if state.inspecting { "open" } else { "shut" }}>
            { top(page, &state, act) }
            <main class="lab" id={MAIN_ID} tabindex="-1">
                { sidebar::view(&state, act) }
                <div class="middle">
                    <Picture page={page.clone()} act={act.clone()} />
                    <section class="log" tabindex="-1" aria-label="Log">
                        { filter_bar::view(page, &state, act) }
                        if state.wire.log.is_empty() {
                            { first_steps(props) }
                        } else {
                            <LogList page={page.clone()} act={act.clone()} />
                        }
                    </section>
                    { composer::view(&state, act) }
                </div>
                { details::view(page, &state, act) }
            </main>
            { tabs(state.settings.tab, act) }
            { announcement::view(&state.told) }
            { overlay(&state, act) }
        </div>
    }
}

/// The top bar, with what only the Lab offers.
fn top(page: &Page, state: &State, act: &Callback<Action>) -> Html {
    let bar = Bar {
        place: Place::Lab,
        theme: state.settings.theme,
        link: &state.wire.link,
        now_ms: page.now_ms,
    };
    let test = act.reform(|_: MouseEvent| Action::Overlay(Overlay::Test));
    let shortcuts = act.reform(|_: MouseEvent| Action::Overlay(Overlay::Shortcuts));
    let more = html! {
        <>
            <button class="small test" onclick={test} title="What gets through to the gateway, and what does not">
                { "Connection test" }
            </button>
            <button class="icon" onclick={shortcuts} aria-label="Shortcuts" title="Shortcuts (?)">
                { "?" }
            </button>
        </>
    };
    let (theme, retry) = (act.reform(Action::Theme), act.reform(|()| Action::Retry));
    top_bar::view(bar, &theme, &retry, more)
}

/// What lies on top of the page.
fn overlay(state: &State, act: &Callback<Action>) -> Html {
    match state.overlay {
        None => Html::default(),
        Some(Overlay::Shortcuts) => shortcuts::dialog(state, act),
        Some(Overlay::Test) => html! {
            <Dialog title="Connection test" on_done={act.reform(|()| Action::Escape)}>
                <ConnectionTest />
            </Dialog>
        },
    }
}

/// An empty log shows what to try first.
fn first_steps(props: &Props) -> Html {
    let state = props.page.state();
    let hello = once(&props.act, Action::Hello);
    let undo = props.act.reform(|_: MouseEvent| Action::UndoClear);
    html! {
        <div class="first">
            <p class="first-line">
                { "Chalkwire sends what you type over a real socket and shows what happened on the wire." }
            </p>
            if let Some(target) = state.first_target() {
                <button class="primary" onclick={hello} disabled={state.way().is_err()}>
                    { format!("Send “hello” to {target}") }
                </button>
            } else if state.wire.limits.is_some() {
                <p>{ "This gateway has no targets, so there is nothing to send to." }</p>
            }
            if state.wire.log.can_undo() {
                <p><button class="quiet" onclick={undo}>{ "Bring the cleared log back" }</button></p>
            }
        </div>
    }
}

/// The panes of a phone.
fn tabs(shown: Tab, act: &Callback<Action>) -> Html {
    let tab = |tab: Tab, label: &'static str| {
        let pick = act.reform(move |_: MouseEvent| Action::Tab(tab));
        html! {
            <button role="tab" aria-selected={(tab == shown).to_string()} onclick={pick}>
                { label }
            </button>
        }
    };
    html! {
        <nav class="panes" aria-label="Panes">
            <div class="tabs" role="tablist">
                { tab(Tab::Send, "Send") }
                { tab(Tab::Log, "Log") }
                { tab(Tab::Picture, "Picture") }
            </div>
        </nav>
    }
}
