//! A proxy before the gateway: a path prefix, and the client's address from whom the operator trusts.

use std::time::{Duration, Instant};

use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_tests::browser::measured;
use chalkwire_tests::carrier::Transport;
use chalkwire_tests::deadline::{eventually, within};
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::http::{get, request};
use chalkwire_tests::link::Link;
use chalkwire_tests::nginx::{Nginx, Prefix};
use chalkwire_tests::program::chalkwire;
use chalkwire_tests::target::Target;
use chalkwire_tests::websocket::{self, WebSocket};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio_tungstenite::tungstenite::{Error, Message};

#[tokio::test]
async fn behind_nginx_everything_works_with_the_prefix_taken_off_or_left_on() {
    let target = Target::echo().await;
    for prefix in [Prefix::TakenOff, Prefix::LeftOn] {
        let setup = Setup::default().target("t", &target.url);
        let nginx = Nginx::before(setup.limit("quiet", "50ms"), prefix).await;
        let at = nginx.address;

        let page = get(at, "/wire/").await;
        assert_eq!(page.status, 200, "{prefix:?}");
        let html = page.text();
        let files = html.split("\"./").skip(1);
        let mut loaded = 0;
        for file in files.filter_map(|rest| rest.split('"').next()) {
            let got = get(at, &format!("/wire/{file}")).await;
            assert_eq!(got.status, 200, "{prefix:?} {file}");
            loaded += 1;
        }
        assert!(loaded > 2 || html.contains("without the page"), "{html}");
        // Its addresses are relative: without the slash they would lead astray.
        let slashless = get(at, "/wire").await;
        assert!(matches!(slashless.status, 301 | 307), "{prefix:?}");
        let to = slashless.header("location").unwrap();
        assert!(to.ends_with("wire/"), "{to}");

        assert_eq!(get(at, "/wire/api/targets").await.json()[0]["name"], "t");
        let path = "/wire/api/targets/t/exchange";
        let own = format!("http://{at}");
        for (origin, status) in [(own.as_str(), 200), ("http://evil.example", 403)] {
            let origin = [("Origin", origin)];
            let reply = request(at, "POST", path, &origin, b"by curl").await;
            assert_eq!(reply.status, status, "{prefix:?}: {}", reply.text());
        }
        for transport in Transport::ALL {
            let mut link = Link::connect_below("/wire", transport, at).await;
            let socket = link.opened("t").await;
            link.send(socket, b"by link").await;
            assert_eq!(link.expect_data(socket).await.payload, "by link");
            // The line drops, and the link is taken up again: at the same place.
            link.cut();
            link.resume().await.unwrap();
            link.send(socket, b" again").await;
            assert_eq!(link.expect_data(socket).await.payload, " again");
            link.close(socket).await;
            link.expect_closed(socket).await;
        }
        let raw = websocket::connect(at, "/wire/raw/t", None).await;
        let mut raw = raw.unwrap().0;
        futures_util::SinkExt::send(&mut raw, Message::binary(&b"by raw"[..]))
            .await
            .unwrap();
        assert_eq!(
            websocket::next(&mut raw).await.unwrap().into_data(),
            "by raw"
        );

        let nothing = get(at, "/wire/nothing").await;
        assert_eq!(nothing.status, 404);
        assert!(
            nothing.text().contains(&format!("{own}/wire/")),
            "{}",
            nothing.text()
        );
        // However the prefix is doubled.
        for metrics in ["/wire/metrics", "/wire/wire/metrics"] {
            assert_ne!(get(at, metrics).await.status, 200, "{prefix:?} {metrics}");
        }
        drop(raw);
        all_closed(&nginx.gateway).await;
    }
}

#[tokio::test]
async fn without_its_slash_the_prefix_leads_to_the_page() {
    let setup = Setup::default().set("PUBLIC_URL", "http://127.0.0.1:1/a/wire");
    let gateway = setup.start().await;
    let slashless = get(gateway.address(), "/a/wire?embed").await;
    assert_eq!(slashless.status, 307);
    assert_eq!(slashless.header("location"), Some("wire/?embed"));
    for page in ["/a/wire/", "/a/wire/?embed", "/"] {
        assert_eq!(get(gateway.address(), page).await.status, 200, "{page}");
    }
    assert_eq!(get(gateway.address(), "/a/wired/").await.status, 404);
}

/// Waits for the sockets' ends, while the target is there to say goodbye.
async fn all_closed(gateway: &Gateway) {
    gateway.metric_is("sockets{target=\"t\"}", 0).await;
}

#[tokio::test]
async fn a_public_url_of_a_wrong_form_is_told_and_nothing_is_served() {
    for (as_flag, status) in [(true, 2), (false, 1)] {
        let mut command = Command::new(chalkwire());
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        match as_flag {
            true => command.args(["--public-url", "demo.example.org/wire"]),
            false => command.env("CHALKWIRE_PUBLIC_URL", "demo.example.org/wire"),
        };
        let output = within("the program's end", command.kill_on_drop(true).output()).await;
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(status));
        let told = String::from_utf8(output.stderr).unwrap();
        let why = "public_url 'demo.example.org/wire': it must begin with https:// or http://";
        assert!(told.contains(why), "{told}");
        assert!(output.stdout.is_empty());
    }
}

const FORWARDED_FOR: &str = "x-forwarded-for";

