//! What one exchange costs, in instructions and system calls, as callgrind counts them.
//!
//! The program runs under `valgrind --tool=callgrind` once for some exchanges and once for three times
//! as many: the difference is the exchanges' alone, without the start and the end. Such counts move by
//! a percent from run to run, so that a system call, a lock or a copy that was added is noticed, which no
//! clock on a busy machine would tell. It is the debug program that all tests run: its counts are many
//! times the release program's, but what is added shows in both.
//!
//! To measure anew, once a change is meant to cost what it does:
//! `cargo test -p chalkwire-tests --test e2e hot_path -- --nocapture` prints each count beside its bound.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chalkwire_tests::deadline::within;
use chalkwire_tests::link::Link;
use chalkwire_tests::program::{Program, chalkwire};
use chalkwire_tests::target::Target;
use chalkwire_tests::timestamp::assert_stamp;
use chalkwire_tests::websocket;
use futures_util::SinkExt;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// Exchanges of the shorter run; the longer one has three times as many.
const EXCHANGES: u64 = 150;

/// How long a start may take: some 50 times as long as without callgrind, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// One at a time, so that they do not slow down each other and all the rest.
static TURN: Semaphore = Semaphore::const_new(1);

/// A line of 64 bytes.
const LINE: &[u8; 64] = b"the quick brown fox jumps over the lazy dog, twelve times a day\n";

/// The most that an exchange may cost: a tenth more instructions than were measured, and about one system
/// call more. Of the timestamp server's calls, 11 to 14 were counted, for how often its log is woken
/// varies: one that is added there may pass unnoticed.
struct Bound {
    /// Of the profile that is left behind.
    name: &'static str,
    what: &'static str,
    /// The function that is counted, with all that it calls; nothing means the whole program.
    only: Option<&'static str>,
    instructions: u64,
    /// Of all threads, in tenths. Looks at the clock are among them: what the kernel maps into a program
    /// to be spared these, valgrind takes away.
    system_call_tenths: u64,
}

const RAW: Bound = Bound {
    name: "raw",
    what: "a line through /raw to an echo and back",
    only: None,
    instructions: 49_800,
    system_call_tenths: 150,
};

const LINK: Bound = Bound {
    name: "link",
    what: "a line through a link's socket to an echo and back",
    only: None,
    instructions: 72_700,
    system_call_tenths: 171,
};

const TIMESTAMP: Bound = Bound {
    name: "timestamp",
    what: "a line to an evented timestamp server and its reply",
    // Without the log, whose thread has a pace of its own. System calls are counted nevertheless.
    only: Some("chalkwire_gateway::timestamp::evented::run"),
    instructions: 29_200,
    system_call_tenths: 116,
};

/// What callgrind counted of a run.
#[derive(Clone, Copy)]
struct Counts {
    instructions: u64,
    system_calls: u64,
}

/// The program under callgrind.
struct Counted {
    program: Program,
    /// `HOST:PORT`
    address: String,
    profile: PathBuf,
}

impl Counted {
    async fn start(bound: &Bound, arguments: &[&str]) -> Self {
        // Beside the program, so that it is there still when a test has failed.
        let folder = chalkwire().parent().unwrap();
        let profile = folder.join(format!("callgrind-{}.out", bound.name));
        let mut program = Program::start(Path::new("valgrind"), |command| {
            command
                .args(["--tool=callgrind", "--collect-systime=yes", "--quiet"])
                .arg(format!("--callgrind-out-file={}", profile.display()))
                .args(bound.only.map(|only| format!("--toggle-collect={only}")))
                .arg(chalkwire())
                .args(arguments)
                .env("CHALKWIRE_BUILTIN", "false")
                .env("CHALKWIRE_LIMITS__DRAIN", "50ms");
        });
        let line = timeout(START, program.line_at_last()).await;
        let line = line.expect("the program starts under callgrind");
        let address = line.rsplit('/').next().unwrap().to_owned();
        Counted {
            program,
            address,
            profile,
        }
    }

