//! The gateway over HTTP: lists, exchanges, health, metrics, and who may come in.

use std::time::Duration;

use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_tests::deadline::eventually;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::http::{self, get, request};
use chalkwire_tests::link::Link;
use chalkwire_tests::target::{FullListener, Target, closed_port};
use chalkwire_tests::timestamp::{Timestamp, assert_stamp};
use chalkwire_tests::websocket;
use futures_util::SinkExt;
use serde_json::json;
use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn the_list_names_targets_and_hides_where_the_operators_are() {
    let setup = Setup::default().target("mine", "tcp://127.0.0.1:7");
    let gateway = setup.start().await;
    let list = get(gateway.address(), "/api/targets").await;
    assert_eq!(list.status, 200);
    assert_eq!(list.header("content-type"), Some("application/json"));
    let about = "a server of this gateway's operator";
    let mine = json!({"name": "mine", "kind": "tcp", "about": about, "builtin": false});
    assert_eq!(list.json(), json!([mine]));
}

#[tokio::test]
async fn an_exchange_gives_the_reply_as_it_is_or_told_in_json() {
    let server = Timestamp::start(&["tcp://127.0.0.1:0", "udp://127.0.0.1:0"], &[]).await;
    let setup = Setup::default()
        .target("tcp", &server.urls[0])
        .target("udp", &server.urls[1]);
    let gateway = setup.start().await;
    for (name, end) in [("tcp", "closed"), ("udp", "datagram")] {
        let path = format!("/api/targets/{name}/exchange");
        let plain = request(gateway.address(), "POST", &path, &[], b"by\xff\0te").await;
        assert_eq!(plain.status, 200);
        assert_eq!(
            plain.header("content-type"),
            Some("application/octet-stream")
        );
        assert_stamp(&plain.body, b"by\xff\0te");

        let accept = [("Accept", "application/json")];
        let told = request(gateway.address(), "POST", &path, &accept, b"hello").await;
        let told = told.json();
        assert_stamp(told["reply"].as_str().unwrap().as_bytes(), b"hello");
        assert_eq!(told["target"], name);
        assert_eq!(told["end"], end);
        assert_eq!(told["sent_bytes"], 5);
        assert_eq!(told["received_bytes"], 26 + 5);
        let peer = told["peer"].as_str().unwrap();
        assert!(server.urls.iter().any(|url| url.ends_with(peer)), "{peer}");
        let times = ["connect_us", "sent_us", "first_byte_us", "done_us"];
        let times = times.map(|name| told[name].as_u64().unwrap());
        assert!(times.is_sorted(), "{times:?}");
    }
    // What is no text is given as base64 alone.
    let path = "/api/targets/udp/exchange";
    let accept = [("Accept", "application/json")];
    let told = request(gateway.address(), "POST", path, &accept, b"\xff").await;
    assert_eq!(told.json()["reply"], json!(null));
    let bytes = told.json()["reply_base64"].as_str().unwrap().to_owned();
    assert!(bytes.ends_with("3/"), "{bytes}: no ]\\xff at its end");
    assert_eq!(gateway.metric("exchange_seconds_count").await, 5);
}

#[tokio::test]
async fn an_exchange_with_a_target_that_never_stops_talking_ends_in_its_time() {
    let target = Target::tcp(async |mut stream| {
        // Never quiet for long, and never much.
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        while stream.write_all(b".").await.is_ok() {
            tick.tick().await;
        }
    })
    .await;
    let setup = Setup::default()
        .target("t", &target.url)
        // Far longer than a tick: a busy machine is no quiet target.
        .limit("quiet", "2s")
        .limit("exchange", "3s");
    let gateway = setup.start().await;
    let accept = [("Accept", "application/json")];
    let path = "/api/targets/t/exchange";
    let told = request(gateway.address(), "POST", path, &accept, b"").await;
    assert_eq!(told.status, 200);
    assert_eq!(told.json()["end"], "time_up");
}