/// A raw WebSocket whose request says that it is from elsewhere; or the status of the refusal, and
/// its sentence.
async fn raw_from(
    gateway: &Gateway,
    header: &'static str,
    says: &str,
) -> Result<WebSocket, String> {
    let stream = TcpStream::connect(gateway.address()).await.unwrap();
    let connected = websocket::connect_with(stream, "/raw/t", &[(header, says)]).await;
    match connected.map_err(|error| *error) {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => {
            let body = answer.body().as_deref().unwrap_or_default();
            let body = String::from_utf8_lossy(body);
            Err(format!("{} {body}", answer.status().as_u16()))
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_forged_address_changes_nothing_when_the_peer_is_no_proxy_of_the_operators() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .limit("links_per_address", "1");
    // Nobody is believed; somebody else is; and one is believed what it says in the other header.
    for (proxies, header) in [
        (r#"[]"#, FORWARDED_FOR),
        (r#"["127.0.0.9/32"]"#, FORWARDED_FOR),
        (r#"["127.0.0.1/32"]"#, "forwarded"),
    ] {
        let gateway = setup.clone().set("PROXIES", proxies).start().await;
        let says = ["192.0.2.1", "for=192.0.2.1"][usize::from(header == "forwarded")];
        let mut held = Vec::new();
        for _ in 0..3 {
            // They are this machine's, and that has no limit.
            let raw = raw_from(&gateway, header, says).await;
            held.push(raw.unwrap_or_else(|refused| panic!("{proxies}: {refused}")));
        }
        let told = gateway.program.log().matches("127.0.0.1/32").count();
        let is_stranger = !proxies.contains("127.0.0.1/");
        assert_eq!(told, usize::from(is_stranger), "{}", gateway.program.log());
        drop(held);
        all_closed(&gateway).await;
    }
}

#[tokio::test]
async fn links_are_counted_by_the_address_that_a_proxy_of_the_operators_says() {
    let target = Target::echo().await;
    let setup = Setup::default()
        .target("t", &target.url)
        .set("PROXIES", r#"["127.0.0.1/32"]"#)
        .limit("links_per_address", "2");
    let forwarded = setup.clone().set("PROXY_HEADER", "forwarded");
    for (setup, header, wrap) in [
        (setup, FORWARDED_FOR, ["", ""]),
        (forwarded, "forwarded", ["for=\"", "\""]),
    ] {
        let gateway = setup.start().await;
        let says = |address: &str| format!("{}{address}{}", wrap[0], wrap[1]);
        let one = raw_from(&gateway, header, &says("192.0.2.1"))
            .await
            .unwrap();
        // What a client invents stands before what the proxy appends, and is not read.
        let forged = format!("{}, {}", says("198.51.100.7"), says("192.0.2.1:4711"));
        let two = raw_from(&gateway, header, &forged).await.unwrap();
        let refused = raw_from(&gateway, header, &says("192.0.2.1"))
            .await
            .unwrap_err();
        for part in ["429 ", "192.0.2.1", "links_per_address", " 2,"] {
            assert!(refused.contains(part), "{refused}: no {part}");
        }
        let another = raw_from(&gateway, header, &says("192.0.2.2")).await;
        assert!(another.is_ok());
        // One network of IPv6 is one client.
        let six = async |address: &str| raw_from(&gateway, header, &says(address)).await;
        let network = [six("[2001:db8::1]").await, six("[2001:db8::2]:80").await];
        assert!(network.iter().all(Result::is_ok));
        assert!(six("[2001:db8::3]").await.is_err());
        let refusals = gateway.metric("refusals_total{reason=\"address\"}").await;
        assert_eq!(refusals, 2);
        drop((one, two, another, network));
        all_closed(&gateway).await;
        let free = raw_from(&gateway, header, &says("192.0.2.1")).await;
        assert!(free.is_ok());
        drop(free);
        all_closed(&gateway).await;
    }
}

#[tokio::test]
async fn a_class_of_500_behind_one_address_gets_its_links_within_a_minute() {
    // More than a shell gives without asking: each of them is here, too.
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files).unwrap();
    let nginx = Nginx::before(Setup::default(), Prefix::TakenOff).await;
    let started = Instant::now();
    let member = async || {
        let stream = TcpStream::connect(nginx.address).await.unwrap();
        let says = [
            (FORWARDED_FOR, "203.0.113.5"),
            ("sec-websocket-protocol", SUBPROTOCOL),
        ];
        let connected = websocket::connect_with(stream, "/wire/ws", &says).await;
        let mut link = connected.unwrap_or_else(|error| panic!("{error}")).0;
        websocket::next(&mut link).await.expect("a welcome");
        link
    };
    let class = futures_util::future::join_all((0..500).map(|_| member())).await;
    let took = started.elapsed();
    measured(&format!(
        "500 links from one address, by nginx: {} ms",
        took.as_millis()
    ));
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert_eq!(nginx.gateway.metric("links").await, 500);
    assert_eq!(class.len(), 500);
}

#[tokio::test]
async fn when_no_more_connections_are_taken_the_log_says_which_limit_it_is() {
    let gateway = Setup::default().limit("connections", "2").start().await;
    let idle = [
        TcpStream::connect(gateway.address()).await.unwrap(),
        TcpStream::connect(gateway.address()).await.unwrap(),
    ];
    let told = || async { gateway.program.log().contains("limits.connections") };
    eventually("the log to say so", told).await;
    // It waited, and nobody was turned away.
    let waits = async { get(gateway.address(), "/healthz").await.status };
    let leave = async { drop(idle) };
    assert_eq!(tokio::join!(waits, leave).0, 200);
    assert!(
        gateway
            .metric("refusals_total{reason=\"connections\"}")
            .await
            >= 1
    );
}
