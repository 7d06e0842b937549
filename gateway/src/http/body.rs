//! A request's body: whole, within its bound and its time, or why not.

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::LengthLimitError;

use crate::core::Core;

/// Reads a body of `most` bytes at the most.
///
/// # Errors
/// The status that says why it was not read, and a sentence.
pub(super) async fn read(
    core: &Core,
    body: Body,
    most: usize,
) -> Result<Bytes, (StatusCode, String)> {
    let reading = to_bytes(body, most);
    let read = core.timers.timeout(core.config.limits.header, reading);
    let late = "The body did not come in time.";
    let read = read
        .await
        .map_err(|_| (StatusCode::REQUEST_TIMEOUT, late.to_owned()))?;
    read.map_err(|error| not_whole(error, most))
}

/// Why a body of `most` bytes at the most was not read whole.
pub(super) fn not_whole(error: axum::Error, most: usize) -> (StatusCode, String) {
    match error.into_inner().is::<LengthLimitError>() {
        true => {
            let why = format!("The body is too long: it may have {most} bytes at the most.");
            (StatusCode::PAYLOAD_TOO_LARGE, why)
        }
        false => {
            let why = "The body broke off, or its chunks are malformed.";
            (StatusCode::BAD_REQUEST, why.to_owned())
        }
    }
}
