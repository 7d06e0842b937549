//! What faults do to datagrams.

use std::net::Ipv4Addr;

use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::frame::DATAGRAM;
use chalkwire_shared::id::SocketId;
use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::Gateway;
use chalkwire_tests::link::Link;
use tokio::net::UdpSocket;

/// A UDP peer inside of the test, a gateway that has it as target `t`, and a link.
async fn with_peer() -> (UdpSocket, Gateway, Link) {
    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("udp://{}", peer.local_addr().unwrap());
    let gateway = Gateway::with_target("t", &url).await;
    let link = Link::connect(gateway.address()).await;
    (peer, gateway, link)
}

/// What arrives until the datagram `end` does.
async fn until_end(peer: &UdpSocket) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut buffer = vec![0; 65_536];
    loop {
        let n = within("a datagram at the target", peer.recv(&mut buffer))
            .await
            .unwrap();
        if &buffer[..n] == b"end" {
            return all;
        }
        all.push(buffer[..n].to_vec());
    }
}

/// Sends 60 datagrams through faults, and an `end` past them: what arrives, and what was told to be done.
async fn run(
    (peer, link): (&UdpSocket, &mut Link),
    faults: &[&str],
    seed: u32,
) -> (Vec<Vec<u8>>, Vec<(Direction, FaultDid)>) {
    let socket = link.opened_faulted("t", faults, seed).await;
    for i in 0..60u8 {
        link.send(socket, &sent(i)).await;
    }
    link.set_faults(socket, &[], 0).await;
    link.send(socket, b"end").await;
    let arrived = until_end(peer).await;
    link.close(socket).await;
    link.expect_closed(socket).await;
    let mut told = link.all_did(socket);
    told.retain(|(_, did)| !matches!(did, FaultDid::Passed { .. }));
    (arrived, told)
}

fn sent(i: u8) -> Vec<u8> {
    vec![i; 1 + usize::from(i % 5)]
}

#[tokio::test]
async fn the_same_seed_loses_the_same_datagrams_and_another_seed_others() {
    let (peer, _gateway, mut link) = with_peer().await;
    let loss = ["loss,direction=to_target,percent=30"];
    let (first, told) = run((&peer, &mut link), &loss, 7).await;
    assert_eq!(
        first.len() + told.len(),
        60,
        "each is there, or told to be lost"
    );
    assert!(
        (5..40).contains(&told.len()),
        "{} of 60 at 30 %",
        told.len()
    );
    let (again, told_again) = run((&peer, &mut link), &loss, 7).await;
    assert_eq!((&first, &told), (&again, &told_again));
    let (other, _) = run((&peer, &mut link), &loss, 8).await;
    assert_ne!(first, other);
    let (never, told) = run((&peer, &mut link), &["loss,percent=0"], 7).await;
    assert_eq!((never.len(), told.len()), (60, 0), "zero is exactly never");
    let (always, told) = run((&peer, &mut link), &["loss,percent=100"], 7).await;
    assert_eq!((always.len(), told.len()), (0, 60));
}

#[tokio::test]
async fn each_other_wrong_is_done_to_the_datagrams_that_it_is_told_of() {
    let (peer, _gateway, mut link) = with_peer().await;
    let all: Vec<Vec<u8>> = (0..60).map(sent).collect();

    let (arrived, told) = run((&peer, &mut link), &["duplicate,percent=30"], 1).await;
    assert_eq!(arrived.len(), 60 + told.len());
    assert!(!told.is_empty());
    let mut once = arrived;
    once.dedup();
    assert_eq!(once, all);

    let (arrived, told) = run((&peer, &mut link), &["reorder,percent=30"], 1).await;
    assert!(!told.is_empty() && arrived != all);
    let mut sorted = arrived;
    sorted.sort();
    assert_eq!(sorted, all, "late, but not lost");

    let (arrived, told) = run((&peer, &mut link), &["corrupt,percent=30"], 1).await;
    let changed = all
        .iter()
        .zip(&arrived)
        .filter(|(was, is)| was != is)
        .count();
    assert_eq!((arrived.len(), changed), (60, told.len()));

    let (arrived, told) = run((&peer, &mut link), &["truncate,bytes=3"], 1).await;
    assert!(arrived.iter().all(|datagram| datagram.len() <= 3));
    let truncated = (Direction::ToTarget, FaultDid::Truncated { bytes: 3, of: 4 });
    assert_eq!((arrived.len(), told.len(), &told[0]), (60, 24, &truncated));
}

#[tokio::test]
async fn edges_survive_a_faulted_socket_both_ways_the_empty_datagrams_too() {
    let (peer, _gateway, mut link) = with_peer().await;
    let socket = link.opened_faulted("t", &["latency,ms=20"], 0).await;
    let largest = vec![7; 65_507];
    let datagrams: [&[u8]; 4] = [b"one", b"", &largest, b"two\n"];
    let from = there(&peer, &mut link, socket, &datagrams).await;
    for datagram in datagrams {
        peer.send_to(datagram, from).await.unwrap();
        let frame = link.expect_data(socket).await;
        assert_eq!(frame.flags, DATAGRAM);
        assert!(frame.payload == datagram, "{} bytes", frame.payload.len());
    }
}

#[tokio::test]
async fn datagrams_come_back_through_faults_that_are_set_and_removed_while_the_socket_is_open() {
    let (peer, _gateway, mut link) = with_peer().await;
    let socket = link.opened("t").await;
    let plans: [&[&str]; 4] = [&[], &["latency,ms=5"], &["latency,ms=1"], &[]];
    for (i, plan) in plans.into_iter().enumerate() {
        link.set_faults(socket, plan, 0).await;
        let datagram = [i as u8; 9];
        let from = there(&peer, &mut link, socket, &[&datagram]).await;
        // The second comes when what waited for the first has been asked anew.
        for _ in 0..2 {
            peer.send_to(&datagram, from).await.unwrap();
            let frame = link.expect_data(socket).await;
            assert_eq!(frame.payload[..], datagram, "with {plan:?}");
        }
    }
}

async fn there(
    peer: &UdpSocket,
    link: &mut Link,
    socket: SocketId,
    datagrams: &[&[u8]],
) -> std::net::SocketAddr {
    let mut buffer = vec![0; 65_536];
    let mut sender = None;
    for datagram in datagrams {
        link.send(socket, datagram).await;
        let (n, from) = within("a datagram", peer.recv_from(&mut buffer))
            .await
            .unwrap();
        assert!(buffer[..n] == **datagram, "{n} bytes");
        sender = Some(from);
    }
    sender.unwrap()
}
