//! Datagrams keep their edges at every hop.

use std::net::{Ipv4Addr, SocketAddr};

use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::{DATAGRAM, TRUNCATED};
use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::Gateway;
use chalkwire_tests::link::Link;
use chalkwire_tests::target::closed_port;
use chalkwire_tests::websocket::{self, Ended};
use futures_util::SinkExt;
use tokio::net::{UdpSocket, UnixDatagram};
use tokio_tungstenite::tungstenite::Message;

/// The largest UDP payload over IPv4 (RFC 768 with RFC 791).
const LARGEST: usize = 65_507;

/// A UDP peer inside of the test, a gateway that has it as target `t`, and a link.
async fn with_peer() -> (UdpSocket, Gateway, Link) {
    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("udp://{}", peer.local_addr().unwrap());
    let gateway = Gateway::with_target("t", &url).await;
    let link = Link::connect(gateway.address()).await;
    (peer, gateway, link)
}

async fn receive(peer: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 65_536];
    let (n, from) = within("a datagram at the target", peer.recv_from(&mut buffer))
        .await
        .unwrap();
    buffer.truncate(n);
    (buffer, from)
}

#[tokio::test]
async fn each_message_is_one_datagram_and_each_datagram_one_frame_the_empty_one_too() {
    let (peer, gateway, mut link) = with_peer().await;
    let socket = link.opened("t").await;
    let (mut raw, _) = websocket::connect(gateway.address(), "/raw/t", None)
        .await
        .unwrap();
    let datagrams: [&[u8]; 5] = [b"one", b"", b"two\n", b"", b"\0\xff"];
    for datagram in datagrams {
        link.send(socket, datagram).await;
        raw.send(Message::binary(datagram.to_vec())).await.unwrap();
    }
    let mut from_link = None;
    let mut from_raw = None;
    let (mut of_link, mut of_raw) = (Vec::new(), Vec::new());
    for _ in 0..2 * datagrams.len() {
        let (bytes, from) = receive(&peer).await;
        // The link's socket was connected first, and sent first.
        if *from_link.get_or_insert(from) == from {
            of_link.push(bytes);
        } else {
            from_raw = Some(from);
            of_raw.push(bytes);
        }
    }
    assert_eq!(of_link, datagrams);
    assert_eq!(of_raw, datagrams);
    for datagram in datagrams {
        peer.send_to(datagram, from_link.unwrap()).await.unwrap();
        peer.send_to(datagram, from_raw.unwrap()).await.unwrap();
        let frame = link.expect_data(socket).await;
        assert_eq!((frame.flags, &frame.payload[..]), (DATAGRAM, datagram));
        let message = websocket::next(&mut raw).await.unwrap();
        assert_eq!(message, Message::binary(datagram.to_vec()));
    }
}

#[tokio::test]
async fn the_largest_datagram_goes_there_and_back() {
    let (peer, gateway, mut link) = with_peer().await;
    let largest: Vec<u8> = (0..LARGEST).map(|i| i as u8).collect();
    let socket = link.opened("t").await;
    link.send(socket, &largest).await;
    let (got, from) = receive(&peer).await;
    assert!(got == largest, "{} bytes arrived changed", got.len());
    peer.send_to(&largest, from).await.unwrap();
    let frame = link.expect_data(socket).await;
    assert_eq!(frame.flags, DATAGRAM, "nothing is cut off");
    assert!(frame.payload == largest, "{} bytes", frame.payload.len());

    let (mut raw, _) = websocket::connect(gateway.address(), "/raw/t", None)
        .await
        .unwrap();
    raw.send(Message::binary(largest.clone())).await.unwrap();
    let (got, from) = receive(&peer).await;
    assert!(got == largest, "{} bytes arrived changed", got.len());
    peer.send_to(&largest, from).await.unwrap();
    let message = websocket::next(&mut raw).await.unwrap();
    assert!(message.into_data() == largest);
}

#[tokio::test]
async fn a_datagram_that_does_not_fit_says_so_and_none_is_cut() {
    let (peer, gateway, mut link) = with_peer().await;
    let socket = link.opened("t").await;
    link.send(socket, b"before").await;
    link.send(socket, &vec![0; LARGEST + 1]).await;
    let (reason, detail) = link.expect_closed(socket).await;
    assert_eq!(reason, Reason::TooLarge);
    assert_eq!(detail, Reason::TooLarge.sentence());
    let (mut raw, _) = websocket::connect(gateway.address(), "/raw/t", None)
        .await
        .unwrap();
    raw.send(Message::binary(vec![0; LARGEST + 1]))
        .await
        .unwrap();
    let (_, ended) = websocket::drain(&mut raw).await;
    assert!(
        matches!(&ended, Ended::Closed(1011, why) if why.starts_with("too_large:")),
        "{ended:?}"
    );
    // The one before it is all that ever came.
    assert_eq!(receive(&peer).await.0, b"before");
    let after = Link::connect(gateway.address());
    let mut after = after.await;
    let socket = after.opened("t").await;
    after.send(socket, b"after").await;
    assert_eq!(receive(&peer).await.0, b"after");
}

#[tokio::test]
async fn a_datagram_longer_than_a_frame_is_marked_as_truncated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("peer");
    let peer = UnixDatagram::bind(&path).unwrap();
    let gateway = Gateway::with_target("t", &format!("unixgram://{}", path.display())).await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.opened("t").await;
    link.send(socket, b"").await;
    let mut buffer = [0; 8];
    let (n, from) = within("a datagram", peer.recv_from(&mut buffer))
        .await
        .unwrap();
    assert_eq!(n, 0);
    // Unix datagrams may be longer than any UDP datagram.
    let long: Vec<u8> = (0..70_000).map(|i| i as u8).collect();
    peer.send_to(&long, from.as_pathname().unwrap())
        .await
        .unwrap();
    let frame = link.expect_data(socket).await;
    assert_eq!(frame.flags, DATAGRAM | TRUNCATED);
    let kept = link.limits.payload_bytes as usize;
    assert!(
        frame.payload == long[..kept],
        "{} bytes",
        frame.payload.len()
    );
}

#[tokio::test]
async fn an_icmp_port_unreachable_is_a_refusal() {
    let gateway = Gateway::with_target("t", &format!("udp://{}", closed_port())).await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.opened("t").await;
    link.send(socket, b"anybody?").await;
    assert_eq!(link.expect_closed(socket).await.0, Reason::Refused);
}
