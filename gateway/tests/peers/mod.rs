//! What the tests of servers and client share: servers on free ports, plain sockets, stamps.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]
#![allow(clippy::print_stdout, reason = "what is skipped is said aloud")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use chalkwire_gateway::clock::Clock;
use chalkwire_gateway::timestamp::{Event, Events, Options, Server, What, Worker, events, start};
use chalkwire_shared::stamp;
use chalkwire_shared::target::{Kind, TargetUrl};
use socket2::{Domain, SockAddr, Socket, Type};

/// Longer than anything takes that does not hang.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// The program itself.
pub const CHALKWIRE: &str = env!("CARGO_BIN_EXE_chalkwire");

/// Options for a server at `url`, with the program as the worker of the model process.
pub fn options(url: &str) -> Options {
    Options {
        worker: Worker::Program(CHALKWIRE.into()),
        timeout: DEADLINE,
        ..Options::new(url.parse().unwrap())
    }
}

/// A server and what it does.
pub fn run(options: Options) -> (Server, Events) {
    let (sender, events) = events(100_000);
    let server = start(options, Clock::start(), sender).unwrap();
    (server, events)
}

/// A folder for sockets, and a path in it.
pub fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s").to_str().unwrap().to_owned();
    (folder, path)
}

/// Waits for an event that fits.
pub fn await_event(events: &mut Events, mut fits: impl FnMut(&What) -> bool) -> Event {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut seen = Vec::new();
        loop {
            match tokio::time::timeout(DEADLINE, events.recv()).await {
                Ok(Some(event)) if fits(&event.what) => return event,
                Ok(Some(event)) => seen.push(event.what),
                end => panic!("{end:?} after {:?}", seen.iter().rev().take(20)),
            }
        }
    })
}

/// Everything a server did; it has stopped.
pub fn all_events(mut events: Events) -> Vec<What> {
    std::iter::from_fn(|| events.blocking_recv())
        .map(|event| event.what)
        .collect()
}

/// The address of a server.
pub fn address(url: &TargetUrl) -> SockAddr {
    match url {
        TargetUrl::Inet { host, port, .. } => SocketAddr::new(host.parse().unwrap(), *port).into(),
        TargetUrl::Path { path, .. } => SockAddr::unix(path).unwrap(),
    }
}

/// A socket of the right kind, connected, that gives up after the deadline.
pub fn connect(url: &TargetUrl) -> Socket {
    let address = address(url);
    let r#type = if url.kind().is_datagram() {
        Type::DGRAM
    } else {
        Type::STREAM
    };
    let socket = Socket::new(address.domain(), r#type, None).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.set_write_timeout(Some(DEADLINE)).unwrap();
    socket.connect(&address).unwrap();
    socket
}

/// What comes until the server closes.
pub fn read_to_end(mut socket: &Socket) -> Vec<u8> {
    let mut reply = Vec::new();
    socket.read_to_end(&mut reply).unwrap();
    reply
}

/// Sends, shuts our side down if asked to, and reads until the server closes.
pub fn talk(url: &TargetUrl, message: &[u8], shut: bool) -> Vec<u8> {
    let socket = connect(url);
    (&socket).write_all(message).unwrap();
    if shut {
        socket.shutdown(Shutdown::Write).unwrap();
    }
    read_to_end(&socket)
}

/// The data of one stamp.
pub fn data(reply: &[u8]) -> &[u8] {
    stamp::read(reply)
        .unwrap_or_else(|| panic!("no stamp: {}", reply.escape_ascii()))
        .data
}

/// Whether a reply is these stamps, one after the other.
pub fn assert_stamps(mut reply: &[u8], expected: &[&[u8]], what: &str) {
    for expected in expected {
        let length = (stamp::CTIME_BYTES + 2 + expected.len()).min(reply.len());
        let (one, rest) = reply.split_at(length);
        assert_eq!(data(one), *expected, "{what}");
        reply = rest;
    }
    assert_eq!(reply, b"", "{what}");
}

/// A datagram socket with an address of its own, not connected.
pub fn datagram(domain: Domain, own: &SockAddr) -> Socket {
    let socket = Socket::new(domain, Type::DGRAM, None).unwrap();
    socket.bind(own).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

/// One datagram.
pub fn recv(mut socket: &Socket) -> Vec<u8> {
    let mut buffer = vec![0; 65_536];
    let bytes = socket.read(&mut buffer).unwrap();
    buffer.truncate(bytes);
    buffer
}

/// The URLs on which stream servers are tested, and what keeps their folder.
pub fn stream_urls() -> (tempfile::TempDir, Vec<String>) {
    let (folder, path) = folder();
    let mut urls = vec!["tcp://127.0.0.1:0".to_owned(), format!("unix://{path}")];
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        urls.push("tcp://[::1]:0".to_owned());
    } else {
        println!("skipped: this machine has no IPv6 loopback");
    }
    (folder, urls)
}

/// The program `chalkwire`, stopped at the end of the test.
pub struct Program(pub Child);

impl Program {
    /// Starts it by a shell command, in which "$0" is the program.
    pub fn shell(script: &str, arguments: &[&str]) -> Program {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(CHALKWIRE).args(arguments);
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Program(command.spawn().unwrap())
    }

    /// Starts `chalkwire timestamp`, and reads its first line for each URL.
    pub fn timestamp(script: &str, arguments: &[&str], urls: usize) -> (Program, Vec<TargetUrl>) {
        let arguments = [&["timestamp"], arguments].concat();
        let mut program = Program::shell(script, &arguments);
        let lines = BufReader::new(program.0.stdout.take().unwrap()).lines();
        let urls = lines
            .take(urls)
            .map(|line| {
                let line = line.unwrap();
                let url = line.strip_prefix("timestamp server listening on ");
                url.unwrap_or_else(|| panic!("{line}")).parse().unwrap()
            })
            .collect();
        (program, urls)
    }

    /// The lines that it logs; one that does not come in time is an error.
    pub fn log(&mut self) -> impl Iterator<Item = String> + use<> {
        let stderr = self.0.stderr.take().unwrap();
        let (sender, lines) = mpsc::channel();
        // It ends with the program, which ends with the test.
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stderr).lines();
            lines.try_for_each(|line| sender.send(line.unwrap()).ok())
        });
        std::iter::from_fn(move || match lines.recv_timeout(DEADLINE) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("the log goes no further"),
        })
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end: the exit status.
    pub fn wait(&mut self) -> Option<i32> {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < end, "it does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The processes it has started and not reaped.
    pub fn children(&self) -> Vec<String> {
        let tasks = PathBuf::from(format!("/proc/{}/task", self.0.id()));
        let tasks = std::fs::read_dir(tasks).unwrap();
        tasks
            .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).ok())
            .flat_map(|pids| pids.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .filter(|pid| !pid.is_empty())
            .collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a kind of URL is answered with one datagram.
pub fn datagram_urls() -> (tempfile::TempDir, Vec<String>) {
    let (folder, path) = folder();
    let mut urls = vec![
        "udp://127.0.0.1:0".to_owned(),
        format!("{}://{path}", Kind::Unixgram),
    ];
    if std::net::UdpSocket::bind("[::1]:0").is_ok() {
        urls.push("udp://[::1]:0".to_owned());
    } else {
        println!("skipped: this machine has no IPv6 loopback");
    }
    (folder, urls)
}
