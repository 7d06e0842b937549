//! SIGTERM: what is new is refused, what is there is closed in order, and nothing is left.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chalkwire_shared::message::{GatewayMessage, NoticeKind};
use chalkwire_tests::deadline::eventually;
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::http::{get, request, try_get};
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::target::Target;
use chalkwire_tests::websocket::{self, Ended};
use futures_util::SinkExt;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn sigterm_refuses_what_is_new_finishes_what_is_under_way_and_exits_0() {
    let go = Arc::new(Notify::new());
    let wait = go.clone();
    // Replies when the test says so: an exchange under way holds the end up.
    let slow = Target::tcp(move |mut stream| {
        let wait = wait.clone();
        async move {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            wait.notified().await;
            stream.write_all(b"at last").await.unwrap();
        }
    })
    .await;
    let echo = Target::echo().await;
    let data = tempfile::tempdir().unwrap();
    let setup = Setup::default()
        .builtin()
        .data(data.path())
        .target("slow", &slow.url)
        .target("echo", &echo.url);
    let mut gateway = setup.start().await;
    let address = gateway.address();
    assert!(!names_in(data.path()).is_empty(), "sockets of Unix targets");

    let mut link = Link::connect(address).await;
    link.opened("echo").await;
    link.opened("unixgram").await;
    let connected = websocket::connect(address, "/raw/echo", None).await;
    let (mut raw, _) = connected.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    let path = "/api/targets/slow/exchange";
    let under_way = tokio::spawn(async move { request(address, "POST", path, &[], b"x").await });
    gateway.metric_is("sockets{target=\"slow\"}", 1).await;

    gateway.program.signal(Signal::TERM);
    eventually("the gateway to say that it drains", || async {
        // A connection that came just before, and had asked for nothing yet, is closed like any other
        // that idles.
        let Some(ready) = try_get(address, "/readyz").await else {
            return false;
        };
        (ready.status, ready.text().as_str()) == (503, "draining\n")
    })
    .await;
    assert_eq!(get(address, "/healthz").await.status, 200, "it is alive");
    for path in ["/", "/ws", "/raw/echo", "/api/targets"] {
        assert_eq!(get(address, path).await.status, 503, "{path}");
    }
    let refused = request(address, "POST", "/api/targets/echo/exchange", &[], b"x").await;
    assert_eq!(refused.status, 503);

    // The link is told before it is closed.
    let notice = link.next().await.unwrap();
    let draining = |event: &Event| {
        matches!(event, Event::Told(GatewayMessage::Notice { kind, .. })
            if *kind == NoticeKind::Draining)
    };
    assert!(draining(&notice), "{notice:?}");
    let ended = link.ended().await;
    assert!(matches!(ended, Ended::Closed(1012, _)), "{ended:?}");
    let (_, ended) = websocket::drain(&mut raw).await;
    assert!(matches!(ended, Ended::Closed(1012, _)), "{ended:?}");
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0, "closed");

    go.notify_one();
    let finished = under_way.await.unwrap();
    assert_eq!(
        (finished.status, finished.text().as_str()),
        (200, "at last")
    );
    let status = gateway.program.ended().await;
    assert_eq!(status.code(), Some(0));
    let mut left = names_in(data.path());
    left.sort();
    let rooms = ["rooms.lock", "rooms.sqlite3"];
    assert_eq!(left, rooms, "sockets are removed, and rooms kept");
    assert_eq!(
        names_in(gateway.program.folder()),
        ["log"],
        "nothing temporary is left"
    );
}

#[tokio::test]
async fn the_temporary_directory_goes_with_the_gateway() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut gateway = Setup::default().builtin().start().await;
        assert_eq!(
            names_in(gateway.program.folder()).len(),
            2,
            "the log, the sockets"
        );
        gateway.program.signal(signal);
        assert_eq!(gateway.program.ended().await.code(), Some(0));
        assert_eq!(names_in(gateway.program.folder()), ["log"]);
    }
}

#[tokio::test]
async fn a_client_that_does_not_answer_the_close_does_not_hold_the_end_up() {
    let echo = Target::echo().await;
    let mut gateway = Setup::default().target("t", &echo.url).start().await;
    let mut link = Link::connect(gateway.address()).await;
    link.opened("t").await;
    let _deaf = link.leave_connection();
    let connected = websocket::connect(gateway.address(), "/raw/t", None).await;
    let _deaf_too = connected.unwrap();
    let mut half = TcpStream::connect(gateway.address()).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    gateway.program.signal(Signal::TERM);
    assert_eq!(gateway.program.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_hold_the_end_up() {
    let flood = Target::flood().await;
    let setup = Setup::default().target("t", &flood.url);
    let mut gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.open_with("t", u32::MAX, false).await;
    link.expect_opened(socket).await;
    let _deaf = link.leave_connection();
    let echo = websocket::connect(gateway.address(), "/diag/echo", None).await;
    let (mut echo, _) = echo.unwrap();
    // Until nothing more goes in: what comes back was not read.
    let full = Duration::from_secs(1);
    let message = || Message::binary(vec![0; 60_000]);
    while tokio::time::timeout(full, echo.send(message()))
        .await
        .is_ok()
    {}
    gateway.program.signal(Signal::TERM);
    let ended = tokio::time::timeout(Duration::from_secs(15), gateway.program.ended()).await;
    assert_eq!(ended.unwrap().code(), Some(0));
}

#[tokio::test]
async fn an_exchange_whose_target_does_not_answer_is_told_that_the_gateway_ends() {
    let silent = Target::silent().await;
    let setup = Setup::default()
        .target("t", &silent.url)
        .limit("exchange", "1m")
        .limit("drain", "300ms");
    let mut gateway = setup.start().await;
    let address = gateway.address();
    let asked = tokio::spawn(async move {
        request(address, "POST", "/api/targets/t/exchange", &[], b"well?").await
    });
    gateway.metric_is("sockets{target=\"t\"}", 1).await;
    gateway.program.signal(Signal::TERM);
    let answer = asked.await.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().starts_with("draining: "), "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
    assert_eq!(gateway.program.ended().await.code(), Some(0));
}
