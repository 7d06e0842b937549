//! The experiments' shell: it performs what the pure parts decide, and draws when something has changed.

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::alarms::Alarms;
use crate::browser::{self, Clock, Listener};
use crate::components::experiment::run;
use crate::desk::Desk;
use crate::experiment::runner::{Action as RunnerAction, Effect as RunnerEffect, Timer};
use crate::focus::Keeper;
use crate::inbox::Inbox;
use crate::link::Phase;
use crate::pages::experiments::{Experiments, HEADING_ID};
use crate::place::Place;
use crate::socket::{Came, Line};
use crate::visit::{Action, Effect, Visit};
use crate::wire::Now;

/// Draws the experiments in their place of the document.
pub fn begin() {
    if let Some(root) = browser::element(Place::Experiments.id()) {
        yew::Renderer::<App>::with_root(root).render();
    }
}

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

/// The whole of it.
pub struct App {
    desk: Desk<Visit>,
    clock: Clock,
    line: Line,
    inbox: Inbox,
    gathering: Option<Timeout>,
    timers: Alarms<Timer>,
    look: Option<Timeout>,
    second: Option<Timeout>,
    /// The heading gets the focus once it is drawn.
    turned: bool,
    /// Whether something was shown before: nobody's focus is taken who has just come.
    begun: bool,
    keeper: Keeper,
    _listeners: Vec<Listener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let mut app = App {
            desk: Desk::default(),
            clock: Clock::default(),
            line: Line::default(),
            inbox: Inbox::default(),
            gathering: None,
            timers: Alarms::default(),
            look: None,
            second: None,
            turned: false,
            begun: false,
            keeper: Keeper::new(),
            _listeners: listeners(ctx),
        };
        if let Some(way) = browser::forced_way() {
            app.desk.change().runner.force(way);
        }
        let embed = browser::is_embedded();
        let start = Action::Start {
            fragment: browser::fragment(),
            theme: browser::stored_theme(),
            embed,
        };
        app.act(ctx, start);
        browser::dress(app.desk.state().theme);
        // Whoever came by the navigation has the focus brought along, a new visitor keeps it.
        app.turned = !embed && browser::came_from_elsewhere(Place::Experiments);
        app.begun = true;
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
                let full = self.inbox.push(now_ms, (), came);
                if self.gathering.is_none() {
                    let link = ctx.link().clone();
                    self.gathering = Some(Timeout::new(0, move || link.send_message(Msg::TakeIn)));
                }
                if full {
                    self.take_in(ctx);
                }
                return false;
            }
            Msg::TakeIn => {
                self.gathering = None;
                self.take_in(ctx);
            }
            Msg::Second => {}
            Msg::Dress => {
                browser::dress(self.desk.state().theme);
                return false;
            }
        }
        self.watch_seconds(ctx);
        self.desk.turn(self.clock.now_ms());
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        html! { <Experiments desk={self.desk.clone()} act={ctx.link().callback(Msg::Act)} /> }
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        if std::mem::take(&mut self.turned) {
            browser::focus(HEADING_ID);
            browser::scroll_to(HEADING_ID);
        }
        self.keeper.look();
    }
}

impl App {
    fn take_in(&mut self, ctx: &Context<Self>) {
        while let Some((ms, (), came)) = self.inbox.take() {
            let action = Action::Runner(match came {
                Came::Text(text) => RunnerAction::Text(text),
                Came::Bytes(bytes) => RunnerAction::Bytes(bytes),
                Came::Closed(code) => RunnerAction::Dropped(code),
            });
            self.apply(ctx, action, ms);
        }
    }

    fn act(&mut self, ctx: &Context<Self>, action: Action) {
        let ms = self.clock.now_ms();
        self.apply(ctx, action, ms);
    }

    fn apply(&mut self, ctx: &Context<Self>, action: Action, ms: f64) {
        let random = js_sys::Math::random();
        let effects = self.desk.change().apply(action, Now { ms, random });
        for effect in effects {
            self.perform(ctx, effect);
        }
    }

    fn perform(&mut self, ctx: &Context<Self>, effect: Effect) {
        match effect {
            Effect::Runner(effect) => self.perform_run(ctx, effect),
            Effect::Address(fragment) => browser::set_fragment(&fragment),
            Effect::Turned(title) => {
                browser::set_title(&title);
                browser::dress(self.desk.state().theme);
                self.turned = self.begun;
            }
            Effect::Begun => browser::show(run::ID),
            Effect::Remember => {
                let theme = self.desk.state().theme;
                browser::store("theme", theme.key());
                browser::dress(theme);
            }
            Effect::LookAfter(ms) => {
                let link = ctx.link().clone();
                self.look = Some(Timeout::new(ms as u32, move || {
                    link.send_message(Msg::Act(Action::Look));
                }));
            }
        }
    }

    fn perform_run(&mut self, ctx: &Context<Self>, effect: RunnerEffect) {
        match effect {
            RunnerEffect::Connect(way) => self.line.connect(way, ctx.link().callback(Msg::Came)),
            RunnerEffect::Drop => {
                self.line.hang_up();
                self.inbox.forget(&());
            }
            RunnerEffect::Text(text) => self.line.send_text(&text),
            RunnerEffect::Bytes(bytes) => self.line.send_bytes(&bytes),
            RunnerEffect::Wake(timer, after_ms) => {
                let link = ctx.link().clone();
                self.timers.set(timer, after_ms, move || {
                    link.send_message(Msg::Act(Action::Runner(RunnerAction::Wake(timer))));
                });
            }
        }
    }

    /// While the page counts down to its next try, it is drawn each second.
    fn watch_seconds(&mut self, ctx: &Context<Self>) {
        self.second = match self.desk.state().runner.wire().link.phase() {
            Phase::Waiting { .. } => {
                let link = ctx.link().clone();
                Some(Timeout::new(1_000, move || link.send_message(Msg::Second)))
            }
            _ => None,
        };
    }
}

/// What the page listens to wherever it happens.
fn listeners(ctx: &Context<App>) -> Vec<Listener> {
    let [address, online, colours] = [(); 3].map(|()| ctx.link().clone());
    let window = [
        Listener::window("hashchange", move |_| {
            let fragment = browser::fragment();
            // The Lab may have got other colours meanwhile.
            if Place::of(&fragment) == Place::Experiments {
                address.send_message(Msg::Act(Action::Theme(browser::stored_theme())));
                address.send_message(Msg::Act(Action::Go(fragment)));
            }
        }),
        Listener::window("online", move |_| {
            online.send_message(Msg::Act(Action::Runner(RunnerAction::Retry)));
        }),
    ];
    let colours = Listener::colours(move || colours.send_message(Msg::Dress));
    window.into_iter().flatten().chain(colours).collect()
}
