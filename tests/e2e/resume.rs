//! A dropped connection does not end a link: it is taken up again, and nothing is lost or doubled.

use std::time::Duration;

use chalkwire_shared::close::{LinkClose, Reason};
use chalkwire_tests::carrier::Transport;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::target::{Target, assert_numbered, numbered};
use chalkwire_tests::websocket::Ended;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Words of 8 bytes that the target streams: 8 MiB, more than is read before the last cut.
const STREAMED: usize = 1_048_576;

/// A target that streams numbered bytes while it reads, and hands out what it read.
async fn both_ways() -> (Target, mpsc::Receiver<Vec<u8>>) {
    let (heard, hear) = mpsc::channel(1);
    let target = Target::tcp(move |mut stream| {
        let heard = heard.clone();
        async move {
            let (mut read, mut write) = stream.split();
            let mut all = Vec::new();
            let talk = async {
                write.write_all(&numbered(0, STREAMED)).await.unwrap();
                write.shutdown().await.unwrap();
            };
            let (_, heard_all) = tokio::join!(talk, read.read_to_end(&mut all));
            heard_all.unwrap();
            heard.send(all).await.unwrap();
        }
    })
    .await;
    (target, hear)
}

#[tokio::test]
async fn a_link_cut_again_and_again_mid_stream_loses_nothing_and_doubles_nothing() {
    cut_again_and_again([Transport::WebSocket; 2]).await;
}

#[tokio::test]
async fn the_same_over_http_loses_nothing_and_doubles_nothing() {
    cut_again_and_again([Transport::Events; 2]).await;
}

#[tokio::test]
async fn a_link_that_goes_over_websocket_and_http_in_turn_loses_nothing_and_doubles_nothing() {
    cut_again_and_again(Transport::ALL).await;
}

/// Cuts a link's connections, which are made this way and that in turn.
async fn cut_again_and_again(in_turn: [Transport; 2]) {
    let (target, mut hear) = both_ways().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect_by(in_turn[1], gateway.address()).await;
    let socket = link.opened("t").await;
    let (mut got, mut words) = (Vec::new(), 0);
    for round in 0..24 {
        // Some of what is sent and read is under way when the cable is pulled, each time at
        // another place; while it is out, one more message is sent into the void.
        for _ in 0..=round % 5 {
            link.send(socket, &numbered(words, 500)).await;
            words += 500;
        }
        for _ in 0..round % 7 {
            if let Event::Data(frame) = link.next().await.unwrap() {
                got.extend_from_slice(&frame.payload);
            }
        }
        link.cut();
        if round % 3 == 0 {
            link.send_unasked(socket, &numbered(words, 10)).await;
            words += 10;
        }
        link.transport = in_turn[round % 2];
        link.resume().await.unwrap();
    }
    link.shutdown(socket).await;
    let rest = link.rest(socket).await;
    got.extend_from_slice(&rest.bytes);
    assert_eq!((rest.eof, rest.reason), (true, Reason::Finished));
    assert_eq!(got.len(), STREAMED * 8);
    assert_numbered(&got);
    let heard = hear.recv().await.unwrap();
    assert_eq!(heard.len() as u64, words * 8);
    assert_numbered(&heard);
    assert_eq!(gateway.metric("links_resumed_total").await, 24);
    assert_eq!(gateway.metric("links").await, 1, "no link is left over");
}

#[tokio::test]
async fn a_second_connection_takes_the_link_over_and_the_first_is_told() {
    let [websocket, events] = Transport::ALL;
    for (first, second) in [
        (websocket, websocket),
        (websocket, events),
        (events, websocket),
    ] {
        taken_over(first, second).await;
    }
}

async fn taken_over(first: Transport, second: Transport) {
    let (target, mut hear) = both_ways().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect_by(first, gateway.address()).await;
    let socket = link.opened("t").await;
    let mut first = link.leave_connection();
    link.transport = second;
    link.resume().await.unwrap();
    let ended = first.ended().await;
    assert!(matches!(ended, Ended::Closed(4001, _)), "{ended:?}");
    // The first's end is not the link's.
    link.send(socket, &numbered(0, 3)).await;
    link.shutdown(socket).await;
    assert_numbered(&link.rest(socket).await.bytes);
    assert_eq!(hear.recv().await.unwrap(), numbered(0, 3));
}

#[tokio::test]
async fn a_connection_dropped_for_another_one_does_not_end_the_link() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.opened("t").await;
    let close = CloseFrame {
        code: LinkClose::Reconnects.code().into(),
        reason: "".into(),
    };
    link.write(Message::Close(Some(close))).await;
    link.ended().await;
    link.resume().await.unwrap();
    link.send(socket, b"still there").await;
    assert_eq!(link.expect_data(socket).await.payload, "still there");
}

