//! Rooms over HTTP: opening one, and fetching its transcript.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use chalkwire_shared::room::RoomId;
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};

use super::proxied::Arrival;
use super::{App, base, body};
use crate::core::Core;
use crate::log::NotRead;
use crate::room::transcript::{Format, Writing};
use crate::room::{NotMade, Room, Wanted};

/// The most that a request for a room may hold, in bytes.
const REQUEST_BYTES: usize = 16_384;

/// What is read of a transcript at once, in bytes of text.
const READ_BYTES: usize = 262_144;

/// When a wrong secret is answered, however soon it was known.
const ANSWER_AFTER: Duration = Duration::from_millis(100);

/// What somebody says who opens a room. All of it may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Request {
    title: Option<String>,
    targets: Option<Vec<String>>,
    faults: Option<bool>,
}

/// A room that was opened. The links are told this once.
#[derive(Debug, Serialize)]
struct Opened {
    room: String,
    /// The code on the board, as it is written there.
    code: String,
    /// Whoever has this link teaches.
    teach: String,
    /// Whoever has this link comes in as a student.
    join: String,
    /// Whoever has this link looks on.
    view: String,
    /// The room ends, and its transcript with it, when nobody was in it for so many seconds.
    keep_s: u64,
    /// Whether it outlives the gateway's program.
    kept: bool,
}

/// A refusal as JSON.
#[derive(Debug, Serialize)]
struct Refusal<'a> {
    reason: &'a str,
    detail: &'a str,
}

/// `POST /api/rooms`: opens a room.
pub(super) async fn open(
    State(app): State<App>,
    Extension(arrival): Extension<Arrival>,
    headers: HeaderMap,
    sent: Body,
) -> Response {
    let core = &app.core;
    let Some(rooms) = &app.links.rooms else {
        return no_rooms(core);
    };
    let wanted = match wanted(core, sent).await {
        Ok(wanted) => wanted,
        Err((status, why)) => return refuse(core, status, "bad_request", &why),
    };
    let made = match rooms.make(wanted, arrival.client).await {
        Ok(made) => made,
        Err(why) => {
            let (status, reason) = match why {
                NotMade::Wrong => (StatusCode::BAD_REQUEST, "bad_request"),
                NotMade::TooMany => (StatusCode::TOO_MANY_REQUESTS, "rooms_per_address"),
                NotMade::Full => (StatusCode::SERVICE_UNAVAILABLE, "rooms"),
                NotMade::NotSaved(_) | NotMade::NoChance => {
                    (StatusCode::SERVICE_UNAVAILABLE, "not_saved")
                }
            };
            return refuse(core, status, reason, &why.to_string());
        }
    };
    let base = base::base(&core.config, arrival.peer, &headers);
    let room = made.room.as_str();
    let opened = Opened {
        room: room.to_owned(),
        code: made.code.to_string(),
        teach: format!("{base}#/teach/{room}/{}", made.teach.expose()),
        join: format!("{base}#/join/{}", made.code.plain()),
        view: format!("{base}#/view/{room}/{}", made.view.expose()),
        keep_s: rooms.idle().as_secs(),
        kept: rooms.are_kept(),
    };
    let mut response = (StatusCode::CREATED, Json(opened)).into_response();
    // It holds secrets.
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// How a transcript is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    format: AskedFormat,
    #[serde(default)]
    names: Names,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AskedFormat {
    #[default]
    Jsonl,
    Csv,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Names {
    #[default]
    Yes,
    No,
}

/// `GET /api/rooms/{room}/transcript`: what happened in a room, for who has its teach link.
pub(super) async fn transcript(
    State(app): State<App>,
    Path(name): Path<String>,
    query: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let core = &app.core;
    let Some(rooms) = &app.links.rooms else {
        return no_rooms(core);
    };
    let Ok(Query(asked)) = query else {
        let why =
            "A transcript is asked for with format=jsonl or format=csv, and names=yes or names=no.";
        return refuse(core, StatusCode::BAD_REQUEST, "bad_request", why);
    };
    // Whatever is wrong with a secret is answered at the same time, in the same words. Nobody guesses
    // one, so that nobody is locked out for guessing.
    let answer_at = tokio::time::Instant::now() + ANSWER_AFTER;
    let secret = headers.get(header::AUTHORIZATION).and_then(bearer);
    let room = RoomId::read(&name).zip(secret);
    let Some(room) = room.and_then(|(room, secret)| rooms.taught(&room, secret)) else {
        tokio::time::sleep_until(answer_at).await;
        let why = "No open room has that teach link. Its secret goes into the header Authorization, \
                   as Bearer and the secret.";
        let mut response = refuse(core, StatusCode::UNAUTHORIZED, "no_room", why);
        let scheme = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
        return response;
    };
    let (format, kind, extension) = match asked.format {
        AskedFormat::Jsonl => (Format::JsonLines, "application/x-ndjson", "jsonl"),
        AskedFormat::Csv => (Format::Csv, "text/csv; charset=utf-8", "csv"),
    };
    let writing = Writing::new(format, asked.names == Names::Yes, room.state());
    let file = format!(
        "attachment; filename=\"chalkwire-{}.{extension}\"",
        room.id()
    );
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_DISPOSITION, file.as_str()),
    ];
    (headers, Body::from_stream(written(room, writing))).into_response()
}

