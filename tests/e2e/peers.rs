//! Programs that nobody here wrote, as servers behind the gateway and as clients of ours.

use std::path::Path;

use chalkwire_shared::close::Reason;
use chalkwire_tests::deadline::eventually;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::http::request;
use chalkwire_tests::link::Link;
use chalkwire_tests::peer::{Peer, python, run, system};
use chalkwire_tests::target::closed_port;
use chalkwire_tests::timestamp::{Timestamp, assert_stamp};
use chalkwire_tests::websocket::{self, Ended};
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

/// A gateway before a Python server.
async fn before(script: &str) -> (Peer, Gateway) {
    let peer = Peer::python(script).await;
    let scheme = if script.starts_with("udp") {
        "udp"
    } else {
        "tcp"
    };
    let url = format!("{scheme}://127.0.0.1:{}", peer.said);
    let gateway = Gateway::with_target("t", &url).await;
    (peer, gateway)
}

#[tokio::test]
async fn servers_of_one_exchange_answer_by_every_way_in() {
    for script in ["socket_server.py", "socketserver_server.py"] {
        let (_peer, gateway) = before(script).await;
        let address = gateway.address();
        let mut link = Link::connect(address).await;
        let socket = link.opened("t").await;
        link.send(socket, b"by link\r\n").await;
        assert_stamp(&link.expect_data(socket).await.payload, b"by link\r\n");
        link.expect_eof(socket).await;
        link.shutdown(socket).await;
        assert_eq!(link.expect_closed(socket).await.0, Reason::Finished);

        let (mut raw, _) = websocket::connect(address, "/raw/t", None).await.unwrap();
        raw.send(Message::binary(&b"by raw\n"[..])).await.unwrap();
        let (reply, ended) = websocket::drain(&mut raw).await;
        assert_stamp(&reply, b"by raw\n");
        assert_eq!(ended, Ended::Closed(1000, String::new()));

        let path = "/api/targets/t/exchange";
        let reply = request(address, "POST", path, &[], b"by curl\n").await;
        assert_stamp(&reply.body, b"by curl\n");
    }
}

#[tokio::test]
async fn a_python_udp_server_answers_each_datagram() {
    let (_peer, gateway) = before("udp_server.py").await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.opened("t").await;
    for datagram in [&b"one"[..], b"", b"\0\xff"] {
        link.send(socket, datagram).await;
        assert_stamp(&link.expect_data(socket).await.payload, datagram);
    }
}

#[tokio::test]
async fn asyncio_sees_our_half_close_and_still_answers() {
    let (_peer, gateway) = before("asyncio_server.py").await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.opened("t").await;
    for line in [b"one\n", b"two\n"] {
        link.send(socket, line).await;
        assert_stamp(&link.expect_data(socket).await.payload, line);
    }
    link.shutdown(socket).await;
    let rest = link.rest(socket).await;
    assert_eq!(rest.bytes, b"bye\n");
    assert_eq!((rest.eof, rest.reason), (true, Reason::Finished));
}

#[tokio::test]
async fn twisted_answers_as_long_as_we_send() {
    let (_peer, gateway) = before("twisted_server.py").await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.opened("t").await;
    for line in [b"one\r\n", b"two\r\n"] {
        link.send(socket, line).await;
        assert_stamp(&link.expect_data(socket).await.payload, line);
    }
    link.shutdown(socket).await;
    assert_eq!(link.rest(socket).await.reason, Reason::Finished);
}

fn port(url: &str) -> &str {
    url.rsplit_once(':').expect("a port").1
}

#[tokio::test]
async fn the_chapters_first_client_is_answered_by_basic_in_every_model() {
    for model in ["iterative", "threaded", "process", "select", "evented"] {
        let server = Timestamp::start(&["tcp://127.0.0.1:0"], &["--model", model]).await;
        let mut client = python("socket_client.py");
        client.args([port(&server.urls[0]), "Fvsbvdb"]);
        let printed = run(client, "").await;
        assert_stamp(printed.trim_end().as_bytes(), b"Fvsbvdb");
    }
}

