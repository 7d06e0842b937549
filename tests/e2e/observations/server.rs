//! What the built-in servers saw, told to whose socket it was.

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::ClientFrame;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::server::{ServerDid, ServerOptions};
use chalkwire_shared::target::Kind;
use chalkwire_tests::deadline::eventually;
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::timestamp::assert_stamp;
use tokio_tungstenite::tungstenite::Message;

/// The next thing that a server did on this socket: what, and when.
async fn did(link: &mut Link, expected: SocketId) -> (ServerDid, u64) {
    match link.observed().await {
        GatewayMessage::Server {
            socket,
            clock_us,
            did,
            ..
        } if socket == expected => (did, clock_us),
        other => panic!("not what the server of {expected} did, but {other:?}"),
    }
}

#[tokio::test]
async fn each_learner_is_told_what_the_server_did_with_their_own_socket_in_order() {
    let gateway = Setup::default().builtin().start().await;
    let mut link = Link::connect(gateway.address()).await;
    let mut other = Link::connect(gateway.address()).await;
    for target in ["basic", "unix", "threaded", "process", "select", "evented"] {
        let socket = link.open_watched(target, true, false).await;
        link.expect_opened(socket).await;
        // Another learner's, with a report of its own.
        let others = other.open_watched(target, true, false).await;
        other.expect_opened(others).await;
        other.send(others, b"longer than hello").await;
        link.send(socket, b"hello").await;

        let mut told = Vec::new();
        for _ in 0..4 {
            told.push(did(&mut link, socket).await);
        }
        let [(accepted, _), (recv, _), (sent, _), (closed, _)] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!(*accepted, ServerDid::Accepted, "{target}");
        assert_eq!(*recv, ServerDid::Recv { bytes: 5 }, "{target}");
        assert!(
            matches!(sent, ServerDid::Sent { bytes } if *bytes > 5),
            "{target}"
        );
        assert_eq!(*closed, ServerDid::Closed, "{target}");
        assert!(told.is_sorted_by_key(|(_, clock_us)| *clock_us), "{told:?}");

        for expected in [ServerDid::Accepted, ServerDid::Recv { bytes: 17 }] {
            assert_eq!(did(&mut other, others).await.0, expected, "{target}");
        }
        for _ in 0..2 {
            did(&mut other, others).await;
        }
    }
    assert_eq!(gateway.metric("observations_lost_total").await, 0);
}

#[tokio::test]
async fn what_the_server_did_comes_after_opened_and_also_after_closed() {
    let gateway = Setup::default().builtin().start().await;
    let mut link = Link::connect(gateway.address()).await;
    // It waits 50 ms before it answers, and nobody waits for that.
    let socket = link.open_watched("evented", true, false).await;
    let mut order = Vec::new();
    loop {
        match link.next().await.unwrap() {
            Event::Told(GatewayMessage::Opened { .. }) => {
                order.push("opened");
                link.send(socket, b"hello").await;
                link.close(socket).await;
            }
            Event::Told(GatewayMessage::Closed { reason, .. }) => {
                assert_eq!(reason, Reason::ClosedByClient);
                order.push("closed");
            }
            Event::Told(GatewayMessage::Server { did, .. }) => match did {
                ServerDid::Accepted => order.push("accepted"),
                ServerDid::Sent { .. } => order.push("sent"),
                ServerDid::Closed => break,
                _ => {}
            },
            _ => {}
        }
    }
    assert_eq!((order[0], order[3]), ("opened", "sent"), "{order:?}");
    // When the server accepts is its own affair.
    assert!(order.contains(&"accepted") && order.contains(&"closed"));
}

