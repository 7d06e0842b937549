//! The browser's leg as HAR 1.2 with `_webSocketMessages`, as browsers' developer tools write and read
//! it.
//!
//! The link's messages are rebuilt from the log: control messages with those of their fields that the
//! log keeps, data without the header of its frame.

use serde_json::{Value, json};

use super::iso;
use crate::link::ways::Way;
use crate::model::{Entry, What};

/// What the file says of itself, after how the link went.
const COMMENT: &str = "Its messages are rebuilt from \
    Chalkwire's log, not recorded: control messages have only the fields that the log keeps, data \
    messages stand without the header of their frame (16 bytes to the gateway, 24 from it), and \
    acknowledgements, credit and pings are left out. Times are the browser's clock.";

/// The log as HAR; `base` is the page's address, and the link went this way at last.
pub fn har(entries: &[Entry], base: &str, way: Way, now_ms: f64) -> String {
    let web_socket = way == Way::WebSocket;
    let (leg, path, status, text) = match way {
        Way::WebSocket => ("a WebSocket", "ws", 101, "Switching Protocols"),
        Way::Http => (
            "Server-Sent Events and POSTs",
            "sse/chalkwire.v1",
            200,
            "OK",
        ),
    };
    let comment = format!("The browser's leg: one link, {leg}. {COMMENT}");
    let headers = match way {
        Way::WebSocket => json!([{ "name": "Sec-WebSocket-Protocol", "value": "chalkwire.v1" }]),
        Way::Http => json!([]),
    };
    let messages: Vec<Value> = entries.iter().filter_map(message).collect();
    let first_ms = entries.first().map_or(now_ms, |it| it.at_ms);
    let last_ms = entries.last().map_or(now_ms, |it| it.at_ms);
    let har = json!({ "log": {
        "version": "1.2",
        "creator": { "name": "Chalkwire", "version": env!("CARGO_PKG_VERSION") },
        "comment": comment,
        "entries": [{
            "startedDateTime": iso(first_ms),
            "time": (last_ms - first_ms).max(0.0),
            "_resourceType": if web_socket { "websocket" } else { "eventsource" },
            "request": {
                "method": "GET",
                "url": link(base, path, web_socket),
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": headers,
                "queryString": [],
                "headersSize": -1,
                "bodySize": 0,
            },
            "response": {
                "status": status,
                "statusText": text,
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": headers,
                "content": { "size": 0, "mimeType": "x-unknown" },
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": -1,
            },
            "cache": {},
            "timings": { "send": 0, "wait": 0, "receive": (last_ms - first_ms).max(0.0) },
            "comment": comment,
            "_webSocketMessages": messages,
        }],
    }});
    // Texts, numbers and maps with text keys: serde_json has nothing to refuse.
    serde_json::to_string_pretty(&har).unwrap_or_default()
}

/// The link's address, from the page's.
fn link(base: &str, path: &str, web_socket: bool) -> String {
    let base = base.split(['?', '#']).next().unwrap_or_default();
    let base = base.rsplit_once('/').map_or(base, |(folder, _)| folder);
    let ws = match base.strip_prefix("http") {
        Some(rest) if web_socket => format!("ws{rest}"),
        _ => base.to_owned(),
    };
    format!("{ws}/{path}")
}

/// The link's message that an entry tells of.
fn message(entry: &Entry) -> Option<Value> {
    let socket = entry.socket?.0;
    let data = |kind: &str, bytes: &[u8]| {
        json!({
            "type": kind,
            "time": entry.at_ms / 1000.0,
            "opcode": 2,
            "data": base64(bytes),
            "_socket": socket,
        })
    };
    let (kind, text) = match &entry.what {
        What::Sent { bytes, .. } => return Some(data("send", bytes)),
        What::Received { bytes, .. } => return Some(data("receive", bytes)),
        What::Connecting => (
            "send",
            json!({ "type": "open", "socket": socket, "target": entry.target }),
        ),
        What::ShutDown => ("send", json!({ "type": "shutdown", "socket": socket })),
        What::Connected {
            local,
            peer,
            connect_us,
            clock_us,
        } => (
            "receive",
            json!({ "type": "opened", "socket": socket, "local": local, "peer": peer,
                "connect_us": connect_us, "clock_us": clock_us }),
        ),
        What::Eof { clock_us } => (
            "receive",
            json!({ "type": "eof", "socket": socket, "clock_us": clock_us }),
        ),
        What::Closed {
            reason,
            detail,
            clock_us,
        } => (
            "receive",
            json!({ "type": "closed", "socket": socket, "reason": reason, "detail": detail,
                "clock_us": clock_us }),
        ),
        What::Server { did, clock_us } => (
            "receive",
            json!({ "type": "server", "socket": socket, "clock_us": clock_us, "did": did }),
        ),
        What::Fault {
            direction,
            did,
            clock_us,
        } => (
            "receive",
            json!({ "type": "fault", "socket": socket, "clock_us": clock_us,
                "direction": direction, "did": did }),
        ),
        What::Kernel {
            end,
            view,
            clock_us,
        } => (
            "receive",
            json!({ "type": "kernel", "socket": socket, "clock_us": clock_us, "end": end,
                "view": view }),
        ),
        // Sentences of the page's own.
        What::Notice(_) | What::Trouble(_) => return None,
    };
    Some(json!({
        "type": kind,
        "time": entry.at_ms / 1000.0,
        "opcode": 1,
        "data": text.to_string(),
    }))
}