#[tokio::test]
async fn the_chapters_second_client_is_answered_line_by_line() {
    for protocol in ["basic", "line", "session"] {
        let server = Timestamp::start(&["tcp://127.0.0.1:0"], &["--protocol", protocol]).await;
        let mut client = python("loop_client.py");
        client.arg(port(&server.urls[0]));
        let printed = run(client, "hello\nworld\n\n").await;
        let replies: Vec<&str> = printed.split("> ").skip(1).map(str::trim_end).collect();
        assert_eq!(replies.len(), 3, "{printed}");
        assert_stamp(replies[0].as_bytes(), b"hello");
        assert_stamp(replies[1].as_bytes(), b"world");
    }
}

#[tokio::test]
async fn the_chapters_udp_client_is_answered() {
    let server = Timestamp::start(&["udp://127.0.0.1:0"], &[]).await;
    let mut client = python("udp_client.py");
    client.arg(port(&server.urls[0]));
    let printed = run(client, "hello\nworld\n\n").await;
    let replies: Vec<&str> = printed.split("> ").skip(1).map(str::trim_end).collect();
    assert_stamp(replies[0].as_bytes(), b"hello");
    assert_stamp(replies[1].as_bytes(), b"world");
}

#[tokio::test]
async fn asyncio_and_twisted_clients_are_answered() {
    let url = ["tcp://127.0.0.1:0"];
    let session = Timestamp::start(&url, &["--protocol", "session"]).await;
    let mut client = python("asyncio_client.py");
    client.args([port(&session.urls[0]), "one", "two"]);
    let printed = run(client, "").await;
    let (one, two) = printed.split_once('\n').unwrap();
    assert_stamp(one.as_bytes(), b"one");
    assert_stamp(two.as_bytes(), b"two\n");

    let line = Timestamp::start(&url, &["--protocol", "line"]).await;
    let mut client = python("twisted_client.py");
    client.args([port(&line.urls[0]), "hello"]);
    assert_stamp(run(client, "").await.trim_end().as_bytes(), b"hello");
}

#[tokio::test]
async fn a_websocket_client_that_knows_nothing_of_us_uses_raw() {
    let server = Timestamp::start(&["tcp://127.0.0.1:0"], &[]).await;
    let gateway = Gateway::with_target("t", &server.urls[0]).await;
    let mut client = python("raw_client.py");
    client.args([&format!("ws://{}/raw/t", gateway.address()), "hello"]);
    assert_stamp(run(client, "").await.as_bytes(), b"hello");
}

#[tokio::test]
async fn a_python_client_speaks_the_link_protocol() {
    let server = Timestamp::start(&["tcp://127.0.0.1:0"], &[]).await;
    let gateway = Gateway::with_target("t", &server.urls[0]).await;
    let mut client = python("link_client.py");
    client.args([&format!("ws://{}/ws", gateway.address()), "t", "hello"]);
    assert_stamp(run(client, "").await.as_bytes(), b"hello");
}