#[tokio::test]
async fn datagrams_are_told_whole_cut_and_after_the_sockets_end() {
    let gateway = Setup::default().builtin().start().await;
    let mut link = Link::connect(gateway.address()).await;
    for target in ["udp", "unixgram"] {
        let socket = link.open_watched(target, true, false).await;
        link.expect_opened(socket).await;
        link.send(socket, b"").await;
        assert_eq!(did(&mut link, socket).await.0, ServerDid::Recv { bytes: 0 });
        let (sent, _) = did(&mut link, socket).await;
        assert!(matches!(sent, ServerDid::Sent { .. }), "{target}: {sent:?}");
        link.send(socket, &[b'x'; 3000]).await;
        let cut = ServerDid::RecvCut {
            bytes: 1024,
            of: 3000,
        };
        assert_eq!(did(&mut link, socket).await.0, cut, "{target}");
        did(&mut link, socket).await;
        link.send(socket, b"[Sun Nov 22 06:08:00 2026]x").await;
        assert_eq!(
            did(&mut link, socket).await.0,
            ServerDid::Recv { bytes: 27 }
        );
        let (ignored, _) = did(&mut link, socket).await;
        assert!(matches!(ignored, ServerDid::Ignored { .. }), "{ignored:?}");
        link.send(socket, b"last").await;
        link.close(socket).await;
        assert_eq!(did(&mut link, socket).await.0, ServerDid::Recv { bytes: 4 });
        // The answer finds its socket, or no socket any more: a Unix one goes with its path.
        did(&mut link, socket).await;
    }
}

#[tokio::test]
async fn a_late_answer_is_told_when_its_socket_has_been_closed_for_a_while() {
    let gateway = Setup::default().start().await;
    let mut link = Link::connect(gateway.address()).await;
    for kind in [Kind::Udp, Kind::Unixgram] {
        let slow = ServerOptions {
            kind,
            delay_ms: 200,
            ..ServerOptions::default()
        };
        let server = link.serving(slow).await;
        let socket = link.open_watched(&server, true, false).await;
        link.expect_opened(socket).await;
        link.send(socket, b"hello").await;
        assert_eq!(did(&mut link, socket).await.0, ServerDid::Recv { bytes: 5 });
        link.close(socket).await;
        let closed = |event: &Event| matches!(event, Event::Told(GatewayMessage::Closed { .. }));
        while !closed(&link.event(socket).await) {}
        let (answered, _) = did(&mut link, socket).await;
        match kind {
            Kind::Udp => assert!(matches!(answered, ServerDid::Sent { .. }), "{answered:?}"),
            // Its path is gone with it.
            _ => assert!(matches!(answered, ServerDid::Failed { .. }), "{answered:?}"),
        }
    }
}

#[tokio::test]
async fn without_trace_nothing_is_told_and_a_unix_client_has_no_name() {
    let gateway = Setup::default().builtin().start().await;
    let mut link = Link::connect(gateway.address()).await;
    let plain = link.open("unix").await;
    assert_eq!(link.expect_opened(plain).await.0, "unnamed");
    link.send(plain, b"hi").await;
    assert_stamp(&link.expect_data(plain).await.payload, b"hi");
    // Told later than anything of the plain one would have been.
    let traced = link.open_watched("unix", true, false).await;
    assert_ne!(link.expect_opened(traced).await.0, "unnamed");
    assert_eq!(did(&mut link, traced).await.0, ServerDid::Accepted);
}

#[tokio::test]
async fn a_link_that_reads_nothing_loses_reports_and_the_server_serves_on() {
    let limit = "262144";
    let setup = Setup::default().builtin().limit("link_queue_bytes", limit);
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.open_watched("session", true, false).await;
    link.expect_opened(socket).await;
    let mut sleeping = link.leave_connection();
    // Each line is reported when it is written, and what the server does with it; nothing of
    // that is acknowledged.
    for seq in 2..1_200 {
        let frame = ClientFrame {
            socket,
            seq,
            payload: Bytes::from_static(b"a line\n"),
        };
        if !sleeping.send(Message::Binary(frame.encode())).await {
            break;
        }
    }
    eventually("reports to be lost", || async {
        gateway.metric("observations_lost_total").await > 0
    })
    .await;
    let mut other = Link::connect(gateway.address()).await;
    let socket = other.opened("session").await;
    other.send(socket, b"hi\n").await;
    assert_stamp(&other.expect_data(socket).await.payload, b"hi\n");
}
