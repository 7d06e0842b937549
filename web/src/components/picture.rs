//! The picture above the log: the exchange that is picked, or the latest.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::app::Page;
use super::sequence::Sequence;
use crate::model::{ClockMap, Entry};
use crate::state::Action;

/// A picture is drawn anew at most so often, in ms: nobody can follow more.
const AGAIN_MS: u32 = 200;

/// What the picture is drawn from.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// The state.
    pub page: Page,
    /// What somebody does.
    pub act: Callback<Action>,
}

/// The picture, which folds.
pub struct Picture {
    entries: Rc<Vec<Entry>>,
    clock: Option<ClockMap>,
    selected: Option<u32>,
    /// While this runs, the picture stands still.
    still: Option<Timeout>,
}

/// What the picture hears.
pub enum Msg {
    /// It may change again.
    Again,
}

impl Component for Picture {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let mut picture = Picture {
            entries: Rc::default(),
            clock: None,
            selected: None,
            still: None,
        };
        picture.look(ctx);
        picture
    }

    fn changed(&mut self, ctx: &Context<Self>, _: &Props) -> bool {
        let picked = ctx.props().page.state().selected;
        if self.still.is_none() || picked != self.selected {
            self.look(ctx);
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, _: Msg) -> bool {
        self.still = None;
        self.look(ctx);
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let state = ctx.props().page.state();
        let shown = state.settings.picture;
        let fold = ctx
            .props()
            .act
            .reform(move |_: MouseEvent| Action::Picture(!shown));
        html! {
            <section class={classes!("picture", (!shown).then_some("folded"))} aria-label="Picture">
                <header>
                    <button class="fold" aria-expanded={shown.to_string()} onclick={fold}>
                        <span aria-hidden="true">{ if shown { "▾" } else { "▸" } }</span>{ " Sequence" }
                    </button>
                </header>
                if shown {
                    <div class="canvas" tabindex="0" role="group" aria-label="Sequence">
                        if self.entries.is_empty() {
                            <p class="seq-empty">{ "What you send is drawn here: you, the gateway, the server." }</p>
                        } else {
                            <Sequence entries={self.entries.clone()} clock={self.clock}
                                selected={self.selected} />
                        }
                    </div>
                }
            </section>
        }
    }
}

impl Picture {
    fn look(&mut self, ctx: &Context<Self>) {
        let state = ctx.props().page.state();
        let no = state.look();
        let entries = no.map_or_else(Vec::new, |no| state.wire.log.exchange(no));
        self.clock = no.and_then(|no| state.wire.log.clock(no));
        self.selected = state.selected;
        if *self.entries == entries {
            return;
        }
        self.entries = Rc::new(entries);
        let link = ctx.link().clone();
        self.still = Some(Timeout::new(AGAIN_MS, move || {
            link.send_message(Msg::Again)
        }));
    }
}