/// `socat` and `ncat` as servers that echo through `cat`, by their URLs.
async fn cats(folder: &Path) -> (Vec<Peer>, Vec<(&'static str, String)>) {
    let path = |name: &str| folder.join(name).display().to_string();
    let listening = |line: &str| line.to_ascii_lowercase().contains("listening on");
    // Just free, and nobody else on this machine is told of it.
    let tcp_port = closed_port().port().to_string();
    let (socat_unix, ncat_unix) = (path("socat"), path("ncat"));
    let socat = system(
        "socat",
        &["-dd", "TCP4-LISTEN:0,bind=127.0.0.1,fork", "EXEC:cat"],
    );
    let socat = Peer::start(socat, listening).await;
    let socat_url = format!("tcp://127.0.0.1:{}", port(&socat.said));
    let listen = format!("UNIX-LISTEN:{socat_unix},fork");
    let peers = vec![
        socat,
        Peer::start(system("socat", &["-dd", &listen, "EXEC:cat"]), listening).await,
        Peer::start(
            system("ncat", &["-vlk", "127.0.0.1", &tcp_port, "-e", "/bin/cat"]),
            listening,
        )
        .await,
        Peer::start(
            system("ncat", &["-vlk", "-U", &ncat_unix, "-e", "/bin/cat"]),
            listening,
        )
        .await,
    ];
    let urls = vec![
        ("socat-tcp", socat_url),
        ("socat-unix", format!("unix://{socat_unix}")),
        ("ncat-tcp", format!("tcp://127.0.0.1:{tcp_port}")),
        ("ncat-unix", format!("unix://{ncat_unix}")),
    ];
    (peers, urls)
}

#[tokio::test]
async fn socat_and_ncat_servers_are_reached_and_see_our_fin() {
    let folder = tempfile::tempdir().unwrap();
    let (_peers, urls) = cats(folder.path()).await;
    let mut setup = Setup::default();
    for (name, url) in &urls {
        setup = setup.target(name, url);
    }
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    for (name, _) in &urls {
        let socket = link.opened(name).await;
        link.send(socket, b"round ").await;
        link.send(socket, b"trip").await;
        assert_eq!(link.expect_bytes(socket, 10).await, b"round trip", "{name}");
        // ncat's --exec ends its program at our FIN, and what that still had to say is lost.
        let last: &[u8] = if name.starts_with("socat") {
            b", last words"
        } else {
            b""
        };
        link.send(socket, last).await;
        link.shutdown(socket).await;
        let rest = link.rest(socket).await;
        assert_eq!(rest.bytes, last, "{name}");
        assert_eq!((rest.eof, rest.reason), (true, Reason::Finished), "{name}");
    }
}

#[tokio::test]
async fn socat_as_a_udp_server_keeps_our_datagrams_apart() {
    let port = closed_port().port();
    let listen = format!("UDP4-RECVFROM:{port},bind=127.0.0.1,fork");
    // One process a datagram: what it reads in one go is one datagram.
    let serve = "SYSTEM:head -c 100 | tr a-z A-Z";
    let mut socat = system("socat", &[&listen, serve]);
    socat.kill_on_drop(true);
    let _socat = socat.spawn().expect("socat");
    let bound = || async {
        let table = std::fs::read_to_string("/proc/net/udp").unwrap();
        table.contains(&format!("0100007F:{port:04X} "))
    };
    eventually("socat to be bound", bound).await;
    let gateway = Gateway::with_target("t", &format!("udp://127.0.0.1:{port}")).await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.opened("t").await;
    for (datagram, answer) in [("one", "ONE"), ("two", "TWO")] {
        link.send(socket, datagram.as_bytes()).await;
        assert_eq!(link.expect_data(socket).await.payload, answer);
    }
}

#[tokio::test]
async fn socat_and_ncat_clients_are_answered_in_every_protocol() {
    let folder = tempfile::tempdir().unwrap();
    for protocol in ["basic", "line", "session"] {
        let unix = format!("unix://{}/{protocol}", folder.path().display());
        let urls = ["tcp://127.0.0.1:0", &unix];
        let server = Timestamp::start(&urls, &["--protocol", protocol]).await;
        let (port, path) = (port(&server.urls[0]), &unix["unix://".len()..]);
        let (tcp, file) = (
            format!("TCP4:127.0.0.1:{port}"),
            format!("UNIX-CONNECT:{path}"),
        );
        for client in [
            system("socat", &["-", &tcp]),
            system("socat", &["-", &file]),
            system("ncat", &["127.0.0.1", port]),
            system("ncat", &["-U", path]),
        ] {
            let shown = format!("{protocol} {client:?}");
            let printed = run(client, "hello\n").await;
            assert!(printed.starts_with('['), "{shown}: {printed}");
            assert_stamp(printed.as_bytes(), b"hello\n");
        }
    }
}

#[tokio::test]
async fn socat_clients_are_answered_datagram_by_datagram() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let gram = format!("unixgram://{}", path("server"));
    let server = Timestamp::start(&["udp://127.0.0.1:0", &gram], &[]).await;
    let udp = format!("UDP4:127.0.0.1:{}", port(&server.urls[0]));
    let unixgram = format!("UNIX-SENDTO:{},bind={}", path("server"), path("client"));
    for address in [&udp, &unixgram] {
        let printed = run(system("socat", &["-t", "1", "-", address]), "hello").await;
        assert_stamp(printed.as_bytes(), b"hello");
    }
}
