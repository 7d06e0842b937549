//! The page, from inside the binary: compressed ahead of time, hashed names cached for ever.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::accepts::accepts;
use super::proxied::Arrival;
use super::{App, base};
use crate::policy::embed::Embedders;

/// One file of the page. The build script writes the table.
struct File {
    /// The path, without a leading slash.
    path: &'static str,
    mime: &'static str,
    /// The name holds a hash of the content.
    hashed: bool,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The Content-Security-Policy of every response: no script but ours, and ours inside of no page but
/// those that the operator names.
pub(super) fn policy(embedders: &Embedders) -> HeaderValue {
    let frames = embedders.sources();
    let text = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
         style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors {frames}"
    );
    // Origins are plain letters; without them, nothing may be shown at all.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// On every response besides.
pub(super) const HEADERS: [(HeaderName, &str); 4] = [
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), usb=()",
    ),
];

/// `GET /`
pub(super) async fn index(headers: HeaderMap) -> Response {
    find("index.html", &headers).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// Any other path: a file of the page, or nothing.
pub(super) async fn file(
    State(app): State<App>,
    Extension(arrival): Extension<Arrival>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let config = &app.core.config;
    if !matches!(method, Method::GET | Method::HEAD) {
        let allow = [(header::ALLOW, "GET,HEAD")];
        return (StatusCode::METHOD_NOT_ALLOWED, allow).into_response();
    }
    if let Some(file) = find(uri.path().trim_start_matches('/'), &headers) {
        return file;
    }
    if config
        .public_url
        .as_ref()
        .is_some_and(|url| url.lacks_slash(uri.path()))
    {
        return Redirect::temporary(&with_slash(&uri)).into_response();
    }
    let base = base::base(config, arrival.peer, &headers);
    let why = format!("There is nothing here. The page is at {base}\n");
    (StatusCode::NOT_FOUND, why).into_response()
}

/// `wire/?embed` from `/wire?embed`: relative, as it stands beside that, whatever is before it.
fn with_slash(uri: &Uri) -> String {
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    match uri.query() {
        Some(query) => format!("{last}/?{query}"),
        None => format!("{last}/"),
    }
}

fn find(path: &str, headers: &HeaderMap) -> Option<Response> {
    let file = FILES.iter().find(|file| file.path == path)?;
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|a| a.to_str().ok());
    let accepts = |coding: &str| accepted.is_some_and(|list| accepts(list, coding));
    let (coding, body) = match (file.brotli, file.gzip) {
        (Some(body), _) if accepts("br") => (Some("br"), body),
        (_, Some(body)) if accepts("gzip") => (Some("gzip"), body),
        _ => (None, file.plain),
    };
    let cache = match file.hashed {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.mime));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there_and_other_paths_are_not() {
        let none = HeaderMap::new();
        assert_eq!(find("index.html", &none).unwrap().status(), StatusCode::OK);
        for nothing in ["", "../Cargo.toml", "index.html/", "ws"] {
            assert!(find(nothing, &none).is_none(), "{nothing}");
        }
    }

    #[test]
    fn a_coding_that_is_refused_is_not_used() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("br;q=0, gzip;q=0.0"),
        );
        let response = find("index.html", &headers).unwrap();
        assert!(response.headers().get(header::CONTENT_ENCODING).is_none());
    }
}
