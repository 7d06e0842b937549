//! The room's shell: it performs what the pure parts decide, and draws when something has changed.

use gloo_timers::callback::Timeout;
use js_sys::futures::spawn_local;
use web_sys::Element;
use yew::prelude::*;

use super::fetch;
use crate::alarms::Alarms;
use crate::browser::{self, Clock, Listener};
use crate::desk::Desk;
use crate::experiment::runner;
use crate::export::{self, room::Options};
use crate::focus::Keeper;
use crate::inbox::Inbox;
use crate::link::Phase;
use crate::pages::room::{HEADING_ID, Room};
use crate::place::Place;
use crate::room::{Action, Effect, Seat, Start, Timer};
use crate::socket::{Came, Line};
use crate::wire::Now;

/// What comes by itself is drawn at most so often, in ms: nobody can follow more.
const AGAIN_MS: f64 = 100.0;

/// This near to the instant at which everyone sends, nothing is drawn, in ms.
const NEAR_MS: f64 = 25.0;

/// Under which name this tab keeps the room that it is in.
const KEPT: &str = "room";

/// Draws the room in its place of the document.
pub fn begin() {
    if let Some(root) = browser::element(Place::Room.id()) {
        // What stood there while the program was loaded.
        root.set_inner_html("");
        yew::Renderer::<App>::with_root(root).render();
    }
}

/// What the shell hears.
pub enum Msg {
    /// Somebody did something.
    Act(Action),
    /// A wait is over, or an answer came.
    Wake(Action),
    /// Something came over a WebSocket: the room's, or that of its experiment.
    Came(Whose, Came),
    /// It is time to take in what came.
    TakeIn,
    /// What has changed may be drawn.
    Draw,
    /// The system's colours have changed.
    Dress,
}

/// Whose connection something came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The room's.
    Room,
    /// That of the room's experiment.
    Runner,
}

/// The whole of it.
pub struct App {
    desk: Desk<Seat>,
    clock: Clock,
    line: Line,
    /// The connection of the room's experiment.
    second: Line,
    inbox: Inbox<Whose>,
    gathering: Option<Timeout>,
    timers: Alarms<Timer>,
    runner_timers: Alarms<runner::Timer>,
    drawing: Option<Timeout>,
    drawn_ms: f64,
    /// Everyone sends in a moment.
    near: bool,
    /// The heading gets the focus once it is drawn.
    turned: bool,
    /// Whether something was shown before: nobody's focus is taken who has just come.
    begun: bool,
    title: String,
    /// The room was in sight when it was drawn last.
    was_in_sight: bool,
    /// It was in sight at some time.
    was_seen: bool,
    act: Callback<Action>,
    bar: Option<Element>,
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
            second: Line::default(),
            inbox: Inbox::default(),
            gathering: None,
            timers: Alarms::default(),
            runner_timers: Alarms::default(),
            drawing: None,
            drawn_ms: 0.0,
            near: false,
            turned: false,
            begun: false,
            title: String::new(),
            was_in_sight: true,
            was_seen: false,
            act: ctx.link().callback(Msg::Act),
            bar: bar_host(),
            keeper: Keeper::new(),
            _listeners: listeners(ctx),
        };
        if let Some(way) = browser::forced_way() {
            app.desk.change().wire.link.force(way);
        }
        let start = Start {
            fragment: browser::fragment(),
            name: browser::stored("name").unwrap_or_default(),
            kept: browser::kept(KEPT),
            theme: browser::stored_theme(),
            client: (js_sys::Math::random() * f64::from(u32::MAX)) as u32,
        };
        app.act(ctx, Action::Start(start));
        browser::dress(app.desk.state().theme);
        // Whoever came by the navigation has the focus brought along, a new visitor keeps it.
        app.turned = browser::came_from_elsewhere(Place::Room);
        app.begun = true;
        app.desk.now_ms = app.clock.now_ms();
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Act(action) => {
                self.gathering = None;
                self.take_in(ctx);
                self.act(ctx, action);
                self.draw()
            }
            Msg::Wake(action) => {
                self.act(ctx, action);
                self.draw_soon(ctx)
            }
            Msg::Came(whose, came) => {
                let now_ms = self.clock.now_ms();
                let full = self.inbox.push(now_ms, whose, came);
                if self.gathering.is_none() {
                    let link = ctx.link().clone();
                    self.gathering = Some(Timeout::new(0, move || link.send_message(Msg::TakeIn)));
                }
                if full {
                    self.take_in(ctx);
                }
                false
            }
            Msg::TakeIn => {
                self.gathering = None;
                self.take_in(ctx);
                self.draw_soon(ctx)
            }
            Msg::Draw => {
                self.drawing = None;
                self.draw_soon(ctx)
            }
            Msg::Dress => {
                browser::dress(self.desk.state().theme);
                false
            }
        }
    }

    fn view(&self, _: &Context<Self>) -> Html {
        if self.in_sight() {
            return html! { <Room desk={self.desk.clone()} act={self.act.clone()} /> };
        }
        let bar = self.bar.as_ref().map(|host| {
            create_portal(
                super::bar::view(&self.desk.state(), &self.act),
                host.clone(),
            )
        });
        html! {
            <>
                // The place that comes into sight now knows by it that another one was before.
                if self.was_seen { <span hidden=true></span> }
                { for bar }
            </>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, _: bool) {
        let in_sight = self.in_sight();
        if !std::mem::replace(&mut self.was_in_sight, in_sight) && in_sight {
            self.turned = true;
        }
        self.was_seen |= in_sight;
        if !in_sight {
            // Another place gives the window its own.
            self.title.clear();
        }
        if in_sight {
            if std::mem::take(&mut self.turned) {
                browser::focus(HEADING_ID);
                browser::scroll_to(HEADING_ID);
            }
            let title = crate::pages::room::title(&self.desk.state());
            if title != self.title {
                browser::set_title(&title);
                self.title = title;
            }
            self.keeper.look();
        }
        let barred = !in_sight && self.desk.state().inside.is_some();
        browser::mark("data-room-bar", barred);
        self.watch_seconds(ctx);
    }
}

