//! The clients, against the built-in servers.

use chalkwire_shared::job::{Load, Script};
use chalkwire_shared::server::{Protocol, ServerOptions};
use chalkwire_shared::target::Kind;
use chalkwire_tests::target::closed_port;
use chalkwire_tests::timestamp::Timestamp;
use chalkwire_web::take_home::recipe::{Client, Recipe, Step};

use super::{ALL, Bench, By, recipe, send};

/// What breaks careless quoting, as the server has to get it, and as Python and Rust print it.
const NASTY: &[u8] = b"it's %s \\n \"\xff\x01\t$(id)\r\n";
const NASTY_PYTHON: &str = r#"it\'s %s \\n "\xff\x01\t$(id)\r\n'"#;
const NASTY_RUST: &str = r#"it\'s %s \\n \"\xff\x01\t$(id)\r\n"#;

/// The built-in server of these options, at an address for the recipe.
async fn built_in(bench: &Bench, recipe: &mut Recipe, more: &[&str]) -> Timestamp {
    let kind = recipe.kind();
    let url = match kind {
        Kind::Tcp | Kind::Udp => format!("{kind}://127.0.0.1:0"),
        Kind::Unix | Kind::Unixgram => format!("{kind}://{}", bench.path().join("s").display()),
    };
    let protocol = match recipe.server.as_ref().unwrap().protocol {
        Protocol::Basic => "basic",
        Protocol::Line => "line",
        Protocol::Session => "session",
    };
    let options = [&["--protocol", protocol], more].concat();
    let server = Timestamp::start(&[&url], &options).await;
    recipe.address = server.urls[0].parse().unwrap();
    server
}

#[tokio::test]
async fn each_client_sends_every_byte_as_it_is_and_shows_the_reply() {
    for kind in [Kind::Tcp, Kind::Unix, Kind::Udp, Kind::Unixgram] {
        for protocol in [Protocol::Basic, Protocol::Line, Protocol::Session] {
            if kind.is_datagram() && protocol != Protocol::Basic {
                continue;
            }
            let bench = Bench::new();
            let options = ServerOptions {
                kind,
                protocol,
                ..ServerOptions::default()
            };
            let mut recipe = recipe(options, Client::Steps(vec![send(NASTY), Step::Recv(1)]));
            let _server = built_in(&bench, &mut recipe, &[]).await;
            let size = 26 + NASTY.len();
            for (by, reply) in [(By::Python, NASTY_PYTHON), (By::Rust, NASTY_RUST)] {
                // Rust's compiler takes its time: once a kind.
                if by == By::Rust && protocol != Protocol::Basic {
                    continue;
                }
                let printed = bench.client(by, &recipe).await;
                let told = format!("recv {size} bytes: ");
                assert!(
                    printed.contains(&told),
                    "{kind} {protocol:?} {by:?}: {printed}"
                );
                assert!(
                    printed.trim_end().ends_with(&format!("]{reply}")),
                    "{kind} {protocol:?} {by:?}: {printed}"
                );
            }
            let printed = bench.client(By::Shell, &recipe).await;
            assert!(
                printed.ends_with(&String::from_utf8_lossy(NASTY).into_owned()),
                "{kind} {protocol:?}: {printed:?}"
            );
        }
    }
}

#[tokio::test]
async fn sends_stay_apart_long_literals_are_short_and_a_half_close_still_gets_its_reply() {
    let mut long = b"x".repeat(2_999);
    long.push(b'\n');
    let steps = vec![
        Step::Send(long.into()),
        Step::RecvBytes(3_026),
        send(b"one\n"),
        Step::Recv(1),
        Step::Wait(20),
        send(b"rest"),
        Step::ShutDown,
        Step::ReadToEnd,
    ];
    let options = ServerOptions {
        protocol: Protocol::Session,
        ..ServerOptions::default()
    };
    for by in ALL {
        let bench = Bench::new();
        let mut recipe = recipe(options.clone(), Client::Steps(steps.clone()));
        let _server = built_in(&bench, &mut recipe, &["--delay", "100ms"]).await;
        let printed = bench.client(by, &recipe).await;
        if by == By::Shell {
            let stamps: Vec<_> = printed.split('[').collect();
            assert_eq!(stamps.len(), 4, "{printed}");
            assert_eq!(stamps[1].len(), 3_025);
            assert!(stamps[3].ends_with("]rest"), "{printed}");
        } else {
            assert!(printed.contains("sent 3000 bytes"), "{printed}");
            assert!(printed.contains("recv 30 bytes"), "{printed}");
            let after = printed.split("shut down our side").nth(1).unwrap();
            assert!(after.contains("]rest"), "{printed}");
            assert!(after.contains("the server is done sending"), "{printed}");
        }
    }
}

