//! Who is turned away, in an overload or for want of file descriptors, before more is made of a request
//! than its first bytes.
//!
//! Read, routed and answered like any other, a refusal costs half of an exchange; with twice as many
//! who come as can be served, there would be no time left to serve any.

use axum::http::{HeaderName, HeaderValue, header};
use chalkwire_shared::close::Reason;
use rustix::net::{RecvFlags, recv};
use std::os::fd::{AsFd, BorrowedFd};

use super::accepts::accepts;
use super::exchange::JSON;
use super::{AGAIN_SECONDS, page};
use crate::newcomers::TOO_MUCH;
use crate::target::send_last;

/// A request that is longer goes the usual way.
const LONGEST: usize = 2_048;

/// What a request asks for that may be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Raw,
    Exchange,
    /// An exchange whose answer is to be JSON.
    ExchangeAsJson,
}

/// The answers, ready to be sent.
#[derive(Debug)]
pub(super) struct TurnedAway {
    raw: Vec<u8>,
    exchange: Vec<u8>,
    exchange_as_json: Vec<u8>,
    no_descriptors: Vec<u8>,
}

/// What is said where the system gives no more file descriptors.
const NO_DESCRIPTORS: &str = "The gateway has as many connections as its system allows (file \
    descriptors). Try again in a few seconds.\n";

impl TurnedAway {
    pub(super) fn new(policy: &HeaderValue) -> Self {
        let reason = Reason::Limit.as_str();
        let json = serde_json::json!({ "reason": reason, "detail": TOO_MUCH });
        let text = "text/plain; charset=utf-8";
        TurnedAway {
            raw: answer(policy, text, &format!("{TOO_MUCH}\n")),
            exchange: answer(policy, text, &format!("{reason}: {TOO_MUCH}\n")),
            exchange_as_json: answer(policy, "application/json", &json.to_string()),
            no_descriptors: answer(policy, text, NO_DESCRIPTORS),
        }
    }

    /// Answers a connection's first request, if it is all there and asks for a socket: the answer goes
    /// when the connection is closed. Does not wait.
    pub(super) fn answer(&self, stream: impl AsFd) -> bool {
        let mut bytes = [0; LONGEST];
        // Only looked at: what is not answered here is read by others.
        let stream = stream.as_fd();
        let look = recv(
            stream,
            &mut bytes[..],
            RecvFlags::PEEK | RecvFlags::DONTWAIT,
        );
        let Ok((n, _)) = look else {
            return false;
        };
        let answer = match asks(&bytes[..n]) {
            Some(Asks::Raw) => &self.raw,
            Some(Asks::Exchange) => &self.exchange,
            Some(Asks::ExchangeAsJson) => &self.exchange_as_json,
            None => return false,
        };
        answer_last(stream, &mut bytes[..n], answer);
        true
    }

    /// Answers whatever a client has asked for so far, when there is no file descriptor for it. Does not
    /// wait.
    pub(super) fn for_want_of_descriptors(&self, stream: impl AsFd) {
        answer_last(stream.as_fd(), &mut [0; LONGEST], &self.no_descriptors);
    }
}

/// Reads what is there, and answers it when the connection is closed. Does not wait.
fn answer_last(stream: BorrowedFd<'_>, read: &mut [u8], answer: &[u8]) {
    // What is left unread when a connection is closed becomes a reset, and might overtake the answer.
    // A client that is gone needs none.
    let _ = recv(stream, read, RecvFlags::DONTWAIT);
    let _ = send_last(stream, answer);
}

