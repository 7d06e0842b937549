//! `POST /api/targets/{target}/exchange`: one exchange, for curl and for scripts.

use std::io;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chalkwire_shared::close::Reason;
use chalkwire_shared::limits::MAX_MESSAGE_BYTES;
use serde::Serialize;
use tokio::time::Instant;

use super::accepts::accepts;
use super::{AGAIN_SECONDS, App, body, faults};
use crate::core::Core;
use crate::fault::{Plan, Wire, refused};
use crate::target::{Dialled, Failure, Target, with_buffer};

/// The most of a reply that is kept, in bytes. A target that floods is cut off here.
const REPLY_BYTES: usize = 1 << 20;

/// The media type by which an answer is asked for as JSON.
pub(super) const JSON: &str = "application/json";

/// What an exchange came to, as JSON. Times are µs since the connection attempt began.
#[derive(Debug, Serialize)]
struct Exchange {
    target: String,
    local: String,
    peer: String,
    /// How long connecting took.
    connect_us: u64,
    /// When the request was handed to the kernel.
    sent_us: u64,
    /// When the first byte of the reply was read, if one was.
    first_byte_us: Option<u64>,
    /// When the exchange was over.
    done_us: u64,
    sent_bytes: usize,
    received_bytes: usize,
    /// What ended it.
    end: End,
    /// The reply as text, if it is valid UTF-8.
    reply: Option<String>,
    /// The reply, byte for byte.
    reply_base64: String,
    /// The faults that were asked for, as texts, and their seed: with these it can be done again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
}

/// What ended an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum End {
    /// The target closed its side.
    Closed,
    /// The target reset the connection after it had replied.
    Reset,
    /// Nothing came for a while.
    Quiet,
    /// A whole datagram came.
    Datagram,
    /// The reply was cut off at its bound.
    TooMuch,
    /// Its time was up while more kept coming.
    TimeUp,
}

/// An error as JSON.
#[derive(Debug, Serialize)]
struct Refusal<'a> {
    reason: &'a str,
    detail: &'a str,
}

pub(super) async fn exchange(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let core = &app.core;
    let mut lists = headers.get_all(header::ACCEPT).iter();
    let json = lists.any(|list| list.to_str().is_ok_and(|it| accepts(it, JSON)));
    if let Err(failure) = core.newcomers.admit() {
        return refused_with(StatusCode::SERVICE_UNAVAILABLE, &failure, json);
    }
    match run(core, &name, &query, body).await {
        Ok((exchange, _)) if json => Json(exchange).into_response(),
        Ok((_, reply)) => {
            let kind = HeaderValue::from_static("application/octet-stream");
            ([(header::CONTENT_TYPE, kind)], reply).into_response()
        }
        Err((status, failure)) => refused_with(status, &failure, json),
    }
}

fn refused_with(status: StatusCode, failure: &Failure, json: bool) -> Response {
    let refusal = Refusal {
        reason: failure.reason.as_str(),
        detail: &failure.detail,
    };
    let mut response = match json {
        true => (status, Json(refusal)).into_response(),
        false => (status, format!("{}: {}\n", refusal.reason, refusal.detail)).into_response(),
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, AGAIN_SECONDS);
    }
    response
}

async fn run(
    core: &Core,
    name: &str,
    query: &[(String, String)],
    body: Body,
) -> Result<(Exchange, Vec<u8>), (StatusCode, Failure)> {
    let answer = |failure: Failure| (status_of(failure.reason), failure);
    let refuse = |failure: Failure| {
        core.metrics.refuse(failure.reason.as_str());
        answer(failure)
    };
    let target = core.targets.get(name).map_err(refuse)?.clone();
    let plan = faults::asked(query)
        .and_then(|(faults, seed)| core.plan(&target, faults, seed))
        .map_err(|error| {
            refuse(Failure {
                reason: Reason::BadRequest,
                detail: error.to_string(),
            })
        })?;
    let Ok(_permit) = core.sockets.clone().try_acquire_owned() else {
        return Err(refuse(Reason::Limit.into()));
    };
    let request = body::read(core, body, MAX_MESSAGE_BYTES).await;
    let request = request.map_err(|(status, detail)| {
        let reason = Reason::BadRequest;
        core.metrics.refuse(reason.as_str());
        (status, Failure { reason, detail })
    })?;
    let account = core.account(&target);
    let done = tokio::select! {
        done = perform(core, &target, &plan, &request) => done,
        () = core.tasks.stopping().cancelled() => Err(Reason::Draining.into()),
    };
    account.closed(match &done {
        Ok(_) => Reason::Finished,
        Err(failure) => failure.reason,
    });
    done.map_err(answer)
}