#[tokio::test]
async fn a_datagram_is_one_however_long_and_an_empty_one_is_one_too() {
    let steps = vec![
        Step::Send(b"x".repeat(3_000).into()),
        Step::Recv(1),
        send(b""),
        Step::Recv(1),
    ];
    let options = ServerOptions {
        kind: Kind::Udp,
        ..ServerOptions::default()
    };
    for by in ALL {
        let bench = Bench::new();
        let mut recipe = recipe(options.clone(), Client::Steps(steps.clone()));
        let _server = built_in(&bench, &mut recipe, &[]).await;
        let printed = bench.client(by, &recipe).await;
        if by == By::Shell {
            assert_eq!(printed.len(), 1_050 + 26, "{printed}");
        } else {
            assert!(printed.contains("recv 1050 bytes"), "{by:?}: {printed}");
            assert!(printed.contains("recv 26 bytes"), "{by:?}: {printed}");
        }
    }
}

#[tokio::test]
async fn numbered_messages_are_each_answered_once() {
    let steps = vec![Step::SendWithRetry {
        messages: vec!["it's".to_owned(), "two".to_owned(), "three".to_owned()],
        timeout_ms: 500,
        tries: 3,
    }];
    let options = ServerOptions {
        kind: Kind::Udp,
        ..ServerOptions::default()
    };
    for by in ALL {
        let bench = Bench::new();
        let mut recipe = recipe(options.clone(), Client::Steps(steps.clone()));
        let _server = built_in(&bench, &mut recipe, &[]).await;
        let printed = bench.client(by, &recipe).await;
        for message in ["]1 it", "]2 two", "]3 three"] {
            assert_eq!(printed.matches(message).count(), 1, "{by:?}: {printed}");
        }
        assert!(!printed.contains("no reply"), "{by:?}: {printed}");
    }
}

