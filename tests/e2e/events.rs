//! A link over plain HTTP: what its stream of events and its POSTs are held to.

use std::time::Duration;

use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::{ClientFrame, DATAGRAM};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::{ClientMessage, GatewayMessage, NoticeKind};
use chalkwire_shared::post::{
    self, Kind, MAX_POST_BYTES, NUMBER_HEADER, PING_EVENT, STREAM_HEADER,
};
use chalkwire_tests::carrier::{Carrier, Transport};
use chalkwire_tests::deadline::within;
use chalkwire_tests::events::{Events, path};
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::http;
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::target::Target;
use chalkwire_tests::timestamp::assert_stamp;
use chalkwire_tests::websocket::Ended;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

const MIB: u64 = 1 << 20;

/// A gateway whose target `t` echoes.
async fn with_echo() -> (Gateway, Target) {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    (gateway, target)
}

async fn connect(gateway: &Gateway) -> Events {
    Events::connect(gateway.address()).await.expect("a stream")
}

/// Messages as a POST holds them.
fn body(messages: &[(Kind, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, payload) in messages {
        post::put(&mut body, *kind, payload);
    }
    body
}

fn ping(id: u32) -> Vec<u8> {
    ClientMessage::Ping { id }.encode().into_bytes()
}

/// Reads messages until there is a pong: its number.
async fn pong(events: &mut Events) -> u32 {
    loop {
        let message = events.next().await.expect("a message");
        if let Ok(GatewayMessage::Pong { id, .. }) =
            GatewayMessage::decode(message.to_text().expect("text"))
        {
            return id;
        }
    }
}

/// Reads to the end: the close code.
async fn code(events: &mut Events) -> u16 {
    loop {
        match events.next().await {
            Ok(_) => {}
            Err(Ended::Closed(code, _)) => return code,
            Err(Ended::Lost) => panic!("ended without a word"),
        }
    }
}

#[tokio::test]
async fn a_whole_exchange_a_half_close_and_datagrams_go_over_http() {
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let late = Target::tcp(|mut stream| async move {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        stream.write_all(b"late: ").await.unwrap();
        stream.write_all(&all).await.unwrap();
    })
    .await;
    let setup = Setup::default()
        .builtin()
        .target("late", &late.url)
        .target("peer", &format!("udp://{}", peer.local_addr().unwrap()));
    let gateway = setup.start().await;
    let mut link = Link::connect_by(Transport::Events, gateway.address()).await;

    let line = link.opened("line").await;
    link.send(line, b"hello\r\n").await;
    assert_stamp(&link.expect_data(line).await.payload, b"hello\r\n");
    link.expect_eof(line).await;

    let socket = link.opened("late").await;
    link.send(socket, b"question").await;
    link.shutdown(socket).await;
    let rest = link.rest(socket).await;
    assert_eq!(rest.bytes, b"late: question");
    assert_eq!((rest.eof, rest.reason), (true, Reason::Finished));

    let socket = link.opened("peer").await;
    let largest: Vec<u8> = (0..65_507u32).map(|i| i as u8).collect();
    for datagram in [b"one", &b""[..], b"\0\xff\r\n", &largest] {
        link.send(socket, datagram).await;
        let mut buffer = vec![0; 65_536];
        let (n, from) = within("a datagram", peer.recv_from(&mut buffer))
            .await
            .unwrap();
        assert_eq!(&buffer[..n], datagram);
        peer.send_to(datagram, from).await.unwrap();
        let frame = link.expect_data(socket).await;
        assert_eq!((frame.flags, &frame.payload[..]), (DATAGRAM, datagram));
    }
}

#[tokio::test]
async fn a_post_that_comes_again_is_taken_once_and_one_too_far_is_refused() {
    let (gateway, _echo) = with_echo().await;
    let mut events = connect(&gateway).await;
    let open = ClientMessage::Open {
        seq: 1,
        socket: SocketId(1),
        target: "t".to_owned(),
        credit: 1_000,
        trace: false,
        kernel: false,
        faults: Vec::new(),
        seed: 0,
        run: None,
    };
    let first = body(&[
        (Kind::Text, open.encode().as_bytes()),
        (Kind::Text, &ping(1)),
    ]);
    // As after an answer that was lost: on the same connection, and on another one.
    for _ in 0..2 {
        assert_eq!(events.post_as(1, &first).await, 204);
    }
    let answer = http::request(
        gateway.address(),
        "POST",
        &path(),
        &[(STREAM_HEADER, &events.stream), (NUMBER_HEADER, "1")],
        &first,
    )
    .await;
    assert_eq!(answer.status, 204);
    assert_eq!(
        events.post_as(3, &body(&[(Kind::Text, &ping(3))])).await,
        409
    );
    assert_eq!(
        events.post_as(2, &body(&[(Kind::Text, &ping(2))])).await,
        204
    );
    // What came again would have been answered before this.
    assert_eq!(pong(&mut events).await, 1);
    assert_eq!(pong(&mut events).await, 2);
    for (number, status) in [("0", 400), ("-1", 400), ("x", 400), ("", 400)] {
        let headers = [
            (STREAM_HEADER, events.stream.as_str()),
            (NUMBER_HEADER, number),
        ];
        let answer = http::request(gateway.address(), "POST", &path(), &headers, &first).await;
        assert_eq!(answer.status, status, "{number}");
    }
}

#[tokio::test]
async fn what_stands_in_one_post_is_taken_in_its_order() {
    let (gateway, _echo) = with_echo().await;
    let mut events = connect(&gateway).await;
    let pings: Vec<Vec<u8>> = (1..=100).map(ping).collect();
    let messages: Vec<(Kind, &[u8])> = pings.iter().map(|p| (Kind::Text, &p[..])).collect();
    assert!(events.post(&messages).await);
    for id in 1..=100 {
        assert_eq!(pong(&mut events).await, id);
    }
}

#[tokio::test]
async fn a_post_or_a_message_that_is_too_large_is_refused() {
    let (gateway, _echo) = with_echo().await;
    let mut events = connect(&gateway).await;
    assert_eq!(events.post_as(1, &vec![0; MAX_POST_BYTES + 1]).await, 413);
    let pings = body(&[(Kind::Text, &ping(7))]);
    assert_eq!(events.post_as(1, &pings).await, 204, "nothing was taken");
    assert_eq!(pong(&mut events).await, 7);
    let large = body(&[(Kind::Binary, &[0; 65_537])]);
    assert_eq!(events.post_as(2, &large).await, 204);
    assert_eq!(code(&mut events).await, 1009);
    assert_eq!(events.post_as(3, &pings).await, 404, "the stream has ended");
}

#[tokio::test]
async fn a_post_that_is_no_row_of_messages_ends_the_link_and_no_other() {
    let (gateway, _echo) = with_echo().await;
    let mut bystander = connect(&gateway).await;
    for (bytes, close) in [
        (&b"\x01\0\0"[..], 1002),
        (b"\x09\0\0\0\0", 1002),
        (b"\x01\0\0\0\x05hell", 1002),
        (b"\x01\0\0\0\x01\xff", 1007),
        (b"\x0a\xff\xff\xff\xff", 1009),
    ] {
        let mut events = connect(&gateway).await;
        assert_eq!(events.post_as(1, bytes).await, 204);
        assert_eq!(code(&mut events).await, close, "{}", bytes.escape_ascii());
    }
    assert!(bystander.post(&[(Kind::Text, &ping(1))]).await);
    assert_eq!(pong(&mut bystander).await, 1);
}

#[tokio::test]
async fn a_reason_that_quotes_a_client_stays_one_line() {
    let (gateway, _echo) = with_echo().await;
    let mut events = connect(&gateway).await;
    let text = br#"{"type":"a\n\nevent:end\ndata:1000 forged"}"#;
    assert!(events.post(&[(Kind::Text, text)]).await);
    assert_eq!(code(&mut events).await, 1002);
}

#[tokio::test]
async fn pages_of_other_origins_and_wrong_versions_are_refused() {
    let (gateway, _echo) = with_echo().await;
    let mut events = connect(&gateway).await;
    let address = gateway.address();
    let own = format!("http://{address}");
    let pings = body(&[(Kind::Text, &ping(1))]);
    let stream = events.stream.clone();
    let named = [(STREAM_HEADER, stream.as_str()), (NUMBER_HEADER, "1")];
    for (header, value, status) in [
        ("Origin", "http://evil.example", 403),
        ("Origin", "null", 403),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Sec-Fetch-Site", "same-site", 403),
        ("Host", "evil.example", 421),
    ] {
        for method in ["GET", "POST"] {
            let headers = [named[0], named[1], (header, value)];
            let answer = http::request(address, method, &path(), &headers, &pings).await;
            assert_eq!(answer.status, status, "{method} {header}: {value}");
        }
    }
    for method in ["GET", "POST"] {
        let answer = http::request(address, method, "/sse/chalkwire.v2", &named, &pings).await;
        assert_eq!(answer.status, 400, "{method}");
    }
    let guessed = "0".repeat(32);
    let headers = [(STREAM_HEADER, guessed.as_str()), (NUMBER_HEADER, "1")];
    let answer = http::request(address, "POST", &path(), &headers, &pings).await;
    assert_eq!(answer.status, 404);
    // None of it has reached the link; its own page does.
    let headers = [named[0], named[1], ("Origin", own.as_str())];
    let answer = http::request(address, "POST", &path(), &headers, &pings).await;
    assert_eq!(answer.status, 204);
    assert_eq!(pong(&mut events).await, 1);
}

#[tokio::test]
async fn a_post_whose_body_does_not_come_is_a_timeout_and_may_come_again() {
    let setup = Setup::default().limit("header", "300ms");
    let gateway = setup.start().await;
    let mut events = connect(&gateway).await;
    let mut slow = TcpStream::connect(gateway.address()).await.unwrap();
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\n{STREAM_HEADER}: {}\r\n{NUMBER_HEADER}: 1\r\n\
         Content-Length: 100\r\n\r\nhalf",
        path(),
        events.stream
    );
    slow.write_all(request.as_bytes()).await.unwrap();
    let answer = within("an answer", http::read(&mut slow)).await;
    assert_eq!(answer.status, 408);
    assert!(events.post(&[(Kind::Text, &ping(1))]).await);
    assert_eq!(pong(&mut events).await, 1);
}

