//! What faults hold back when something happens: it is passed on, in order and within bounds.

use std::time::{Duration, Instant};

use chalkwire_shared::close::Reason;
use chalkwire_tests::gateway::Gateway;
use chalkwire_tests::link::Link;
use chalkwire_tests::target::{Target, assert_numbered, numbered};
use chalkwire_tests::websocket;
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::Ear;

#[tokio::test]
async fn faults_that_are_set_changed_and_removed_while_the_socket_is_open_lose_nothing() {
    let mut ear = Ear::new().await;
    let socket = ear.link.opened("t").await;
    let plans: [&[&str]; 6] = [
        &["latency,ms=5000"],
        &[
            "latency,ms=3,jitter_ms=3",
            "slice,bytes=7,vary_bytes=3,gap_ms=1",
        ],
        &[],
        &["bandwidth,bytes_per_s=100"],
        &["slow_close,ms=10", "latency,ms=1"],
        &[],
    ];
    let mut from = 0;
    for round in 0..4 {
        for (i, plan) in plans.iter().enumerate() {
            ear.link.set_faults(socket, plan, round).await;
            let words = 40 + 8 * i;
            ear.link.send(socket, &numbered(from, words)).await;
            from += words as u64;
        }
    }
    ear.link.shutdown(socket).await;
    let (all, end) = ear.rest().await;
    assert_numbered(&all);
    assert_eq!((all.len() as u64, end), (8 * from, Ok(())));
}

#[tokio::test]
async fn a_fault_that_is_set_while_replies_come_keeps_their_order() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.opened("t").await;
    let mut got = Vec::new();
    for round in 0..20u64 {
        link.send(socket, &numbered(1_000 * round, 1_000)).await;
        let plan: &[&str] = match round % 3 {
            0 => &["latency,ms=2,jitter_ms=2"],
            1 => &["slice,bytes=1000,direction=from_target"],
            _ => &[],
        };
        link.set_faults(socket, plan, 1).await;
        got.extend_from_slice(&link.expect_data(socket).await.payload);
    }
    link.shutdown(socket).await;
    let rest = link.rest(socket).await;
    got.extend(rest.bytes);
    assert_numbered(&got);
    assert_eq!((got.len(), rest.reason), (160_000, Reason::Finished));
}

#[tokio::test]
async fn what_is_held_back_when_the_client_closes_is_delivered_before_the_fin() {
    // As the fault has it, and where that is too long, at the end of the client's patience.
    for (ms, least, most) in [(300, 300, 1_900), (30_000, 1_900, 8_000)] {
        let mut ear = Ear::new().await;
        let fault = format!("latency,direction=to_target,ms={ms}");
        let socket = ear.link.opened_faulted("t", &[&fault], 0).await;
        let start = Instant::now();
        ear.link.send(socket, b"last words").await;
        ear.link.close(socket).await;
        assert_eq!(
            ear.link.expect_closed(socket).await.0,
            Reason::ClosedByClient
        );
        assert_eq!(ear.rest().await, (b"last words".to_vec(), Ok(())));
        let took = start.elapsed();
        let expected = Duration::from_millis(least)..Duration::from_millis(most);
        assert!(expected.contains(&took), "{took:?}");
    }
}

#[tokio::test]
async fn the_same_over_raw() {
    let mut ear = Ear::new().await;
    let path = "/raw/t?fault=latency,ms=200";
    let connected = websocket::connect(ear._gateway.address(), path, None).await;
    let (mut raw, _) = connected.unwrap();
    raw.send(Message::binary(b"last words".to_vec()))
        .await
        .unwrap();
    raw.close(None::<CloseFrame>).await.unwrap();
    assert_eq!(ear.rest().await, (b"last words".to_vec(), Ok(())));
}

#[tokio::test]
async fn a_target_that_ended_first_still_gets_what_was_on_its_way() {
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    let target = Target::tcp(move |stream| {
        let tell = tell.clone();
        async move {
            let (mut read, write) = stream.into_split();
            drop(write);
            let mut all = Vec::new();
            let end = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut all).await;
            tell.send((all, end.is_ok())).await.unwrap();
        }
    })
    .await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let faults = ["latency,direction=to_target,ms=300"];
    let socket = link.opened_faulted("t", &faults, 0).await;
    link.expect_eof(socket).await;
    link.send(socket, b"late").await;
    link.shutdown(socket).await;
    assert_eq!(link.expect_closed(socket).await.0, Reason::Finished);
    assert_eq!(told.recv().await.unwrap(), (b"late".to_vec(), true));
}

#[tokio::test]
async fn what_faults_hold_back_is_bounded_both_ways() {
    const SOCKETS: usize = 8;
    let flood = Target::flood().await;
    let gateway = Gateway::with_target("t", &flood.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let before = gateway.program.memory_bytes();
    let faults = ["slice,bytes=1", "bandwidth,bytes_per_s=1"];
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        let socket = link.opened_faulted("t", &faults, 0).await;
        // As much as there is credit for, and no more is given: it is all held back.
        link.send(socket, &numbered(0, 8_000)).await;
        link.send(socket, &numbered(0, 8_000)).await;
        sockets.push(socket);
    }
    // The gateway answers this after all of that, and its targets write for ever.
    for socket in sockets {
        link.expect_data(socket).await;
    }
    let grown = gateway.program.memory_bytes().saturating_sub(before);
    assert!(
        grown < (SOCKETS as u64) << 20,
        "{grown} bytes for {SOCKETS} sockets"
    );
}
