//! What the page needs of the browser besides the WebSocket: clock, storage, address, events.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, EventTarget, HtmlElement, ResizeObserver, Window};

use crate::link::ways::Way;
use crate::place::Place;
use crate::state::settings::Theme;

/// How the system says that it is dark, and that it is to have more contrast.
const DARK: &str = "(prefers-color-scheme: dark)";
const CONTRAST: &str = "(prefers-contrast: more)";

/// The browser's window; there is none only outside a browser.
pub fn window() -> Option<Window> {
    web_sys::window()
}

/// A call with the page's next frame, when it is asked for; taken back when it is dropped.
pub struct Frame {
    closure: Closure<dyn FnMut()>,
    asked: Rc<Cell<Option<i32>>>,
}

impl Frame {
    /// Calls `f` with each frame that is asked for.
    pub fn new(mut f: impl FnMut() + 'static) -> Self {
        let asked = Rc::new(Cell::new(None));
        let comes = asked.clone();
        let closure = Closure::new(move || {
            comes.set(None);
            f();
        });
        Frame { closure, asked }
    }

    /// Whether it is asked for and has not come.
    pub fn is_asked(&self) -> bool {
        self.asked.get().is_some()
    }

    /// Asks for the next frame, once. In a hidden tab it comes when somebody looks again.
    pub fn ask(&self) {
        if let (false, Some(window)) = (self.is_asked(), window()) {
            let asked = window.request_animation_frame(self.closure.as_ref().unchecked_ref());
            self.asked.set(asked.ok());
        }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        if let (Some(asked), Some(window)) = (self.asked.get(), window()) {
            // Refused only for a frame that has been.
            let _ = window.cancel_animation_frame(asked);
        }
    }
}

/// A call whenever an element has another size, and once at the beginning; until it is dropped.
pub struct Resizes {
    observer: ResizeObserver,
    _closure: Closure<dyn FnMut()>,
}

impl Resizes {
    /// Calls `f`. There is no such call only in browsers that cannot run the page at all.
    pub fn of(element: &Element, f: impl FnMut() + 'static) -> Option<Self> {
        let closure = Closure::<dyn FnMut()>::new(f);
        let observer = ResizeObserver::new(closure.as_ref().unchecked_ref()).ok()?;
        observer.observe(element);
        Some(Resizes {
            observer,
            _closure: closure,
        })
    }
}

impl Drop for Resizes {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// An event listener that is taken away when it is dropped.
pub struct Listener {
    target: EventTarget,
    kind: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `f` at each event of a kind, wherever in the window; there is none only outside a browser.
    pub fn window(kind: &'static str, f: impl FnMut(Event) + 'static) -> Option<Self> {
        Some(Listener::new(window()?.into(), kind, f))
    }

    /// Calls `f` when the system's colours change.
    pub fn colours(f: impl Fn() + Clone + 'static) -> impl Iterator<Item = Self> {
        let queries = [DARK, CONTRAST].into_iter();
        queries.filter_map(move |query| {
            let media = window()?.match_media(query).ok()??;
            let f = f.clone();
            Some(Listener::new(media.into(), "change", move |_| f()))
        })
    }

