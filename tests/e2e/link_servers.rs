//! Servers of a link's own: they serve it alone, and go with it.

use std::ffi::OsString;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use chalkwire_shared::close::{LinkClose, Reason};
use chalkwire_shared::message::ClientMessage;
use chalkwire_shared::server::{MAX_SERVERS, Model, ServerId, ServerOptions};
use chalkwire_shared::target::Kind;
use chalkwire_tests::deadline::eventually;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::link::Link;
use chalkwire_tests::timestamp::assert_stamp;
use chalkwire_tests::websocket::Ended;
use tokio_tungstenite::tungstenite::Message;

const KINDS: [Kind; 4] = [Kind::Tcp, Kind::Udp, Kind::Unix, Kind::Unixgram];

fn of(kind: Kind) -> ServerOptions {
    ServerOptions {
        kind,
        ..ServerOptions::default()
    }
}

/// Where a URL listens, of TCP.
fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("tcp://").parse().unwrap()
}

async fn gateway() -> Gateway {
    Setup::default().start().await
}

#[tokio::test]
async fn a_server_of_ones_own_is_there_for_the_very_next_message() {
    let gateway = gateway().await;
    let mut link = Link::connect(gateway.address()).await;
    for kind in KINDS {
        let server = link.serve(of(kind)).await;
        // Without waiting for the answer.
        let socket = link.open(&server.name()).await;
        link.send(socket, b"hello\r\n").await;
        let url = link.expect_serving(server).await;
        assert!(url.starts_with(&format!("{kind}://")), "{url}");
        link.expect_opened(socket).await;
        assert_stamp(&link.expect_data(socket).await.payload, b"hello\r\n");
    }
    gateway.metric_is("link_servers", 4).await;
}

#[tokio::test]
async fn every_model_serves_with_the_options_asked_for() {
    let gateway = gateway().await;
    let mut link = Link::connect(gateway.address()).await;
    for model in Model::ALL {
        let options = ServerOptions {
            model,
            recv_bytes: 4,
            ..ServerOptions::default()
        };
        let target = link.serving(options).await;
        let socket = link.opened(&target).await;
        link.send(socket, b"hello").await;
        assert_stamp(&link.expect_data(socket).await.payload, b"hell");
    }
}

#[tokio::test]
async fn a_stopped_server_keeps_its_name_and_the_kernel_refuses() {
    let gateway = gateway().await;
    let mut link = Link::connect(gateway.address()).await;
    for kind in KINDS {
        let server = link.serve(of(kind)).await;
        link.expect_serving(server).await;
        link.stop(server).await;
        // A second time crosses the answer, and means nothing.
        link.stop(server).await;
        assert_eq!(link.expect_stopped(server).await, "The server was stopped.");
        let socket = link.open(&server.name()).await;
        match kind {
            Kind::Udp => {
                // Without a connection there is nobody to refuse it, until something is sent.
                link.expect_opened(socket).await;
                link.send(socket, b"x").await;
                assert_eq!(link.expect_closed(socket).await.0, Reason::Refused);
            }
            Kind::Tcp => assert_eq!(link.expect_closed(socket).await.0, Reason::Refused),
            _ => assert_eq!(link.expect_closed(socket).await.0, Reason::NoSuchPath),
        }
    }
    gateway.metric_is("link_servers", 0).await;
}

#[tokio::test]
async fn a_server_is_its_links_alone() {
    let gateway = gateway().await;
    let mut mine = Link::connect(gateway.address()).await;
    let target = mine.serving(of(Kind::Tcp)).await;
    let mut other = Link::connect(gateway.address()).await;
    for name in [&*target, "#2", "#", "#01"] {
        let socket = other.open(name).await;
        let (reason, detail) = other.expect_closed(socket).await;
        assert_eq!(reason, Reason::UnknownTarget, "{name}");
        assert!(detail.contains("You have no server"), "{detail}");
    }
}

