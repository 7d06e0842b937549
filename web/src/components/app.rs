//! The page's shell: it performs what the reducer decides, and draws when something has changed.

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;
use yew::prelude::*;

use super::details::DETAILS_ID;
use super::log_list::LIST_ID;
use crate::alarms::Alarms;
use crate::browser::{self, Clock, Frame, Listener};
use crate::desk::Desk;
use crate::focus::Keeper;
use crate::inbox::Inbox;
use crate::link::Phase;
use crate::pages::lab::{Lab, MAIN_ID};
use crate::place::Place;
use crate::socket::{Came, Line};
use crate::state::settings::{Address, Settings};
use crate::state::{Action, Effect, Focus, Now, State, Timer};

/// What came is taken in with the next frame, or after so many ms where frames stand still: in a
/// hidden tab.
const GATHER_MS: u32 = 120;

/// Where the details slide over the rest, as the sheet of styles has it.
const SLIDES_OVER: &str = "(max-width: 1099px)";

/// What the Lab is drawn from.
pub type Page = Desk<State>;

/// What the shell hears.
pub enum Msg {
    /// Somebody did something, or a wait is over.
    Act(Action),
    /// Something came from the gateway.
    Came(Came),
    /// It is time to take in what came.
    TakeIn,
    /// A second has passed that somebody watches.
    Second,
    /// The system's colours have changed.
    Dress,
}

/// The whole page.
pub struct App {
    page: Page,
    clock: Clock,
    line: Line,
    inbox: Inbox,
    gathering: Option<Timeout>,
    frame: Frame,
    timers: Alarms<Timer>,
    second: Option<Timeout>,
    focus: Option<Focus>,
    keeper: Keeper,
    _listeners: Vec<Listener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link();
        let frame = link.clone();
        let settings = Settings {
            theme: browser::stored_theme(),
            keys: browser::stored("keys").as_deref() != Some("off"),
            ..Settings::default()
        };
        let address = Address::read(&browser::fragment());
        let page = Page::default();
        let mut app = App {
            page: page.clone(),
            clock: Clock::default(),
            line: Line::default(),
            inbox: Inbox::default(),
            gathering: None,
            frame: Frame::new(move || frame.send_message(Msg::TakeIn)),
            timers: Alarms::default(),
            second: None,
            // A new visitor keeps the focus.
            focus: browser::came_from_elsewhere(Place::Lab).then_some(Focus::Main),
            keeper: Keeper::new(),
            _listeners: listeners(ctx, page),
        };
        if let Some(way) = browser::forced_way() {
            app.page.change().wire.link.force(way);
        }
        app.act(ctx, Action::Start(settings, address));
        browser::dress(app.page.state().settings.theme);
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Act(action) => {
                self.gathering = None;
                self.take_in(ctx);
                self.act(ctx, action);
            }
            Msg::Came(came) => {
                let now_ms = self.clock.now_ms();
                self.gather(ctx);
                if self.inbox.push(now_ms, (), came) {
                    self.take_in(ctx);
                }
                return false;
            }
            Msg::TakeIn => {
                // The frame and the timeout both say so.
                if self.gathering.take().is_none() {
                    return false;
                }
                self.take_in(ctx);
            }
            Msg::Second => {}
            Msg::Dress => {
                browser::dress(self.page.state().settings.theme);
                return false;
            }
        }
        self.watch_seconds(ctx);
        self.page.turn(self.clock.now_ms());
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        html! { <Lab page={self.page.clone()} act={ctx.link().callback(Msg::Act)} /> }
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        match self.focus.take() {
            Some(Focus::Main) => browser::focus(MAIN_ID),
            Some(Focus::Rows) => browser::focus(LIST_ID),
            Some(Focus::Details) => browser::focus(DETAILS_ID),
            Some(Focus::DetailsOver) if browser::media(SLIDES_OVER) => browser::focus(DETAILS_ID),
            Some(Focus::RowsUnder) if browser::media(SLIDES_OVER) => browser::focus(LIST_ID),
            Some(Focus::DetailsOver | Focus::RowsUnder) | None => {}
        }
        self.keeper.look();
    }
}

impl App {
    fn now(&mut self) -> Now {
        Now {
            ms: self.clock.now_ms(),
            random: js_sys::Math::random(),
        }
    }

