//! Stream servers, from outside: every protocol, model and address family.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

mod peers;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use chalkwire_gateway::timestamp::{Options, What};
use chalkwire_shared::server::{Model, Protocol};
use socket2::{Domain, Socket, Type};

use peers::*;

/// A server of each model over each family.
fn for_each_model_and_family(protocol: Protocol, test: impl Fn(&Options)) {
    for model in Model::ALL {
        let (_folder, urls) = stream_urls();
        for url in urls {
            test(&Options {
                model,
                protocol,
                ..options(&url)
            });
        }
    }
}

fn for_each_model(test: impl Fn(Options)) {
    for model in Model::ALL {
        test(Options {
            model,
            ..options("tcp://127.0.0.1:0")
        });
    }
}

#[test]
fn basic_answers_one_recv_and_closes() {
    for_each_model_and_family(Protocol::Basic, |options| {
        let what = format!("{options:?}");
        let (server, mut events) = run(options.clone());
        assert_stamps(&talk(server.url(), b"hi\r\n", false), &[b"hi\r\n"], &what);
        // The empty read is answered as well, as the chapter's server does.
        assert_stamps(&talk(server.url(), b"", true), &[b""], &what);
        let mut did = Vec::new();
        for _ in 0..2 {
            await_event(&mut events, |what| {
                did.push(what.clone());
                *what == What::Closed
            });
        }
        let count = |what: &What| did.iter().filter(|did| *did == what).count();
        assert_eq!(
            (count(&What::Accepted), count(&What::Closed)),
            (2, 2),
            "{what}: {did:?}"
        );
        assert_eq!(
            (count(&What::Recv(4)), count(&What::Eof)),
            (1, 1),
            "{what}: {did:?}"
        );
        assert_eq!(
            (count(&What::Sent(30)), count(&What::Sent(26))),
            (1, 1),
            "{what}: {did:?}"
        );
    });
}

#[test]
fn line_answers_one_line_however_it_comes() {
    for_each_model_and_family(Protocol::Line, |options| {
        let what = format!("{options:?}");
        let (server, _events) = run(options.clone());
        let socket = connect(server.url());
        for byte in b"one by one\r\n" {
            (&socket).write_all(&[*byte]).unwrap();
        }
        assert_stamps(&read_to_end(&socket), &[b"one by one\r\n"], &what);
        let reply = talk(server.url(), b"first\nsecond\n", false);
        assert_stamps(&reply, &[b"first\n"], &what);
        assert_stamps(&talk(server.url(), b"no end", true), &[b"no end"], &what);
        assert_stamps(&talk(server.url(), b"", true), &[b""], &what);
    });
}

#[test]
fn session_answers_each_line_and_then_what_is_left() {
    for_each_model_and_family(Protocol::Session, |options| {
        let what = format!("{options:?}");
        let (server, _events) = run(options.clone());
        let socket = connect(server.url());
        for line in [&b"a\r\n"[..], b"\n"] {
            (&socket).write_all(line).unwrap();
            let mut reply = vec![0; 26 + line.len()];
            (&socket).read_exact(&mut reply).unwrap();
            assert_stamps(&reply, &[line], &what);
        }
        (&socket).write_all(b"b\nc\nleft").unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        assert_stamps(&read_to_end(&socket), &[b"b\n", b"c\n", b"left"], &what);
        assert_stamps(&talk(server.url(), b"", true), &[], &what);
    });
}

#[test]
fn a_recv_of_1024_takes_1024_of_3000_and_the_reply_is_not_lost() {
    for_each_model_and_family(Protocol::Basic, |options| {
        let (server, _events) = run(options.clone());
        for _ in 0..20 {
            let reply = talk(server.url(), &[b'x'; 3000], false);
            assert_eq!(data(&reply).len(), 1024, "{options:?}");
        }
    });
}