fn answer(policy: &HeaderValue, kind: &str, body: &str) -> Vec<u8> {
    let mut bytes = b"HTTP/1.1 503 Service Unavailable\r\n".to_vec();
    let length = HeaderValue::from(body.len());
    let close = HeaderValue::from_static("close");
    let mut add = |name: &HeaderName, value: &[u8]| {
        for part in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    };
    add(&header::CONTENT_TYPE, kind.as_bytes());
    add(&header::CONTENT_LENGTH, length.as_bytes());
    add(&header::CONNECTION, close.as_bytes());
    add(&header::RETRY_AFTER, AGAIN_SECONDS.as_bytes());
    add(&header::CONTENT_SECURITY_POLICY, policy.as_bytes());
    for (name, value) in page::HEADERS {
        add(&name, value.as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

/// What a whole request asks for; `None` for what is not all there, or something else.
fn asks(request: &[u8]) -> Option<Asks> {
    let path = |method: &str| request.strip_prefix(method.as_bytes());
    let raw = path("GET /raw/").is_some();
    if !raw && path("POST /api/targets/").is_none() {
        return None;
    }
    let (head, body) = std::str::from_utf8(request).map_or_else(
        // A body may be any bytes.
        |error| split(&request[..error.valid_up_to()], request),
        |_| split(request, request),
    )?;
    if raw {
        return body.is_empty().then_some(Asks::Raw);
    }
    let line = head.lines().next()?;
    let target = line.split(' ').nth(1)?;
    if !target.split('?').next()?.ends_with("/exchange") {
        return None;
    }
    let value = |name: &str| {
        let mut headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.find_map(|(n, value)| n.eq_ignore_ascii_case(name).then_some(value.trim()))
    };
    let length: usize = value("content-length").unwrap_or("0").parse().ok()?;
    if body.len() != length || value("transfer-encoding").is_some() {
        return None;
    }
    Some(match value("accept") {
        Some(list) if accepts(list, JSON) => Asks::ExchangeAsJson,
        _ => Asks::Exchange,
    })
}

/// A request's header, which is in its text, and its body.
fn split<'a>(text: &'a [u8], request: &'a [u8]) -> Option<(&'a str, &'a [u8])> {
    let text = std::str::from_utf8(text).ok()?;
    let end = text.find("\r\n\r\n")?;
    Some((&text[..end], &request[end + 4..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RAW: &str = "GET /raw/t?seed=1 HTTP/1.1\r\nHost: a\r\n\r\n";
    const EXCHANGE: &str =
        "POST /api/targets/t/exchange?x HTTP/1.1\r\nHost: a\r\ncontent-length: 3\r\n\r\n";

    #[test]
    fn a_whole_request_for_a_socket_is_known() {
        assert_eq!(asks(RAW.as_bytes()), Some(Asks::Raw));
        let exchange = [EXCHANGE.as_bytes(), &[0xff, 0, b'\n']].concat();
        assert_eq!(asks(&exchange), Some(Asks::Exchange));
        let json = EXCHANGE.replace("Host: a", "ACCEPT: application/json") + "abc";
        assert_eq!(asks(json.as_bytes()), Some(Asks::ExchangeAsJson));
    }

    #[test]
    fn what_is_not_all_there_or_asks_for_something_else_goes_the_usual_way() {
        for other in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET /ws HTTP/1.1\r\n\r\n",
            "GET /raw/t HTTP/1.1\r\nHost: a\r\n",
            "POST /api/rooms HTTP/1.1\r\n\r\n",
            "POST /api/targets/t HTTP/1.1\r\n\r\n",
            "GET /raw/t HTTP/1.1\r\n\r\nmore",
            "",
        ] {
            assert_eq!(asks(other.as_bytes()), None, "{other}");
        }
        for body in ["", "ab", "abcd"] {
            assert_eq!(asks((EXCHANGE.to_owned() + body).as_bytes()), None);
        }
        let chunked = EXCHANGE.replace("Host: a", "transfer-encoding: chunked") + "abc";
        assert_eq!(asks(chunked.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn half_a_request_is_never_taken_for_a_whole_one(at in 0..EXCHANGE.len() + 3) {
            let whole = EXCHANGE.to_owned() + "abc";
            prop_assert_eq!(asks(&whole.as_bytes()[..at]), None);
        }

        #[test]
        fn any_bytes_are_looked_at(bytes in any::<Vec<u8>>(), known in any::<bool>()) {
            let begin: &[u8] = if known { b"POST /api/targets/" } else { b"" };
            asks(&[begin, &bytes].concat());
        }
    }

    #[test]
    fn an_answer_is_http_with_its_headers() {
        let away = TurnedAway::new(&HeaderValue::from_static("default-src 'none'"));
        let json = String::from_utf8(away.exchange_as_json).unwrap();
        let (head, body) = json.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        assert!(head.contains("\r\nretry-after: 5\r\n"), "{head}");
        assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["reason"], "limit");
    }
}
