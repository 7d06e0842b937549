//! Credit and bounds: who does not read holds back himself only, and memory stays flat.

use std::time::Duration;

use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::GATEWAY_HEADER_BYTES;
use chalkwire_shared::message::{ClientMessage, GatewayMessage, NoticeKind};
use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::target::{FullListener, Target, assert_numbered, numbered};
use chalkwire_tests::websocket;
use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_socket_without_credit_waits_and_the_others_go_on() {
    let (flood, echo) = (Target::flood().await, Target::echo().await);
    let setup = Setup::default()
        .target("flood", &flood.url)
        .target("echo", &echo.url);
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let slow = link.open_with("flood", 10_000, false).await;
    link.expect_opened(slow).await;
    let quick = link.opened("echo").await;
    for round in 0..100 {
        let line = format!("round {round}");
        link.send(quick, line.as_bytes()).await;
        assert_eq!(link.expect_data(quick).await.payload, line);
    }
    // All that came of the other meanwhile is within its credit; and each new credit is used up
    // but for what is too small for one more byte.
    let (mut bytes, mut given) = (Vec::new(), 10_000);
    let mut spent = 0;
    for more in [0, 1_000, 1, 100, 50_000] {
        if more > 0 {
            link.credit(slow, more).await;
            given += more as usize;
        }
        while given - spent > GATEWAY_HEADER_BYTES {
            let frame = link.expect_data(slow).await;
            spent += GATEWAY_HEADER_BYTES + frame.payload.len();
            assert!(spent <= given, "{spent} bytes came for a credit of {given}");
            bytes.extend_from_slice(&frame.payload);
        }
    }
    bytes.truncate(bytes.len() / 8 * 8);
    assert_numbered(&bytes);
}

#[tokio::test]
async fn who_sends_more_than_the_credit_loses_that_socket_and_not_the_link() {
    let (full, echo) = (FullListener::new(), Target::echo().await);
    let setup = Setup::default()
        .target("full", &full.url)
        .target("echo", &echo.url);
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    // While it connects, nothing is written and no credit comes back.
    let socket = link.open("full").await;
    for _ in 0..3 {
        link.send_unasked(socket, &[0; 60_000]).await;
    }
    let (reason, detail) = link.expect_closed(socket).await;
    assert_eq!(reason, Reason::CreditExceeded);
    assert_eq!(detail, Reason::CreditExceeded.sentence());
    let other = link.opened("echo").await;
    link.send(other, b"on we go").await;
    assert_eq!(link.expect_data(other).await.payload, "on we go");
}

#[tokio::test]
async fn what_came_before_a_reset_waits_for_credit_and_is_not_lost() {
    let (sent, mut all_sent) = watch::channel(false);
    let target = Target::tcp(move |mut stream| {
        let sent = sent.clone();
        async move {
            stream.write_all(&numbered(0, 6_250)).await.unwrap();
            stream.readable().await.unwrap();
            sent.send(true).unwrap();
            // Dropped with the client's bytes unread: the kernel sends RST after the data.
        }
    })
    .await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.open_with("t", 8_024, false).await;
    link.expect_opened(socket).await;
    let mut bytes = link.expect_bytes(socket, 8_000).await;
    link.send(socket, b"not read").await;
    within("the target's end", all_sent.wait_for(|sent| *sent))
        .await
        .unwrap();
    // Writing meets the reset, at the latest at the second try.
    for _ in 0..20 {
        link.send(socket, b"more").await;
    }
    let ping = ClientMessage::Ping { id: 1 };
    link.write(Message::text(ping.encode())).await;
    let event = link.next().await.unwrap();
    assert!(
        matches!(event, Event::Told(GatewayMessage::Pong { .. })),
        "{event:?}"
    );
    for _ in 0..7 {
        link.credit(socket, 6_024).await;
        bytes.extend_from_slice(&link.expect_bytes(socket, 6_000).await);
    }
    assert_numbered(&bytes);
    link.credit(socket, 1_000).await;
    assert_eq!(link.expect_closed(socket).await.0, Reason::Reset);
}

