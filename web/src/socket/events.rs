//! The connection over HTTP: Server-Sent Events come, POSTs go.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use chalkwire_shared::post::{
    self, BYTES_EVENT, END_EVENT, HEADER_BYTES, Kind, MAX_POST_BYTES, NUMBER_HEADER, PING_EVENT,
    STREAM_EVENT, STREAM_HEADER,
};
use js_sys::futures::{JsFuture, spawn_local};
use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{EventSource, MessageEvent, RequestInit, Response};
use yew::Callback;

use super::{BROKEN, Came};
use crate::browser::{self, Listener};

/// Beside the page, under whatever prefix it is served; the version is the subprotocol's.
const PATH: &str = "sse/chalkwire.v1";

/// An open connection; dropping it closes it, and nothing more is heard from it.
pub(super) struct Events {
    shared: Rc<Shared>,
    _on_event: Closure<dyn FnMut(MessageEvent)>,
    _on_leaving: Option<Listener>,
}

/// What outlives a turn of the browser's loop.
struct Shared {
    source: EventSource,
    on: Callback<Came>,
    said: RefCell<Said>,
}

/// What is to be POSTed. The sockets' credit bounds it.
#[derive(Default)]
struct Said {
    /// The secret that a POST names.
    stream: String,
    /// The number of the last POST.
    number: u32,
    /// What waits while a POST is under way, gathered to bodies.
    waiting: VecDeque<Vec<u8>>,
    busy: bool,
}

impl Events {
    /// Opens a stream of the gateway that served this page.
    ///
    /// # Errors
    /// Where the browser does not so much as try.
    pub(super) fn open(on: Callback<Came>) -> Result<Self, JsValue> {
        let shared = Rc::new(Shared {
            source: EventSource::new(PATH)?,
            on,
            said: RefCell::default(),
        });
        let hears = Rc::downgrade(&shared);
        let on_event = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(shared) = hears.upgrade() {
                shared.hear(&event);
            }
        });
        for kind in [
            STREAM_EVENT,
            "message",
            BYTES_EVENT,
            PING_EVENT,
            END_EVENT,
            "error",
        ] {
            let callback = on_event.as_ref().unchecked_ref();
            shared
                .source
                .add_event_listener_with_callback(kind, callback)?;
        }
        let leaves = shared.clone();
        // A WebSocket says goodbye by itself when the page is left.
        let goodbye = move |_| {
            let mut post = Vec::new();
            post::put(&mut post, Kind::Close, &[]);
            leaves.said.borrow_mut().number += 1;
            let _ = leaves.post(&post, true);
        };
        Ok(Events {
            _on_leaving: Listener::window("pagehide", goodbye),
            _on_event: on_event,
            shared,
        })
    }

    /// Sends a message: at once, or together with others when the POST under way is answered.
    pub(super) fn say(&self, kind: Kind, payload: &[u8]) {
        self.shared.say(kind, payload);
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.shared.source.close();
    }
}

impl Shared {
    fn hear(self: &Rc<Self>, event: &MessageEvent) {
        let data = event.data().as_string().unwrap_or_default();
        match event.type_().as_str() {
            STREAM_EVENT => self.said.borrow_mut().stream = data,
            "message" => self.on.emit(Came::Text(data)),
            BYTES_EVENT => {
                // What it makes of base64 is a text of the characters 0 to 255.
                let text = browser::window().and_then(|it| it.atob(&data).ok());
                let text = text.unwrap_or_default();
                self.on
                    .emit(Came::Bytes(text.chars().map(|it| it as u8).collect()));
            }
            PING_EVENT => self.say(Kind::Pong, &[]),
            END_EVENT => self.end(data.get(..4).and_then(|it| it.parse().ok())),
            // The stream broke. The browser would open another by itself, of another link.
            _ => self.end(None),
        }
    }

    fn end(&self, code: Option<u16>) {
        self.source.close();
        self.on.emit(Came::Closed(code.unwrap_or(BROKEN)));
    }

    fn say(self: &Rc<Self>, kind: Kind, payload: &[u8]) {
        let mut said = self.said.borrow_mut();
        let size = HEADER_BYTES + payload.len();
        match said.waiting.back_mut() {
            Some(last) if last.len() + size <= MAX_POST_BYTES => post::put(last, kind, payload),
            _ => {
                let mut body = Vec::new();
                post::put(&mut body, kind, payload);
                said.waiting.push_back(body);
            }
        }
        if !said.busy {
            said.busy = true;
            spawn_local(post_all(Rc::downgrade(self)));
        }
    }

    /// The next body to be POSTed; from then on it is the one under way.
    fn next(&self) -> Option<Vec<u8>> {
        let mut said = self.said.borrow_mut();
        let next = said.waiting.pop_front();
        said.busy = next.is_some();
        said.number += u32::from(said.busy);
        next
    }

    /// POSTs the body under the latest number.
    fn post(&self, body: &[u8], leaving: bool) -> Option<Promise> {
        let said = self.said.borrow();
        let (headers, init) = (Object::new(), Object::new());
        let set = |object: &Object, key: &str, value: &JsValue| {
            // Fails on none but frozen objects.
            let _ = Reflect::set(object, &key.into(), value);
        };
        set(&headers, STREAM_HEADER, &said.stream.as_str().into());
        set(&headers, NUMBER_HEADER, &said.number.into());
        set(&init, "method", &"POST".into());
        set(&init, "headers", &headers);
        set(&init, "body", &Uint8Array::from(body));
        // The page's end is not the request's.
        set(&init, "keepalive", &leaving.into());
        let init: &RequestInit = init.unchecked_ref();
        Some(browser::window()?.fetch_with_str_and_init(PATH, init))
    }
}

/// POSTs what waits, one body after the other. Between two looks at it the connection may be gone.
async fn post_all(shared: Weak<Shared>) {
    while let Some(body) = shared.upgrade().and_then(|it| it.next()) {
        let mut again = true;
        loop {
            let Some(answer) = shared.upgrade().and_then(|it| it.post(&body, false)) else {
                return;
            };
            let answer = JsFuture::from(answer).await;
            match answer.map(|it| it.unchecked_into::<Response>().ok()) {
                Ok(true) => break,
                // The request was lost, or the answer: then it is not taken twice.
                Err(_) if again => again = false,
                _ => {
                    if let Some(shared) = shared.upgrade() {
                        shared.end(None);
                    }
                    return;
                }
            }
        }
    }
}
