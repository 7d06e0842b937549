//! What the room is made of: a file for each part.

use yew::prelude::*;

pub mod app;
pub mod bar;
pub mod board;
pub mod composer;
pub mod everyone;
pub mod feed;
pub mod feed_row;
pub mod fetch;
pub mod head;
pub mod lobby;
pub mod member;
pub mod members;
pub mod mine;
pub mod now;
pub mod share;
pub mod spotlight;
pub mod stuck;
pub mod teach;
pub mod transcript;

use crate::desk::Desk;
use crate::room::{Action, Seat, action::Tab};

/// What a part of the room is drawn from.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// The state.
    pub desk: Desk<Seat>,
    /// What somebody does.
    pub act: Callback<Action>,
}

/// The panes of a phone.
pub fn tabs(shown: Tab, act: &Callback<Action>) -> Html {
    let tab = |tab: Tab| {
        let pick = act.reform(move |_: MouseEvent| Action::Tab(tab));
        html! {
            <button role="tab" aria-selected={(tab == shown).to_string()} onclick={pick}>
                { tab.label() }
            </button>
        }
    };
    html! {
        <nav class="panes" aria-label="Panes">
            <div class="tabs" role="tablist">{ for Tab::ALL.into_iter().map(tab) }</div>
        </nav>
    }
}
