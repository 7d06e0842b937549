//! The list of the log's rows: only those in sight are drawn, and it never jumps.

use std::ops::Range;

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};
use yew::prelude::*;

use super::app::Page;
use super::log_row::{self, Look};
use crate::browser::Resizes;
use crate::state::settings::Times;
use crate::state::{Action, Step};

/// The id of the list, for shortcuts.
pub const LIST_ID: &str = "rows";

/// Rows drawn above and below those in sight.
const SPARE: usize = 8;

/// A row's height until one has been measured, in px.
const ROW_PX: f64 = 32.0;

/// What the list is drawn from.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// The state.
    pub page: Page,
    /// What somebody does.
    pub act: Callback<Action>,
}

/// What the list hears.
pub enum Msg {
    /// It was scrolled.
    Scrolled,
    /// It has another size.
    Resized,
    /// Go to the end, and stay there.
    Follow,
}

/// The list.
pub struct LogList {
    list: NodeRef,
    top_px: f64,
    height_px: f64,
    row_px: f64,
    following: bool,
    /// The last entry when the list stopped following.
    left_at: u32,
    gone: usize,
    selected: Option<u32>,
    /// A row to be scrolled into sight.
    reveal: Option<usize>,
    drawn: Range<usize>,
    resizes: Option<Resizes>,
}

