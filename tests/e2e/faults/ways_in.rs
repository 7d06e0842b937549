//! The ways in which faults are asked for, and what is said where they don't fit.

use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Asked, Direction, FaultDid};
use chalkwire_shared::message::{GatewayMessage, NoticeKind};
use chalkwire_tests::deadline::eventually;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::http::{self, Response};
use chalkwire_tests::link::{Event, Link, asked};
use chalkwire_tests::target::Target;
use chalkwire_tests::websocket::{self, Ended};
use futures_util::SinkExt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::{Error, Message};

const NOBODY: &str = "udp://127.0.0.1:9";

async fn exchange(address: SocketAddr, path: &str) -> Response {
    let path = format!("/api/targets/{path}");
    let json = [("accept", "application/json")];
    http::request(address, "POST", &path, &json, b"hello\n").await
}

#[tokio::test]
async fn raw_takes_faults_from_its_url() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let path =
        "/raw/t?fault=latency,ms=100&fault=slice,bytes=2,gap_ms=30,direction=from_target&seed=7";
    let (mut raw, _) = websocket::connect(gateway.address(), path, None)
        .await
        .unwrap();
    let start = Instant::now();
    raw.send(Message::binary(b"hello".to_vec())).await.unwrap();
    for part in [&b"he"[..], b"ll", b"o"] {
        assert_eq!(websocket::next(&mut raw).await.unwrap().into_data(), part);
    }
    assert!(start.elapsed() >= Duration::from_millis(260));

    for (fault, code, word) in [
        ("refuse", 1011, "refused: "),
        ("reset", 1011, "reset: "),
        ("limit,bytes=1", 1000, "Closed, on purpose"),
    ] {
        let path = format!("/raw/t?fault={fault}");
        let (mut raw, _) = websocket::connect(gateway.address(), &path, None)
            .await
            .unwrap();
        let _ = raw.send(Message::binary(b"x".to_vec())).await;
        match websocket::drain(&mut raw).await.1 {
            Ended::Closed(got, why) => {
                assert_eq!(got, code, "{fault}: {why}");
                assert!(why.starts_with(word) && why.contains("on purpose"), "{why}");
            }
            Ended::Lost => panic!("{fault}: ended without a word"),
        }
    }
}

#[tokio::test]
async fn raw_refuses_what_is_no_fault_with_a_sentence_before_the_upgrade() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    for (query, part) in [
        ("fault=flood", "no fault named 'flood'"),
        ("fault=latency", "missing field `ms`"),
        ("fault=loss,percent=5", "TCP hides loss"),
        ("fault=reset&seed=x", "'x' is no seed"),
    ] {
        let path = format!("/raw/t?{query}");
        match websocket::connect(gateway.address(), &path, None).await {
            Err(error) => match *error {
                Error::Http(response) => {
                    assert_eq!(response.status(), 400);
                    let body = response.into_body().unwrap_or_default();
                    let body = String::from_utf8_lossy(&body).into_owned();
                    assert!(body.contains(part), "{query}: {body}");
                }
                other => panic!("{other}"),
            },
            Ok(_) => panic!("{query} was taken"),
        }
    }
}

#[tokio::test]
async fn an_exchange_takes_faults_from_its_url_and_gives_them_back() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .target("u", NOBODY);
    let gateway = setup.start().await;
    let address = gateway.address();
    // A pause longer than the quiet after which a reply is taken for whole.
    let path = "t/exchange?fault=slice,bytes=3,gap_ms=400,direction=from_target&seed=5";
    let json = exchange(address, path).await.json();
    assert_eq!(json["reply"], "hello\n");
    assert_eq!(json["seed"], 5);
    assert_eq!(
        json["faults"][0],
        "slice,bytes=3,direction=from_target,gap_ms=400"
    );
    assert!(json["done_us"].as_u64().unwrap() >= 400_000);

    let plain = exchange(address, "t/exchange").await.json();
    assert!(plain.get("faults").is_none() && plain.get("seed").is_none());
    let refused = exchange(address, "t/exchange?fault=refuse").await;
    assert_eq!(refused.status, 502);
    assert!(refused.text().contains("on purpose"));
    for (path, part) in [
        ("t/exchange?fault=flood", "no fault named"),
        ("t/exchange?fault=corrupt,percent=1", "TCP hides loss"),
        (
            "u/exchange?fault=limit,bytes=1",
            "no fault limit for datagrams",
        ),
    ] {
        let response = exchange(address, path).await;
        assert_eq!(response.status, 400, "{path}");
        assert!(response.text().contains(part), "{}", response.text());
    }
}

