//! The program `chalkwire send`, against our servers and plain ones.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

mod peers;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chalkwire_gateway::timestamp::Options;
use chalkwire_shared::close::Reason;
use chalkwire_shared::server::Protocol;

use peers::*;

/// Runs `chalkwire send` with this input.
fn send(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(CHALKWIRE)
        .arg("send")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A client that does not ask for input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// The same; it succeeds.
fn reply(arguments: &[&str]) -> Vec<u8> {
    let output = send(arguments, b"");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), &*error),
        (Some(0), ""),
        "{arguments:?}"
    );
    output.stdout
}

/// The same; it fails with one line.
fn failure(arguments: &[&str]) -> String {
    let output = send(arguments, b"");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("chalkwire: "), "{error}");
    error
}

/// A TCP server for one client.
fn serve(serve: impl FnOnce(TcpStream) + Send + 'static) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        serve(stream);
    });
    (url, server)
}

#[test]
fn each_message_is_a_line_over_a_connection_of_its_own() {
    let (_folder, mut urls) = stream_urls();
    let (_another, datagrams) = datagram_urls();
    urls.extend(datagrams);
    for url in urls {
        for protocol in Protocol::ALL {
            let (server, _events) = run(Options {
                protocol,
                ..options(&url)
            });
            let url = server.url().to_string();
            let start = Instant::now();
            let got = reply(&[&url, "one", "zwölf ✓"]);
            let lines = [&b"one\r\n"[..], "zwölf ✓\r\n".as_bytes()];
            assert_stamps(&got, &lines, &format!("{url} {protocol}"));
            // Two replies that were over by quiet alone would take two seconds.
            assert!(start.elapsed() < Duration::from_secs(2), "{url} {protocol}");
        }
    }
}

#[test]
fn the_end_of_a_line_can_be_chosen() {
    let (server, _events) = run(options("tcp://127.0.0.1:0"));
    let url = server.url().to_string();
    for (end, sent) in [
        ("crlf", &b"x\r\n"[..]),
        ("lf", b"x\n"),
        ("cr", b"x\r"),
        ("none", b"x"),
        (r"\0\xff", b"x\0\xff"),
    ] {
        let got = reply(&[&url, "x", "--line-end", end]);
        assert_stamps(&got, &[sent], end);
    }
    // No bytes at all: the end is the message.
    assert_stamps(&reply(&[&url, "", "--line-end", "none"]), &[b""], "empty");
}

#[test]
fn into_a_pipe_every_byte_comes_as_it_is() {
    let all: Vec<u8> = (0..=255).collect();
    let reply_with = all.clone();
    let (url, server) = serve(move |mut stream| {
        stream.read_exact(&mut [0; 4]).unwrap();
        stream.write_all(&reply_with).unwrap();
    });
    assert_eq!(reply(&[&url, "hi"]), all);
    server.join().unwrap();
}

