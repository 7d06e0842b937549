//! The timestamp servers through the gateway: every protocol, model and address family.

use chalkwire_shared::close::Reason;
use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::link::Link;
use chalkwire_tests::peer::run;
use chalkwire_tests::program::chalkwire;
use chalkwire_tests::target::closed_port;
use chalkwire_tests::timestamp::{Timestamp, assert_stamp};
use chalkwire_tests::websocket::{self, Ended};
use futures_util::SinkExt;
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

const MODELS: [&str; 5] = ["iterative", "threaded", "process", "select", "evented"];

/// A timestamp server on TCP over both families and on a Unix socket, behind a gateway.
struct Everywhere {
    gateway: Gateway,
    _server: Timestamp,
    _folder: TempDir,
}

const FAMILIES: [&str; 3] = ["v4", "v6", "unix"];

impl Everywhere {
    async fn start(protocol: &str, model: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let unix = format!("unix://{}/s", folder.path().display());
        let urls = ["tcp://127.0.0.1:0", "tcp://[::1]:0", &unix];
        let server = Timestamp::start(&urls, &["--protocol", protocol, "--model", model]).await;
        let mut setup = Setup::default();
        for (name, url) in FAMILIES.iter().zip(&server.urls) {
            setup = setup.target(name, url);
        }
        Everywhere {
            gateway: setup.start().await,
            _server: server,
            _folder: folder,
        }
    }
}

/// On a link and on a raw WebSocket, one request, one reply, and the server closes.
async fn answers_once(protocol: &str, request: &[u8], answered: &[u8]) {
    for model in MODELS {
        let all = Everywhere::start(protocol, model).await;
        let address = all.gateway.address();
        let mut link = Link::connect(address).await;
        for family in FAMILIES {
            let socket = link.opened(family).await;
            link.send(socket, request).await;
            let reply = link.expect_data(socket).await;
            assert_stamp(&reply.payload, answered);
            link.expect_eof(socket).await;
            link.shutdown(socket).await;
            assert_eq!(link.expect_closed(socket).await.0, Reason::Finished);

            let path = format!("/raw/{family}");
            let (mut raw, _) = websocket::connect(address, &path, None).await.unwrap();
            raw.send(Message::binary(request.to_vec())).await.unwrap();
            let (reply, ended) = websocket::drain(&mut raw).await;
            assert_stamp(&reply, answered);
            assert_eq!(
                ended,
                Ended::Closed(1000, String::new()),
                "{model} {family}"
            );
        }
    }
}

#[tokio::test]
async fn basic_answers_in_every_model_and_family() {
    answers_once("basic", b"Fvsbvdb", b"Fvsbvdb").await;
}

#[tokio::test]
async fn line_answers_one_line_with_its_end_in_every_model_and_family() {
    answers_once("line", b"one\r\n", b"one\r\n").await;
}

#[tokio::test]
async fn session_answers_each_line_until_we_are_done_in_every_model_and_family() {
    for model in MODELS {
        let all = Everywhere::start("session", model).await;
        let mut link = Link::connect(all.gateway.address()).await;
        for family in FAMILIES {
            let socket = link.opened(family).await;
            for line in ["first\n", "second\r\n"] {
                link.send(socket, line.as_bytes()).await;
                let reply = link.expect_data(socket).await;
                assert_stamp(&reply.payload, line.as_bytes());
            }
            // What has no end yet is answered once our side is shut down: half-close, for real.
            link.send(socket, b"unended").await;
            link.shutdown(socket).await;
            assert_stamp(&link.expect_data(socket).await.payload, b"unended");
            link.expect_eof(socket).await;
            assert_eq!(link.expect_closed(socket).await.0, Reason::Finished);

            let path = format!("/raw/{family}");
            let raw = websocket::connect(all.gateway.address(), &path, None).await;
            let (mut raw, _) = raw.unwrap();
            for line in ["first\n", "second\r\n"] {
                raw.send(Message::text(line)).await.unwrap();
                let reply = websocket::next(&mut raw).await.unwrap();
                assert_stamp(&reply.into_data(), line.as_bytes());
            }
        }
    }
}