impl App {
    fn in_sight(&self) -> bool {
        Place::of(&self.desk.state().fragment) == Place::Room
    }

    fn draw(&mut self) -> bool {
        self.drawing = None;
        self.drawn_ms = self.clock.now_ms();
        self.desk.turn(self.drawn_ms);
        true
    }

    /// Draws now, or a little later where something was drawn just now.
    fn draw_soon(&mut self, ctx: &Context<Self>) -> bool {
        let since = self.clock.now_ms() - self.drawn_ms;
        if since >= AGAIN_MS && !self.near {
            return self.draw();
        }
        if self.drawing.is_none() {
            let wait = if self.near {
                NEAR_MS + 5.0
            } else {
                AGAIN_MS - since
            };
            let link = ctx.link().clone();
            let wait = wait.max(0.0).ceil() as u32;
            self.drawing = Some(Timeout::new(wait, move || link.send_message(Msg::Draw)));
        }
        false
    }

    fn take_in(&mut self, ctx: &Context<Self>) {
        while let Some((ms, whose, came)) = self.inbox.take() {
            let action = match (whose, came) {
                (Whose::Room, Came::Text(text)) => Action::Text(text),
                (Whose::Room, Came::Bytes(bytes)) => Action::Bytes(bytes),
                (Whose::Room, Came::Closed(code)) => Action::Dropped(code),
                (Whose::Runner, came) => Action::Runner(match came {
                    Came::Text(text) => runner::Action::Text(text),
                    Came::Bytes(bytes) => runner::Action::Bytes(bytes),
                    Came::Closed(code) => runner::Action::Dropped(code),
                }),
            };
            self.apply(ctx, action, ms);
        }
    }

    fn act(&mut self, ctx: &Context<Self>, action: Action) {
        let ms = self.clock.now_ms();
        self.apply(ctx, action, ms);
    }

    fn apply(&mut self, ctx: &Context<Self>, action: Action, ms: f64) {
        let random = js_sys::Math::random();
        if matches!(action, Action::Wake(Timer::Run)) {
            self.near = false;
        }
        let effects = self.desk.change().apply(action, Now { ms, random });
        for effect in effects {
            self.perform(ctx, effect);
        }
        let seat = self.desk.state();
        let waits = seat.inside.as_ref().is_some_and(|it| it.runs_experiment());
        drop(seat);
        if !waits && !self.runner_timers.is_empty() {
            // The runner is gone, and with it what it waited for.
            self.runner_timers.clear();
            self.second = Line::default();
        }
    }

