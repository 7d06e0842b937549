//! The gateway over HTTP: which path leads where, and who may come in.

pub(crate) mod accept;
mod accepts;
mod base;
mod body;
pub(crate) mod door;
mod events;
mod exchange;
mod faults;
mod page;
mod proxied;
mod rooms;
mod turned_away;
mod upgrade;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use chalkwire_shared::limits::{MAX_MESSAGE_BYTES, SUBPROTOCOL};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;

use crate::core::Core;
use crate::link::carrier::Carrier;
use crate::link::posts::Posts;
use crate::link::{Caller, Fresh, Links, connection};
use crate::policy::guests::Place;
use crate::raw;
use proxied::Arrival;
use turned_away::TurnedAway;
use upgrade::Upgrade;

/// The largest message that the echo takes from loopback, where conformance tests come from.
const ECHO_BYTES: usize = 16 << 20;

/// Echoes at once: they may hold large messages.
const ECHOES: usize = 64;

/// Who is refused for now may try again after so many seconds.
const AGAIN_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// Where a request comes from, as the browser tells (Fetch Metadata).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct App {
    core: Arc<Core>,
    links: Arc<Links>,
    posts: Posts,
    echoes: Arc<Semaphore>,
}

/// The gateway's front: its paths, and who may come in.
pub(crate) struct Front {
    core: Arc<Core>,
    policy: HeaderValue,
    turned_away: TurnedAway,
    router: TowerToHyperService<Router>,
}

/// The gateway's paths, behind its guard.
pub(crate) fn front(core: Arc<Core>, links: Arc<Links>) -> Arc<Front> {
    let app = App {
        core: core.clone(),
        links,
        posts: Posts::default(),
        echoes: Arc::new(Semaphore::new(ECHOES)),
    };
    let router = Router::new()
        .route("/ws", get(link))
        .route("/sse/{version}", get(events::stream).post(events::post))
        .route("/raw/{target}", get(raw_socket))
        .route("/diag/echo", get(echo))
        .route("/api/targets", get(targets))
        .route("/api/targets/{target}/exchange", post(exchange::exchange))
        .route("/api/rooms", post(rooms::open))
        .route("/api/rooms/{room}/transcript", get(rooms::transcript))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/", get(page::index))
        .fallback(page::file)
        .with_state(app);
    let policy = page::policy(&core.config.embed);
    Arc::new(Front {
        turned_away: TurnedAway::new(&policy),
        policy,
        core,
        router: TowerToHyperService::new(router),
    })
}

/// A refusal: a status, a name for the metrics, and a sentence.
pub(crate) fn refuse(core: &Core, status: StatusCode, name: &'static str, why: &str) -> Response {
    core.metrics.refuse(name);
    (status, format!("{why}\n")).into_response()
}