#[tokio::test]
async fn what_a_server_cannot_be_is_told_in_a_sentence() {
    let gateway = gateway().await;
    let mut link = Link::connect(gateway.address()).await;
    let server = link
        .serve(ServerOptions {
            backlog: 1_000,
            ..ServerOptions::default()
        })
        .await;
    let detail = link.expect_stopped(server).await;
    assert_eq!(detail, "The backlog is 1000: it goes from 0 to 128.");
}

#[tokio::test]
async fn a_link_and_the_gateway_have_only_so_many_servers() {
    let gateway = Setup::default()
        .limit("servers", &format!("{}", MAX_SERVERS + 1))
        .start()
        .await;
    let mut link = Link::connect(gateway.address()).await;
    for _ in 0..MAX_SERVERS {
        link.serving(of(Kind::Tcp)).await;
    }
    let ninth = link.serve(of(Kind::Tcp)).await;
    assert!(link.expect_stopped(ninth).await.contains("Stop one first"));
    let mut other = Link::connect(gateway.address()).await;
    other.serving(of(Kind::Udp)).await;
    let second = other.serve(of(Kind::Udp)).await;
    assert!(other.expect_stopped(second).await.contains("This gateway"));
    // A place is free again once a server has stopped.
    link.stop(ServerId(1)).await;
    link.expect_stopped(ServerId(1)).await;
    link.serving(of(Kind::Tcp)).await;
}

#[tokio::test]
async fn servers_go_with_their_link() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Setup::default().data(folder.path()).start().await;
    let mut link = Link::connect(gateway.address()).await;
    let mut urls = Vec::new();
    for kind in [Kind::Tcp, Kind::Unix] {
        let server = link.serve(of(kind)).await;
        urls.push(link.expect_serving(server).await);
    }
    let stopped = link.serve(of(Kind::Tcp)).await;
    let kept = address(&link.expect_serving(stopped).await);
    link.stop(stopped).await;
    link.expect_stopped(stopped).await;
    let path = Path::new(urls[1].trim_start_matches("unix://"));
    assert!(path.exists() && TcpStream::connect(address(&urls[0])).is_ok());
    assert!(std::net::TcpListener::bind(kept).is_err(), "it is not kept");
    gateway.program.threads_are("timestamp", 2).await;
    // A page that is left says goodbye.
    link.write(Message::Close(None)).await;
    gateway.metric_is("link_servers", 0).await;
    assert!(TcpStream::connect(address(&urls[0])).is_err() && !path.exists());
    gateway.program.threads_are("timestamp", 0).await;
    eventually("the stopped server's address to be free", || async {
        std::net::TcpListener::bind(kept).is_ok()
    })
    .await;
}

#[tokio::test]
async fn servers_of_a_dropped_link_go_on_and_end_with_the_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let mut gateway = Setup::default().data(folder.path()).start().await;
    let mut link = Link::connect(gateway.address()).await;
    let target = link.serving(of(Kind::Unix)).await;
    link.cut();
    link.resume().await.unwrap();
    let socket = link.opened(&target).await;
    link.send(socket, b"x").await;
    assert_stamp(&link.expect_data(socket).await.payload, b"x");
    link.cut();
    gateway.program.signal(rustix::process::Signal::TERM);
    assert!(gateway.program.ended().await.success());
    let left = folder.path().read_dir().unwrap();
    let left = left.map(|entry| entry.unwrap().file_name());
    let no_rooms = |name: &OsString| !name.to_string_lossy().starts_with("rooms.");
    assert_eq!(left.filter(no_rooms).collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test]
async fn a_server_number_is_used_once() {
    let gateway = gateway().await;
    let mut link = Link::connect(gateway.address()).await;
    let server = link.serve(of(Kind::Tcp)).await;
    link.say(|seq| ClientMessage::Serve {
        seq,
        server,
        options: of(Kind::Tcp),
    })
    .await;
    let ended = link.ended().await;
    assert!(matches!(ended, Ended::Closed(code, _) if code == LinkClose::Protocol.code()));
}