#[test]
fn on_a_terminal_control_bytes_are_made_visible() {
    let all: Vec<u8> = (0..=255).collect();
    let (url, server) = serve(move |mut stream| {
        stream.read_exact(&mut [0; 4]).unwrap();
        stream.write_all(&all).unwrap();
    });
    let command = format!("{CHALKWIRE} send {url} hi");
    let script = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .stdin(Stdio::null())
        .output();
    let Ok(output) = script else {
        println!("skipped: there is no program `script` to be had");
        return drop(TcpStream::connect(url.strip_prefix("tcp://").unwrap()));
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let stray = |c: char| c.is_control() && !matches!(c, '\r' | '\n');
    assert!(!text.contains(stray), "{text:?}");
    assert!(
        text.contains("\\x1b\\x1c") && text.contains("\\xff\r\n"),
        "{text:?}"
    );
    server.join().unwrap();
}

#[test]
fn our_side_is_shut_down_once_the_reply_has_begun() {
    let (url, server) = serve(|mut stream| {
        let mut line = [0; 4];
        stream.read_exact(&mut line).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let early = stream.read(&mut line).map_err(|error| error.kind());
        assert_eq!(early, Err(ErrorKind::WouldBlock), "shut down too early");
        stream.write_all(b"first ").unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        assert_eq!(stream.read(&mut line).unwrap(), 0);
        stream.write_all(b"second").unwrap();
    });
    assert_eq!(reply(&[&url, "hi"]), b"first second");
    server.join().unwrap();
}

#[test]
fn a_server_that_stays_open_is_left_when_it_is_quiet() {
    let (client_is_done, done) = mpsc::channel::<()>();
    let (url, server) = serve(move |mut stream| {
        stream.write_all(b"hello").unwrap();
        let mut sent = Vec::new();
        stream.read_to_end(&mut sent).unwrap();
        assert_eq!(sent, b"hi\r\n");
        assert!(done.recv_timeout(DEADLINE).is_ok());
    });
    assert_eq!(reply(&[&url, "hi"]), b"hello");
    client_is_done.send(()).unwrap();
    server.join().unwrap();
}

#[test]
fn without_messages_lines_are_asked_for_until_an_empty_one() {
    let (server, _events) = run(options("tcp://127.0.0.1:0"));
    let url = server.url().to_string();
    for (input, lines) in [
        (&b"hi\nyou\n\nnever sent\n"[..], vec!["hi", "you"]),
        (b"hi\r\n", vec!["hi"]),
        (b"no end of line", vec!["no end of line"]),
        (b"", vec![]),
        (b"\n", vec![]),
    ] {
        let output = send(&[&url], input);
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        let mut rest = text.as_str();
        for line in lines {
            let (shown, after) = rest.split_once('\n').unwrap();
            let stamp = shown.strip_prefix("> ").unwrap();
            assert_eq!(data(stamp.as_bytes()), line.as_bytes(), "{text}");
            rest = after;
        }
        assert_eq!(rest, "> ", "{text}");
    }
}

#[test]
fn an_error_at_one_line_ends_the_asking() {
    let (url, server) = serve(|mut stream| {
        stream.read_exact(&mut [0; 4]).unwrap();
        stream.write_all(b"  ok  \r\n").unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    });
    let output = send(&[&url], b"hi\nyou\nnever\n");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"> ok\n> ");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(Reason::Refused.sentence()), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn what_failed_and_why_is_told_in_one_line() {
    let (_folder, path) = folder();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = tcp.local_addr().unwrap();
    drop(tcp);
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = (silent.local_addr().unwrap(), silent);
    let label = "x".repeat(64);
    for (url, part) in [
        (format!("tcp://{closed}"), Reason::Refused.sentence()),
        (format!("udp://{closed}"), Reason::Refused.sentence()),
        (format!("unix://{path}"), Reason::NoSuchPath.sentence()),
        (format!("unixgram://{path}"), Reason::NoSuchPath.sentence()),
        (format!("udp://{}", silent.0), "no reply within 50ms"),
        (format!("tcp://{label}.invalid:1"), "could not be resolved"),
        (format!("ws://{closed}/basic"), Reason::Refused.sentence()),
    ] {
        let error = failure(&[&url, "hi", "--timeout", "50ms"]);
        assert!(error.contains(part), "{url}: {error}");
        let named = url.rsplit('/').next().unwrap();
        assert!(error.contains(named), "{url}: {error}");
    }
    drop(UnixListener::bind(&path).unwrap());
    let error = failure(&[&format!("unix://{path}"), "hi"]);
    assert!(error.contains(Reason::Refused.sentence()), "{error}");
}

#[test]
fn closed_silent_and_reset_are_told_apart() {
    let (url, server) = serve(|mut stream| {
        stream.read_exact(&mut [0; 4]).unwrap();
    });
    assert!(failure(&[&url, "hi"]).contains("closed without a reply"));
    server.join().unwrap();

    let (url, server) = serve(|mut stream| {
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let error = failure(&[&url, "hi", "--timeout", "50ms"]);
    assert!(error.contains("no reply within 50ms"), "{error}");
    server.join().unwrap();

    let (url, server) = serve(|mut stream| {
        stream.read_exact(&mut [0; 4]).unwrap();
        let socket = socket2::SockRef::from(&stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    });
    assert!(failure(&[&url, "hi"]).contains(Reason::Reset.sentence()));
    server.join().unwrap();
}

#[test]
fn a_datagram_of_no_bytes_is_a_reply() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(DEADLINE)).unwrap();
    let url = format!("udp://{}", server.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (_, client) = server.recv_from(&mut [0; 16]).unwrap();
        server.send_to(b"", client).unwrap();
    });
    assert_eq!(reply(&[&url, "hi"]), b"");
    server.join().unwrap();
}

#[test]
fn wrong_usage_ends_with_2() {
    for (arguments, part) in [
        (vec![], "<URL>"),
        (vec!["localhost:80", "x"], "ws://HOST:PORT/TARGET"),
        (vec!["wss://h:1/x", "x"], "TLS"),
        (vec!["tcp://h:1", "x", "--line-end", "dos"], "crlf, lf"),
        (vec!["tcp://h:1", "x", "--timeout", "1"], "needs a unit"),
        (vec!["tcp://h:1", "--bogus"], "--bogus"),
    ] {
        let output = send(&arguments, b"");
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}
