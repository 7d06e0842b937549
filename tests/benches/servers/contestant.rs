//! The servers under measurement: processes that print where they listen, and what CPU they use.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

/// The version of Twisted that is measured.
const TWISTED: &str = "twisted==26.10.0";

/// What a server takes as a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Each line on a connection that stays open.
    Session,
    /// One line a connection, which the server closes then.
    Line,
    /// A datagram.
    Udp,
}

impl Protocol {
    /// As Python's and the bare servers are told.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Protocol::Session => ("tcp", "session"),
            Protocol::Line => ("tcp", "once"),
            Protocol::Udp => ("udp", "once"),
        }
    }
}

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `chalkwire timestamp` with this model.
    Ours(&'static str),
    /// Bare tokio.
    Bare,
    /// Python's `socketserver`: `threads`, `iterative` or `udp`.
    Sockets(&'static str),
    /// Python's `asyncio`.
    Asyncio,
    /// Twisted.
    Twisted,
}

impl Kind {
    pub(crate) fn name(self) -> String {
        match self {
            Kind::Ours("") => "chalkwire".to_owned(),
            Kind::Ours(model) => format!("chalkwire, {model}"),
            Kind::Bare => "bare tokio".to_owned(),
            Kind::Sockets("threads") => "Python socketserver, threads".to_owned(),
            Kind::Sockets("iterative") => "Python socketserver, iterative".to_owned(),
            Kind::Sockets(_) => "Python socketserver".to_owned(),
            Kind::Asyncio => "Python asyncio".to_owned(),
            Kind::Twisted => "Python Twisted".to_owned(),
        }
    }

    pub(crate) fn is_python(self) -> bool {
        matches!(self, Kind::Sockets(_) | Kind::Asyncio | Kind::Twisted)
    }

    fn command(self, protocol: Protocol, python: &Path) -> anyhow::Result<Command> {
        let (socket, name) = protocol.words();
        let script = |file: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/python");
            let mut command = Command::new(python);
            command.arg(format!("{folder}/{file}"));
            command
        };
        Ok(match self {
            Kind::Ours(model) => {
                let mut command = Command::new(target()?.join("release/chalkwire"));
                command.args(["timestamp", &format!("{socket}://127.0.0.1:0")]);
                match protocol {
                    Protocol::Session => command.args(["--protocol", "session"]),
                    Protocol::Line => command.args(["--protocol", "line"]),
                    Protocol::Udp => &mut command,
                };
                if !model.is_empty() {
                    command.args(["--model", model]);
                }
                command.args(["--backlog", "128"]);
                command
            }
            Kind::Bare => {
                let mut command = Command::new(std::env::current_exe()?);
                let what = if socket == "udp" { socket } else { name };
                command.args(["--bare", what]);
                command
            }
            Kind::Sockets(kind) => {
                let mut command = script("sockets.py");
                command.args([kind, name]);
                command
            }
            Kind::Asyncio | Kind::Twisted => {
                let mut command = script(match self {
                    Kind::Asyncio => "streams.py",
                    _ => "lines.py",
                });
                command.args([socket, name]);
                command
            }
        })
    }
}

/// A server that runs, and ends with the bench.
pub(crate) struct Contestant {
    child: Child,
    /// `HOST:PORT`
    pub(crate) address: String,
}

impl Contestant {
    pub(crate) fn start(kind: Kind, protocol: Protocol, python: &Path) -> anyhow::Result<Self> {
        let mut command = kind.command(protocol, python)?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ours logs what it does; so that no terminal is measured, into nothing.
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().rsplit(['/', ' ']).next().unwrap_or_default();
        ensure!(!address.is_empty(), "{command:?} does not listen");
        Ok(Contestant {
            address: address.to_owned(),
            child,
        })
    }

    /// CPU seconds that it has used, with all processes that it has started: those that run, and those
    /// that it has waited for (proc(5): utime, stime, cutime, cstime).
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let mut all: Vec<(u32, u32, f64)> = Vec::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            // One that ends just now is no more.
            let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
                continue;
            };
            let after_name = stat.rsplit_once(')').context("stat")?.1;
            let fields: Vec<&str> = after_name.split_whitespace().collect();
            let ticks: f64 = fields[11..15]
                .iter()
                .filter_map(|it| it.parse::<f64>().ok())
                .sum();
            // USER_HZ is 100 on every Linux that this runs on.
            all.push((pid, fields[1].parse()?, ticks / 100.0));
        }
        let mut family = vec![self.child.id()];
        let mut at = 0;
        while let Some(&parent) = family.get(at) {
            family.extend(all.iter().filter(|it| it.1 == parent).map(|it| it.0));
            at += 1;
        }
        Ok(all
            .iter()
            .filter(|it| family.contains(&it.0))
            .map(|it| it.2)
            .sum())
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        // What is measured is over: there is nothing that an orderly end would save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The target folder, two above the one that this program was built into.
fn target() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    Ok(here
        .ancestors()
        .nth(3)
        .context("no target folder")?
        .to_owned())
}

/// A Python with Twisted, in a folder of the bench's own; it is made where it is missing.
pub(crate) fn python() -> anyhow::Result<PathBuf> {
    let folder = target()?.join("bench/timestamp-python");
    let python = folder.join("bin/python");
    let installed = folder.join(TWISTED);
    if !installed.exists() {
        let run = |program: &Path, arguments: &[&str]| {
            let status = Command::new(program).args(arguments).status()?;
            ensure!(
                status.success(),
                "{} {arguments:?}: {status}",
                program.display()
            );
            Ok(())
        };
        run(
            Path::new("python3"),
            &["-m", "venv", &folder.display().to_string()],
        )?;
        run(&python, &["-m", "pip", "install", "--quiet", TWISTED])?;
        std::fs::write(&installed, "")?;
    }
    Ok(python)
}