/// Base64 (RFC 4648, section 4), as the field of a binary message has it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let byte = |at: usize| u32::from(part.get(at).copied().unwrap_or_default());
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            if at <= part.len() {
                let letter = LETTERS[(word >> (18 - 6 * at)) as usize & 63];
                out.push(char::from(letter));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chalkwire_shared::id::SocketId;
    use proptest::prelude::*;

    use super::*;

    fn entry(no: u32, what: What) -> Entry {
        Entry {
            no,
            at_ms: 1_795_349_045_123.5 + f64::from(no),
            socket: Some(SocketId(3)),
            target: "line".to_owned(),
            kind: None,
            what,
        }
    }

    fn sent(bytes: &[u8]) -> What {
        What::Sent {
            bytes: Bytes::copy_from_slice(bytes),
            wrote_us: None,
            unknown: false,
        }
    }

    #[test]
    fn base64_is_as_the_rfc_has_it() {
        // RFC 4648, section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_log_is_one_web_socket_with_its_messages_in_order() {
        let entries = [
            entry(1, What::Connecting),
            entry(2, sent(b"\xff")),
            entry(3, What::Eof { clock_us: 9 }),
            entry(4, What::Notice("not on the wire".to_owned())),
        ];
        let har: Value = serde_json::from_str(&har(
            &entries,
            "https://h:1/class/?x#y",
            Way::WebSocket,
            0.0,
        ))
        .unwrap();
        let one = &har["log"]["entries"][0];
        assert_eq!(one["request"]["url"], "wss://h:1/class/ws");
        assert_eq!(one["time"], 3.0);
        let messages = one["_webSocketMessages"].as_array().unwrap();
        let told: Vec<_> = messages
            .iter()
            .map(|it| (it["type"].as_str().unwrap(), it["opcode"].as_u64().unwrap()))
            .collect();
        assert_eq!(told, [("send", 1), ("send", 2), ("receive", 1)]);
        assert_eq!(messages[1]["data"], "/w==");
        let open: Value = serde_json::from_str(messages[0]["data"].as_str().unwrap()).unwrap();
        assert_eq!(open["target"], "line");
        assert!(har["log"]["comment"].as_str().unwrap().contains("rebuilt"));
    }

    #[test]
    fn a_link_over_http_is_no_web_socket() {
        let entries = [entry(1, What::Connecting)];
        let har: Value =
            serde_json::from_str(&har(&entries, "https://h:1/class/", Way::Http, 0.0)).unwrap();
        let one = &har["log"]["entries"][0];
        assert_eq!(one["request"]["url"], "https://h:1/class/sse/chalkwire.v1");
        assert_eq!(one["response"]["status"], 200);
        assert!(!one["comment"].as_str().unwrap().contains("WebSocket"));
    }

    proptest! {
        #[test]
        fn no_payload_and_no_name_breaks_out_of_the_har(bytes: Vec<u8>, target: String, base: String) {
            let entries = [
                Entry { target: target.clone(), ..entry(1, What::Connecting) },
                entry(2, sent(&bytes)),
            ];
            let har: Value = serde_json::from_str(&har(&entries, &base, Way::WebSocket, 0.0)).unwrap();
            let messages = &har["log"]["entries"][0]["_webSocketMessages"];
            prop_assert_eq!(messages.as_array().unwrap().len(), 2);
            let open: Value = serde_json::from_str(messages[0]["data"].as_str().unwrap()).unwrap();
            prop_assert_eq!(&open["target"], &target);
            let length = messages[1]["data"].as_str().unwrap().len();
            prop_assert_eq!(length, bytes.len().div_ceil(3) * 4);
        }
    }
}