    /// Has what came taken in soon, together with what else comes until then.
    fn gather(&mut self, ctx: &Context<Self>) {
        if self.gathering.is_some() {
            return;
        }
        let link = ctx.link().clone();
        self.gathering = Some(Timeout::new(GATHER_MS, move || {
            link.send_message(Msg::TakeIn);
        }));
        self.frame.ask();
    }

    fn take_in(&mut self, ctx: &Context<Self>) {
        while let Some((ms, (), came)) = self.inbox.take() {
            let random = js_sys::Math::random();
            let action = match came {
                Came::Text(text) => Action::Text(text),
                Came::Bytes(bytes) => Action::Bytes(bytes),
                Came::Closed(code) => Action::Dropped(code),
            };
            let effects = self.page.change().apply(action, Now { ms, random });
            self.perform(ctx, effects);
        }
    }

    fn act(&mut self, ctx: &Context<Self>, action: Action) {
        let now = self.now();
        let effects = self.page.change().apply(action, now);
        self.perform(ctx, effects);
    }

    fn perform(&mut self, ctx: &Context<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Connect(way) => self.line.connect(way, ctx.link().callback(Msg::Came)),
                Effect::Drop => {
                    self.line.hang_up();
                    self.inbox.forget(&());
                }
                Effect::Text(text) => self.line.send_text(&text),
                Effect::Bytes(bytes) => self.line.send_bytes(&bytes),
                Effect::Wake(timer, after_ms) => {
                    let link = ctx.link().clone();
                    self.timers.set(timer, after_ms, move || {
                        link.send_message(Msg::Act(Action::Wake(timer)));
                    });
                }
                Effect::Remember => self.remember(),
                Effect::Focus(focus) => self.focus = Some(focus),
            }
        }
        let state = self.page.state();
        self.timers.tidy(|timer| match timer {
            Timer::Quiet(id) | Timer::NoReply(id) => {
                state.wire.sockets().any(|it| it.view.id == *id)
            }
            _ => true,
        });
    }

    fn remember(&self) {
        let state = self.page.state();
        browser::store("theme", state.settings.theme.key());
        browser::store("keys", if state.settings.keys { "on" } else { "off" });
        browser::dress(state.settings.theme);
        if in_sight() {
            browser::set_fragment(&state.address().write());
        }
    }

    /// While the page counts down to its next try, it is drawn each second.
    fn watch_seconds(&mut self, ctx: &Context<Self>) {
        self.second = match self.page.state().wire.link.phase() {
            Phase::Waiting { .. } => {
                let link = ctx.link().clone();
                Some(Timeout::new(1_000, move || link.send_message(Msg::Second)))
            }
            _ => None,
        };
    }
}

/// Whether the Lab is what somebody sees.
fn in_sight() -> bool {
    Place::of(&browser::fragment()) == Place::Lab
}

/// What the page listens to wherever it happens.
fn listeners(ctx: &Context<App>, page: Page) -> Vec<Listener> {
    let [keys, address, online, colours] = [(); 4].map(|()| ctx.link().clone());
    let window = [
        Listener::window("keydown", move |event| {
            if let Some(event) = event.dyn_ref::<KeyboardEvent>()
                && in_sight()
            {
                let action = super::shortcuts::key(event, &page.state());
                if let Some(action) = action {
                    keys.send_message(Msg::Act(action));
                }
            }
        }),
        Listener::window("hashchange", move |_| {
            let fragment = browser::fragment();
            match Place::of(&fragment) {
                Place::Experiments | Place::Room => {}
                // Back from elsewhere: as it was left, but for the colours.
                Place::Lab if fragment == Place::Lab.fragment() => {
                    let theme = browser::stored_theme();
                    address.send_message(Msg::Act(Action::Theme(theme)));
                }
                Place::Lab => {
                    let read = Address::read(&fragment);
                    address.send_message(Msg::Act(Action::Address(read)));
                }
            }
        }),
        Listener::window("online", move |_| {
            online.send_message(Msg::Act(Action::Retry));
        }),
    ];
    let colours = Listener::colours(move || colours.send_message(Msg::Dress));
    window.into_iter().flatten().chain(colours).collect()
}
