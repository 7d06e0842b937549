//! What a link is held to: its messages, their order, their size, and signs of life.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_tests::carrier::Transport;
use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::target::Target;
use chalkwire_tests::websocket::{self, Ended};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

/// A link to a gateway with one target named `t`.
async fn with_target(url: &str) -> (Gateway, Link) {
    let gateway = Gateway::with_target("t", url).await;
    let link = Link::connect(gateway.address()).await;
    (gateway, link)
}

/// What ends a link with a code, whatever carries it.
async fn ends_with(message: Message, code: u16, part: &str) {
    for transport in Transport::ALL {
        ends_over(transport, message.clone(), code, part).await;
    }
}

async fn ends_over(transport: Transport, message: Message, code: u16, part: &str) {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect_by(transport, gateway.address()).await;
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
    for transport in Transport::ALL {
        let mut link = Link::connect_by(transport, gateway.address()).await;
        let ended = link.ended().await;
        assert!(
            matches!(&ended, Ended::Closed(1008, why) if why.contains("said nothing")),
            "{ended:?}"
        );
    }
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
    for transport in Transport::ALL {
        let mut link = Link::connect_by(transport, gateway.address()).await;
        link.opened("t").await;
        // From here on nothing is read, so no ping is answered.
        gateway.metric_is("links", 0).await;
    }
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