#[test]
fn a_silent_client_is_logged_time_out_and_closed() {
    for_each_model_and_family(Protocol::Line, |options| {
        let timeout = Duration::from_millis(60);
        let (server, mut events) = run(Options {
            timeout,
            ..options.clone()
        });
        let start = Instant::now();
        // The unfinished line of one who went silent is not answered.
        assert_eq!(talk(server.url(), b"unfinished", false), b"", "{options:?}");
        assert!(start.elapsed() >= timeout, "{options:?}");
        let event = await_event(&mut events, |what| *what == What::TimedOut);
        assert!(event.to_string().ends_with(" Time Out"), "{event}");
    });
}

#[test]
fn a_client_that_never_reads_is_closed_and_harms_no_other() {
    for_each_model(|options| {
        let what = options.model;
        let (server, mut events) = run(Options {
            protocol: Protocol::Session,
            timeout: Duration::from_millis(200),
            ..options
        });
        let socket = connect(server.url());
        socket.set_nonblocking(true).unwrap();
        // Until both sides are full, and the server gives up.
        let lines = [&[b'x'; 4095][..], b"\n"].concat();
        let end = Instant::now() + DEADLINE;
        let full = loop {
            match (&socket).write(&lines) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
                Err(error) => break error,
            }
            assert!(Instant::now() < end, "{what}: it is never closed");
        };
        let reset = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        assert!(reset.contains(&full.kind()), "{what}: {full}");
        await_event(&mut events, |what| *what == What::TimedOut);
        assert_stamps(&talk(server.url(), b"y\n", true), &[b"y\n"], what.as_str());
    });
}

#[test]
fn a_client_that_resets_harms_no_other() {
    for_each_model(|options| {
        let what = options.model;
        let (server, mut events) = run(options);
        let socket = connect(server.url());
        await_event(&mut events, |what| *what == What::Accepted);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
        drop(socket);
        await_event(&mut events, |what| *what == What::Closed);
        assert_stamps(&talk(server.url(), b"y", false), &[b"y"], what.as_str());
    });
}

#[test]
fn a_client_that_floods_lets_the_others_have_their_turn() {
    for model in [Model::Select, Model::Evented] {
        let (server, _events) = run(Options {
            model,
            protocol: Protocol::Session,
            ..options("tcp://127.0.0.1:0")
        });
        let flood = connect(server.url());
        thread::scope(|scope| {
            let _end = End(&flood);
            scope.spawn(|| while (&flood).write_all(&b"x\n".repeat(1000)).is_ok() {});
            scope.spawn(|| while matches!((&flood).read(&mut [0; 65_536]), Ok(1..)) {});
            for _ in 0..20 {
                assert_stamps(&talk(server.url(), b"y", true), &[b"y"], model.as_str());
            }
        });
    }
}

#[test]
fn a_line_waits_for_one_line_of_each_other_client_where_each_holds_the_thread() {
    let block = Duration::from_millis(20);
    for model in [Model::Select, Model::Evented] {
        let (server, mut events) = run(Options {
            model,
            block,
            protocol: Protocol::Session,
            ..options("tcp://127.0.0.1:0")
        });
        let many = connect(server.url());
        (&many).write_all(&b"x\n".repeat(200)).unwrap();
        await_event(&mut events, |what| matches!(what, What::Sent(_)));
        let start = Instant::now();
        assert_stamps(&talk(server.url(), b"y", true), &[b"y"], model.as_str());
        let took = start.elapsed();
        assert!(took < block * 25, "{model}: {took:?}");
    }
}

/// Ends a socket, whether or not the test has failed.
struct End<'a>(&'a Socket);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.shutdown(Shutdown::Both).unwrap();
    }
}

/// How long clients that come together take to be served.
fn time_of(clients: usize, options: Options) -> Duration {
    let (server, _events) = run(options);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| assert_eq!(data(&talk(server.url(), b"x", false)), b"x"));
        }
    });
    start.elapsed()
}

#[test]
fn block_holds_everyone_where_there_is_one_thread() {
    let block = Duration::from_millis(100);
    for model in [Model::Iterative, Model::Select, Model::Evented] {
        let options = Options {
            model,
            block,
            ..options("tcp://127.0.0.1:0")
        };
        let took = time_of(4, options);
        assert!(took >= block * 4, "{model}: {took:?}");
    }
    let block = Duration::from_secs(1);
    for model in [Model::Threaded, Model::Process] {
        let options = Options {
            model,
            block,
            ..options("tcp://127.0.0.1:0")
        };
        let took = time_of(4, options);
        assert!(took >= block && took < block * 4, "{model}: {took:?}");
    }
}

