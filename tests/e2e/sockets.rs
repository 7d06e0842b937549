//! What a socket does on a link: how it opens, carries bytes, and ends.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::target::{FullListener, Target, assert_numbered, closed_port, numbered};
use chalkwire_tests::websocket::{self, Ended};
use futures_util::{SinkExt, StreamExt};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

/// A link to a gateway with one target named `t`.
async fn with_target(url: &str) -> (Gateway, Link) {
    let gateway = Gateway::with_target("t", url).await;
    let link = Link::connect(gateway.address()).await;
    (gateway, link)
}

#[tokio::test]
async fn after_shutdown_a_late_reply_still_arrives() {
    // Answers only once the client has said that it is done.
    let target = Target::tcp(|mut stream| async move {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        stream.write_all(b"late: ").await.unwrap();
        stream.write_all(&all).await.unwrap();
    })
    .await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let socket = link.opened("t").await;
    link.send(socket, b"question").await;
    link.shutdown(socket).await;
    let rest = link.rest(socket).await;
    assert_eq!(rest.bytes, b"late: question");
    assert_eq!((rest.eof, rest.reason), (true, Reason::Finished));
}

#[tokio::test]
async fn after_the_targets_fin_the_client_may_still_send() {
    let (heard, mut hear) = mpsc::channel(1);
    let target = Target::tcp(move |mut stream| {
        let heard = heard.clone();
        async move {
            stream.shutdown().await.unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.unwrap();
            heard.send(all).await.unwrap();
        }
    })
    .await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let socket = link.opened("t").await;
    link.expect_eof(socket).await;
    link.send(socket, b"after your FIN").await;
    link.shutdown(socket).await;
    assert_eq!(link.expect_closed(socket).await.0, Reason::Finished);
    assert_eq!(hear.recv().await.unwrap(), b"after your FIN");
}

/// Opens `target`, which must fail for `reason`, with that reason's own sentence.
async fn expect_refusal(link: &mut Link, target: &str, reason: Reason) {
    let socket = link.open(target).await;
    let (got, detail) = link.expect_closed(socket).await;
    assert_eq!(got, reason, "{target}: {detail}");
    assert_eq!(detail, reason.sentence(), "{target}");
}

#[tokio::test]
async fn each_way_not_to_connect_has_its_own_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    // A stale file: its server is gone.
    drop(std::os::unix::net::UnixListener::bind(path("stale")).unwrap());
    // A Unix listener whose queue of one place (backlog 0) is taken.
    let full = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    full.bind(&SockAddr::unix(path("full")).unwrap()).unwrap();
    full.listen(0).unwrap();
    let _waits = std::os::unix::net::UnixStream::connect(path("full")).unwrap();
    let gateway = Setup::default()
        .target("refused", &format!("tcp://{}", closed_port()))
        // The broadcast address of the loopback net: TCP to it is ENETUNREACH, and no packet leaves.
        .target("unreachable", "tcp://127.255.255.255:80")
        .target("nowhere", "unix:///no/such/path")
        .target("nowheregram", "unixgram:///no/such/path")
        .target("stale", &format!("unix://{}", path("stale")))
        .target("full", &format!("unix://{}", path("full")))
        // No name at all (an empty label), so that no DNS server needs to be asked.
        .target("unresolved", "tcp://no..name:80")
        .start()
        .await;
    let mut link = Link::connect(gateway.address()).await;
    expect_refusal(&mut link, "refused", Reason::Refused).await;
    expect_refusal(&mut link, "unreachable", Reason::Unreachable).await;
    expect_refusal(&mut link, "nowhere", Reason::NoSuchPath).await;
    expect_refusal(&mut link, "nowheregram", Reason::NoSuchPath).await;
    expect_refusal(&mut link, "stale", Reason::Refused).await;
    expect_refusal(&mut link, "full", Reason::BacklogFull).await;
    expect_refusal(&mut link, "unresolved", Reason::NotResolved).await;
    expect_refusal(&mut link, "none", Reason::UnknownTarget).await;
    expect_refusal(&mut link, "../refused", Reason::UnknownTarget).await;
}

#[tokio::test]
async fn a_listener_that_never_answers_is_a_connect_timeout() {
    let full = FullListener::new();
    let setup = Setup::default()
        .target("t", &full.url)
        .limit("connect", "200ms");
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    expect_refusal(&mut link, "t", Reason::ConnectTimeout).await;
}

