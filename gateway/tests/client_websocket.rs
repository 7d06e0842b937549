//! The program `chalkwire send` through a gateway, against a plain WebSocket server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

mod peers;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread::{self, JoinHandle};

use chalkwire_shared::close::Reason;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocket};
use tokio_tungstenite::tungstenite::{Message, accept_hdr};

use peers::*;

type Socket = WebSocket<std::net::TcpStream>;

/// A gateway for one client: the path that it dialled.
fn gateway(serve: impl FnOnce(&mut Socket) + Send + 'static) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let gateway = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut path = String::new();
        #[allow(
            clippy::result_large_err,
            reason = "the callback's type is the library's"
        )]
        let mut socket = accept_hdr(stream, |request: &Request, mut response: Response| {
            path = request.uri().path().to_owned();
            let offered = request.headers()["sec-websocket-protocol"].clone();
            assert_eq!(offered, HeaderValue::from_static("binary"));
            let headers = response.headers_mut();
            headers.insert("sec-websocket-protocol", offered);
            Ok(response)
        })
        .unwrap();
        assert_eq!(socket.read().unwrap(), Message::binary(&b"hi\r\n"[..]));
        serve(&mut socket);
        // Until the client has gone.
        while socket.read().is_ok() {}
        path
    });
    (address, gateway)
}

fn send(url: &str) -> (Option<i32>, Vec<u8>, String) {
    let output = Command::new(CHALKWIRE)
        .args(["send", url, "hi"])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), output.stdout, error)
}

#[test]
fn a_message_goes_to_raw_as_bytes_and_the_reply_is_printed() {
    for (path, dialled) in [("/basic", "/raw/basic"), ("/a/b/basic", "/a/b/raw/basic")] {
        let (address, gateway) = gateway(|socket| {
            for part in [
                Message::binary(&b"[ct\xff"[..]),
                Message::text("ime]hi\r\n"),
            ] {
                socket.send(part).unwrap();
            }
            socket.close(None).unwrap();
        });
        let (status, reply, error) = send(&format!("ws://{address}{path}"));
        assert_eq!((status, &*error), (Some(0), ""));
        assert_eq!(reply, b"[ct\xffime]hi\r\n");
        assert_eq!(gateway.join().unwrap(), dialled);
    }
}

#[test]
fn a_gateway_that_stays_open_is_left_when_it_is_quiet() {
    let (address, gateway) = gateway(|socket| socket.send(Message::binary(&b"ok"[..])).unwrap());
    let (status, reply, error) = send(&format!("ws://{address}/udp"));
    assert_eq!((status, &*error), (Some(0), ""));
    assert_eq!(reply, b"ok");
    gateway.join().unwrap();
}

#[test]
fn a_close_that_names_a_reason_is_told_with_its_sentence() {
    for (code, text, part) in [
        (1011, "refused", Reason::Refused.sentence()),
        (1000, "", "closed without a reply"),
        (1012, "", "being restarted"),
    ] {
        let (address, gateway) = gateway(move |socket| {
            let frame = CloseFrame {
                code: code.into(),
                reason: text.into(),
            };
            socket.close(Some(frame)).unwrap();
        });
        let (status, _, error) = send(&format!("ws://{address}/basic"));
        assert_eq!(status, Some(1), "{error}");
        assert!(error.contains(part), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        gateway.join().unwrap();
    }
}

#[test]
fn a_refused_handshake_is_told() {
    for (status_line, part) in [
        ("404 Not Found", Reason::UnknownTarget.sentence()),
        ("503 Service Unavailable", "HTTP 503 Service Unavailable"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            for line in lines {
                if line.unwrap().is_empty() {
                    break;
                }
            }
            let answer = format!("HTTP/1.1 {status_line}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let (status, _, error) = send(&format!("ws://{address}/nobody"));
        assert_eq!(status, Some(1), "{error}");
        assert!(error.contains(part), "{error}");
        server.join().unwrap();
    }
}
