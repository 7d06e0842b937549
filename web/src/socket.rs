//! The connection to the gateway: opened, read and dropped, nothing decided.

mod events;

use bytes::Bytes;
use chalkwire_shared::close::LinkClose;
use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::post::Kind;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, MessageEvent, Url, WebSocket};
use yew::Callback;

use crate::browser;
use crate::link::ways::Way;
use events::Events;

/// Where `trunk serve` serves the page, and the gateway that stands behind it: its WebSockets go to
/// the gateway itself. trunk's proxy does not pass on which subprotocol the gateway chose, and a
/// browser takes that for a failure.
#[cfg(debug_assertions)]
const TRUNK_HOST: &str = "127.0.0.1:8080";
#[cfg(debug_assertions)]
const GATEWAY_HOST: &str = "127.0.0.1:8000";

/// What came from the gateway.
#[derive(Debug)]
pub enum Came {
    /// A text message.
    Text(String),
    /// A binary message.
    Bytes(Bytes),
    /// The connection's end, with a close code.
    Closed(u16),
}

/// What a browser says of a connection that never was, or broke.
const BROKEN: u16 = 1006;

/// An open WebSocket; dropping it closes it, and nothing more is heard from it.
struct Socket {
    ws: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a WebSocket to the gateway that served this page.
    ///
    /// # Errors
    /// Where the browser does not so much as try.
    fn open(on: Callback<Came>) -> Result<Self, JsValue> {
        let ws = WebSocket::new_with_str(&address()?, SUBPROTOCOL)?;
        ws.set_binary_type(BinaryType::Arraybuffer);
        let message = on.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            if let Some(text) = data.as_string() {
                message.emit(Came::Text(text));
            } else if let Ok(buffer) = data.dyn_into::<ArrayBuffer>() {
                message.emit(Came::Bytes(Uint8Array::new(&buffer).to_vec().into()));
            }
        });
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            on.emit(Came::Closed(event.code()));
        });
        ws.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        ws.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Socket {
            ws,
            _on_message: on_message,
            _on_close: on_close,
        })
    }

    /// Whether what is sent goes out. What is sent into a closed one is an error in the console, and the
    /// close event may be on its way still.
    fn is_open(&self) -> bool {
        self.ws.ready_state() == WebSocket::OPEN
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.ws.set_onmessage(None);
        self.ws.set_onclose(None);
        // Closing what is closed already is no error worth telling.
        let _ = self.ws.close();
    }
}

/// A connection, one way or the other.
enum Connection {
    Socket(Socket),
    Events(Events),
}

/// The connection that a program has, or has not.
#[derive(Default)]
pub struct Line(Option<Connection>);

impl Line {
    /// Opens a connection in place of the one before. What comes over it goes to `on`, a failure to so
    /// much as try as well: as the end of a connection that never was.
    pub fn connect(&mut self, way: Way, on: Callback<Came>) {
        let opened = match way {
            Way::WebSocket => Socket::open(on.clone()).map(Connection::Socket),
            Way::Http => Events::open(on.clone()).map(Connection::Events),
        };
        match opened {
            Ok(connection) => self.0 = Some(connection),
            Err(_) => on.emit(Came::Closed(BROKEN)),
        }
    }

    /// Drops the connection for another one: nothing more is heard from it, and the gateway keeps the
    /// link. Dropped without that, a WebSocket is closed for good.
    pub fn hang_up(&mut self) {
        if let Some(Connection::Socket(socket)) = self.0.take() {
            let code = LinkClose::Reconnects.code();
            // Closing what is closed already is no error worth telling.
            let _ = socket.ws.close_with_code(code);
        }
    }

    /// Sends a text message, if there is a connection; into one that is no longer open, nothing.
    pub fn send_text(&self, text: &str) {
        match &self.0 {
            // A failure is followed by the close event, and that is dealt with.
            Some(Connection::Socket(socket)) if socket.is_open() => {
                drop(socket.ws.send_with_str(text));
            }
            Some(Connection::Events(events)) => events.say(Kind::Text, text.as_bytes()),
            Some(Connection::Socket(_)) | None => {}
        }
    }

    /// Sends a binary message, if there is a connection; into one that is no longer open, nothing.
    pub fn send_bytes(&self, bytes: &[u8]) {
        match &self.0 {
            // As above.
            Some(Connection::Socket(socket)) if socket.is_open() => {
                drop(socket.ws.send_with_u8_array(bytes));
            }
            Some(Connection::Events(events)) => events.say(Kind::Binary, bytes),
            Some(Connection::Socket(_)) | None => {}
        }
    }
}

/// The address of the gateway's WebSocket, beside the page, under whatever prefix it is served.
///
/// # Errors
/// Where the page's own address is no URL.
fn address() -> Result<String, JsValue> {
    let url = Url::new_with_base("ws", &browser::base())?;
    #[cfg(debug_assertions)]
    if url.host() == TRUNK_HOST {
        url.set_host(GATEWAY_HOST);
    }
    url.set_protocol(match url.protocol().as_str() {
        "https:" => "wss:",
        _ => "ws:",
    });
    Ok(url.href())
}
