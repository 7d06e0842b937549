//! The browser's driver: one process for all tests, on a port of its own.

use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;

use crate::deadline::DEADLINE;

const CHROMIUM: &str = "/usr/bin/chromium";
const DRIVER: &str = "/usr/bin/chromedriver";

/// Starts the driver, and stops it by its number when nobody holds the other end of stdin any
/// more: when the tests are over, however they ended. A browser that does not end with its driver is
/// stopped, too.
const KEEPER: &str = r#""$0" --port="$1" & pid=$!; read -r _
kill "$pid" $(cat /proc/"$pid"/task/*/children); wait "$pid""#;

struct Driver {
    url: String,
    /// Held for as long as the tests run; see [`KEEPER`].
    _stdin: ChildStdin,
}

/// The driver's address.
///
/// # Panics
/// When there is no browser or no driver.
pub(super) fn url() -> &'static str {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    &DRIVER.get_or_init(start).url
}

fn start() -> Driver {
    for program in [CHROMIUM, DRIVER] {
        assert!(
            Path::new(program).exists(),
            "{program} is missing, and the page is tested in a real browser: run \
             scripts/setup.sh tests (as `make test` does), or apt-get install chromium \
             chromium-driver."
        );
    }
    let mut keeper = Command::new("sh")
        .args(["-c", KEEPER, DRIVER, &free_port().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let stdin = keeper.stdin.take().expect("stdin is a pipe");
    let stdout = keeper.stdout.take().expect("stdout is a pipe");
    let (tell, told) = channel();
    // Ends with the driver; until then it keeps the driver's pipe from filling.
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let port = line
                .strip_prefix("ChromeDriver was started successfully on port ")
                .and_then(|rest| rest.trim_end_matches('.').parse::<u16>().ok());
            if let Some(port) = port {
                // Nobody listens after the first.
                let _ = tell.send(port);
            }
        }
        // Its status is nobody's concern: the tests are over.
        let _ = keeper.wait();
    });
    let port = told
        .recv_timeout(DEADLINE)
        .unwrap_or_else(|_| panic!("{DRIVER} does not say on which port it listens"));
    Driver {
        url: format!("http://127.0.0.1:{port}/"),
        _stdin: stdin,
    }
}

/// A port that the driver can have. Left to choose, it takes one of IPv6 and ends where IPv4 has the same
/// in use: after tests with thousands of connections that is nearly always so.
fn free_port() -> u16 {
    let mut held = Vec::new();
    loop {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = v4.local_addr().expect("its address").port();
        // A machine without IPv6 has every port of it free.
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => held.push(v4),
            _ => return port,
        }
    }
}