#[test]
fn delay_holds_everyone_in_the_iterative_model_alone() {
    let delay = Duration::from_secs(1);
    for model in Model::ALL {
        let options = Options {
            model,
            delay,
            ..options("tcp://127.0.0.1:0")
        };
        let took = time_of(4, options);
        let one_after_the_other = took >= delay * 4;
        assert_eq!(
            one_after_the_other,
            model == Model::Iterative,
            "{model}: {took:?}"
        );
        assert!(took >= delay, "{model}: {took:?}");
    }
}

#[test]
fn the_backlog_is_exactly_what_listen_was_called_with() {
    let (_folder, path) = folder();
    let (server, mut events) = run(Options {
        model: Model::Iterative,
        backlog: 3,
        ..options(&format!("unix://{path}"))
    });
    let _served = connect(server.url());
    await_event(&mut events, |what| *what == What::Accepted);
    // Linux queues one more than the backlog (its check is "greater than").
    let mut queued = Vec::new();
    let full = loop {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        match socket.connect(&address(server.url())) {
            Ok(()) => queued.push(socket),
            Err(error) => break error,
        }
    };
    assert_eq!((queued.len(), full.kind()), (4, ErrorKind::WouldBlock));
}

#[test]
fn stop_is_prompt_with_clients_connected_and_closes_them() {
    for_each_model_and_family(Protocol::Session, |options| {
        let (server, mut events) = run(options.clone());
        let clients: Vec<_> = (0..3).map(|_| connect(server.url())).collect();
        let accepted = if options.model == Model::Iterative {
            1
        } else {
            3
        };
        for _ in 0..accepted {
            await_event(&mut events, |what| *what == What::Accepted);
        }
        let start = Instant::now();
        server.stop();
        assert!(start.elapsed() < Duration::from_secs(5), "{options:?}");
        let closed = all_events(events);
        let closed = closed.iter().filter(|what| **what == What::Closed).count();
        assert_eq!(closed, accepted, "{options:?}");
        for client in &clients {
            // An end for who was served, a reset for who waited in the backlog.
            assert!(matches!((&*client).read(&mut [0; 9]), Ok(0) | Err(_)));
        }
    });
}

#[test]
fn what_a_terminal_sends_to_its_foreground_does_not_reach_a_worker() {
    let (server, _events) = run(Options {
        model: Model::Process,
        protocol: Protocol::Session,
        ..options("tcp://127.0.0.1:0")
    });
    let client = connect(server.url());
    (&client).write_all(b"x\n").unwrap();
    // Then it runs.
    (&client).read_exact(&mut [0; 28]).unwrap();
    let own = std::process::id().to_string();
    let workers: Vec<String> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let stat = std::fs::read_to_string(path.join("stat")).ok()?;
            let cmdline = std::fs::read_to_string(path.join("cmdline")).ok()?;
            // After the name: the state, the parent, the process group (proc_pid_stat(5)).
            let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(1);
            let is_ours = fields.next() == Some(&own) && cmdline.contains("--worker");
            is_ours.then(|| fields.next().unwrap().to_owned())
        })
        .collect();
    let group = rustix::process::getpgrp().as_raw_nonzero().to_string();
    assert!(
        !workers.is_empty() && !workers.contains(&group),
        "{workers:?}"
    );
}

#[test]
fn stop_does_not_wait_for_work_and_delays() {
    for_each_model(|options| {
        for (delay, block) in [
            (DEADLINE * 9, Duration::ZERO),
            (Duration::ZERO, DEADLINE * 9),
        ] {
            let (server, mut events) = run(Options {
                delay,
                block,
                ..options.clone()
            });
            let socket = connect(server.url());
            (&socket).write_all(b"x").unwrap();
            await_event(&mut events, |what| matches!(what, What::Recv(_)));
            let start = Instant::now();
            server.stop();
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "{}",
                options.model
            );
        }
    });
}