#[tokio::test]
async fn datagrams_are_answered_on_udp_over_both_families_and_on_unixgram() {
    let folder = tempfile::tempdir().unwrap();
    let unix = format!("unixgram://{}/s", folder.path().display());
    let urls = ["udp://127.0.0.1:0", "udp://[::1]:0", &unix];
    let server = Timestamp::start(&urls, &[]).await;
    let mut setup = Setup::default();
    for (name, url) in ["v4", "v6", "unixgram"].iter().zip(&server.urls) {
        setup = setup.target(name, url);
    }
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    for name in ["v4", "v6", "unixgram"] {
        let socket = link.opened(name).await;
        let path = format!("/raw/{name}");
        let (mut raw, _) = websocket::connect(gateway.address(), &path, None)
            .await
            .unwrap();
        for datagram in [&b"hello"[..], b"", b"two\nlines\n"] {
            link.send(socket, datagram).await;
            let reply = link.expect_data(socket).await;
            assert_eq!(reply.flags, chalkwire_shared::frame::DATAGRAM);
            assert_stamp(&reply.payload, datagram);

            raw.send(Message::binary(datagram.to_vec())).await.unwrap();
            let reply = websocket::next(&mut raw).await.unwrap();
            assert_stamp(&reply.into_data(), datagram);
        }
        link.close(socket).await;
        assert_eq!(link.expect_closed(socket).await.0, Reason::ClosedByClient);
    }
}

#[tokio::test]
async fn every_built_in_target_answers() {
    let gateway = Setup::default().builtin().start().await;
    let mut link = Link::connect(gateway.address()).await;
    let targets = link.targets.clone();
    let names: Vec<&str> = targets.iter().map(|t| t.name.as_str()).collect();
    let contract = [
        "basic",
        "line",
        "session",
        "udp",
        "unix",
        "unixgram",
        "iterative",
        "threaded",
        "process",
        "select",
        "evented",
    ];
    assert_eq!(names, contract);
    for target in &targets {
        assert!(target.builtin && target.url.is_some() && !target.about.is_empty());
        let socket = link.opened(&target.name).await;
        link.send(socket, b"hi\n").await;
        assert_stamp(&link.expect_data(socket).await.payload, b"hi\n");
    }
}

/// `chalkwire send`, to its end.
fn client(arguments: &[&str]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(chalkwire());
    command.arg("send").args(arguments);
    command
}

#[tokio::test]
async fn the_client_is_answered_by_every_kind_of_server_and_through_the_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let urls = [
        "tcp://127.0.0.1:0",
        "tcp://[::1]:0",
        "udp://127.0.0.1:0",
        "udp://[::1]:0",
        &format!("unix://{}", path("stream")),
        &format!("unixgram://{}", path("gram")),
    ];
    let server = Timestamp::start(&urls, &["--protocol", "line"]).await;
    let mut setup = Setup::default();
    for (i, url) in server.urls.iter().enumerate() {
        setup = setup.target(&format!("t{i}"), url);
    }
    let gateway = setup.start().await;
    for (i, url) in server.urls.iter().enumerate() {
        let through = format!("ws://{}/t{i}", gateway.address());
        for url in [url, &through] {
            let printed = run(client(&[url, "hello"]), "").await;
            assert_stamp(printed.as_bytes(), b"hello\r\n");
            // Without a message: a prompt, a new connection for each line, replies stripped.
            let printed = run(client(&[url]), "one\ntwo\n\nnever sent\n").await;
            let replies: Vec<&str> = printed.split("> ").skip(1).map(str::trim_end).collect();
            assert_eq!(replies.len(), 3, "{url}: {printed}");
            assert_stamp(replies[0].as_bytes(), b"one");
            assert_stamp(replies[1].as_bytes(), b"two");
        }
    }
}

#[tokio::test]
async fn the_client_says_in_one_line_why_it_failed() {
    let gateway = Setup::default().start().await;
    let closed = format!("tcp://{}", closed_port());
    let unknown = format!("ws://{}/none", gateway.address());
    for (url, status) in [
        (closed.as_str(), 1),
        (&unknown, 1),
        ("unix:///no/such/path", 1),
        ("http://localhost:80", 2),
        ("tcp://no-port", 2),
    ] {
        let output = within("the client", client(&[url, "hello"]).output()).await;
        let output = output.unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{url}: {told}");
        assert!(output.stdout.is_empty(), "{url}");
        assert!(status == 2 || told.lines().count() == 1, "{url}: {told}");
    }
}
