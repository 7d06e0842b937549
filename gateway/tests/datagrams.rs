//! Datagram servers, from outside.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

mod peers;

use std::fs;
use std::time::Duration;

use chalkwire_gateway::timestamp::{Options, What, Why};
use socket2::{Domain, SockAddr};

use peers::*;

/// A socket that a server can reply to; for Unix it is bound in the server's folder.
fn client(
    url: &chalkwire_shared::target::TargetUrl,
    folder: &tempfile::TempDir,
) -> socket2::Socket {
    let server = address(url);
    let own = match server.as_socket() {
        Some(address) => SockAddr::from(std::net::SocketAddr::new(address.ip(), 0)),
        None => SockAddr::unix(folder.path().join("client")).unwrap(),
    };
    let socket = datagram(server.domain(), &own);
    socket.connect(&server).unwrap();
    socket
}

#[test]
fn one_datagram_is_answered_by_one_datagram() {
    let (folder, urls) = datagram_urls();
    for url in urls {
        let (server, mut events) = run(options(&url));
        let socket = client(server.url(), &folder);
        for message in [&b"hi\r\n"[..], b"", b"two\nlines\n"] {
            socket.send(message).unwrap();
            assert_eq!(data(&recv(&socket)), message, "{url}");
            await_event(&mut events, |what| *what == What::Recv(message.len()));
            await_event(&mut events, |what| *what == What::Sent(message.len() + 26));
        }
    }
}

#[test]
fn the_tail_of_a_long_datagram_is_gone() {
    let (folder, urls) = datagram_urls();
    for url in urls {
        let (server, mut events) = run(options(&url));
        let socket = client(server.url(), &folder);
        socket.send(&[b'x'; 3000]).unwrap();
        assert_eq!(data(&recv(&socket)).len(), 1024, "{url}");
        let cut = What::RecvCut {
            bytes: 1024,
            of: 3000,
        };
        await_event(&mut events, |what| *what == cut);
    }
}

#[test]
fn a_reply_that_cannot_be_sent_is_reported_and_stops_nobody() {
    let (folder, _) = folder();
    let path = folder.path().join("server").display().to_string();
    let (server, mut events) = run(options(&format!("unixgram://{path}")));
    let socket = client(server.url(), &folder);
    // Gone before the reply.
    fs::remove_file(folder.path().join("client")).unwrap();
    socket.send(b"x").unwrap();
    await_event(&mut events, |what| matches!(what, What::Failed(_)));
    // Nobody to reply to.
    connect(server.url()).send(b"x").unwrap();
    await_event(&mut events, |what| *what == What::Ignored(Why::NoAddress));
    let socket = client(server.url(), &folder);
    socket.send(b"y").unwrap();
    assert_eq!(data(&recv(&socket)), b"y");
    drop(server);

    // Over UDP a reply can be too large for a datagram.
    let (server, mut events) = run(Options {
        recv_bytes: 65_536,
        ..options("udp://127.0.0.1:0")
    });
    let socket = client(server.url(), &folder);
    socket.send(&[b'x'; 65_500]).unwrap();
    await_event(&mut events, |what| matches!(what, What::Failed(_)));
    socket.send(b"y").unwrap();
    assert_eq!(data(&recv(&socket)), b"y");
}

#[test]
fn delayed_replies_do_not_wait_for_each_other() {
    let delay = Duration::from_secs(1);
    let (folder, urls) = datagram_urls();
    for url in urls {
        let (server, _events) = run(Options {
            delay,
            ..options(&url)
        });
        let socket = client(server.url(), &folder);
        let start = std::time::Instant::now();
        (0..5).for_each(|_| assert_eq!(socket.send(b"x").unwrap(), 1));
        (0..5).for_each(|_| assert_eq!(data(&recv(&socket)), b"x"));
        assert!(
            start.elapsed() >= delay && start.elapsed() < delay * 4,
            "{url}"
        );
    }
}

/// Two Unix datagram servers, and one forged datagram that makes the second answer the first: a
/// socket keeps the name it was bound to when its file is moved away.
fn forge(formats: [&str; 2]) -> Vec<What> {
    let (folder, _) = folder();
    let paths = ["a", "b", "moved"].map(|name| folder.path().join(name));
    let urls = [0, 1].map(|n| format!("unixgram://{}", paths[n].display()));
    let forger = datagram(Domain::UNIX, &SockAddr::unix(&paths[0]).unwrap());
    fs::rename(&paths[0], &paths[2]).unwrap();
    let mut servers = [0, 1].map(|n| {
        run(Options {
            reply: formats[n].parse().unwrap(),
            ..options(&urls[n])
        })
    });
    forger
        .send_to(b"hi!", &SockAddr::unix(&paths[1]).unwrap())
        .unwrap();
    // It ends with a datagram that is not answered, or it does not end: then this does.
    let [a, b] = &mut servers;
    let mut seen = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        loop {
            let event = tokio::time::timeout(DEADLINE, async {
                tokio::select! { event = a.1.recv() => event, event = b.1.recv() => event }
            });
            let what = event.await.unwrap().unwrap().what;
            seen.push(what.clone());
            if matches!(what, What::Ignored(_)) || seen.len() > 20_000 {
                return;
            }
        }
    });
    for (server, events) in servers {
        server.stop();
        seen.extend(all_events(events));
    }
    seen
}

fn datagrams(seen: &[What]) -> usize {
    let received = |what: &&What| matches!(what, What::Recv(_) | What::RecvCut { .. });
    seen.iter().filter(received).count()
}

#[test]
fn one_forged_datagram_between_two_servers_is_two_datagrams_in_all() {
    for formats in [
        ["[%s]%s", "[%s]%s"],
        // Each knows the chapter's format beside its own.
        ["x%s%s", "[%s]%s"],
        ["it is %s: %s", "it is %s: %s"],
    ] {
        let seen = forge(formats);
        assert!(
            seen.contains(&What::Ignored(Why::LikeReply)),
            "{formats:?}: {seen:?}"
        );
        assert_eq!(datagrams(&seen), 2, "{formats:?}: {seen:?}");
    }
}

#[test]
fn a_reply_is_known_however_little_of_it_is_received() {
    for recv_bytes in [1, 4, 7, 8, 1024] {
        let (folder, _) = folder();
        let path = folder.path().join("server").display().to_string();
        let (server, mut events) = run(Options {
            recv_bytes,
            ..options(&format!("unixgram://{path}"))
        });
        let socket = client(server.url(), &folder);
        socket.send(b"[Sun Nov 22 06:08:00 2026]x").unwrap();
        await_event(&mut events, |what| *what == What::Ignored(Why::LikeReply));
        // Anything else is cut, and answered.
        socket.send(b"hello, there").unwrap();
        let bytes = recv_bytes.min(12);
        assert_eq!(data(&recv(&socket)), &b"hello, there"[..bytes]);
    }
}

#[test]
fn two_servers_of_different_formats_are_ended_by_the_budget() {
    let seen = forge(["x%s%s", "y%s%s"]);
    assert!(seen.contains(&What::Ignored(Why::OverBudget)));
    let datagrams = datagrams(&seen);
    assert!((2048..4096).contains(&datagrams), "{datagrams}");
}