    async fn end(mut self) -> Counts {
        self.program.signal(Signal::TERM);
        assert!(self.program.ended().await.success());
        let profile = std::fs::read_to_string(&self.profile).unwrap();
        let row = |name: &str| {
            let row = profile.lines().find_map(|line| line.strip_prefix(name));
            row.unwrap_or_else(|| panic!("no {name} in {}", self.profile.display()))
        };
        assert_eq!(row("events: "), "Ir sysCount sysTime");
        let totals = row("summary: ").split_whitespace();
        let totals: Vec<u64> = totals.map(|number| number.parse().unwrap()).collect();
        Counts {
            instructions: totals[0],
            system_calls: totals[1],
        }
    }
}

/// Counts what an exchange costs, by a run with some and a run with three times as many.
async fn hold<F: Future<Output = Counts>>(bound: &Bound, run: impl Fn(u64) -> F) {
    let _turn = TURN.acquire().await.unwrap();
    let (few, many) = (run(EXCHANGES).await, run(3 * EXCHANGES).await);
    let more = 2 * EXCHANGES;
    let instructions = (many.instructions - few.instructions) / more;
    let calls = (many.system_calls - few.system_calls) * 10 / more;
    let told = format!(
        "{}: {instructions} instructions (bound {}), {}.{} system calls (bound {}.{})",
        bound.what,
        bound.instructions,
        calls / 10,
        calls % 10,
        bound.system_call_tenths / 10,
        bound.system_call_tenths % 10,
    );
    eprintln!("{told}");
    assert!(
        instructions <= bound.instructions && calls <= bound.system_call_tenths,
        "{told}\nTo see where they go: callgrind_annotate target/debug/callgrind-{}.out\n\
         If that is meant to be so, write the new bound into tests/e2e/hot_path.rs.",
        bound.name,
    );
}

/// A gateway with an echo behind it.
async fn gateway(bound: &Bound, echo: &Target) -> Counted {
    let target = format!("echo={}", echo.url);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--target", &target];
    Counted::start(bound, &arguments).await
}

#[tokio::test]
async fn a_line_through_raw_costs_no_more_than_it_did() {
    hold(&RAW, async |count| {
        let echo = Target::echo().await;
        let gateway = gateway(&RAW, &echo).await;
        let address = gateway.address.parse().unwrap();
        let (mut raw, _) = websocket::connect(address, "/raw/echo", None)
            .await
            .unwrap();
        for _ in 0..count {
            raw.send(Message::binary(&LINE[..])).await.unwrap();
            let reply = websocket::next(&mut raw).await.unwrap();
            assert_eq!(reply.into_data(), LINE[..]);
        }
        drop(raw);
        gateway.end().await
    })
    .await;
}

#[tokio::test]
async fn a_line_through_a_link_costs_no_more_than_it_did() {
    hold(&LINK, async |count| {
        let echo = Target::echo().await;
        let gateway = gateway(&LINK, &echo).await;
        let mut link = Link::connect(gateway.address.parse().unwrap()).await;
        let socket = link.opened("echo").await;
        for _ in 0..count {
            link.send(socket, LINE).await;
            assert_eq!(link.expect_bytes(socket, LINE.len()).await, LINE);
        }
        drop(link);
        gateway.end().await
    })
    .await;
}

#[tokio::test]
async fn a_line_to_the_evented_timestamp_server_costs_no_more_than_it_did() {
    hold(&TIMESTAMP, async |count| {
        let url = "tcp://127.0.0.1:0";
        let arguments = ["timestamp", url, "--protocol", "session"];
        let server = Counted::start(&TIMESTAMP, &arguments).await;
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        for _ in 0..count {
            stream.write_all(LINE).await.unwrap();
            let mut reply = [0; 26 + LINE.len()];
            let read = stream.read_exact(&mut reply);
            within("a reply", read).await.unwrap();
            assert_stamp(&reply, LINE);
        }
        drop(stream);
        server.end().await
    })
    .await;
}