    fn new(target: EventTarget, kind: &'static str, f: impl FnMut(Event) + 'static) -> Self {
        let closure = Closure::<dyn FnMut(Event)>::new(f);
        // The browser refuses no listener of a known target.
        let _ = target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
        Listener {
            target,
            kind,
            closure,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.closure.as_ref().unchecked_ref();
        let _ = self
            .target
            .remove_event_listener_with_callback(self.kind, callback);
    }
}

/// A clock in ms since 1970 that goes on evenly, in fractions of a ms where the browser allows.
#[derive(Debug, Default)]
pub struct Clock {
    zero_ms: f64,
}

impl Clock {
    /// Now.
    pub fn now_ms(&mut self) -> f64 {
        let wall_ms = js_sys::Date::now();
        let Some(performance) = window().and_then(|it| it.performance()) else {
            return wall_ms;
        };
        let even_ms = performance.now();
        // It stops while the machine sleeps, and the wall clock may be set: then begin anew.
        if (self.zero_ms + even_ms - wall_ms).abs() > 1_000.0 {
            self.zero_ms = wall_ms - even_ms;
        }
        self.zero_ms + even_ms
    }
}

/// Minutes that the local time is east of UTC.
pub fn zone_min() -> i32 {
    -(js_sys::Date::new_0().get_timezone_offset() as i32)
}

/// What is stored under a name; nothing where the browser keeps nothing.
pub fn stored(name: &str) -> Option<String> {
    let storage = window()?.local_storage().ok()??;
    storage.get_item(&format!("chalkwire.{name}")).ok()?
}

/// Stores a value; a browser that keeps nothing is no reason to stop.
pub fn store(name: &str, value: &str) {
    if let Some(Ok(Some(storage))) = window().map(|it| it.local_storage()) {
        let _ = storage.set_item(&format!("chalkwire.{name}"), value);
    }
}

/// What this tab keeps under a name until it is closed.
pub fn kept(name: &str) -> Option<String> {
    let storage = window()?.session_storage().ok()??;
    storage.get_item(&format!("chalkwire.{name}")).ok()?
}

/// Keeps a value for this tab, or forgets it; a browser that keeps nothing is no reason to stop.
pub fn keep(name: &str, value: Option<&str>) {
    if let Some(Ok(Some(storage))) = window().map(|it| it.session_storage()) {
        let name = format!("chalkwire.{name}");
        let _ = match value {
            Some(value) => storage.set_item(&name, value),
            None => storage.remove_item(&name),
        };
    }
}

/// Goes to a place of the page.
pub fn go(fragment: &str) {
    if let Some(window) = window() {
        // What is refused leaves everybody where they are.
        let _ = window.location().set_hash(fragment);
    }
}

/// Gives the document's root an attribute, or takes it away.
pub fn mark(name: &str, on: bool) {
    let document = window().and_then(|it| it.document());
    if let Some(root) = document.and_then(|it| it.document_element()) {
        // An attribute of every element.
        let _ = root.toggle_attribute_with_force(name, on);
    }
}

/// The fragment of the page's address.
pub fn fragment() -> String {
    window()
        .and_then(|it| it.location().hash().ok())
        .unwrap_or_default()
}

/// Where in the page one is. In a frame of another page there is nothing but an experiment.
pub fn place() -> Place {
    match is_embedded() {
        true => Place::Experiments,
        false => Place::of(&fragment()),
    }
}

/// Whether another place was in sight before this one: then the focus comes along.
pub fn came_from_elsewhere(to: Place) -> bool {
    Place::ALL.into_iter().any(|it| {
        let root = element(it.id());
        it != to && root.is_some_and(|it| it.has_child_nodes())
    })
}

/// Replaces the fragment of the page's address, without a new entry in the history.
pub fn set_fragment(fragment: &str) {
    let Some(window) = window() else { return };
    let now = window.location().hash().unwrap_or_default();
    if now == fragment || (now.is_empty() && fragment == "#") {
        return;
    }
    if let Ok(history) = window.history() {
        // Refused only for addresses of other origins.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(fragment));
    }
}

/// Gives the window its title.
pub fn set_title(title: &str) {
    if let Some(document) = window().and_then(|it| it.document()) {
        document.set_title(title);
    }
}

/// Whether the page is to be looked at only: `?embed` stands in its address.
pub fn is_embedded() -> bool {
    asked("embed").is_some()
}

/// The way that the link has to go: `?transport=sse` stands in the address, or `?transport=ws`.
pub fn forced_way() -> Option<Way> {
    Way::of(&asked("transport")?)
}

/// What stands in the query of the page's address under a name.
fn asked(name: &str) -> Option<String> {
    let search = window()?.location().search().ok()?;
    let mut pairs = search.trim_start_matches('?').split('&');
    pairs.find_map(|it| {
        let (key, value) = it.split_once('=').unwrap_or((it, ""));
        (key == name).then(|| value.to_owned())
    })
}

/// Brings the element of that id to the top of what scrolls around it.
pub fn scroll_to(id: &str) {
    if let Some(element) = element(id) {
        element.scroll_into_view();
    }
}

/// Brings the element of that id into sight, where it is not: the whole of it, below what stays on top.
pub fn show(id: &str) {
    let seen = |it: &web_sys::Element| {
        let place = it.get_bounding_client_rect();
        let height = window()?.inner_height().ok()?.as_f64()?;
        Some(place.top() >= 0.0 && place.bottom() <= height)
    };
    if element(id).and_then(|it| seen(&it)) == Some(false) {
        scroll_to(id);
    }
}

/// The page's own address.
pub fn base() -> String {
    let document = window().and_then(|it| it.document());
    let uri = document.and_then(|it| it.base_uri().ok().flatten());
    uri.unwrap_or_default()
}

/// Whether a media query holds.
pub fn media(query: &str) -> bool {
    window()
        .and_then(|it| it.match_media(query).ok().flatten())
        .is_some_and(|it| it.matches())
}

/// The theme that was chosen last, in whatever place.
pub fn stored_theme() -> Theme {
    stored("theme")
        .and_then(|it| Theme::from_key(&it))
        .unwrap_or_default()
}

/// Gives the page its colours.
pub fn dress(theme: Theme) {
    let theme = match theme {
        Theme::System if media(CONTRAST) => Theme::Contrast,
        Theme::System if media(DARK) => Theme::Dark,
        Theme::System => Theme::Light,
        theme => theme,
    };
    let root = window()
        .and_then(|it| it.document())
        .and_then(|it| it.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute("data-theme", theme.key());
    }
}

/// The element of that id.
pub fn element(id: &str) -> Option<Element> {
    window()?.document()?.get_element_by_id(id)
}

/// Puts the focus on the element of that id.
pub fn focus(id: &str) {
    if let Some(element) = element(id).and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        // What cannot have the focus does not get it.
        let _ = element.focus();
    }
}

fn target(event: &Event) -> Option<HtmlElement> {
    event.target()?.dyn_into().ok()
}

/// Whether an event's target is a button.
pub fn is_button(event: &Event) -> bool {
    target(event).is_some_and(|it| it.tag_name() == "BUTTON")
}

/// Whether an event's target takes keys as text.
pub fn is_typing(event: &Event) -> bool {
    target(event).is_some_and(|it| {
        matches!(it.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || it.is_content_editable()
    })
}