/// The token of a Bearer credential (RFC 6750, section 2.1); the scheme's case does not matter.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// All that is saved by now, some at a time.
fn written(
    room: Arc<Room>,
    writing: Writing,
) -> impl Stream<Item = Result<String, NotRead>> + Send + 'static {
    let last = *room.transcript().saved().borrow();
    let head = writing.head();
    let rest = stream::try_unfold(
        (room, writing, 0),
        move |(room, mut writing, seen)| async move {
            if seen >= last {
                return Ok(None);
            }
            let lines = room.transcript().read(seen, READ_BYTES).await?;
            let Some(seen) = lines.last().map(|line| line.offset) else {
                return Ok(None);
            };
            let lines = lines.iter().filter(|line| line.offset <= last);
            let text: String = lines.map(|line| writing.event(&line.text)).collect();
            Ok(Some((text, (room, writing, seen))))
        },
    );
    stream::once(async { Ok(head) }).chain(rest)
}

async fn wanted(core: &Core, sent: Body) -> Result<Wanted, (StatusCode, String)> {
    let bad = |why: String| (StatusCode::BAD_REQUEST, why);
    let sent = body::read(core, sent, REQUEST_BYTES).await?;
    let no_request = |error: &dyn fmt::Display| {
        bad(format!(
            "That is no request for a room: {error}. See PROTOCOL.md, \"Rooms\"."
        ))
    };
    let request = match sent.trim_ascii() {
        [] => Request::default(),
        // serde would take an array for the same.
        [b'{', ..] => serde_json::from_slice(&sent).map_err(|error| no_request(&error))?,
        _ => return Err(no_request(&"it is no JSON object")),
    };
    let targets = request.targets.iter().flatten();
    for name in targets {
        core.targets
            .get(name)
            .map_err(|failure| bad(failure.detail))?;
    }
    Ok(Wanted {
        title: request.title,
        targets: request.targets,
        faults: request.faults,
    })
}

pub(super) fn no_rooms(core: &Core) -> Response {
    let why = "This gateway has no rooms: its operator switched them off.";
    refuse(core, StatusCode::NOT_FOUND, "no_rooms", why)
}

pub(super) fn refuse(core: &Core, status: StatusCode, reason: &'static str, why: &str) -> Response {
    core.metrics.refuse(reason);
    let refusal = Refusal {
        reason,
        detail: why,
    };
    (status, Json(refusal)).into_response()
}
