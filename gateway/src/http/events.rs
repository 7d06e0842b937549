//! `/sse/{version}`: a link where WebSockets are blocked, as Server-Sent Events and POSTs.

use std::num::NonZeroU64;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chalkwire_shared::id::Token;
use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::post::{MAX_POST_BYTES, NUMBER_HEADER, STREAM_HEADER};

use super::accept::Lasting;
use super::{App, Arrival, body, full, new_link, refuse};
use crate::core::Core;
use crate::link::carrier::Carrier;
use crate::link::connection;
use crate::link::events::Events;
use crate::link::posts::NotTaken;

/// How both paths begin; the version follows, as it is the subprotocol of `/ws`.
pub(super) const PATH: &str = "/sse/";

/// `GET`: a link, whose messages come as events.
pub(super) async fn stream(
    State(app): State<App>,
    Extension(arrival): Extension<Arrival>,
    Path(version): Path<String>,
    headers: HeaderMap,
) -> Response {
    let core = &app.core;
    if version != SUBPROTOCOL {
        return other_version(core);
    }
    let (place, link) = match new_link(&app, &arrival, &headers) {
        Ok(new) => new,
        Err(refusal) => return *refusal,
    };
    let Some((events, body)) = Events::open(&app.posts) else {
        return full(core, "links");
    };
    let reply = Lasting::begin(arrival.offers);
    core.tasks.spawn(async move {
        connection::serve(Carrier::Events(events), link).await;
        drop((place, reply));
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Nothing else is to be asked on a connection that is closed soon after the last event.
        (header::CONNECTION, "close"),
    ];
    // nginx gathers replies before it passes them on, unless it is told not to.
    (headers, [("x-accel-buffering", "no")], body).into_response()
}

/// `POST`: what the client says on such a link. 204 says that it is taken, and in order.
pub(super) async fn post(
    State(app): State<App>,
    Path(version): Path<String>,
    headers: HeaderMap,
    posted: Body,
) -> Response {
    let core = &app.core;
    if version != SUBPROTOCOL {
        return other_version(core);
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let number = text(NUMBER_HEADER).and_then(|number| number.parse::<NonZeroU64>().ok());
    let (Some(stream), Some(number)) = (text(STREAM_HEADER), number) else {
        let why = "A POST names its stream and its number: Chalkwire-Stream and Chalkwire-Post.";
        return refuse(core, StatusCode::BAD_REQUEST, "bad_request", why);
    };
    let Some(door) = app.posts.door(&Token::from(stream.to_owned())) else {
        return ended(core);
    };
    let taken = door.take(number, to_bytes(posted, MAX_POST_BYTES));
    match core.timers.timeout(core.config.limits.header, taken).await {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(NotTaken::Ended)) => ended(core),
        Ok(Err(NotTaken::Gap(due))) => {
            let why = format!("POST {number} came where {due} was due.");
            refuse(core, StatusCode::CONFLICT, "bad_request", &why)
        }
        Ok(Err(NotTaken::Body(error))) => {
            let (status, why) = body::not_whole(error, MAX_POST_BYTES);
            refuse(core, status, "bad_request", &why)
        }
        Err(_) => {
            let why = "The body did not come in time, or those before it wait to be taken.";
            refuse(core, StatusCode::REQUEST_TIMEOUT, "slow", why)
        }
    }
}

fn other_version(core: &Core) -> Response {
    let why = "The path of a link over HTTP ends with its version: /sse/chalkwire.v1.";
    refuse(core, StatusCode::BAD_REQUEST, "subprotocol", why)
}

fn ended(core: &Core) -> Response {
    let why = "There is no such stream, or it has ended. Open another, and resume the link there.";
    refuse(core, StatusCode::NOT_FOUND, "stream", why)
}
