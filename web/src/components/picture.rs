//! The picture above the log: the exchange that is picked, or the latest.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::app::Page;
use super::ruler::Ruler;
use super::sequence::Sequence;
use super::states::states_of;
use crate::browser::Frame;
use crate::model::{ClockMap, Entry, What};
use crate::state::Action;
use crate::state::settings::Shows;

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
    /// Of the bytes, earlier ones are left out; `None` where they cannot be drawn.
    earlier: Option<bool>,
    clock: Option<ClockMap>,
    selected: Option<u32>,
    shows: Shows,
    /// While this runs, the picture stands still.
    still: Option<Timeout>,
    frame: Frame,
}

/// What the picture hears.
pub enum Msg {
    /// It may change again: with the next frame, together with what comes until then.
    Again,
    /// The next frame.
    Frame,
}

impl Component for Picture {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link().clone();
        let mut picture = Picture {
            entries: Rc::default(),
            earlier: None,
            clock: None,
            selected: None,
            shows: Shows::default(),
            still: None,
            frame: Frame::new(move || link.send_message(Msg::Frame)),
        };
        picture.look(ctx);
        picture
    }

    fn changed(&mut self, ctx: &Context<Self>, _: &Props) -> bool {
        let (picked, shows) = {
            let state = ctx.props().page.state();
            (state.selected, state.settings.shows)
        };
        if self.still.is_none() || picked != self.selected || shows != self.shows {
            self.look(ctx);
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Again => {
                self.still = None;
                self.frame.ask();
                false
            }
            // What came with this frame has had it drawn.
            Msg::Frame if self.still.is_some() => false,
            Msg::Frame => {
                self.look(ctx);
                true
            }
        }
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
                        <span aria-hidden="true">{ if shown { "▾" } else { "▸" } }</span>{ " Picture" }
                    </button>
                    if shown { { tabs(state.settings.shows, &ctx.props().act) } }
                </header>
                if shown {
                    <div class="canvas" tabindex="0" role="group" aria-label={state.settings.shows.label()}>
                        { self.drawn(state.settings.shows) }
                    </div>
                }
            </section>
        }
    }
}

/// What the picture may show.
fn tabs(shown: Shows, act: &Callback<Action>) -> Html {
    html! {
        <span class="segments" role="group" aria-label="Picture of">
            { for Shows::ALL.into_iter().map(|it| {
                let pick = act.reform(move |_: MouseEvent| Action::Shows(it));
                html! {
                    <button aria-pressed={(it == shown).to_string()} onclick={pick}>{ it.label() }</button>
                }
            }) }
        </span>
    }
}

impl Picture {
    fn drawn(&self, shows: Shows) -> Html {
        let entries = self.entries.clone();
        let said = |text: &'static str| html! { <p class="seq-empty">{ text }</p> };
        match shows {
            _ if entries.is_empty() => {
                said("What you send is drawn here: you, the gateway, the server.")
            }
            Shows::Sequence => html! {
                <Sequence {entries} clock={self.clock} selected={self.selected} />
            },
            Shows::Bytes => match self.earlier {
                Some(earlier) => html! { <Ruler {entries} {earlier} /> },
                None => said("Too much is under way to tell which bytes are which."),
            },
            Shows::Kernel
                if entries
                    .iter()
                    .any(|it| matches!(it.what, What::Kernel { .. })) =>
            {
                states_of(&entries)
            }
            Shows::Kernel => said(
                "The gateway asks its kernel about your sockets to its own servers from now on: \
                 send again, or connect.",
            ),
        }
    }

    /// Takes what is to be drawn from the state.
    fn look(&mut self, ctx: &Context<Self>) {
        let state = ctx.props().page.state();
        let no = state.look();
        let entries = match (no, state.settings.shows) {
            (None, _) => Vec::new(),
            (Some(no), Shows::Sequence) => state.wire.log.exchange(no),
            (Some(no), Shows::Bytes) => {
                let stretch = state.wire.log.stretch(no);
                self.earlier = stretch.as_ref().map(|it| it.earlier);
                stretch.map_or_else(|| state.wire.log.exchange(no), |it| it.entries)
            }
            // States are of the whole socket.
            (Some(no), Shows::Kernel) => state.wire.log.socket(no),
        };
        self.shows = state.settings.shows;
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