#[tokio::test]
async fn closing_while_it_connects_gives_the_attempt_up() {
    let full = FullListener::new();
    let (_gateway, mut link) = with_target(&full.url).await;
    let socket = link.open("t").await;
    link.close(socket).await;
    // Well before the 5 s that connecting may take.
    let closed = tokio::time::timeout(Duration::from_secs(3), link.expect_closed(socket)).await;
    assert_eq!(closed.unwrap().0, Reason::ClosedByClient);
}

#[tokio::test]
async fn a_reset_is_told_apart_from_an_end() {
    let target = Target::tcp(|mut stream| async move {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        // RST instead of FIN (SO_LINGER with time 0, socket(7)).
        SockRef::from(&stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    })
    .await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let socket = link.opened("t").await;
    link.send(socket, b"x").await;
    let (reason, detail) = link.expect_closed(socket).await;
    assert_eq!(reason, Reason::Reset);
    assert_eq!(detail, Reason::Reset.sentence());
}

#[tokio::test]
async fn a_silent_socket_is_closed_as_idle_and_a_busy_one_is_not() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .limit("idle", "400ms");
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let (busy, silent) = (link.opened("t").await, link.opened("t").await);
    let mut rounds = 0;
    // Each round trip is traffic; the other socket's end is what stops them.
    let closed = within("the silent socket's end", async {
        loop {
            link.send(busy, b"tick").await;
            match link.next().await.unwrap() {
                Event::Data(frame) => assert_eq!(frame.socket, busy),
                Event::Told(GatewayMessage::Closed { socket, reason, .. }) => {
                    return (socket, reason);
                }
                other => panic!("{other:?}"),
            }
            rounds += 1;
        }
    })
    .await;
    assert_eq!(closed, (silent, Reason::Idle));
    assert!(rounds > 1, "the busy socket went on all the time");
    link.send(busy, b"still there").await;
    assert!(!link.expect_data(busy).await.payload.is_empty());
}

#[tokio::test]
async fn all_256_bytes_come_back_as_they_went() {
    let target = Target::echo().await;
    let (gateway, mut link) = with_target(&target.url).await;
    let bytes: Vec<u8> = (0..=255).collect();
    let socket = link.opened("t").await;
    link.send(socket, &bytes).await;
    assert_eq!(link.expect_bytes(socket, 256).await, bytes);
    let raw = websocket::connect(gateway.address(), "/raw/t", None).await;
    let (mut raw, _) = raw.unwrap();
    raw.send(Message::binary(bytes.clone())).await.unwrap();
    assert_eq!(
        websocket::next(&mut raw).await.unwrap(),
        Message::binary(bytes)
    );
}

#[tokio::test]
async fn a_mebibyte_in_odd_pieces_is_echoed_intact() {
    let target = Target::echo().await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let socket = link.opened("t").await;
    let all = numbered(0, 131_072);
    // From one byte to a whole frame: sizes that fit nothing.
    let mut sizes = [1, 7, 1_023, 4_097, 65_512, 13].iter().cycle();
    let mut rest = &all[..];
    while let Some(size) = sizes.next().filter(|_| !rest.is_empty()) {
        let (piece, after) = rest.split_at(rest.len().min(*size));
        link.send(socket, piece).await;
        rest = after;
    }
    link.shutdown(socket).await;
    let rest = link.rest(socket).await;
    assert_numbered(&rest.bytes);
    assert_eq!(rest.bytes.len(), all.len());
    assert_eq!(rest.reason, Reason::Finished);
}

#[tokio::test]
async fn many_sockets_of_one_link_do_not_mix() {
    let target = Target::echo().await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let mut sockets = Vec::new();
    for _ in 0..64 {
        sockets.push(link.open("t").await);
    }
    for round in 0..4 {
        for socket in &sockets {
            link.send(*socket, format!("{socket} {round};").as_bytes())
                .await;
        }
    }
    for socket in &sockets {
        link.shutdown(*socket).await;
    }
    for socket in sockets {
        link.expect_opened(socket).await;
        let expected: String = (0..4).map(|round| format!("{socket} {round};")).collect();
        assert_eq!(link.rest(socket).await.bytes, expected.as_bytes());
    }
}

#[tokio::test]
async fn a_socket_above_the_cap_is_refused_and_a_closed_one_makes_room() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .limit("sockets_per_link", "2");
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    assert_eq!(link.limits.sockets, 2);
    let first = link.opened("t").await;
    link.opened("t").await;
    expect_refusal(&mut link, "t", Reason::Limit).await;
    link.close(first).await;
    link.expect_closed(first).await;
    link.opened("t").await;
}

