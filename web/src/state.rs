//! What the page knows and decides: actions in, effects out, no I/O, no clock of its own.

use chalkwire_shared::id::SocketId;
use chalkwire_shared::target::Kind;

use crate::faults::Faults;
use crate::link::Do;
use crate::told::Told;
use crate::wire::socket::Socket;
use crate::wire::{Out, Wire};

pub mod action;
mod composer;
pub mod draft;
pub mod effect;
mod hear;
pub mod news;
pub mod settings;

pub use crate::wire::Now;
pub use action::{Action, Overlay, Step};
pub use composer::Way;
use draft::Draft;
pub use effect::{Effect, Focus, Timer};
use news::News;
use settings::{Address, Settings, Shows};

/// How long the picture and the details leave what is new alone, in ms: nobody can follow more.
const LOOK_MS: f64 = 100.0;

/// How long events are gathered before a screen reader hears of them, in ms.
const NEWS_MS: f64 = 900.0;

/// The page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The link to the gateway, its sockets and the log.
    pub wire: Wire,
    /// The picked target.
    pub target: String,
    /// The picked socket.
    pub active: Option<SocketId>,
    /// The picked row.
    pub selected: Option<u32>,
    /// What the picture and the details show while no row is picked.
    latest: Option<u32>,
    look_due: bool,
    /// Whether the inspector shows where it slides over.
    pub inspecting: bool,
    /// The message being written.
    pub draft: Draft,
    /// What is wrong with the message, after an attempt to send it.
    pub trouble: Option<String>,
    /// What is done to sockets on purpose.
    pub faults: Faults,
    /// Which number of the faults was not taken (see [`Edit::field`](crate::faults::Edit::field)), and why.
    pub fault_trouble: Option<(Option<(usize, usize)>, String)>,
    /// What is done to open sockets on purpose.
    made: Vec<(SocketId, Faults)>,
    /// The message goes out as soon as the gateway answers.
    pub submit_due: bool,
    /// The kernel is asked about new sockets: somebody wanted to see that.
    kernel: bool,
    /// How the page looks.
    pub settings: Settings,
    /// What lies on top.
    pub overlay: Option<Overlay>,
    news: News,
    /// The latest summary for screen readers.
    pub told: Told,
}

impl State {
    /// Takes an action in: what is to be done about it.
    pub fn apply(&mut self, action: Action, now: Now) -> Vec<Effect> {
        let mut out = Vec::new();
        let mut wire = Out::default();
        // What waits to be sent is what stands in the box, there and then.
        self.submit_due &= !action.is_edit();
        match action {
            Action::Start(settings, address) => {
                self.settings = settings;
                self.read_address(address);
                self.wire.retry(now, &mut wire);
            }
            Action::Dropped(code) => self.wire.dropped(code, now, &mut wire),
            Action::Text(text) => self.wire.text(&text, now, &mut wire),
            Action::Bytes(bytes) => self.wire.bytes(bytes, now, &mut wire),
            Action::Wake(timer) => self.wake(timer, now, &mut wire, &mut out),
            Action::Retry => self.wire.retry(now, &mut wire),

            Action::Target(target) => self.pick_target(target, &mut out),
            Action::Socket(id) => self.pick_socket(id, &mut out),
            Action::Write(text) => {
                self.draft.write(text);
                self.trouble = None;
            }
            Action::Hex(hex) => {
                self.draft.typed.hex = hex;
                self.trouble = None;
                out.push(Effect::Remember);
            }
            Action::LineEnd(end) => {
                self.draft.line_end = end;
                self.trouble = None;
                out.push(Effect::Remember);
            }
            Action::Fault(edit) => {
                let field = edit.field();
                let changed = self.faults.edit(edit);
                if changed == Ok(true) {
                    self.refault(now, &mut wire);
                    out.push(Effect::Remember);
                }
                self.fault_trouble = changed.err().map(|why| (field, why));
            }
            Action::ManyLines(many) => self.draft.many_lines = many,
            Action::Submit => self.submit(now, &mut wire, &mut out),
            Action::Resend(target, bytes) => {
                self.resend(target, bytes, now, &mut wire, &mut out);
            }
            Action::Hello => {
                self.hello(now, &mut wire, &mut out);
                out.push(Effect::Focus(Focus::Rows));
            }
            Action::Connect => self.connect(now, &mut wire, &mut out),
            Action::ShutDown => self.shut_down(now, &mut wire),
            Action::Close => {
                if let Some(id) = self.active {
                    self.wire.close(id, &mut wire);
                }
            }
            Action::Older => self.draft.older(),
            Action::Newer => self.draft.newer(),

            Action::Filter(text) => self.wire.log.set_text(text),
            Action::ToggleClass(class) => self.wire.log.toggle_class(class),
            Action::ShowAll => self.wire.log.show_all(),
            Action::Pause => self.wire.log.toggle_pause(),
            Action::Clear => {
                self.wire.log.clear();
                self.selected = None;
                self.latest = None;
                self.inspecting = false;
            }
            Action::UndoClear => {
                self.wire.log.undo_clear();
                self.latest = self.wire.log.latest();
            }
            Action::Select(no) => {
                self.selected = Some(no);
                self.inspecting = true;
                out.push(Effect::Focus(Focus::DetailsOver));
            }
            Action::Step(step) => self.step(step),
            Action::Escape => self.escape(&mut out),
            Action::Inspect(show) => {
                self.inspecting = show && self.selected.is_some();
                out.push(Effect::Focus(match self.inspecting {
                    true => Focus::Details,
                    false => Focus::Rows,
                }));
            }

            Action::Theme(theme) => {
                self.settings.theme = theme;
                out.push(Effect::Remember);
            }
            Action::View(view) => {
                self.settings.view = view;
                out.push(Effect::Remember);
            }
            Action::Times(times) => {
                self.settings.times = times;
                out.push(Effect::Remember);
            }
            Action::Keys(keys) => {
                self.settings.keys = keys;
                out.push(Effect::Remember);
            }
            Action::Picture(show) => {
                self.settings.picture = show;
                out.push(Effect::Remember);
            }
            Action::Shows(shows) => {
                self.settings.shows = shows;
                self.kernel |= shows == Shows::Kernel;
            }
            Action::Tab(tab) => self.settings.tab = tab,
            Action::Overlay(overlay) => self.overlay = Some(overlay),
            Action::Address(address) => {
                self.read_address(address);
                out.push(Effect::Remember);
            }
        }
        self.heard(now, &mut wire, &mut out);
        out.extend(wire.said.into_iter().map(|it| match it {
            Do::Connect(way) => Effect::Connect(way),
            Do::Drop => Effect::Drop,
            Do::Text(text) => Effect::Text(text),
            Do::Bytes(bytes) => Effect::Bytes(bytes),
            Do::RetryAfter(ms) => Effect::Wake(Timer::Retry, ms),
            Do::PingAfter(ms) => Effect::Wake(Timer::Ping, ms),
        }));
        out
    }