#[tokio::test]
async fn a_whole_window_may_be_sent_at_once() {
    let full = FullListener::new();
    let setup = Setup::default().target("full", &full.url);
    let gateway = setup.limit("connect", "500ms").start().await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.open("full").await;
    let half = link.limits.window_bytes as usize / 2 - 16;
    link.send(socket, &vec![0; half]).await;
    link.send(socket, &vec![0; half]).await;
    link.close(socket).await;
    // It was not for the credit, and the close waited for what was sent.
    assert_eq!(link.expect_closed(socket).await.0, Reason::ConnectTimeout);
}

#[tokio::test]
async fn datagrams_without_credit_are_dropped_with_a_notice() {
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let url = format!("udp://{}", peer.local_addr().unwrap());
    let gateway = Gateway::with_target("t", &url).await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.open_with("t", 0, false).await;
    let (local, _) = link.expect_opened(socket).await;
    let to = local.replace("0.0.0.0", "127.0.0.1");
    for _ in 0..5 {
        peer.send_to(b"too early", &to).await.unwrap();
    }
    gateway.metric_is("datagrams_dropped_total", 5).await;
    link.credit(socket, 1_000).await;
    match link.event(socket).await {
        Event::Told(GatewayMessage::Notice { kind, detail, .. }) => {
            assert_eq!(kind, NoticeKind::Dropped);
            assert!(detail.starts_with("5 datagram"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
    peer.send_to(b"in time", &to).await.unwrap();
    assert_eq!(link.expect_data(socket).await.payload, "in time");
}

/// A flood that counts what it got rid of.
async fn counted_flood() -> (Target, watch::Receiver<u64>) {
    let (count, counted) = watch::channel(0);
    let target = Target::tcp(move |mut stream| {
        let count = count.clone();
        async move {
            // What waits in the kernel's buffers is no memory of the gateway's.
            let small = SockRef::from(&stream).set_send_buffer_size(65_536);
            small.unwrap();
            let zeros = [0; 16_384];
            while stream.write_all(&zeros).await.is_ok() {
                count.send_modify(|bytes| *bytes += zeros.len() as u64);
            }
        }
    })
    .await;
    (target, counted)
}

/// Waits until the floods are held back: nothing was got rid of for a while.
async fn held_back(counted: &mut watch::Receiver<u64>) -> u64 {
    let quiet = Duration::from_millis(400);
    while tokio::time::timeout(quiet, counted.changed()).await.is_ok() {
        counted.borrow_and_update();
    }
    *counted.borrow()
}

const READERS: u64 = 20;
const MIB: u64 = 1 << 20;

#[tokio::test]
async fn links_that_never_read_cost_less_than_a_mebibyte_each() {
    let (target, mut counted) = counted_flood().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut links = Vec::new();
    for _ in 0..READERS {
        links.push(Link::connect(gateway.address()).await);
    }
    let before = gateway.program.memory_bytes();
    for link in &mut links {
        // With all the credit in the world, for several sockets.
        for _ in 0..4 {
            link.open_with("t", u32::MAX, false).await;
        }
    }
    let sent = held_back(&mut counted).await;
    let grown = gateway.program.memory_bytes().saturating_sub(before);
    assert!(sent > READERS * MIB, "only {sent} bytes were flooded");
    assert!(grown < READERS * MIB, "memory grew by {grown} bytes");
}

#[tokio::test]
async fn raw_websockets_that_never_read_cost_less_than_a_mebibyte_each() {
    let (target, mut counted) = counted_flood().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let before = gateway.program.memory_bytes();
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let connected = websocket::connect(gateway.address(), "/raw/t", None).await;
        readers.push(connected.unwrap().0);
    }
    let sent = held_back(&mut counted).await;
    let grown = gateway.program.memory_bytes().saturating_sub(before);
    assert!(sent > READERS * MIB, "only {sent} bytes were flooded");
    assert!(grown < READERS * MIB, "memory grew by {grown} bytes");
}

#[tokio::test]
async fn a_link_that_reads_but_never_acknowledges_is_held_back_in_the_end() {
    let (target, mut counted) = counted_flood().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let before = gateway.program.memory_bytes();
    link.open_with("t", u32::MAX, false).await;
    let mut connection = link.leave_connection();
    tokio::select! {
        _ = connection.ended() => panic!("the link is not slow, it is only forgetful"),
        _ = held_back(&mut counted) => {}
    }
    let grown = gateway.program.memory_bytes().saturating_sub(before);
    assert!(grown < 2 * MIB, "memory grew by {grown} bytes");
}
