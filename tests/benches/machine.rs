//! The programs under measurement, and what the system says of them.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tempfile::TempDir;

/// A program that runs beside the bench, and ends with it.
pub(crate) struct Program {
    child: Child,
    pub(crate) pid: u32,
    /// `HOST:PORT`
    pub(crate) address: String,
    /// For its temporary files, which go with it.
    _folder: TempDir,
}

impl Program {
    /// One of the servers behind the bridges, or another part of the bench: this program again.
    pub(crate) fn own(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments);
        Self::start(command)
    }

    /// The release gateway, with this as its one target, `echo`.
    pub(crate) fn gateway(program: &Path, target: &str) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--target", &format!("echo={target}")])
            .env("CHALKWIRE_LOG", "error")
            // One link opens and closes sockets as fast as it can.
            .env("CHALKWIRE_LIMITS__CONTROL_PER_SECOND", "1000000");
        Self::start(command)
    }

    /// The release gateway with the echo server as target `t`, and with all else as it is by default.
    pub(crate) fn overload(echo: &str) -> anyhow::Result<Self> {
        // The load comes first, as if it came from elsewhere: late itself, it would measure itself.
        let mut command = Command::new("nice");
        command.args(["-n", "10"]).arg(release_program()?);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--target"])
            .arg(format!("t=tcp://{echo}"))
            .env("CHALKWIRE_LOG", "error");
        Self::start(command)
    }

    /// The release gateway with its own targets, and with these arguments.
    pub(crate) fn serve(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(release_program()?);
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("CHALKWIRE_LOG", "error");
        Self::start(command)
    }

    /// Starts a program that says where it listens: the end of its first line.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut program = Self::spawn(command.stdout(Stdio::piped()), "")?;
        let stdout = program.child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().rsplit(['/', ' ']).next();
        program.address = address.unwrap_or_default().to_owned();
        Ok(program)
    }

    /// Starts a program that was told to listen there, and waits until it does.
    pub(crate) fn start_at(mut command: Command, address: &str) -> anyhow::Result<Self> {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut program = Self::spawn(&mut command, address)?;
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = program.child.try_wait()?;
            anyhow::ensure!(ended.is_none(), "{command:?} ended: {ended:?}");
            let late = began.elapsed() > Duration::from_secs(20);
            anyhow::ensure!(!late, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(program)
    }

    /// In a process group of its own, so that what it forks ends with it.
    fn spawn(command: &mut Command, address: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let child = command
            .stdin(Stdio::piped())
            .env("TMPDIR", folder.path())
            .process_group(0)
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        Ok(Program {
            pid: child.id(),
            child,
            address: address.to_owned(),
            _folder: folder,
        })
    }
}

/// Keeps this thread, and what it starts from now on, on one core for as long as it is held.
pub(crate) struct OneCore {
    before: CpuSet,
}

impl OneCore {
    /// The first that it may use.
    pub(crate) fn begin() -> anyhow::Result<Self> {
        let before = sched_getaffinity(None)?;
        let first = (0..CpuSet::MAX_CPU).find(|&core| before.is_set(core));
        let mut one = CpuSet::new();
        one.set(first.context("no core")?);
        sched_setaffinity(None, &one)?;
        Ok(OneCore { before })
    }
}

impl Drop for OneCore {
    fn drop(&mut self) {
        // These cores were its own before.
        let _ = sched_setaffinity(None, &self.before);
    }
}

/// `HOST:PORT` that nobody listens on, for programs that can't take port 0.
pub(crate) fn free_address() -> std::io::Result<String> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    Ok(taken.local_addr()?.to_string())
}

/// For a part of the bench in a process of its own: serves, on one thread, until its standard input
/// ends, so that it ends with the bench.
pub(crate) fn until_the_end(serve: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let parent = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
        tokio::select! {
            _ = parent => Ok(()),
            failed = serve => failed,
        }
    })
}

impl Drop for Program {
    fn drop(&mut self) {
        // What is measured is over: there is nothing that an orderly end would save.
        if let Some(group) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// `target/release/chalkwire`, beside the folder that this program was built into.
pub(crate) fn release_program() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let release = here
        .parent()
        .and_then(|deps| deps.parent())
        .context("no target folder")?;
    let program = release.join("chalkwire");
    anyhow::ensure!(
        program.is_file(),
        "{} is missing: run make build",
        program.display()
    );
    Ok(program)
}

/// What /proc/PID/stat says of a process: proc(5).
struct Stat {
    pid: u32,
    parent: u32,
    /// In user and system mode.
    ticks: u64,
    /// The same of its children that ended.
    ended_ticks: u64,
}

fn stat(pid: u32) -> anyhow::Result<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = text.rsplit_once(')').context("stat")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // Numbers in proc(5) count from 1 and begin with the two before.
    let field = |number: usize| anyhow::Ok(fields.get(number - 3).context("stat")?.parse::<u64>()?);
    Ok(Stat {
        pid,
        parent: u32::try_from(field(4)?)?,
        ticks: field(14)? + field(15)?,
        ended_ticks: field(16)? + field(17)?,
    })
}

/// A process with all that it started, in turn, and that still run.
fn tree(root: u32) -> anyhow::Result<Vec<Stat>> {
    let mut others = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let pid = name.to_str().and_then(|name| name.parse().ok());
        // One that has ended meanwhile counts in its parent.
        others.extend(pid.and_then(|pid| stat(pid).ok()));
    }
    let mut tree = vec![stat(root)?];
    let mut looked_at = 0;
    while let Some(parent) = tree.get(looked_at).map(|it| it.pid) {
        tree.extend(others.extract_if(.., |it| it.parent == parent));
        looked_at += 1;
    }
    Ok(tree)
}

/// CPU seconds that a process and its children have used, in user and system mode.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    // USER_HZ is 100 on every Linux that this runs on.
    let seconds = |ticks: u64| ticks as f64 / 100.0;
    let each = tree(pid)?.into_iter();
    // Ticks are rounded down for each process, of which one may have many that do little each.
    Ok(each
        .map(|it| seconds(it.ended_ticks) + seconds(it.ticks).max(running(it.pid)))
        .sum())
}

/// Seconds that the threads a process has now have run, to the nanosecond: /proc/PID/task/TID/schedstat.
fn running(pid: u32) -> f64 {
    // A process or a thread that has ended meanwhile has none.
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e9
}

/// Resident memory of a process and its children, in KiB. What processes share counts once.
pub(crate) fn rss_kib(pid: u32) -> anyhow::Result<u64> {
    let processes = tree(pid)?;
    let (file, field) = match processes.len() {
        1 => ("status", "VmRSS:"),
        // proc_pid_smaps(5): a page's share for each process that has it.
        _ => ("smaps_rollup", "Pss:"),
    };
    let mut kib = 0;
    for process in processes {
        // None: it ended meanwhile.
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", process.pid));
        let text = text.unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(field));
        let number = line.and_then(|line| line.split_whitespace().next());
        kib += number.map_or(Ok(0), str::parse)?;
    }
    Ok(kib)
}

/// What it was measured on, in one line.
pub(crate) fn describe() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores ({model}), Linux {}", kernel.trim())
}