#[tokio::test]
async fn what_was_sent_before_a_close_is_delivered() {
    let (heard, mut hear) = mpsc::channel(1);
    let (go, wait) = tokio::sync::watch::channel(false);
    // Reads nothing until the client has closed, so that much is unsent by then.
    let target = Target::tcp(move |mut stream| {
        let (heard, mut wait) = (heard.clone(), wait.clone());
        async move {
            wait.wait_for(|go| *go).await.unwrap();
            let mut all = Vec::new();
            let ended = stream.read_to_end(&mut all).await;
            heard.send((all, ended.is_ok())).await.unwrap();
        }
    })
    .await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let socket = link.opened("t").await;
    // Sends until no credit comes back: the kernels' buffers are full, and the gateway's queue is
    // not empty.
    let mut words = 0;
    let patience = Duration::from_millis(500);
    while tokio::time::timeout(patience, link.send(socket, &numbered(words, 4_096)))
        .await
        .is_ok()
    {
        words += 4_096;
    }
    link.close(socket).await;
    // The pong comes after the close was taken; only then is there room for what is unsent.
    let ping = ClientMessage::Ping { id: 1 };
    link.write(Message::text(ping.encode())).await;
    let pong = link.next().await.unwrap();
    assert!(
        matches!(pong, Event::Told(GatewayMessage::Pong { .. })),
        "{pong:?}"
    );
    go.send(true).unwrap();
    let (bytes, whole) = within("what was sent", hear.recv()).await.unwrap();
    assert!(whole, "a FIN, no reset");
    assert_numbered(&bytes);
    assert_eq!(bytes.len() as u64, words * 8);
    assert_eq!(link.expect_closed(socket).await.0, Reason::ClosedByClient);
}

#[tokio::test]
async fn data_after_shutdown_is_a_bad_request_of_that_socket_alone() {
    let target = Target::silent().await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let (socket, other) = (link.opened("t").await, link.opened("t").await);
    link.shutdown(socket).await;
    link.send(socket, b"after all").await;
    let (reason, detail) = link.expect_closed(socket).await;
    assert_eq!(reason, Reason::BadRequest);
    assert!(detail.contains("after shutdown"), "{detail}");
    // What comes for a closed socket crossed its end, and harms nobody.
    link.send(socket, b"crossed").await;
    link.shutdown(socket).await;
    link.close(socket).await;
    link.close(other).await;
    assert_eq!(link.expect_closed(other).await.0, Reason::ClosedByClient);
}

#[tokio::test]
async fn an_unknown_fault_closes_the_socket_and_not_the_link() {
    let target = Target::echo().await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let open =
        r#"{"type":"open","seq":1,"socket":1,"target":"t","credit":9,"faults":[{"kind":"flood"}]}"#;
    link.write(Message::text(open)).await;
    link.sent = 1;
    let (reason, detail) = link.expect_closed(SocketId(1)).await;
    assert_eq!(reason, Reason::BadRequest);
    assert!(detail.contains("'flood'"), "{detail}");
}

#[tokio::test]
async fn with_trace_each_write_is_reported() {
    let target = Target::echo().await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let socket = link.open_with("t", 1_000, true).await;
    link.expect_opened(socket).await;
    link.send(socket, b"12345").await;
    let event = link.event(socket).await;
    let wrote =
        |bytes| matches!(event, Event::Told(GatewayMessage::Wrote { bytes: b, .. }) if b == bytes);
    assert!(wrote(5), "{event:?}");
    assert_eq!(link.expect_data(socket).await.payload, "12345");
}

/// What ends a link with a code.
async fn ends_with(message: Message, code: u16, part: &str) {
    let target = Target::echo().await;
    let (gateway, mut link) = with_target(&target.url).await;
    let mut bystander = Link::connect(gateway.address()).await;
    let other = bystander.opened("t").await;
    link.opened("t").await;
    link.write(message.clone()).await;
    match link.ended().await {
        Ended::Closed(got, reason) => {
            assert_eq!(got, code, "{message:?}: {reason}");
            assert!(reason.contains(part), "{message:?}: {reason}");
        }
        Ended::Lost => panic!("{message:?}: ended without a word"),
    }
    // The link is gone, and nobody else has noticed.
    assert!(link.resume().await.is_err());
    bystander.send(other, b"well?").await;
    assert_eq!(bystander.expect_data(other).await.payload, "well?");
}

