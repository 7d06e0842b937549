//! One run of the connection test: performs what the pure machine asks for, in a browser.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use js_sys::futures::{JsFuture, spawn_local};
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, MessageEvent, Response, WebSocket};
use yew::Callback;

use crate::probe::{Action, Event, Probe, echo_url, health_url};

/// A run in progress; dropping it ends it.
pub(super) struct Run {
    _inner: Rc<RefCell<Inner>>,
}

struct Inner {
    base: String,
    probe: Probe,
    shown: Callback<Probe>,
    socket: Option<Socket>,
    timer: Option<Timeout>,
}

/// The page's address, without query and fragment.
pub(super) fn page() -> String {
    let base = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.base_uri().ok().flatten())
        .unwrap_or_default();
    base.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// What the browser calls itself.
pub(super) fn browser() -> String {
    web_sys::window()
        .and_then(|window| window.navigator().user_agent().ok())
        .unwrap_or_default()
}

fn now_ms() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or_else(js_sys::Date::now, |performance| performance.now())
}

impl Run {
    /// Begins a run against the gateway of the page at `base`; `shown` gets every change.
    pub(super) fn start(base: String, shown: Callback<Probe>) -> Self {
        let (probe, actions) = Probe::start(now_ms());
        shown.emit(probe.clone());
        let inner = Rc::new(RefCell::new(Inner {
            base,
            probe,
            shown,
            socket: None,
            timer: None,
        }));
        perform(&inner, actions);
        Run { _inner: inner }
    }
}

/// Hands an event to the machine, and does what it asks for.
///
/// The run may be gone when a late answer comes: then nothing happens.
fn feed(inner: &Weak<RefCell<Inner>>, event: Event) {
    let Some(inner) = inner.upgrade() else { return };
    let (actions, shown, probe) = {
        let mut inner = inner.borrow_mut();
        let actions = inner.probe.apply(event, now_ms());
        (actions, inner.shown.clone(), inner.probe.clone())
    };
    shown.emit(probe);
    perform(&inner, actions);
}

fn perform(inner: &Rc<RefCell<Inner>>, actions: Vec<Action>) {
    let weak = Rc::downgrade(inner);
    for action in actions {
        match action {
            Action::Get => {
                let (weak, url) = (weak.clone(), health_url(&inner.borrow().base));
                spawn_local(async move { feed(&weak, get(&url).await) });
            }
            Action::Open => {
                // Not inside the match: what is borrowed there stays borrowed in its arms.
                let url = echo_url(&inner.borrow().base);
                match Socket::open(&url, &weak) {
                    Ok(socket) => inner.borrow_mut().socket = Some(socket),
                    Err(why) => return feed(&weak, Event::Closed(0, in_words(&why))),
                }
            }
            Action::SendText(text) => {
                if let Some(socket) = &inner.borrow().socket {
                    // A socket that cannot send is about to report that it is closed.
                    let _ = socket.socket.send_with_str(&text);
                }
            }
            Action::SendBinary(bytes) => {
                if let Some(socket) = &inner.borrow().socket {
                    let _ = socket.socket.send_with_u8_array(&bytes);
                }
            }
            Action::Timer(ms) => {
                let weak = weak.clone();
                let timer = Timeout::new(ms, move || feed(&weak, Event::Timer));
                inner.borrow_mut().timer = Some(timer);
            }
            Action::Stop => {
                let mut inner = inner.borrow_mut();
                inner.socket = None;
                inner.timer = None;
            }
        }
    }
}

async fn get(url: &str) -> Event {
    let Some(window) = web_sys::window() else {
        return Event::NoAnswer("no window".to_owned());
    };
    match JsFuture::from(window.fetch_with_str(url)).await {
        Ok(response) => match response.dyn_into::<Response>() {
            Ok(response) => Event::Answered(response.status()),
            Err(_) => Event::NoAnswer("no response".to_owned()),
        },
        Err(why) => Event::NoAnswer(in_words(&why)),
    }
}

/// What the browser threw, in its words.
fn in_words(why: &JsValue) -> String {
    let message = js_sys::Reflect::get(why, &"message".into()).ok();
    message
        .and_then(|message| message.as_string())
        .unwrap_or_else(|| "the browser does not say why".to_owned())
}

/// An open WebSocket with its handlers; dropping it takes them off and closes it.
struct Socket {
    socket: WebSocket,
    _open: Closure<dyn FnMut()>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    fn open(url: &str, run: &Weak<RefCell<Inner>>) -> Result<Self, JsValue> {
        let socket = WebSocket::new(url)?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let weak = run.clone();
        let open = Closure::<dyn FnMut()>::new(move || feed(&weak, Event::Opened));
        let weak = run.clone();
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            if let Some(text) = data.as_string() {
                feed(&weak, Event::Text(text));
            } else if let Ok(buffer) = data.dyn_into::<ArrayBuffer>() {
                feed(&weak, Event::Binary(Uint8Array::new(&buffer).to_vec()));
            }
        });
        let weak = run.clone();
        let close = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            feed(&weak, Event::Closed(event.code(), event.reason()));
        });
        socket.set_onopen(Some(open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        Ok(Socket {
            socket,
            _open: open,
            _message: message,
            _close: close,
        })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Closing what is closed already does nothing.
        let _ = self.socket.close();
    }
}