impl Component for LogList {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let state = ctx.props().page.state();
        LogList {
            list: NodeRef::default(),
            top_px: 0.0,
            height_px: 600.0,
            row_px: ROW_PX,
            following: true,
            left_at: 0,
            gone: state.wire.log.shown_gone(),
            selected: state.selected,
            reveal: None,
            drawn: 0..0,
            resizes: None,
        }
    }

    fn changed(&mut self, ctx: &Context<Self>, _: &Props) -> bool {
        let state = ctx.props().page.state();
        if state.selected != self.selected {
            self.selected = state.selected;
            self.reveal = state.selected.and_then(|no| state.wire.log.place(no));
            // Whoever looks at a row wants it to stay, unless it is the last.
            let last = self.reveal.is_some_and(|it| it + 1 >= state.wire.log.len());
            match state.selected {
                None => self.following = true,
                Some(_) if !last && self.reveal.is_some() => {
                    self.stop_following(state.wire.log.last_no());
                }
                Some(_) => {}
            }
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let state = ctx.props().page.state();
        match msg {
            Msg::Follow => {
                self.following = true;
                true
            }
            Msg::Resized => true,
            Msg::Scrolled => {
                let Some(list) = self.list.cast::<HtmlElement>() else {
                    return false;
                };
                let top_px = f64::from(list.scroll_top());
                let left_px = f64::from(list.scroll_height() - list.client_height()) - top_px;
                let was = self.following;
                match follows(was, top_px - self.top_px, left_px, self.row_px) {
                    true => self.following = true,
                    false => self.stop_following(state.wire.log.last_no()),
                }
                self.top_px = top_px;
                was != self.following || self.rows(state.wire.log.len()) != self.drawn
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let Props { page, act } = ctx.props();
        let state = page.state();
        let log = &state.wire.log;
        let length = log.len();
        let first_ms = log.shown(0).map_or(0.0, |it| it.at_ms);
        let drawn = self.rows(length);
        let rows = drawn.clone().filter_map(|place| {
            let entry = log.shown(place)?;
            let from_ms = match (state.settings.times, place) {
                (Times::First, _) | (_, 0) => first_ms,
                (Times::Before, _) => log.shown(place - 1)?.at_ms,
            };
            let look = Look {
                view: state.settings.view,
                zone_min: page.zone_min,
                from_ms,
                selected: state.selected == Some(entry.no),
            };
            // Nor does a double click pick what has slid under it.
            let pick = super::once(act, Action::Select(entry.no));
            Some(log_row::view(entry, look, pick, (place, length)))
        });
        let active = state
            .selected
            .filter(|no| log.place(*no).is_some_and(|it| drawn.contains(&it)));
        let new = log.since(self.left_at);
        let show_new = !self.following && new > 0 && !log.is_paused();
        html! {
            <div class="rows-frame">
                if log.is_cut() {
                    <p class="cut">
                        { "The log is full: its oldest rows had to go." }
                    </p>
                }
                if length == 0 {
                    { nothing(log.has_lost_pause(), act) }
                } else {
                    <div id={LIST_ID} ref={self.list.clone()} class="rows" role="listbox" tabindex="0"
                        aria-label="Rows" aria-activedescendant={active.map(log_row::id)}
                        onscroll={ctx.link().callback(|_| Msg::Scrolled)} onkeydown={keys(act)}>
                        { self.spacer("before", drawn.start) }
                        { for rows }
                        { self.spacer("after", length - drawn.end) }
                    </div>
                }
                if show_new {
                    <button class="to-end" onclick={ctx.link().callback(|_| Msg::Follow)}>
                        { format!("{new} new ↓") }
                    </button>
                }
            </div>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, _: bool) {
        let Some(list) = self.list.cast::<HtmlElement>() else {
            self.resizes = None;
            return;
        };
        let state = ctx.props().page.state();
        let length = state.wire.log.len();
        self.drawn = self.rows(length);

        let gone = state.wire.log.shown_gone();
        let lost = gone.saturating_sub(self.gone);
        self.gone = gone;
        let seen_px = f64::from(list.client_height());
        let mut top_px = f64::from(list.scroll_top());
        if let Some(place) = self.reveal.take() {
            let row_px = place as f64 * self.row_px;
            top_px = top_px.min(row_px).max(row_px + self.row_px - seen_px);
        } else if self.following {
            top_px = f64::from(list.scroll_height()) - seen_px;
        } else {
            // What is in sight stays in sight when rows above it go.
            top_px -= lost as f64 * self.row_px;
        }
        if (top_px - f64::from(list.scroll_top())).abs() >= 1.0 {
            list.set_scroll_top(top_px.round() as i32);
        }
        let row = list.query_selector(".row").ok().flatten();
        let row_px = row
            .and_then(|it| it.dyn_into::<HtmlElement>().ok())
            .map_or(self.row_px, |it| f64::from(it.offset_height()));
        let top_px = f64::from(list.scroll_top());
        let changed = row_px != self.row_px || seen_px != self.height_px;
        self.top_px = top_px;
        self.row_px = row_px.max(1.0);
        self.height_px = seen_px;
        if self.resizes.is_none() {
            let link = ctx.link().clone();
            self.resizes = Resizes::of(&list, move || link.send_message(Msg::Resized));
        }
        if changed || self.rows(length) != self.drawn {
            ctx.link().send_message(Msg::Resized);
        }
    }
}

impl LogList {
    /// The rows to be drawn of a list of so many.
    fn rows(&self, length: usize) -> Range<usize> {
        let seen = (self.height_px / self.row_px).ceil() as usize + 1;
        let first = match self.following && self.reveal.is_none() {
            true => length.saturating_sub(seen),
            false => (self.top_px / self.row_px) as usize,
        };
        let first = self.reveal.map_or(first, |it| {
            it.clamp(first.min(it), first.max(it))
                .saturating_sub(seen / 2)
        });
        let start = first.saturating_sub(SPARE).min(length);
        start..(first + seen + SPARE).min(length)
    }

    /// The room of so many rows that are not drawn. It comes with those that are: in `rendered` it would
    /// come too late on a slow machine, where Yew lets the browser lay out in between. A list that is too
    /// short even for a moment is scrolled to its end. An image, for its height is an attribute: the
    /// page's policy allows no inline style.
    fn spacer(&self, key: &'static str, rows: usize) -> Html {
        let height = (rows as f64 * self.row_px) as usize;
        html! { <svg {key} class="spacer" height={height.to_string()} aria-hidden="true"></svg> }
    }

    fn stop_following(&mut self, last_no: u32) {
        if self.following {
            self.following = false;
            self.left_at = last_no;
        }
    }
}

/// Why there is no row, and what changes that.
fn nothing(lost: bool, act: &Callback<Action>) -> Html {
    let (why, label, action) = match lost {
        true => (
            "The rows you stopped at had to go. ",
            "Go on",
            Action::Pause,
        ),
        false => ("No row matches the filter. ", "Show all", Action::ShowAll),
    };
    let go = act.reform(move |_: MouseEvent| action.clone());
    html! {
        <p class="nothing">{ why }<button class="small" onclick={go}>{ label }</button></p>
    }
}

/// Whether the list follows its end after it was scrolled by so much, down to so much above the end.
fn follows(did: bool, by_px: f64, left_px: f64, row_px: f64) -> bool {
    // The end itself, but for what was rounded: a taller list gets there without being scrolled.
    if left_px <= 1.0 {
        return true;
    }
    // Upwards counts from the first pixel. Browsers begin to scroll slowly, and a list that went on
    // following would be put back to its end by the next message, and again, for as long as some come.
    match by_px < 0.0 {
        true => false,
        false => did || left_px <= row_px / 2.0,
    }
}

/// The list by keyboard.
fn keys(act: &Callback<Action>) -> Callback<KeyboardEvent> {
    super::when(act, |event: KeyboardEvent| {
        let action = match event.key().as_str() {
            "ArrowDown" => Action::Step(Step::By(1)),
            "ArrowUp" => Action::Step(Step::By(-1)),
            "PageDown" => Action::Step(Step::By(10)),
            "PageUp" => Action::Step(Step::By(-10)),
            "Home" => Action::Step(Step::First),
            "End" => Action::Step(Step::Last),
            "Enter" | " " => Action::Inspect(true),
            _ => return None,
        };
        event.prevent_default();
        Some(action)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_pixels_up_stop_following_and_almost_down_to_the_end_follows_again() {
        let after = |did, by_px, left_px| follows(did, by_px, left_px, 32.0);
        assert!(!after(true, -3.0, 3.0));
        // On its way up it passes what would be near enough on its way down.
        assert!(!after(false, -3.0, 6.0));
        assert!(!after(false, 100.0, 17.0));
        assert!(after(false, 100.0, 16.0));
    }

    #[test]
    fn a_list_that_others_move_follows_as_it_did() {
        for did in [false, true] {
            // Rows came below.
            assert_eq!(follows(did, 0.0, 640.0, 32.0), did);
        }
        // It got taller, so that there is less to scroll.
        assert!(follows(true, -200.0, 0.0, 32.0));
        assert!(follows(true, -200.0, 1.0, 32.0));
    }
}