/// The times after `word` that the clients print, in ms, in order.
fn times(printed: &str, word: &str) -> Vec<f64> {
    let mut times: Vec<f64> = printed
        .split(word)
        .skip(1)
        .map(|rest| rest.trim_start().split([' ', ',', '\n']).next().unwrap())
        .map(|time| time.parse().unwrap_or_else(|_| panic!("{printed}")))
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

#[tokio::test]
async fn many_clients_of_an_iterative_server_wait_in_a_staircase() {
    let load = Load {
        clients: 4,
        ..Load::default()
    };
    for by in ALL {
        let bench = Bench::new();
        let mut recipe = recipe(ServerOptions::default(), Client::Load(load.clone()));
        let more = ["--model", "iterative", "--delay", "200ms"];
        let _server = built_in(&bench, &mut recipe, &more).await;
        let printed = bench.client(by, &recipe).await;
        assert_eq!(printed.matches("client ").count(), 4, "{printed}");
        let times = if by == By::Shell {
            times(&printed, ": ")
        } else {
            assert_eq!(times(&printed, "connected").len(), 4, "{printed}");
            times(&printed, "reply")
        };
        for (step, time) in (1..).zip(&times) {
            let least = 200.0 * f64::from(step);
            // The next stair would be 200 ms higher.
            assert!((least..least + 199.0).contains(time), "{by:?}: {printed}");
        }
    }
}

#[tokio::test]
async fn messages_over_one_connection_or_one_each_are_all_answered() {
    for one_shot in [false, true] {
        for kind in [Kind::Tcp, Kind::Unix, Kind::Udp, Kind::Unixgram] {
            let load = Load {
                clients: 2,
                messages: 3,
                one_shot,
                stagger_ms: 10,
                ..Load::default()
            };
            let options = ServerOptions {
                kind,
                protocol: Protocol::Session,
                ..ServerOptions::default()
            };
            let bench = Bench::new();
            let mut recipe = recipe(options, Client::Load(load));
            let _server = built_in(&bench, &mut recipe, &[]).await;
            for by in ALL {
                if kind.is_datagram() && by == By::Shell && !one_shot {
                    // Said in the program: one after another without a pause may be one datagram.
                    continue;
                }
                let printed = bench.client(by, &recipe).await;
                let replies = match by {
                    By::Shell => printed.matches("]hello").count(),
                    _ => times(&printed, "reply").len(),
                };
                assert_eq!(replies, 6, "{kind} {by:?} {one_shot}: {printed}");
            }
        }
    }
}

#[tokio::test]
async fn an_idle_client_says_nothing_and_sees_the_server_close() {
    let load = Load {
        clients: 2,
        idle_clients: 1,
        reply_ms: 3_000,
        stagger_ms: 100,
        ..Load::default()
    };
    for by in ALL {
        let bench = Bench::new();
        let mut recipe = recipe(ServerOptions::default(), Client::Load(load.clone()));
        let more = ["--model", "iterative", "--timeout", "500ms"];
        let _server = built_in(&bench, &mut recipe, &more).await;
        let printed = bench.client(by, &recipe).await;
        if by == By::Shell {
            assert_eq!(printed.matches("]hello").count(), 1, "{printed}");
        } else {
            assert!(printed.contains("closed"), "{printed}");
            let [reply] = times(&printed, "reply")[..] else {
                panic!("{printed}");
            };
            assert!((400.0..2_000.0).contains(&reply), "{printed}");
        }
    }
}

#[tokio::test]
async fn a_full_unix_listener_says_so_at_once_where_one_does_not_wait() {
    let load = Load {
        clients: 5,
        nonblocking: true,
        connect_ms: 1_000,
        reply_ms: 5_000,
        ..Load::default()
    };
    let options = ServerOptions {
        kind: Kind::Unix,
        ..ServerOptions::default()
    };
    let bench = Bench::new();
    let mut recipe = recipe(options, Client::Load(load));
    let more = ["--model", "iterative", "--delay", "200ms", "--backlog", "1"];
    let _server = built_in(&bench, &mut recipe, &more).await;
    let printed = bench.client(By::Python, &recipe).await;
    assert!(printed.contains("BlockingIOError"), "{printed}");
    assert!(printed.contains("connect says EAGAIN"), "{printed}");
    assert!(printed.contains("reply"), "{printed}");
}

/// What a client says of a list of calls.
async fn called(by: By, recipe: &Recipe) -> String {
    Bench::new().client(by, recipe).await
}

#[tokio::test]
async fn a_call_waits_or_says_that_there_is_nothing_yet() {
    let bench = Bench::new();
    let calls = |script| Client::Calls {
        script,
        wait_ms: 2_000,
    };
    let mut recipe = recipe(ServerOptions::default(), calls(Script::Blocking));
    let _server = built_in(&bench, &mut recipe, &["--delay", "200ms"]).await;
    for by in [By::Python, By::Rust] {
        recipe.client = calls(Script::Blocking);
        let printed = called(by, &recipe).await;
        assert_eq!(printed.lines().count(), 3, "{printed}");
        recipe.client = calls(Script::NonBlocking);
        let printed = called(by, &recipe).await;
        let nothing = ["EAGAIN", "unavailable"];
        let nothing = printed
            .lines()
            .filter(|line| nothing.iter().any(|it| line.contains(it)));
        assert!(nothing.count() >= 3, "{printed}");
    }
    recipe.client = calls(Script::Blocking);
    assert!(called(By::Shell, &recipe).await.contains("]hello"));
}

#[tokio::test]
async fn a_closed_port_refuses_streams_and_connected_datagrams_and_is_silent_otherwise() {
    let address = closed_port();
    let mut recipe = recipe(
        ServerOptions::default(),
        Client::Steps(vec![send(b"hello\r\n")]),
    );
    recipe.server = None;
    recipe.address = format!("tcp://{address}").parse().unwrap();
    for by in [By::Python, By::Rust] {
        assert!(called(by, &recipe).await.contains("refused"));
    }
    recipe.address = format!("udp://{address}").parse().unwrap();
    for (script, refused) in [(Script::UdpUnconnected, 0), (Script::UdpConnected, 1)] {
        recipe.client = Client::Calls {
            script,
            wait_ms: 200,
        };
        for by in [By::Python, By::Rust] {
            let printed = called(by, &recipe).await;
            let told = printed.matches("ECONNREFUSED").count() + printed.matches("refused").count();
            assert_eq!(told.min(1), refused, "{printed}");
        }
    }
}
