//! The program under test: built once, started as a process, stopped as an operator would.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command as BuildCommand, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::deadline::{eventually, within};

/// How long a program may take to end after SIGTERM before it is killed, which fails the test.
const PATIENCE: Duration = Duration::from_secs(10);

/// The program `chalkwire`, built from the sources as they are.
///
/// # Panics
/// When it does not build.
pub fn chalkwire() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // …/target/debug/deps/e2e-0123456789abcdef
        let exe = std::env::current_exe().expect("the test's own path");
        let folder = exe
            .ancestors()
            .nth(2)
            .expect("a test stands in target/PROFILE/deps");
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let built = BuildCommand::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "chalkwire-gateway"])
            .args(["--profile", profile])
            .arg("--target-dir")
            .arg(folder.parent().expect("target/PROFILE"))
            .current_dir(root())
            .status()
            .expect("cargo");
        assert!(built.success(), "the program does not build");
        folder.join("chalkwire")
    })
}

/// The repository's folder.
///
/// # Panics
/// Never: the crate stands in it.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ stands in the repository")
}

/// A program that runs. Dropped, it gets SIGTERM and must end with status 0 without a panic.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// A folder of the program's own, removed with it.
    folder: TempDir,
    ended: Option<ExitStatus>,
}

impl Program {
    /// Starts a program; `build` adds its arguments and environment.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn start(program: &Path, build: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("chalkwire-test-")
            .tempdir()
            .expect("a temporary folder");
        let log = File::create(folder.path().join("log")).expect("a file for stderr");
        let mut command = Command::new(program);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .env("TMPDIR", folder.path())
            .kill_on_drop(true);
        build(&mut command);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} can't be started: {error}", program.display()));
        let stdout = child.stdout.take().expect("stdout is a pipe");
        Program {
            name: program.display().to_string(),
            child,
            lines: BufReader::new(stdout).lines(),
            folder,
            ended: None,
        }
    }

    /// The next line on its stdout.
    ///
    /// # Panics
    /// When it ends, or says nothing.
    pub async fn line(&mut self) -> String {
        within("a line of the program", self.line_at_last()).await
    }

    /// The same, however long it takes: for a program that another one runs slowly.
    ///
    /// # Panics
    /// When it ends.
    pub async fn line_at_last(&mut self) -> String {
        match self.lines.next_line().await {
            Ok(Some(line)) => line,
            _ => panic!("{} ended without a line\n{}", self.name, self.log()),
        }
    }

    /// Its process number.
    ///
    /// # Panics
    /// When it has ended.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the program has ended")
    }

    /// What it wrote to stderr so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A folder of its own, where its temporary files are too.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Memory that it holds now, in bytes (VmRSS of proc(5)).
    ///
    /// # Panics
    /// When the system does not say.
    pub fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))
            .expect("the program runs");
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
            .and_then(|kib| kib.trim().parse::<u64>().ok());
        kib.expect("VmRSS in KiB") * 1024
    }

    /// Waits until so many threads of it have this name (proc(5): `comm`, 15 letters at the most):
    /// a thread takes its name after it has started, and is listed for a moment after it was joined.
    ///
    /// # Panics
    /// When it never was so, or the system does not say.
    pub async fn threads_are(&self, name: &str, count: usize) {
        eventually(&format!("{count} threads {name}"), async || {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id()));
            let named = |task: &std::fs::DirEntry| {
                // One that ends just now has no name any more.
                let comm = std::fs::read_to_string(task.path().join("comm"));
                comm.is_ok_and(|comm| comm.trim() == name)
            };
            let tasks = tasks.expect("the program runs").flatten();
            tasks.filter(named).count() == count
        })
        .await;
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it has ended.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.id().cast_signed()).expect("a process number");
        kill_process(pid, signal).expect("the program runs");
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ended(&mut self) -> ExitStatus {
        let status = within("the program's end", self.child.wait()).await;
        let status = status.expect("a child can be waited for");
        self.ended = Some(status);
        status
    }

    fn stop(&mut self) -> Option<ExitStatus> {
        if self.ended.is_some() {
            return self.ended;
        }
        if let Ok(Some(status)) = self.child.try_wait() {
            return Some(status);
        }
        self.signal(Signal::TERM);
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        // kill_on_drop does the rest.
        None
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let status = self.stop();
        let log = self.log();
        if std::thread::panicking() {
            let from = log.lines().count().saturating_sub(40);
            let last: Vec<&str> = log.lines().skip(from).collect();
            eprintln!("--- the last lines of {}\n{}", self.name, last.join("\n"));
            return;
        }
        assert!(
            !log.contains("panicked at"),
            "{} panicked:\n{log}",
            self.name
        );
        match status {
            Some(status) if status.success() || self.ended.is_some() => {}
            Some(status) => panic!("{} ended with {status}:\n{log}", self.name),
            None => panic!("{} did not end after SIGTERM:\n{log}", self.name),
        }
    }
}