#[tokio::test]
async fn pongs_and_messages_without_end_are_closed_as_against_the_policy() {
    let setup = Setup::default().limit("control_per_second", "100");
    let gateway = setup.start().await;
    for message in [(Kind::Pong, vec![]), (Kind::Text, ping(1))] {
        let mut events = connect(&gateway).await;
        let flood = body(&vec![(message.0, &message.1[..]); 400]);
        assert_eq!(events.post_as(1, &flood).await, 204);
        assert_eq!(code(&mut events).await, 1008, "{:?}", message.0);
    }
}

#[tokio::test]
async fn who_answers_pings_stays_and_who_leaves_is_not_waited_for() {
    let setup = Setup::default()
        .limit("ping", "100ms")
        .limit("pong", "2s")
        .limit("hello", "2s");
    let gateway = setup.start().await;
    let mut events = connect(&gateway).await;
    assert!(events.post(&[(Kind::Text, &ping(1))]).await);
    assert_eq!(pong(&mut events).await, 1);
    // Nothing is said but the answers to pings, and it still stands.
    for _ in 0..5 {
        let (name, data) = within("a ping", events.event()).await.unwrap();
        // A browser takes an event without data for none.
        assert_eq!((name.as_str(), data.is_empty()), (PING_EVENT, false));
        assert!(events.post(&[(Kind::Pong, b"")]).await);
    }
    assert_eq!(gateway.metric("links").await, 1);
    assert!(events.post(&[(Kind::Close, &1001u16.to_be_bytes())]).await);
    gateway.metric_is("links", 0).await;
}

