//! Programs that nobody here wrote, and small Python ones in the chapter's manner.

use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::deadline::within;
use crate::program::root;

/// A program that serves until the test ends.
#[derive(Debug)]
pub struct Peer {
    /// What it said first: a Python peer its port.
    pub said: String,
    child: Child,
}

impl Peer {
    /// Starts a Python server of `tests/peers`, and waits for the port that it says.
    pub async fn python(script: &str) -> Self {
        let command = python(script);
        Self::start(command, |line| line.parse::<u16>().is_ok()).await
    }

    /// Starts a program, and waits until it says a line, on stdout or stderr, that is `ready`.
    ///
    /// # Panics
    /// When it is not there, or ends.
    pub async fn start(mut command: Command, ready: impl Fn(&str) -> bool) -> Self {
        // What it says goes two ways; the lines that matter come early and by themselves.
        let mut child = spawn(&mut command);
        let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut err = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut all = Vec::new();
        let said = within("a peer to be ready", async {
            loop {
                // next_line is cancel-safe.
                let line = tokio::select! {
                    Ok(Some(line)) = out.next_line() => line,
                    Ok(Some(line)) = err.next_line() => line,
                    else => panic!("{command:?} ended:\n{}", all.join("\n")),
                };
                if ready(&line) {
                    return line;
                }
                all.push(line);
            }
        })
        .await;
        // Read on, so that it never waits for us; it ends with the program.
        tokio::spawn(async move { while let Ok(Some(_)) = out.next_line().await {} });
        tokio::spawn(async move { while let Ok(Some(_)) = err.next_line().await {} });
        Peer { said, child }
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it has ended.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("the peer has ended");
        let pid = Pid::from_raw(id.cast_signed()).expect("a process number");
        kill_process(pid, signal).expect("the peer runs");
    }
}

/// A script of `tests/peers`, to be run by the Python that `make test` set up.
///
/// # Panics
/// When that Python is not there: a test that lacks its peers has failed.
pub fn python(script: &str) -> Command {
    let mut command = installed("python");
    // -B: no compiled files beside the scripts.
    command
        .arg("-B")
        .arg(root().join("tests/peers").join(script));
    command
}

/// A program that came with the Python packages that `make test` set up.
///
/// # Panics
/// When it is not there.
pub fn installed(program: &str) -> Command {
    let tools =
        std::env::var_os("TOOLS").map_or_else(|| root().join("target/tools"), PathBuf::from);
    let program = tools.join("venv/bin").join(program);
    assert!(
        program.exists(),
        "NO PYTHON PEERS: {} is not there. Run `make test`, which installs it, or \
         `scripts/setup.sh tests` once and set TOOLS.",
        program.display()
    );
    Command::new(program)
}

/// A program of the system, such as `socat`.
pub fn system(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Starts a program that ends with its handle, a pipe at each of its three ends.
fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} can't be started: {error}"))
}

/// Runs a program to its end with `input` as its standard input: what it printed.
///
/// # Panics
/// When it fails.
pub async fn run(mut command: Command, input: &str) -> String {
    let mut child = spawn(&mut command);
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that does not read its input may be gone before it is written.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = within("a peer's end", child.wait_with_output()).await;
    let output = output.expect("a child can be waited for");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{errors}",
        output.status
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