/// Lets a request in, or says why not; and puts the headers on that every response has.
///
/// It stands before the router and not in it: a layer there costs each request a future and a clone
/// of its route.
pub(crate) async fn answer(front: Arc<Front>, request: Request) -> Result<Response, Infallible> {
    let core = &front.core;
    let mut response = match refusal(core, &request) {
        Some((status, name, why)) => refuse(core, status, name, why),
        None => front.router.call(request).await?,
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        // Nothing comes that these could protect.
        return Ok(response);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, front.policy.clone());
    for (name, value) in page::HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if core.tasks.is_draining() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

fn refusal(core: &Core, request: &Request) -> Option<(StatusCode, &'static str, &'static str)> {
    let text = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let path = request.uri().path();
    let posts = request.method() == Method::POST;
    // What a link is sent is for as long as it stands, as over its WebSocket.
    let goes_on = matches!(path, "/healthz" | "/readyz" | "/metrics")
        || posts && path.starts_with(events::PATH);
    if core.tasks.is_draining() && !goes_on {
        let why = "The gateway is being stopped or updated. Try again in a few seconds.";
        return Some((StatusCode::SERVICE_UNAVAILABLE, "draining", why));
    }
    let host = text(header::HOST).unwrap_or_default();
    let origins = &core.config.origins;
    if !origins.allows_host(host) {
        let why = "This gateway does not go by that name. Its operator can add it: hosts or \
                   public_url in the configuration.";
        return Some((StatusCode::MISDIRECTED_REQUEST, "host", why));
    }
    // Reading a page or a list harms nobody; opening sockets and sending does.
    let opens = path == "/ws"
        || path.starts_with("/raw/")
        || path.starts_with("/diag/")
        || path.starts_with(events::PATH)
        || posts;
    // A header that is no text is an origin all the same, and not ours.
    let origin = request
        .headers()
        .get(header::ORIGIN)
        .map(|o| o.to_str().unwrap_or("?"));
    // A page of another origin can have its browser GET without naming it, to no use but our cost.
    let cross_site = origin.is_none()
        && matches!(text(SEC_FETCH_SITE), Some(site) if !matches!(site, "same-origin" | "none"));
    if opens && (cross_site || !origins.allows_origin(origin, host)) {
        let why = "A page of another origin may not use this gateway. Its operator can allow it: \
                   origins in the configuration.";
        return Some((StatusCode::FORBIDDEN, "origin", why));
    }
    None
}

/// A place for one more WebSocket of a client, or the refusal.
fn place(core: &Core, address: IpAddr) -> Result<Place, Box<Response>> {
    let most = core.config.limits.links_per_address;
    core.guests.admit(address, most).ok_or_else(|| {
        tracing::info!(%address, most, "refused: links_per_address");
        let why = format!(
            "Too many connections from your address: {address} has {most}, the most that one address \
             may have (links_per_address in the gateway's configuration). Close a tab, or try again \
             later."
        );
        Box::new(refuse(core, StatusCode::TOO_MANY_REQUESTS, "address", &why))
    })
}

/// A refusal because a cap of the gateway, by its name, is reached.
fn full(core: &Core, cap: &'static str) -> Response {
    tracing::info!("refused: {cap}");
    let why = format!("The gateway is full ({cap}). Try again in a few seconds.");
    core.metrics.refuse("full");
    unavailable(&why)
}

/// A refusal for now.
fn unavailable(why: &str) -> Response {
    let again = [(header::RETRY_AFTER, AGAIN_SECONDS)];
    (StatusCode::SERVICE_UNAVAILABLE, again, format!("{why}\n")).into_response()
}

/// `GET /ws`: a link.
async fn link(
    State(app): State<App>,
    Extension(arrival): Extension<Arrival>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    let core = &app.core;
    let upgrade = upgrade.protocol(SUBPROTOCOL);
    if !upgrade.has_protocol() {
        let why = "A link needs the WebSocket subprotocol chalkwire.v1: this is its version.";
        return refuse(core, StatusCode::BAD_REQUEST, "subprotocol", why);
    }
    let (place, link) = match new_link(&app, &arrival, &headers) {
        Ok(new) => new,
        Err(refusal) => return *refusal,
    };
    upgrade.answer(MAX_MESSAGE_BYTES, move |socket| async move {
        connection::serve(Carrier::WebSocket(socket.shared()), link).await;
        drop(place);
    })
}

/// A new link for a client, and the connection's place; or the refusal.
fn new_link(
    app: &App,
    arrival: &Arrival,
    headers: &HeaderMap,
) -> Result<(Place, Fresh), Box<Response>> {
    let place = place(&app.core, arrival.client)?;
    let base = base::base(&app.core.config, arrival.peer, headers);
    let link = app.links.create(Caller {
        address: arrival.client,
        base: base.into(),
    });
    Ok((
        place,
        link.ok_or_else(|| Box::new(full(&app.core, "links")))?,
    ))
}

/// `GET /raw/{target}`: a WebSocket whose messages are a socket's bytes.
async fn raw_socket(
    State(app): State<App>,
    Extension(arrival): Extension<Arrival>,
    Path(name): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    upgrade: Upgrade,
) -> Response {
    let core = app.core;
    if let Err(failure) = core.newcomers.admit() {
        return unavailable(&failure.detail);
    }
    let target = match core.targets.get(&name) {
        Ok(target) => target.clone(),
        Err(failure) => {
            return refuse(
                &core,
                StatusCode::NOT_FOUND,
                "unknown_target",
                &failure.detail,
            );
        }
    };
    let plan =
        match faults::asked(&query).and_then(|(faults, seed)| core.plan(&target, faults, seed)) {
            Ok(plan) => plan,
            Err(error) => {
                let why = error.to_string();
                return refuse(&core, StatusCode::BAD_REQUEST, "bad_request", &why);
            }
        };
    let place = match place(&core, arrival.client) {
        Ok(place) => place,
        Err(refusal) => return *refusal,
    };
    let Ok(permit) = core.sockets.clone().try_acquire_owned() else {
        return full(&core, "sockets");
    };
    let upgrade = upgrade.protocol("binary");
    upgrade.answer(MAX_MESSAGE_BYTES, move |socket| {
        raw::serve(socket, target, plan, core, (place, permit))
    })
}

/// `GET /diag/echo`: a WebSocket that echoes each message as it came.
async fn echo(
    State(app): State<App>,
    Extension(arrival): Extension<Arrival>,
    upgrade: Upgrade,
) -> Response {
    let core = app.core;
    let place = match place(&core, arrival.client) {
        Ok(place) => place,
        Err(refusal) => return *refusal,
    };
    // What a proxy passes on is from elsewhere, whatever it says.
    let here = arrival.client.is_loopback() && !arrival.is_passing_on;
    let Ok(permit) = app.echoes.try_acquire_owned() else {
        return full(&core, "echoes");
    };
    let message_bytes = match here {
        true => ECHO_BYTES,
        false => MAX_MESSAGE_BYTES,
    };
    upgrade.answer(message_bytes, move |socket| async move {
        raw::echo(socket, core).await;
        drop((place, permit));
    })
}

/// `GET /api/targets`: what can be reached.
async fn targets(State(app): State<App>) -> Response {
    Json(app.core.targets.list()).into_response()
}

/// `GET /readyz`: whether new work is taken.
async fn ready(State(app): State<App>) -> Response {
    match app.core.tasks.is_draining() {
        false => "ready\n".into_response(),
        true => (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response(),
    }
}

/// `GET /metrics`: Prometheus' text format, for who reaches the gateway itself.
async fn metrics(State(app): State<App>, Extension(arrival): Extension<Arrival>) -> Response {
    if arrival.is_passing_on {
        let why = "The metrics are not for who comes by a proxy: ask the gateway itself.\n";
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.core.metrics.render()).into_response()
}