#[tokio::test]
async fn what_is_not_of_the_protocol_ends_the_link_with_a_code_and_a_sentence() {
    for text in [
        r#"{"type":"nonsense"}"#,
        r#"{"type":"ping","id":1,"extra":true}"#,
        r#"{"type":"ping"}"#,
        "[]",
        "",
        "hello",
    ] {
        ends_with(Message::text(text), 1002, "not a message of this protocol").await;
    }
}

#[tokio::test]
async fn a_bad_frame_ends_the_link_with_a_code_and_a_sentence() {
    ends_with(Message::binary(vec![0; 15]), 1002, "header of 16 bytes").await;
    let mut flagged = vec![0; 16];
    flagged[7] = 1;
    ends_with(Message::binary(flagged), 1002, "unknown flags 0x1").await;
}

#[tokio::test]
async fn an_oversize_message_ends_the_link_as_too_big() {
    ends_with(Message::binary(vec![0; 65_537]), 1009, "").await;
    ends_with(Message::text("x".repeat(70_000)), 1009, "").await;
}

#[tokio::test]
async fn numbers_out_of_turn_end_the_link() {
    let close = |seq, socket| {
        let socket = SocketId(socket);
        Message::text(ClientMessage::Close { seq, socket }.encode())
    };
    // The open was number 1.
    ends_with(close(3, 1), 1002, "came where 2 was due").await;
    ends_with(close(2, 7), 1002, "socket 7 was never opened").await;
    let again = r#"{"type":"open","seq":2,"socket":1,"target":"t","credit":9}"#;
    ends_with(Message::text(again), 1002, "was used before").await;
    let ack = ClientMessage::Ack { seen: 99 };
    ends_with(Message::text(ack.encode()), 1002, "never sent").await;
    let late = r#"{"type":"resume","token":"x","seen":0}"#;
    ends_with(Message::text(late), 1002, "first message").await;
}

#[tokio::test]
async fn a_message_that_came_before_is_not_taken_twice() {
    let target = Target::echo().await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let socket = link.opened("t").await;
    link.send(socket, b"once").await;
    // The same numbers again, as after a resume that did not need them.
    link.sent -= 1;
    link.send(socket, b"once").await;
    link.send(socket, b", twice").await;
    assert_eq!(link.expect_bytes(socket, 11).await, b"once, twice");
}

#[tokio::test]
async fn a_link_that_says_nothing_is_closed() {
    let setup = Setup::default().limit("hello", "200ms");
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let ended = link.ended().await;
    assert!(
        matches!(&ended, Ended::Closed(1008, why) if why.contains("said nothing")),
        "{ended:?}"
    );
}

#[tokio::test]
async fn pings_are_no_greeting() {
    let setup = Setup::default().limit("hello", "300ms");
    let gateway = setup.start().await;
    let connected = websocket::connect(gateway.address(), "/ws", Some(SUBPROTOCOL)).await;
    let (mut pings, mut messages) = connected.unwrap().0.split();
    // WebSocket pings show that somebody is there; they don't make him a client of ours.
    let ping = async {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        loop {
            pace.tick().await;
            if pings.send(Message::Ping(Bytes::new())).await.is_err() {
                return pending::<()>().await;
            }
        }
    };
    let closed = async {
        loop {
            if let Message::Close(Some(frame)) = messages.next().await.unwrap().unwrap() {
                return u16::from(frame.code);
            }
        }
    };
    let code = within("the close of a link that only pings", async {
        tokio::select! {
            code = closed => code,
            () = ping => unreachable!(),
        }
    });
    assert_eq!(code.await, 1008);
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_gone() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .limit("ping", "100ms")
        .limit("pong", "100ms")
        .limit("resume", "100ms");
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    link.opened("t").await;
    // From here on nothing is read, so no ping is answered.
    gateway.metric_is("links", 0).await;
}

#[tokio::test]
async fn ping_is_answered_with_the_gateways_clock() {
    let gateway = Setup::default().start().await;
    let mut link = Link::connect(gateway.address()).await;
    let mut before = 0;
    for id in [7, 0, u32::MAX] {
        link.write(Message::text(ClientMessage::Ping { id }.encode()))
            .await;
        match link.next().await.unwrap() {
            Event::Told(GatewayMessage::Pong { id: got, clock_us }) => {
                assert_eq!(got, id);
                assert!(clock_us >= before);
                before = clock_us;
            }
            other => panic!("{other:?}"),
        }
    }
}