#[tokio::test]
async fn a_targets_own_faults_are_done_to_every_socket_before_those_of_the_client() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .set("TARGETS__T__URL", &target.url)
        .set(
            "TARGETS__T__FAULTS",
            r#"["latency,direction=to_target,ms=70"]"#,
        )
        .set("TARGETS__T__SEED", "3");
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let passed = |bytes, held_us| (Direction::ToTarget, FaultDid::Passed { bytes, held_us });
    let socket = link.opened("t").await;
    link.send(socket, b"plain").await;
    assert_eq!(link.expect_bytes(socket, 5).await, b"plain");
    assert_eq!(link.did(socket).await, passed(5, 70_000));
    // The client's come after them, and go without them.
    link.set_faults(socket, &["latency,direction=to_target,ms=30"], 0)
        .await;
    link.send(socket, b"slow").await;
    assert_eq!(link.did(socket).await, passed(4, 100_000));
    link.set_faults(socket, &[], 0).await;
    link.send(socket, b"again").await;
    assert_eq!(link.did(socket).await, passed(5, 70_000));
    let json = exchange(gateway.address(), "t/exchange").await.json();
    assert!(json["done_us"].as_u64().unwrap() >= 70_000, "{json}");
}

#[tokio::test]
async fn what_does_not_fit_closes_the_socket_alone_and_says_why() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .target("u", NOBODY);
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let flood: Asked = serde_json::from_str(r#"{"kind":"flood"}"#).unwrap();
    for (target, faults, part) in [
        ("t", asked(&["loss,percent=1"]), "TCP hides loss"),
        (
            "u",
            asked(&["slice,bytes=1"]),
            "no fault slice for datagrams",
        ),
        ("t", vec![flood], "no fault named 'flood'"),
        ("t", asked(&["refuse"; 9]), "too many"),
    ] {
        let socket = link.open_asking(target, faults, 0).await;
        let (reason, detail) = link.expect_closed(socket).await;
        assert_eq!(reason, Reason::BadRequest);
        assert!(detail.contains(part), "{detail}");
    }
    let other = link.opened("t").await;
    for (fault, part) in [
        ("loss,percent=1", "latency or reset"),
        ("refuse", "not open yet"),
    ] {
        let socket = link.opened("t").await;
        link.set_faults(socket, &[fault], 0).await;
        let (reason, detail) = link.expect_closed(socket).await;
        assert_eq!(reason, Reason::BadRequest);
        assert!(detail.contains(part), "{detail}");
    }
    // Nobody else notices.
    link.send(other, b"still here").await;
    assert_eq!(link.expect_bytes(other, 10).await, b"still here");
}

#[tokio::test]
async fn so_many_sockets_may_be_faulted_at_once_and_others_are_open_all_the_same() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .limit("faulted_sockets", "1");
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let late = ["latency,ms=1"];
    let first = link.opened_faulted("t", &late, 0).await;
    let second = link.open_faulted("t", &late, 0).await;
    let (reason, detail) = link.expect_closed(second).await;
    assert_eq!(reason, Reason::Limit);
    assert!(detail.contains("do without faults"), "{detail}");
    let plain = link.opened("t").await;
    link.set_faults(plain, &late, 0).await;
    assert_eq!(link.expect_closed(plain).await.0, Reason::Limit);
    let plain = link.opened("t").await;
    assert_eq!(
        exchange(gateway.address(), "t/exchange?fault=latency,ms=1")
            .await
            .status,
        503
    );
    assert_eq!(exchange(gateway.address(), "t/exchange").await.status, 200);
    link.close(first).await;
    // Its place is free when its socket has gone, which nobody is told of.
    let path = "t/exchange?fault=latency,ms=1";
    let again = || async { exchange(gateway.address(), path).await.status == 200 };
    eventually("the place to be free", again).await;
    link.send(plain, b"still here").await;
    assert_eq!(link.expect_bytes(plain, 10).await, b"still here");
}

#[tokio::test]
async fn reports_that_are_too_many_are_left_out_and_that_is_said_once() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let faults = ["slice,direction=to_target,bytes=1"];
    let socket = link.opened_faulted("t", &faults, 0).await;
    link.send(socket, &[7; 3_000]).await;
    let notice = |event: &Event| matches!(event, Event::Told(GatewayMessage::Notice { .. }));
    match link.event_that(notice).await {
        Event::Told(GatewayMessage::Notice { kind, .. }) => {
            assert_eq!(kind, NoticeKind::FaultsUntold);
        }
        other => panic!("{other:?}"),
    }
    // The bytes are all there, and no second notice.
    assert_eq!(link.expect_bytes(socket, 3_000).await, [7; 3_000]);
    let told = link.all_did(socket).len();
    assert!((1_000..3_000).contains(&told), "{told}");
}