#[tokio::test]
async fn an_exchange_of_nothing_with_a_faulted_target_ends_and_holds_nobody_up() {
    let target = Target::tcp(async |mut stream| {
        let _ = stream.write_all(b"hello").await;
    })
    .await;
    let gateway = Gateway::with_target("t", &target.url).await;
    // More of them than the gateway has threads.
    let path = "/api/targets/t/exchange?fault=latency,ms=1";
    let one = || request(gateway.address(), "POST", path, &[], b"");
    for told in futures_util::future::join_all((0..16).map(|_| one())).await {
        assert_eq!((told.status, told.text()), (200, "hello".to_owned()));
    }
}

#[tokio::test]
async fn an_exchange_that_fails_says_so_by_its_status_and_reason() {
    let silent = Target::silent().await;
    let full = FullListener::new();
    let setup = Setup::default()
        .target("refused", &format!("tcp://{}", closed_port()))
        .target("nobody", &format!("udp://{}", closed_port()))
        .target("udp", "udp://127.0.0.1:9")
        .target("unreachable", "tcp://127.255.255.255:80")
        .target("nowhere", "unix:///no/such/path")
        .target("silent", &silent.url)
        .target("full", &full.url)
        .limit("connect", "200ms")
        .limit("exchange", "200ms");
    let gateway = setup.start().await;
    let large = vec![0; 70_000];
    for (name, body, status, reason) in [
        ("none", &b"x"[..], 404, "unknown_target"),
        ("refused", b"x", 502, "refused"),
        ("nobody", b"x", 502, "refused"),
        ("unreachable", b"x", 502, "unreachable"),
        ("nowhere", b"x", 502, "no_such_path"),
        ("full", b"x", 504, "connect_timeout"),
        ("silent", b"x", 504, "idle"),
        ("udp", &large[..65_508], 413, "too_large"),
        ("silent", &large, 413, "bad_request"),
    ] {
        let path = format!("/api/targets/{name}/exchange");
        let plain = request(gateway.address(), "POST", &path, &[], body).await;
        assert_eq!(plain.status, status, "{name}: {}", plain.text());
        let start = format!("{reason}: ");
        assert!(plain.text().starts_with(&start), "{name}: {}", plain.text());
        let accept = [("Accept", "application/json")];
        let told = request(gateway.address(), "POST", &path, &accept, body).await;
        assert_eq!(
            (told.status, &told.json()["reason"]),
            (status, &json!(reason))
        );
        assert!(told.json()["detail"].as_str().unwrap().len() > 20, "{name}");
    }
    let path = "/api/targets/silent/exchange";
    assert_eq!(get(gateway.address(), path).await.status, 405);
}

#[tokio::test]
async fn the_cap_on_sockets_holds_for_every_way_in() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .limit("sockets", "1");
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.opened("t").await;
    let path = "/api/targets/t/exchange";
    let refused = request(gateway.address(), "POST", path, &[], b"x").await;
    assert_eq!(refused.status, 503);
    assert!(refused.text().starts_with("limit: "), "{}", refused.text());
    let second = link.open("t").await;
    assert_eq!(link.expect_closed(second).await.0.as_str(), "limit");
    let raw = upgrade(&gateway, "/raw/t", &[]).await;
    assert_eq!(raw.status, 503);
    assert!(raw.header("retry-after").is_some());
    link.close(socket).await;
    link.expect_closed(socket).await;
    gateway.metric_is("sockets{target=\"t\"}", 0).await;
    link.opened("t").await;
}

#[tokio::test]
async fn the_cap_on_links_counts_those_that_are_kept() {
    let setup = Setup::default().limit("links", "1");
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    // Of one that never said a word nothing is kept.
    link.greet().await;
    link.cut();
    let refused = upgrade(&gateway, "/ws", &[LINK]).await;
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn health_readiness_and_metrics_are_there() {
    let gateway = Setup::default().start().await;
    for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let response = get(gateway.address(), path).await;
        assert_eq!((response.status, response.text().as_str()), (200, body));
    }
    let _link = Link::connect(gateway.address()).await;
    let metrics = get(gateway.address(), "/metrics").await;
    let kind = metrics.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(metrics.text().ends_with("# EOF\n"));
    assert_eq!(gateway.metric("links").await, 1);
}