    fn wake(&mut self, timer: Timer, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        match timer {
            Timer::Retry => self.wire.retry(now, wire),
            Timer::Ping => self.wire.ping(now, wire),
            Timer::News => self.told.say(self.news.tell()),
            Timer::Quiet(id) => self.quiet(id, now, wire, out),
            Timer::NoReply(id) => self.no_reply(id, now, wire),
            Timer::Look => {
                self.look_due = false;
                self.latest = self.wire.log.latest();
            }
        }
    }

    /// What the picture and the details are of: the picked row, or the latest that matters.
    pub fn look(&self) -> Option<u32> {
        self.selected.or(self.latest)
    }

    /// The picked socket.
    pub fn active_socket(&self) -> Option<&Socket> {
        self.wire.socket(self.active?)
    }

    /// What is done to a socket on purpose.
    fn faults_of(&self, id: SocketId) -> Option<&Faults> {
        self.made.iter().find(|it| it.0 == id).map(|it| &it.1)
    }

    /// What is done to an open socket on purpose, in a few words; or nothing.
    pub fn made(&self, id: SocketId) -> String {
        let socket = self.wire.socket(id).zip(self.faults_of(id));
        socket.map_or_else(String::new, |(it, made)| {
            made.badge(it.view.kind.is_datagram(), true)
        })
    }

    /// The picked target's kind.
    pub fn kind(&self) -> Option<Kind> {
        let target = self.wire.targets.iter().find(|it| it.name == self.target)?;
        Some(target.kind)
    }

    fn pick_target(&mut self, target: String, out: &mut Vec<Effect>) {
        self.active = self
            .wire
            .sockets()
            .rev()
            .find(|it| !it.one_shot && it.view.target == target)
            .map(|it| it.view.id);
        self.target = target;
        self.trouble = None;
        self.show_made();
        out.push(Effect::Remember);
    }

    fn pick_socket(&mut self, id: SocketId, out: &mut Vec<Effect>) {
        self.trouble = None;
        if self.active == Some(id) {
            self.active = None;
        } else if let Some(socket) = self.wire.socket(id) {
            self.active = Some(id);
            self.target = socket.view.target.clone();
            self.show_made();
            out.push(Effect::Remember);
        }
    }

    /// The faults that are shown, and edited, are the picked socket's.
    fn show_made(&mut self) {
        if let Some(made) = self.active.and_then(|id| self.faults_of(id)) {
            self.faults = made.clone();
            self.fault_trouble = None;
        }
    }

    fn step(&mut self, step: Step) {
        let Some(last) = self.wire.log.len().checked_sub(1) else {
            return;
        };
        let place = self.selected.and_then(|no| self.wire.log.place(no));
        let place = match (step, place) {
            (Step::First, _) => 0,
            (Step::Last, _) | (Step::By(_), None) => last,
            (Step::By(rows), Some(place)) => place.saturating_add_signed(rows).min(last),
        };
        self.selected = self.wire.log.shown(place).map(|it| it.no);
    }

    fn escape(&mut self, out: &mut Vec<Effect>) {
        if self.overlay.take().is_some() || std::mem::take(&mut self.submit_due) {
            return;
        }
        if std::mem::take(&mut self.inspecting) {
            out.push(Effect::Focus(Focus::Rows));
        }
        self.trouble = None;
    }

    /// What a link to this page would carry.
    pub fn address(&self) -> Address {
        Address {
            target: (!self.target.is_empty()).then(|| self.target.clone()),
            view: Some(self.settings.view),
            line_end: Some(self.draft.line_end),
            hex: Some(self.draft.typed.hex),
            times: Some(self.settings.times),
            picture: Some(self.settings.picture),
            theme: None,
            faults: self.faults.clone(),
        }
    }

    fn read_address(&mut self, address: Address) {
        if let Some(target) = address.target {
            // Before the welcome nobody knows whether there is such a target.
            if self.wire.targets.is_empty() || self.wire.targets.iter().any(|it| it.name == target)
            {
                self.pick_target(target, &mut Vec::new());
            }
        }
        self.faults = address.faults;
        self.settings.view = address.view.unwrap_or_default();
        self.settings.times = address.times.unwrap_or_default();
        self.settings.picture = address.picture.unwrap_or(true);
        self.settings.theme = address.theme.unwrap_or(self.settings.theme);
        self.draft.line_end = address.line_end.unwrap_or_default();
        self.draft.typed.hex = address.hex.unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
