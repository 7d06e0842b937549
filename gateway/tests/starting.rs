//! Starting and stopping servers, and the program `chalkwire timestamp`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

mod peers;

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::thread;

use chalkwire_gateway::clock::Clock;
use chalkwire_gateway::timestamp::{EventSender, Options, StartError, Worker, start};
use chalkwire_shared::server::Model;

use peers::*;

fn error(url: &str) -> StartError {
    start(options(url), Clock::start(), EventSender::none()).unwrap_err()
}

#[test]
fn an_address_in_use_is_named() {
    for scheme in ["tcp", "udp"] {
        let (server, _events) = run(options(&format!("{scheme}://127.0.0.1:0")));
        let url = server.url().to_string();
        assert_eq!(
            error(&url).to_string(),
            format!("{url} is in use: another program listens there")
        );
    }
    let (_folder, path) = folder();
    for scheme in ["unix", "unixgram"] {
        let url = format!("{scheme}://{path}");
        let (_server, _events) = run(options(&url));
        assert!(matches!(error(&url), StartError::InUse(named) if named == url));
    }
}

#[test]
fn what_is_wrong_with_an_address_is_told_in_a_sentence() {
    let (folder, path) = folder();
    let long = format!("{path}{}", "x".repeat(100));
    let label = "x".repeat(64);
    for (url, part) in [
        (format!("unix://{path}/none/s"), "does not exist"),
        (format!("unix://{long}"), "too long for a Unix socket"),
        (
            format!("unix://{}", folder.path().display()),
            "is no socket",
        ),
        ("tcp://192.0.2.1:0".to_owned(), "no address of this machine"),
        (format!("tcp://{label}.invalid:0"), "could not be resolved"),
    ] {
        let error = error(&url).to_string();
        assert!(error.contains(part), "{url}: {error}");
    }
    let no_worker = Options {
        model: Model::Process,
        worker: Worker::Program("/no/such/program".into()),
        ..options("tcp://127.0.0.1:0")
    };
    let error = start(no_worker, Clock::start(), EventSender::none()).unwrap_err();
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

#[test]
fn a_stale_socket_file_is_replaced_and_ours_is_removed() {
    let (_folder, path) = folder();
    for scheme in ["unix", "unixgram"] {
        drop(UnixListener::bind(&path).unwrap());
        let (server, _events) = run(options(&format!("{scheme}://{path}")));
        assert!(fs::metadata(&path).unwrap().file_type().is_socket());
        server.stop();
        assert!(!fs::exists(&path).unwrap(), "{scheme}");
    }
}

#[test]
fn a_foreign_file_is_never_touched() {
    let (_folder, path) = folder();
    for scheme in ["unix", "unixgram"] {
        let url = format!("{scheme}://{path}");
        fs::write(&path, "precious").unwrap();
        assert!(matches!(error(&url), StartError::NoSocket(_)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        fs::remove_file(&path).unwrap();
        // Put in the place of ours while the server runs.
        let (server, _events) = run(options(&url));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another's").unwrap();
        server.stop();
        assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_name_with_several_addresses_is_bound_and_told_as_an_address() {
    let (server, _events) = run(options("tcp://localhost:0"));
    let url = server.url().to_string();
    assert!(
        url.starts_with("tcp://127.0.0.1:") || url.starts_with("tcp://[::1]:"),
        "{url}"
    );
    assert_eq!(data(&talk(server.url(), b"x", false)), b"x");
}

#[test]
fn the_program_prints_its_urls_logs_and_ends_by_a_signal() {
    for signal in ["INT", "TERM"] {
        let (_folder, path) = folder();
        let unix = format!("unix://{path}");
        let arguments = ["tcp://127.0.0.1:0", &unix, "--timeout", "50ms"];
        let (mut program, urls) = Program::timestamp("exec \"$0\" \"$@\"", &arguments, 2);
        assert_ne!(urls[0].to_string(), arguments[0], "the port that was bound");
        assert_eq!(urls[1].to_string(), unix);
        assert_eq!(talk(&urls[0], b"", false), b"");
        assert_eq!(data(&talk(&urls[1], b"\x1b[2J", false)), b"\x1b[2J");
        program.signal(signal);
        assert_eq!(program.wait(), Some(0), "{signal}");
        let log: Vec<_> = program.log().collect();
        assert!(log.iter().any(|line| line.ends_with("Time Out")), "{log:?}");
        assert!(
            log.iter().any(|line| line.ends_with("recv 4 bytes")),
            "{log:?}"
        );
        assert!(!log.concat().contains("[2J"), "payload in the log: {log:?}");
        assert!(!fs::exists(&path).unwrap());
    }
}

#[test]
fn the_program_tells_what_is_wrong_and_ends_with_the_contracts_status() {
    let (server, _events) = run(options("tcp://127.0.0.1:0"));
    let in_use = server.url().to_string();
    for (arguments, status, part) in [
        (vec!["tcp://127.0.0.1:0", &in_use], 1, "is in use"),
        (vec!["tcp://127.0.0.1"], 2, "needs a port"),
        (vec!["--model", "forked"], 2, "possible values: iterative"),
        (vec!["--protocol", "http"], 2, "possible values: basic"),
        (vec!["--reply", "%s"], 2, "must hold %s twice"),
        (vec!["--timeout", "5"], 2, "needs a unit"),
        (vec!["--timeout", "0s"], 2, "longer than nothing"),
        (vec!["--recv", "0"], 2, "0 is not in 1..=65536"),
        (vec!["--bogus"], 2, "--bogus"),
    ] {
        let arguments = [&["timestamp"], &arguments[..]].concat();
        let mut program = Program::shell("exec \"$0\" \"$@\"", &arguments);
        assert_eq!(program.wait(), Some(status), "{arguments:?}");
        let log: Vec<_> = program.log().collect();
        assert!(log.concat().contains(part), "{arguments:?}: {log:?}");
        if status == 1 {
            assert_eq!(log.len(), 1, "{log:?}");
            assert!(log[0].starts_with("chalkwire: "), "{log:?}");
        }
    }
}

#[test]
fn every_process_is_reaped_while_the_server_runs() {
    let arguments = ["tcp://127.0.0.1:0", "--model", "process"];
    let (mut program, urls) = Program::timestamp("exec \"$0\" \"$@\"", &arguments, 1);
    let mut log = program.log();
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert_eq!(data(&talk(&urls[0], b"x", false)), b"x"));
        }
    });
    let closed = log.by_ref().filter(|line| line.ends_with(" closed"));
    assert_eq!(closed.take(20).count(), 20);
    assert_eq!(program.children(), Vec::<String>::new());
    // And one that is at work when the server ends.
    let _client = connect(&urls[0]);
    log.find(|line| line.ends_with(" connected")).unwrap();
    program.signal("TERM");
    assert_eq!(program.wait(), Some(0));
}

#[test]
fn a_server_without_file_descriptors_rests_and_goes_on() {
    for model in Model::ALL.map(Model::as_str) {
        // The iterative one never has more than one client.
        if model == "iterative" {
            continue;
        }
        let script = "ulimit -n 20; exec \"$0\" \"$@\"";
        let arguments = ["tcp://127.0.0.1:0", "--backlog", "100", "--model", model];
        let (mut program, urls) = Program::timestamp(script, &arguments, 1);
        let mut log = program.log();
        let crowd: Vec<_> = (0..30)
            .map(|_| {
                socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap()
            })
            .collect();
        for socket in &crowd {
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address(&urls[0]));
        }
        let full = log.find(|line| line.contains("Too many open files"));
        assert!(full.is_some(), "{model}");
        drop(crowd);
        assert_eq!(data(&talk(&urls[0], b"x", false)), b"x", "{model}");
        program.signal("TERM");
        drop(log);
        assert_eq!(program.wait(), Some(0), "{model}");
    }
}