#[tokio::test]
async fn every_response_carries_the_headers_that_protect_the_page() {
    let gateway = Setup::default().start().await;
    for path in ["/", "/api/targets", "/metrics", "/nothing/here"] {
        let response = get(gateway.address(), path).await;
        let policy = response.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "connect-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            let has = policy.split(';').any(|directive| directive.trim() == part);
            assert!(has, "{path}: {part} is missing from {policy}");
        }
        assert_eq!(
            response.header("cross-origin-opener-policy"),
            Some("same-origin")
        );
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        assert!(response.header("permissions-policy").is_some());
    }
    let page = get(gateway.address(), "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(get(gateway.address(), "/nothing/here").await.status, 404);
}

#[tokio::test]
async fn only_pages_that_the_operator_names_may_show_this_one_in_a_frame() {
    let lms = "https://lms.example http://127.0.0.1:8090";
    let list = r#"["https://LMS.example/", "http://127.0.0.1:8090"]"#;
    let gateway = Setup::default().set("EMBED", list).start().await;
    let page = get(gateway.address(), "/?embed").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.ends_with(&format!("frame-ancestors {lms}")),
        "{policy}"
    );
}

/// The subprotocol that a link needs.
const LINK: (&str, &str) = ("Sec-WebSocket-Protocol", "chalkwire.v1");