    fn perform(&mut self, ctx: &Context<Self>, effect: Effect) {
        match effect {
            Effect::Connect(way) => {
                let came = ctx.link().callback(|came| Msg::Came(Whose::Room, came));
                self.line.connect(way, came);
            }
            Effect::Drop => {
                self.line.hang_up();
                self.inbox.forget(&Whose::Room);
            }
            Effect::Text(text) => self.line.send_text(&text),
            Effect::Bytes(bytes) => self.line.send_bytes(&bytes),
            Effect::Wake(timer, after_ms) => {
                self.near |= timer == Timer::Run && after_ms <= NEAR_MS;
                let link = ctx.link().clone();
                self.timers.set(timer, after_ms, move || {
                    link.send_message(Msg::Wake(Action::Wake(timer)));
                });
                let seat = self.desk.state();
                self.timers.tidy(|timer| match timer {
                    Timer::Quiet(id) => seat.wire.socket(*id).is_some(),
                    _ => true,
                });
            }
            Effect::Keep(kept) => browser::keep(KEPT, kept.as_deref()),
            Effect::Remember(name) => browser::store("name", &name),
            Effect::Dress(theme) => {
                browser::store("theme", theme.key());
                browser::dress(theme);
            }
            Effect::Address(fragment) => browser::set_fragment(fragment),
            Effect::Go(place) => browser::go(&place),
            Effect::Turned => self.turned = self.begun,
            Effect::Open(title) => {
                let (base, link) = (self.desk.base.clone(), ctx.link().clone());
                spawn_local(async move {
                    let answer = fetch::open(&base, &title).await;
                    link.send_message(Msg::Wake(Action::Opened(answer)));
                });
            }
            Effect::Export {
                path,
                secret,
                file,
                report,
            } => {
                let (base, link) = (self.desk.base.clone(), ctx.link().clone());
                let (now_ms, zone_min) = (self.clock.now_ms(), self.desk.zone_min);
                let targets = self.desk.state().wire.targets.clone();
                let report = report.map(|names| {
                    move |lines: &str| {
                        let options = Options {
                            names,
                            now_ms,
                            zone_min,
                            targets: &targets,
                        };
                        export::room::report(lines, options)
                    }
                });
                spawn_local(async move {
                    let answer = fetch::transcript(&base, &path, &secret, &file, report).await;
                    link.send_message(Msg::Wake(Action::Exported(answer)));
                });
            }
            Effect::Runner(effect) => self.perform_run(ctx, effect),
        }
    }

    fn perform_run(&mut self, ctx: &Context<Self>, effect: runner::Effect) {
        match effect {
            runner::Effect::Connect(way) => {
                let came = ctx.link().callback(|came| Msg::Came(Whose::Runner, came));
                self.second.connect(way, came);
            }
            runner::Effect::Drop => {
                self.second.hang_up();
                self.inbox.forget(&Whose::Runner);
            }
            runner::Effect::Text(text) => self.second.send_text(&text),
            runner::Effect::Bytes(bytes) => self.second.send_bytes(&bytes),
            runner::Effect::Wake(timer, after_ms) => {
                let link = ctx.link().clone();
                self.runner_timers.set(timer, after_ms, move || {
                    let action = Action::Runner(runner::Action::Wake(timer));
                    link.send_message(Msg::Wake(action));
                });
            }
        }
    }

    /// While the page counts down to its next try, it is drawn each second.
    fn watch_seconds(&mut self, ctx: &Context<Self>) {
        let waits = matches!(self.desk.state().wire.link.phase(), Phase::Waiting { .. });
        if waits && self.drawing.is_none() {
            let link = ctx.link().clone();
            self.drawing = Some(Timeout::new(500, move || link.send_message(Msg::Draw)));
        }
    }
}

/// Where the bar is drawn while another place is in sight: before all of them.
fn bar_host() -> Option<Element> {
    let document = browser::window()?.document()?;
    let host = document.create_element("div").ok()?;
    let body = document.body()?;
    let first = body.first_child();
    body.insert_before(&host, first.as_ref()).ok()?;
    Some(host)
}

/// What the page listens to wherever it happens.
fn listeners(ctx: &Context<App>) -> Vec<Listener> {
    let [address, online, colours] = [(); 3].map(|()| ctx.link().clone());
    let window = [
        Listener::window("hashchange", move |_| {
            let fragment = browser::fragment();
            // Another place may have given the page other colours meanwhile.
            if Place::of(&fragment) == Place::Room {
                address.send_message(Msg::Act(Action::Theme(browser::stored_theme())));
            }
            address.send_message(Msg::Act(Action::Go(fragment)));
        }),
        Listener::window("online", move |_| {
            online.send_message(Msg::Act(Action::Retry));
        }),
    ];
    let colours = Listener::colours(move || colours.send_message(Msg::Dress));
    window.into_iter().flatten().chain(colours).collect()
}
