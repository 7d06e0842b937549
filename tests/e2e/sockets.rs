//! What a socket does on a link: how it opens, carries bytes, and ends.

use std::time::Duration;

use chalkwire_shared::close::Reason;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::target::{FullListener, Target, assert_numbered, closed_port, numbered};
use chalkwire_tests::websocket;
use futures_util::SinkExt;
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

/// Sends numbered words until no credit comes back: the kernels' buffers are full, and the gateway's
/// queue is not empty. How many words were sent.
async fn fill(link: &mut Link, socket: SocketId) -> u64 {
    let mut words = 0;
    let patience = Duration::from_millis(500);
    while tokio::time::timeout(patience, link.send(socket, &numbered(words, 4_096)))
        .await
        .is_ok()
    {
        words += 4_096;
    }
    words
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
    let third = link.open("t").await;
    let (reason, detail) = link.expect_closed(third).await;
    assert_eq!(reason, Reason::Limit);
    // It is not the gateway that is full.
    assert!(detail.contains("this link has 2"), "{detail}");
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
    let words = fill(&mut link, socket).await;
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
async fn a_reply_that_nobody_reads_does_not_cost_what_was_sent_before_a_close() {
    let (heard, mut hear) = mpsc::channel(1);
    let target = Target::tcp(move |mut stream| {
        let heard = heard.clone();
        async move {
            stream.write_all(&[0; 1_000]).await.unwrap();
            let mut all = Vec::new();
            let ended = stream.read_to_end(&mut all).await;
            heard.send((all, ended.is_ok())).await.unwrap();
        }
    })
    .await;
    let (_gateway, mut link) = with_target(&target.url).await;
    // Without credit the reply stays in the gateway's kernel: closing on it would mean RST.
    let socket = link.open_with("t", 0, false).await;
    link.expect_opened(socket).await;
    for at in [0, 4_096, 8_192] {
        link.send(socket, &numbered(at, 4_096)).await;
    }
    link.close(socket).await;
    assert_eq!(link.expect_closed(socket).await.0, Reason::ClosedByClient);
    let (bytes, whole) = within("what was sent", hear.recv()).await.unwrap();
    assert!(whole, "a FIN, no reset");
    assert_numbered(&bytes);
    assert_eq!(bytes.len(), 3 * 32_768);
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

#[tokio::test]
async fn what_was_sent_and_closed_before_it_was_connected_is_delivered() {
    let (heard, mut hear) = mpsc::channel(1);
    let target = Target::tcp(move |mut stream| {
        let heard = heard.clone();
        async move {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.unwrap();
            heard.send(all).await.unwrap();
        }
    })
    .await;
    let (_gateway, mut link) = with_target(&target.url).await;
    for _ in 0..20 {
        let socket = link.open("t").await;
        link.send(socket, b"at once").await;
        link.close(socket).await;
        let all = within("what was sent", hear.recv()).await;
        assert_eq!(all.unwrap(), b"at once");
        link.expect_opened(socket).await;
        assert_eq!(link.expect_closed(socket).await.0, Reason::ClosedByClient);
    }
}

#[tokio::test]
async fn a_closed_socket_whose_target_takes_nothing_is_given_up_before_it_is_idle() {
    let target = Target::silent().await;
    let (_gateway, mut link) = with_target(&target.url).await;
    let socket = link.opened("t").await;
    fill(&mut link, socket).await;
    link.close(socket).await;
    let closed = tokio::time::timeout(Duration::from_secs(30), link.expect_closed(socket)).await;
    assert_eq!(closed.unwrap().0, Reason::ClosedByClient);
}
