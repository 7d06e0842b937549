//! From a request to a WebSocket (RFC 6455, section 4.2).

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::accept::Offers;
use super::proxied::Arrival;
use crate::tasks::Tasks;
use crate::ws::WebSocket;

type Serve = Box<dyn FnOnce(TcpStream, &[u8], &Tasks) + Send>;

/// Where a handler leaves what the connection is to become: a task of its own kind, in which nothing
/// is left of what its request needed.
#[derive(Default)]
pub(super) struct Offer(Mutex<Option<(OnUpgrade, Serve)>>);

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Offer")
    }
}

impl Offer {
    /// Starts what the connection became, when its request has been answered.
    pub(super) async fn start(&self, tasks: &Tasks) {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((upgrade, serve)) = taken else {
            return;
        };
        let parts = upgrade.await.map(|it| it.downcast::<TokioIo<TcpStream>>());
        // Else the connection is over.
        if let Ok(Ok(parts)) = parts {
            serve(parts.io.into_inner(), &parts.read_buf, tasks);
        }
    }
}

/// A request to go over to a WebSocket, and nothing else.
pub(super) struct Upgrade {
    offers: Arc<Offers>,
    upgrade: OnUpgrade,
    key: HeaderValue,
    /// What the client would speak.
    protocols: Vec<HeaderValue>,
    protocol: Option<&'static str>,
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let refused = |why: &str| (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response();
        let headers = &parts.headers;
        if !lists(headers, header::CONNECTION, "upgrade") {
            return Err(refused(
                "This path is a WebSocket's: the header Connection is not 'upgrade'.",
            ));
        }
        if !lists(headers, header::UPGRADE, "websocket") {
            return Err(refused(
                "This path is a WebSocket's: the header Upgrade is not 'websocket'.",
            ));
        }
        if headers
            .get(header::SEC_WEBSOCKET_VERSION)
            .is_none_or(|version| version != "13")
        {
            let mut response = refused("The header Sec-WebSocket-Version must be 13.");
            // RFC 6455, section 4.4.
            let version = HeaderValue::from_static("13");
            let headers = response.headers_mut();
            headers.insert(header::SEC_WEBSOCKET_VERSION, version);
            return Err(response);
        }
        let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY).cloned() else {
            return Err(refused("The header Sec-WebSocket-Key is missing."));
        };
        let protocols = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
        let protocols = protocols.iter().cloned().collect();
        let cannot = || {
            let why = "This connection can't become a WebSocket.\n";
            (StatusCode::UPGRADE_REQUIRED, why).into_response()
        };
        let upgrade = parts.extensions.remove::<OnUpgrade>().ok_or_else(cannot)?;
        let arrival = parts.extensions.get::<Arrival>().ok_or_else(cannot)?;
        Ok(Upgrade {
            offers: arrival.offers.clone(),
            upgrade,
            key,
            protocols,
            protocol: None,
        })
    }
}

impl Upgrade {
    /// Agrees on a subprotocol if the client knows it.
    pub(super) fn protocol(mut self, name: &'static str) -> Self {
        let mut offered = self
            .protocols
            .iter()
            .filter_map(|value| value.to_str().ok());
        if offered.any(|list| list.split(',').any(|offered| offered.trim() == name)) {
            self.protocol = Some(name);
        }
        self
    }

    /// Whether a subprotocol was agreed on.
    pub(super) fn has_protocol(&self) -> bool {
        self.protocol.is_some()
    }

    /// The answer. Then the connection is a WebSocket, whose messages have `most` bytes at the most,
    /// and is served so.
    pub(super) fn answer<F>(
        self,
        most: usize,
        serve: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let serve: Serve = Box::new(move |stream, first, tasks| {
            tasks.spawn(serve(WebSocket::new(stream, first, most)));
        });
        let slot = &self.offers.upgrade.0;
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some((self.upgrade, serve));
        drop(slot);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        // Base64: a header may have it.
        if let Ok(accept) = HeaderValue::try_from(derive_accept_key(self.key.as_bytes())) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = self.protocol {
            let protocol = HeaderValue::from_static(protocol);
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

/// Whether a header's list has a word, whatever its case.
fn lists(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let mut values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.any(|list| {
        list.split(',')
            .any(|listed| listed.trim().eq_ignore_ascii_case(word))
    })
}