async fn perform(
    core: &Core,
    target: &Target,
    plan: &Plan,
    request: &[u8],
) -> Result<(Exchange, Vec<u8>), Failure> {
    if plan.refuses() {
        return Err(refused());
    }
    let started_us = core.clock.now_us();
    let since = || core.clock.now_us().saturating_sub(started_us);
    let Dialled { stream, ends } = core.dial(target).await?;
    let (local, peer) = (ends.local(), ends.peer());
    tracing::info!(target_name = target.info.name, local, peer, "socket opened");
    let connect_us = since();
    let wire = Wire::new(stream, plan, &core.faulted)?;
    // The socket goes with whichever ends; only talking does.
    let talk = tokio::select! {
        talk = talk(core, &wire, request) => talk?,
        never = wire.work() => never,
    };
    if let Some(first_byte_us) = talk.first_byte_us {
        let seconds = (first_byte_us - talk.sent_us) as f64 / 1e6;
        core.metrics.exchange.observe(seconds);
    }
    let (faults, seed) = plan.asked();
    let reply = talk.reply;
    let exchange = Exchange {
        target: target.info.name.clone(),
        local,
        peer,
        connect_us,
        sent_us: talk.sent_us.saturating_sub(started_us),
        first_byte_us: talk.first_byte_us.map(|us| us.saturating_sub(started_us)),
        done_us: since(),
        sent_bytes: request.len(),
        received_bytes: reply.len(),
        end: talk.end,
        reply: std::str::from_utf8(&reply).ok().map(str::to_owned),
        reply_base64: STANDARD.encode(&reply),
        faults: faults.iter().map(|fault| fault.to_text()).collect(),
        seed: (!faults.is_empty()).then_some(seed),
    };
    Ok((exchange, reply))
}

/// What was said on an open socket. Times are the gateway's clock.
struct Talk {
    sent_us: u64,
    first_byte_us: Option<u64>,
    end: End,
    reply: Vec<u8>,
}

async fn talk(core: &Core, wire: &Wire, request: &[u8]) -> Result<Talk, Failure> {
    let (limits, timers) = (&core.config.limits, &core.timers);
    let sent = timers
        .timeout(limits.exchange, wire.send_all(request))
        .await;
    sent.map_err(|_| no_reply())?
        .map_err(|error| Failure::of(&error))?;
    core.metrics.to_target.inc_by(request.len() as u64);
    let sent_us = core.clock.now_us();
    let mut reply = Vec::new();
    let mut first_byte_us = None;
    let mut time_up = Instant::now() + limits.exchange;
    let end = loop {
        let patience = match first_byte_us {
            None => limits.exchange,
            Some(_) if Instant::now() >= time_up => break End::TimeUp,
            Some(_) => limits.quiet,
        };
        match timers.timeout(patience, receive(wire, &mut reply)).await {
            Err(_) if first_byte_us.is_none() => return Err(no_reply()),
            // Quiet on purpose: there is more to come.
            Err(_) if wire.is_holding() => {}
            Err(_) => break End::Quiet,
            Ok(Ok(0)) if !wire.is_datagram() => break End::Closed,
            Ok(Ok(n)) => {
                core.metrics.from_target.inc_by(n as u64);
                if first_byte_us.is_none() {
                    first_byte_us = Some(core.clock.now_us());
                    // A reply that began has as long again to come to its end.
                    time_up = Instant::now() + limits.exchange;
                }
                if wire.is_datagram() {
                    break End::Datagram;
                }
                if reply.len() >= REPLY_BYTES {
                    break End::TooMuch;
                }
            }
            Ok(Err(error)) => match Failure::of(&error) {
                failure if reply.is_empty() => return Err(failure),
                failure if failure.reason == Reason::Finished => break End::Closed,
                _ => break End::Reset,
            },
        }
    };
    Ok(Talk {
        sent_us,
        first_byte_us,
        end,
        reply,
    })
}

/// Reads once and appends what came. Cancel-safe.
async fn receive(wire: &Wire, reply: &mut Vec<u8>) -> io::Result<usize> {
    loop {
        wire.readable().await?;
        let read: io::Result<usize> = with_buffer(|buffer| {
            let n = wire.try_recv(buffer)?;
            reply.extend_from_slice(&buffer[..n]);
            Ok(n)
        });
        match read {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

fn no_reply() -> Failure {
    let detail = "No reply: the target took the message, or it was lost, and nothing came back.";
    Failure {
        reason: Reason::Idle,
        detail: detail.to_owned(),
    }
}

/// The HTTP status that a close reason means.
fn status_of(reason: Reason) -> StatusCode {
    match reason {
        Reason::UnknownTarget => StatusCode::NOT_FOUND,
        Reason::Blocked | Reason::ByRoom => StatusCode::FORBIDDEN,
        Reason::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Reason::BadRequest | Reason::CreditExceeded => StatusCode::BAD_REQUEST,
        Reason::Limit | Reason::Draining => StatusCode::SERVICE_UNAVAILABLE,
        Reason::ConnectTimeout | Reason::Idle => StatusCode::GATEWAY_TIMEOUT,
        Reason::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        Reason::Finished
        | Reason::ClosedByClient
        | Reason::Reset
        | Reason::Refused
        | Reason::Unreachable
        | Reason::NotResolved
        | Reason::NoSuchPath
        | Reason::BacklogFull => StatusCode::BAD_GATEWAY,
    }
}
