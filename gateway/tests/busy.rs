//! Servers whose program is busy elsewhere, and how many threads and processes serve.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

mod peers;

use std::io::Write;
use std::time::{Duration, Instant};

use chalkwire_gateway::timestamp::{Count, Options, Serving, What};
use chalkwire_shared::server::{Model, Protocol};

use peers::*;

fn of(model: Model) -> Options {
    Options {
        model,
        ..options("tcp://127.0.0.1:0")
    }
}

#[test]
fn a_late_program_accepts_at_once_and_receives_what_came_meanwhile() {
    let late = Duration::from_millis(200);
    for model in Model::ALL {
        let (server, mut events) = run(Options { late, ..of(model) });
        let socket = connect(server.url());
        for part in [&b"one\n"[..], b"two\n", b"three\n"] {
            (&socket).write_all(part).unwrap();
        }
        let accepted = await_event(&mut events, |what| *what == What::Accepted);
        let received = await_event(&mut events, |what| matches!(what, What::Recv(_)));
        assert_eq!(received.what, What::Recv(14), "{model}");
        let waited = received.clock_us - accepted.clock_us;
        assert!(waited >= 199_000, "{model}: {waited} µs");
        assert_stamps(&read_to_end(&socket), &[b"one\ntwo\nthree\n"], "late");
    }
}

#[test]
fn lateness_holds_everyone_in_the_iterative_model_alone() {
    let late = Duration::from_millis(300);
    for model in Model::ALL {
        let (server, mut events) = run(Options { late, ..of(model) });
        let _clients = [connect(server.url()), connect(server.url())];
        let first = await_event(&mut events, |what| *what == What::Accepted);
        // Nobody sends: an iterative server has its first client until that one goes.
        if model != Model::Iterative {
            let second = await_event(&mut events, |what| *what == What::Accepted);
            let apart = second.clock_us - first.clock_us;
            assert!(apart < 300_000, "{model}: {apart} µs");
        }
        let start = Instant::now();
        server.stop();
        assert!(start.elapsed() < Duration::from_secs(5), "{model}");
    }
}

#[test]
fn a_server_that_does_not_accept_yet_lets_clients_connect_and_can_be_stopped() {
    for model in Model::ALL {
        let accept_after = Duration::from_millis(200);
        let started = Instant::now();
        let (server, mut events) = run(Options {
            accept_after,
            ..of(model)
        });
        let _client = connect(server.url());
        await_event(&mut events, |what| *what == What::Accepted);
        assert!(started.elapsed() >= accept_after, "{model}");

        let (server, _events) = run(Options {
            accept_after: DEADLINE * 9,
            ..of(model)
        });
        let _client = connect(server.url());
        let stopping = Instant::now();
        server.stop();
        assert!(stopping.elapsed() < Duration::from_secs(5), "{model}");
    }
}

/// How many serve now.
fn now(count: &Count) -> Serving {
    // The most since now is as many as there are now.
    count.most();
    count.most()
}

#[test]
fn threads_and_processes_are_counted_while_they_serve() {
    for model in Model::ALL {
        let (server, mut events) = run(Options {
            protocol: Protocol::Session,
            ..of(model)
        });
        let serving = |threads, processes| Serving { threads, processes };
        let busy = match model {
            Model::Threaded => serving(4, 1),
            Model::Process => serving(4, 4),
            _ => serving(1, 1),
        };
        let count = server.count();
        assert_eq!(now(&count), serving(1, 1), "{model}");
        let clients: Vec<_> = (0..3).map(|_| connect(server.url())).collect();
        let served = if model == Model::Iterative { 1 } else { 3 };
        for client in &clients[..served] {
            (&*client).write_all(b"x\n").unwrap();
        }
        for _ in 0..served {
            await_event(&mut events, |what| matches!(what, What::Sent(_)));
        }
        assert_eq!(now(&count), busy, "{model}");
        server.stop();
        assert_eq!(now(&count), serving(1, 1), "{model}");
    }
}