/// A WebSocket's handshake, as far as its answer.
async fn upgrade(
    gateway: &Gateway,
    path: &str,
    headers: &[(&str, &str)],
) -> chalkwire_tests::http::Response {
    let mut all = vec![
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    all.extend_from_slice(headers);
    request(gateway.address(), "GET", path, &all, b"").await
}

#[tokio::test]
async fn a_foreign_host_is_misdirected() {
    let gateway = Setup::default().start().await;
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil",
        "",
    ] {
        for path in ["/", "/api/targets", "/metrics", "/ws"] {
            let response = request(gateway.address(), "GET", path, &[("Host", host)], b"").await;
            assert_eq!(response.status, 421, "{host} {path}");
        }
        let link = upgrade(&gateway, "/ws", &[LINK, ("Host", host)]).await;
        assert_eq!(link.status, 421, "{host}");
    }
    for host in ["localhost", "localhost:1", "[::1]:80", "192.168.0.7"] {
        let response = request(gateway.address(), "GET", "/healthz", &[("Host", host)], b"").await;
        assert_eq!(response.status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_foreign_origin_is_forbidden_before_the_upgrade() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .set("ORIGINS", r#"["https://demo.example.org"]"#);
    let gateway = setup.start().await;
    let own = format!("http://{}", gateway.address());
    let port = gateway.address().port();
    let foreign = [
        "null".to_owned(),
        String::new(),
        "http://evil.example".to_owned(),
        format!("http://127.0.0.1:{}", port ^ 1),
        format!("http://localhost:{port}"),
        format!("{own}.evil.example"),
        format!("{own}/"),
        format!("ftp://127.0.0.1:{port}"),
        "https://demo.example.org:444".to_owned(),
        "http://demo.example.org".to_owned(),
        "\u{e9}".to_owned(),
    ];
    let exchange = "/api/targets/t/exchange";
    for origin in &foreign {
        let origin = ("Origin", origin.as_str());
        for path in ["/ws", "/raw/t", "/diag/echo"] {
            let response = upgrade(&gateway, path, &[LINK, origin]).await;
            assert_eq!(response.status, 403, "{origin:?} {path}");
        }
        let response = request(gateway.address(), "POST", exchange, &[origin], b"x").await;
        assert_eq!(response.status, 403, "{origin:?}");
    }
    assert_eq!(
        gateway.metric("sockets_closed_total{target=\"t\"}").await,
        0
    );
    for origin in [own.as_str(), "https://demo.example.org"] {
        let origin = ("Origin", origin);
        for path in ["/ws", "/raw/t", "/diag/echo"] {
            let response = upgrade(&gateway, path, &[LINK, origin]).await;
            assert_eq!(response.status, 101, "{origin:?} {path}");
        }
    }
}

#[tokio::test]
async fn a_link_without_its_subprotocol_is_a_bad_request() {
    let gateway = Setup::default().start().await;
    assert_eq!(upgrade(&gateway, "/ws", &[]).await.status, 400);
    let other = [("Sec-WebSocket-Protocol", "chalkwire.v0, binary")];
    let refused = upgrade(&gateway, "/ws", &other).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.text().contains("chalkwire.v1"),
        "{}",
        refused.text()
    );
    let several = [("Sec-WebSocket-Protocol", "chalkwire.v2, chalkwire.v1")];
    let link = upgrade(&gateway, "/ws", &several).await;
    assert_eq!(link.status, 101);
    assert_eq!(link.header("sec-websocket-protocol"), Some("chalkwire.v1"));
}

#[tokio::test]
async fn a_target_that_goes_quiet_has_replied_and_one_that_floods_is_cut_off() {
    let pieces = Target::tcp(|mut stream| async move {
        stream.write_all(b"all I say").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let flood = Target::flood().await;
    let setup = Setup::default()
        .target("quiet", &pieces.url)
        .target("flood", &flood.url)
        .limit("quiet", "100ms");
    let gateway = setup.start().await;
    let accept = [("Accept", "application/json")];
    let quiet = request(
        gateway.address(),
        "POST",
        "/api/targets/quiet/exchange",
        &accept,
        b"x",
    );
    let quiet = quiet.await.json();
    assert_eq!(
        (&quiet["end"], &quiet["reply"]),
        (&json!("quiet"), &json!("all I say"))
    );
    let flood = request(
        gateway.address(),
        "POST",
        "/api/targets/flood/exchange",
        &accept,
        b"x",
    );
    let flood = flood.await.json();
    assert_eq!(flood["end"], "too_much");
    let received = flood["received_bytes"].as_u64().unwrap();
    assert!((1 << 20..2 << 20).contains(&received), "{received}");
}

#[tokio::test]
async fn one_address_has_so_many_dropped_links_and_leaves_the_rest_to_others() {
    let setup = Setup::default()
        .set("PROXIES", r#"["127.0.0.1/32"]"#)
        .set("LOG", "debug")
        .limit("links", "4")
        .limit("links_per_address", "2");
    let gateway = setup.start().await;
    let link = async |from: &str| {
        let stream = TcpStream::connect(gateway.address()).await.unwrap();
        let headers = [
            ("sec-websocket-protocol", SUBPROTOCOL),
            ("x-forwarded-for", from),
        ];
        let connected = websocket::connect_with(stream, "/ws", &headers).await;
        let mut link = connected.unwrap().0;
        link.send(Message::text(r#"{"type":"ping","id":1}"#))
            .await
            .unwrap();
        websocket::next(&mut link).await.unwrap();
        websocket::next(&mut link).await.unwrap();
        link
    };
    for (dropped, links) in [(1, 1), (2, 2), (3, 2), (4, 2)] {
        websocket::abort(link("192.0.2.1").await);
        let noticed = async || gateway.program.log().matches("link dropped").count() == dropped;
        eventually("the drop to be noticed", noticed).await;
        gateway.metric_is("links", links).await;
    }
    let _others = [link("192.0.2.2").await, link("192.0.2.2").await];
}

#[tokio::test]
async fn a_client_that_is_gone_before_its_answer_leaves_no_link() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    );
    for _ in 0..1_000 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        SockRef::from(&stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
    gateway.metric_is("links", 0).await;
}

#[tokio::test]
async fn a_request_that_is_not_as_it_should_be_is_told_what_is_wrong_with_it() {
    let echo = Target::echo().await;
    let gateway = Gateway::with_target("t", &echo.url).await;
    let address = gateway.address();
    for method in ["POST", "DELETE"] {
        let answer = request(address, method, "/index.html", &[], b"").await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{method}");
    }
    let exchange = "/api/targets/t/exchange";
    let large = vec![b'x'; 65_537];
    let answer = request(address, "POST", exchange, &[], &large).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let chunked = format!(
        "POST {exchange} HTTP/1.1\r\nHost: {address}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    );
    stream.write_all(chunked.as_bytes()).await.unwrap();
    let answer = http::read(&mut stream).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let answer = request(address, "POST", "/api/rooms", &[], b"[]").await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let eight = [
        LINK,
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "8"),
    ];
    let answer = request(address, "GET", "/ws", &eight, b"").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
}