#[tokio::test]
async fn an_expired_link_is_gone_with_its_sockets_and_the_new_one_works() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .limit("resume", "100ms");
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    link.opened("t").await;
    link.cut();
    gateway.metric_is("links", 0).await;
    gateway.metric_is("sockets{target=\"t\"}", 0).await;
    let detail = link.resume().await.unwrap_err();
    assert!(detail.contains("is gone"), "{detail}");
    let socket = link.opened("t").await;
    link.send(socket, b"anew").await;
    assert_eq!(link.expect_data(socket).await.payload, "anew");
}

#[tokio::test]
async fn a_socket_that_died_meanwhile_says_so() {
    let (die, mut wait) = watch::channel(false);
    wait.mark_unchanged();
    let target = Target::tcp(move |mut stream| {
        let mut wait = wait.clone();
        async move {
            stream.write_all(b"last words").await.unwrap();
            wait.wait_for(|die| *die).await.unwrap();
            SockRef::from(&stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
    })
    .await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.opened("t").await;
    link.cut();
    die.send(true).unwrap();
    let reset = "sockets_closed_total{target=\"t\",outcome=\"reset\"}";
    gateway.metric_is(reset, 1).await;
    link.resume().await.unwrap();
    let rest = link.rest(socket).await;
    assert_eq!(rest.bytes, b"last words");
    assert_eq!((rest.eof, rest.reason), (false, Reason::Reset));
}

#[tokio::test]
async fn datagrams_that_come_while_the_connection_is_down_are_there_after_it() {
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let url = format!("udp://{}", peer.local_addr().unwrap());
    let gateway = Gateway::with_target("t", &url).await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.open("t").await;
    let (local, _) = link.expect_opened(socket).await;
    let to = local.replace("0.0.0.0", "127.0.0.1");
    link.cut();
    for i in 0..20 {
        peer.send_to(format!("{i}").as_bytes(), &to).await.unwrap();
    }
    link.resume().await.unwrap();
    for i in 0..20 {
        assert_eq!(link.expect_data(socket).await.payload, format!("{i}"));
    }
}

#[tokio::test]
async fn a_restarted_gateway_says_that_the_link_is_gone() {
    let target = Target::echo().await;
    let setup = Setup::default().target("t", &target.url);
    let gateway = setup.start().await;
    let address = gateway.address();
    let mut link = Link::connect(address).await;
    link.opened("t").await;
    let (_, ended) = tokio::join!(
        async {
            gateway.program.signal(rustix::process::Signal::TERM);
        },
        link.ended()
    );
    assert!(matches!(ended, Ended::Closed(1012, _)), "{ended:?}");
    drop(gateway);
    let _gateway = setup.listen(address).start().await;
    let detail = link.resume().await.unwrap_err();
    assert!(detail.contains("started anew"), "{detail}");
    let socket = link.opened("t").await;
    link.send(socket, b"anew").await;
    assert_eq!(link.expect_data(socket).await.payload, "anew");
}

#[tokio::test]
async fn what_cannot_be_replayed_is_not_resumed() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let resume =
        |token: &str, seen: u64| format!(r#"{{"type":"resume","token":"{token}","seen":{seen}}}"#);
    let mut link = Link::connect(gateway.address()).await;
    link.opened("t").await;
    link.acknowledge().await;
    // Its answer says that the gateway has the acknowledgement.
    link.greet().await;
    let token = link.token.expose().to_owned();
    let unknown = "0".repeat(32);
    // An unknown token; messages that are forgotten; messages that never were.
    for (token, seen) in [(&unknown, 1), (&token, 0), (&token, 9)] {
        let mut other = Link::connect(gateway.address()).await;
        other.write(Message::text(resume(token, seen))).await;
        let answer = format!("{:?}", other.next().await.unwrap());
        assert!(answer.contains("ResumeFailed"), "{token} {seen}: {answer}");
    }
}

#[tokio::test]
async fn a_connection_that_is_given_up_with_another_code_is_answered_and_the_link_goes_on() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    for transport in Transport::ALL {
        let mut link = Link::connect_by(transport, gateway.address()).await;
        let socket = link.opened("t").await;
        let given_up = CloseFrame {
            code: 4000.into(),
            reason: "".into(),
        };
        link.write(Message::Close(Some(given_up))).await;
        let ended = link.ended().await;
        assert_eq!(ended, Ended::Closed(4000, String::new()), "{transport:?}");
        link.resume().await.unwrap();
        link.send(socket, b"again").await;
        assert_eq!(link.expect_data(socket).await.payload, "again");
    }
}
