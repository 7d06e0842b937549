//! Clients that mean harm, or are broken: the gateway bounds them in time and in memory.

use std::net::SocketAddr;
use std::time::Duration;

use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::message::ClientMessage;
use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::http;
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::target::Target;
use chalkwire_tests::websocket;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

const MIB: u64 = 1 << 20;

/// A WebSocket's handshake by hand; what follows on the stream is frames.
async fn by_hand(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let response = within("the handshake", http::read(&mut stream)).await;
    assert_eq!(response.status, 101);
    stream
}

/// A frame of a client (RFC 6455, section 5.2) with a mask of zeros.
fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a short payload");
    let mut frame = vec![first_byte, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

const TEXT_BEGINS: u8 = 0x01;
const GOES_ON: u8 = 0x00;
const PING: u8 = 0x89;

/// Reads frames of the gateway until its close frame: the code.
async fn close_code(stream: &mut TcpStream) -> u16 {
    within("a close frame", async {
        loop {
            let mut head = [0; 2];
            stream.read_exact(&mut head).await.unwrap();
            let length = match head[1] {
                126 => stream.read_u16().await.unwrap().into(),
                127 => stream.read_u64().await.unwrap(),
                short => short.into(),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            stream.read_exact(&mut payload).await.unwrap();
            if head[0] == 0x88 {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    })
    .await
}

/// Sends `bytes` again and again, reading what comes back, until the gateway ends the connection,
/// or so many times.
async fn pour(stream: TcpStream, bytes: &[u8], times: usize) {
    let (mut read, mut write) = stream.into_split();
    let poured = async {
        for _ in 0..times {
            if write.write_all(bytes).await.is_err() {
                return;
            }
        }
        let _ = write.shutdown().await;
    };
    let ignored = async {
        let mut buffer = vec![0; 65_536];
        while matches!(read.read(&mut buffer).await, Ok(1..)) {}
    };
    within("the flood's end", async { tokio::join!(poured, ignored) }).await;
}

async fn gateway_with_echo() -> (Gateway, Target) {
    let echo = Target::echo().await;
    let gateway = Gateway::with_target("t", &echo.url).await;
    (gateway, echo)
}

#[tokio::test]
async fn a_message_in_one_byte_fragments_is_bounded_like_any_other() {
    let (gateway, _echo) = gateway_with_echo().await;
    for path in ["/ws", "/raw/t"] {
        let mut stream = by_hand(gateway.address(), path).await;
        // One byte more than a message may have.
        let mut bytes = frame(TEXT_BEGINS, b"x");
        for _ in 0..65_536 {
            bytes.extend_from_slice(&frame(GOES_ON, b"x"));
        }
        stream.write_all(&bytes).await.unwrap();
        assert_eq!(close_code(&mut stream).await, 1009, "{path}");
    }
}

#[tokio::test]
async fn fragments_without_end_are_stopped_and_cost_no_memory() {
    let (gateway, _echo) = gateway_with_echo().await;
    for path in ["/ws", "/raw/t"] {
        let stream = by_hand(gateway.address(), path).await;
        let before = gateway.program.memory_bytes();
        let thousand = frame(GOES_ON, b"x").repeat(1_000);
        let mut first = stream;
        first.write_all(&frame(TEXT_BEGINS, b"x")).await.unwrap();
        pour(first, &thousand, usize::MAX).await;
        let grown = gateway.program.memory_bytes().saturating_sub(before);
        assert!(grown < 10 * MIB, "{path}: memory grew by {grown} bytes");
    }
}

#[tokio::test]
async fn a_link_of_empty_fragments_is_gone_when_its_hello_is_due() {
    let setup = Setup::default().limit("hello", "500ms");
    let gateway = setup.start().await;
    let mut stream = by_hand(gateway.address(), "/ws").await;
    let before = gateway.program.memory_bytes();
    // They make no message, so no message is ever too long.
    stream.write_all(&frame(TEXT_BEGINS, b"")).await.unwrap();
    pour(stream, &frame(GOES_ON, b"").repeat(1_000), usize::MAX).await;
    let grown = gateway.program.memory_bytes().saturating_sub(before);
    assert!(grown < 10 * MIB, "memory grew by {grown} bytes");
}

#[tokio::test]
async fn a_flood_of_pings_is_closed_as_against_the_policy() {
    let echo = Target::echo().await;
    let setup = Setup::default()
        .target("t", &echo.url)
        .limit("control_per_second", "100");
    let gateway = setup.start().await;
    for path in ["/ws", "/raw/t"] {
        let mut stream = by_hand(gateway.address(), path).await;
        // The burst, and some more; not so many that they meet a closed connection.
        let pings = frame(PING, b"").repeat(400);
        stream.write_all(&pings).await.unwrap();
        assert_eq!(close_code(&mut stream).await, 1008, "{path}");
    }
}

#[tokio::test]
async fn pings_without_end_are_stopped_and_cost_no_memory() {
    let (gateway, _echo) = gateway_with_echo().await;
    // The echo is there to answer: it stops nobody, and keeps nothing.
    for (path, times) in [
        ("/ws", usize::MAX),
        ("/raw/t", usize::MAX),
        ("/diag/echo", 200),
    ] {
        let stream = by_hand(gateway.address(), path).await;
        let before = gateway.program.memory_bytes();
        pour(stream, &frame(PING, &[7; 125]).repeat(500), times).await;
        let grown = gateway.program.memory_bytes().saturating_sub(before);
        assert!(grown < 10 * MIB, "{path}: memory grew by {grown} bytes");
    }
}

#[tokio::test]
async fn pings_of_the_protocol_whose_answers_nobody_reads_cost_no_memory() {
    let (gateway, _echo) = gateway_with_echo().await;
    let connected = websocket::connect(gateway.address(), "/ws", Some(SUBPROTOCOL)).await;
    let mut socket = connected.unwrap().0;
    let before = gateway.program.memory_bytes();
    let ping = Message::text(ClientMessage::Ping { id: 1 }.encode());
    let flood = async { while socket.send(ping.clone()).await.is_ok() {} };
    within("the flood's end", flood).await;
    let grown = gateway.program.memory_bytes().saturating_sub(before);
    assert!(grown < 10 * MIB, "memory grew by {grown} bytes");
}

/// What comes before the connection's end; it must come to one.
async fn until_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = within("the connection's end", stream.read_to_end(&mut all)).await;
    all
}

#[tokio::test]
async fn a_header_that_does_not_come_is_not_waited_for() {
    let setup = Setup::default().limit("header", "300ms");
    let gateway = setup.start().await;
    for half in ["", "G", "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b"] {
        let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        until_end(&mut stream).await;
    }
    // One byte now and then is no header either.
    let stream = TcpStream::connect(gateway.address()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let drip = async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
            .iter()
            .cycle()
        {
            pace.tick().await;
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    };
    let mut all = Vec::new();
    let ended = async {
        tokio::select! { _ = read.read_to_end(&mut all) => {}, () = drip => {} }
    };
    within("the slow one's end", ended).await;
}

#[tokio::test]
async fn a_connection_that_is_kept_alive_does_not_stay_for_ever() {
    let setup = Setup::default().limit("header", "300ms");
    let gateway = setup.start().await;
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = until_end(&mut stream).await;
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        answer.escape_ascii()
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_is_a_request_timeout() {
    let echo = Target::echo().await;
    let setup = Setup::default()
        .target("t", &echo.url)
        .limit("header", "300ms");
    let gateway = setup.start().await;
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let request = "POST /api/targets/t/exchange HTTP/1.1\r\nHost: localhost\r\n\
                   Content-Length: 10\r\n\r\nhalf";
    stream.write_all(request.as_bytes()).await.unwrap();
    let response = within("an answer", http::read(&mut stream)).await;
    assert_eq!(response.status, 408);
}

#[tokio::test]
async fn a_header_that_is_too_long_is_refused() {
    let gateway = Setup::default().start().await;
    let long = "x".repeat(20_000);
    let headers = [("X-Long", long.as_str())];
    let response = http::request(gateway.address(), "GET", "/healthz", &headers, b"").await;
    assert_eq!(response.status, 431);
}

#[tokio::test]
async fn garbage_ends_its_own_connection_only() {
    let (gateway, _echo) = gateway_with_echo().await;
    let mut bystander = Link::connect(gateway.address()).await;
    let socket = bystander.opened("t").await;
    let mut garbage = TcpStream::connect(gateway.address()).await.unwrap();
    garbage.write_all(&[0xff; 4_096]).await.unwrap();
    until_end(&mut garbage).await;
    // Frames that no client may send: unmasked, reserved bits, an unknown opcode, a long ping.
    for (bad, code) in [
        (vec![0x81, 1, b'x'], 1002),
        (frame(0xc1, b"x"), 1002),
        (frame(0x83, b"x"), 1002),
        ([&[0x89, 0xfe, 0, 126][..], &[0; 4 + 126]].concat(), 1002),
        // A text that is no UTF-8 has a code of its own.
        (frame(0x81, b"\xff\xfe"), 1007),
    ] {
        for path in ["/ws", "/raw/t", "/diag/echo"] {
            let mut stream = by_hand(gateway.address(), path).await;
            stream.write_all(&bad).await.unwrap();
            assert_eq!(close_code(&mut stream).await, code, "{path}: {bad:?}");
        }
    }
    bystander.send(socket, b"well?").await;
    assert_eq!(bystander.expect_data(socket).await.payload, "well?");
}

#[tokio::test]
async fn too_many_messages_that_ask_for_work_end_the_link() {
    let setup = Setup::default().limit("control_per_second", "50");
    let gateway = setup.start().await;
    let connected = websocket::connect(gateway.address(), "/ws", Some(SUBPROTOCOL)).await;
    let (mut write, mut read) = connected.unwrap().0.split();
    let ping = Message::text(ClientMessage::Ping { id: 1 }.encode());
    let flood = async {
        for _ in 0..200 {
            if write.send(ping.clone()).await.is_err() {
                break;
            }
        }
    };
    let code = async {
        loop {
            match read.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return u16::from(frame.code),
                Some(Ok(_)) => {}
                other => panic!("no close frame but {other:?}"),
            }
        }
    };
    let (code, ()) = within("the close", async { tokio::join!(code, flood) }).await;
    assert_eq!(code, 1008);
}

#[tokio::test]
async fn what_faults_hold_back_stays_within_its_bound_whatever_the_list() {
    let (gateway, _echo) = gateway_with_echo().await;
    let mut link = Link::connect(gateway.address()).await;
    let before = gateway.program.memory_bytes();
    // Each byte by itself, held back by one fault after the other.
    let mut faults = vec!["slice,bytes=1"];
    faults.resize(7, "latency,ms=20");
    faults.push("latency,ms=60000");
    let mut sockets = Vec::new();
    for _ in 0..32 {
        let socket = link.opened_faulted("t", &faults, 1).await;
        link.send_unasked(socket, &[7; 32_000]).await;
        link.send_unasked(socket, &[7; 32_000]).await;
        sockets.push(socket);
    }
    // Whoever is not held up: its line takes longer than all the short delays.
    let other = link.opened_faulted("t", &["latency,ms=500"], 1).await;
    link.send(other, b"late").await;
    assert_eq!(link.expect_bytes(other, 4).await, b"late");
    let grown = gateway.program.memory_bytes().saturating_sub(before);
    assert!(grown < 32 * MIB, "memory grew by {grown} bytes");
    // What has not even come to the faults does not keep a socket that its client has closed.
    for socket in &sockets {
        link.close(*socket).await;
    }
    for socket in sockets {
        link.expect_closed(socket).await;
    }
}

#[tokio::test]
async fn numbers_at_their_ends_break_a_link_or_nothing() {
    let gateway = Setup::default().start().await;
    let most = u32::MAX;
    for (message, detail) in [
        (r#"{"type":"stop","seq":1,"server":0}"#.to_owned(), ""),
        (format!(r#"{{"type":"cancel","seq":1,"job":{most}}}"#), ""),
        (
            r#"{"type":"stop","seq":1,"server":1}"#.to_owned(),
            "server 1 was never started",
        ),
        (
            r#"{"type":"serve","seq":1,"server":0,"options":{}}"#.to_owned(),
            "numbers must grow",
        ),
        (
            format!(r#"{{"type":"faults","seq":1,"socket":{most},"faults":[]}}"#),
            "was never opened",
        ),
        (
            format!(r#"{{"type":"cancel","seq":{},"job":1}}"#, u64::MAX),
            "where 1 was due",
        ),
        (
            format!(r#"{{"type":"ack","seen":{}}}"#, u64::MAX),
            "never sent",
        ),
    ] {
        let mut link = Link::connect(gateway.address()).await;
        link.write(Message::Text(message.clone().into())).await;
        if detail.is_empty() {
            // The link lives.
            link.sent = 1;
            let socket = link.open("nobody").await;
            link.expect_closed(socket).await;
            continue;
        }
        let ended = format!("{:?}", link.ended().await);
        assert!(ended.contains(detail), "{message}: {ended}");
    }
    // A link's own token, and more seen than there ever was: it is gone, and the new one stands.
    let mut link = Link::connect(gateway.address()).await;
    let token = link.token.clone();
    link.cut();
    let mut link = Link::connect(gateway.address()).await;
    let resume = ClientMessage::Resume {
        token,
        seen: u64::MAX,
    };
    link.write(Message::Text(resume.encode().into())).await;
    let failed = |event: &Event| {
        matches!(
            event,
            Event::Told(chalkwire_shared::message::GatewayMessage::ResumeFailed { .. })
        )
    };
    link.event_that(failed).await;
}