#[tokio::test]
async fn a_connection_that_ends_before_a_word_was_said_leaves_no_link_behind() {
    let gateway = Setup::default().start().await;
    for transport in Transport::ALL {
        Carrier::connect(gateway.address(), transport).await.abort();
        gateway.metric_is("links", 0).await;
    }
}

#[tokio::test]
async fn sigterm_closes_streams_in_order_and_exits_0() {
    let (mut gateway, _echo) = with_echo().await;
    let mut link = Link::connect_by(Transport::Events, gateway.address()).await;
    link.opened("t").await;
    // This one does not read its end, and does not hold the gateway's end up.
    let mut deaf = Link::connect_by(Transport::Events, gateway.address()).await;
    deaf.opened("t").await;
    gateway.program.signal(Signal::TERM);
    let draining = |event: &Event| {
        matches!(event, Event::Told(GatewayMessage::Notice { kind, .. })
            if *kind == NoticeKind::Draining)
    };
    link.event_that(draining).await;
    let ended = link.ended().await;
    assert!(matches!(ended, Ended::Closed(1012, _)), "{ended:?}");
    assert_eq!(gateway.program.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_bounded_and_closed() {
    let flood = Target::tcp(|mut stream| async move {
        let some = [7; 65_536];
        while stream.write_all(&some).await.is_ok() {}
    })
    .await;
    let setup = Setup::default()
        .target("t", &flood.url)
        .limit("ping", "500ms")
        .limit("pong", "500ms")
        .limit("resume", "200ms");
    let gateway = setup.start().await;
    let mut events = connect(&gateway).await;
    let before = gateway.program.memory_bytes();
    let open = r#"{"type":"open","seq":1,"socket":1,"target":"t","credit":4294967295}"#;
    assert!(events.post(&[(Kind::Text, open.as_bytes())]).await);
    gateway.metric_is("links", 0).await;
    let grown = gateway.program.memory_bytes().saturating_sub(before);
    assert!(grown < 4 * MIB, "memory grew by {grown} bytes");
    // Nor does it keep its connection: the next POST finds no stream.
    assert_eq!(events.post_as(2, b"").await, 404);
}

#[tokio::test]
async fn posts_that_pile_up_wait_unread_and_cost_no_memory() {
    let (gateway, _echo) = with_echo().await;
    let events = connect(&gateway).await;
    let before = gateway.program.memory_bytes();
    // One that holds the door open, its body half there, and many behind it.
    let post = |number: u32| {
        format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\n{STREAM_HEADER}: {}\r\n\
             {NUMBER_HEADER}: {number}\r\nContent-Length: {MAX_POST_BYTES}\r\n\r\n",
            path(),
            events.stream
        )
    };
    let mut waiting = Vec::new();
    for number in 1..=32 {
        let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
        stream.write_all(post(number).as_bytes()).await.unwrap();
        let half = vec![0; MAX_POST_BYTES / 2];
        // As much of it as the gateway takes at once.
        let _ = tokio::time::timeout(Duration::from_millis(20), stream.write_all(&half)).await;
        waiting.push(stream);
    }
    let grown = gateway.program.memory_bytes().saturating_sub(before);
    assert!(grown < 4 * MIB, "memory grew by {grown} bytes");
}

#[tokio::test]
async fn data_of_a_client_comes_to_its_target_whole() {
    let (gateway, _echo) = with_echo().await;
    let mut link = Link::connect_by(Transport::Events, gateway.address()).await;
    let socket = link.opened("t").await;
    let Carrier::Events(mut events) = link.leave_connection() else {
        unreachable!("a link over events")
    };
    // Several frames in one POST, as a page gathers them.
    let frames: Vec<Vec<u8>> = (2..12)
        .map(|seq| {
            let payload = vec![seq as u8; 4_000].into();
            ClientFrame {
                socket,
                seq,
                payload,
            }
            .encode()
            .to_vec()
        })
        .collect();
    let messages: Vec<(Kind, &[u8])> = frames.iter().map(|f| (Kind::Binary, &f[..])).collect();
    assert!(events.post(&messages).await);
    let mut echoed = Vec::new();
    while echoed.len() < 40_000 {
        let message = events.next().await.unwrap();
        if message.is_binary() {
            echoed.extend_from_slice(&message.into_data()[24..]);
        }
    }
    let wanted: Vec<u8> = (2..12u8).flat_map(|seq| [seq; 4_000]).collect();
    assert_eq!(echoed, wanted);
}
