//! The programs under measurement, and what the system says of them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// A program that runs beside the bench, and ends with it.
pub(crate) struct Program {
    child: Child,
    pub(crate) pid: u32,
    /// `HOST:PORT`
    pub(crate) address: String,
}

impl Program {
    /// The echo server: this program again.
    pub(crate) fn echo() -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--echo-server");
        Self::start(command)
    }

    /// The release gateway, with the echo server as its one target.
    pub(crate) fn gateway(echo: &str) -> anyhow::Result<Self> {
        let mut command = Command::new(release_program()?);
        command
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--target",
                &format!("echo=tcp://{echo}"),
            ])
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

    fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .trim()
            .rsplit(['/', ' '])
            .next()
            .unwrap_or_default()
            .to_owned();
        Ok(Program {
            pid: child.id(),
            child,
            address,
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // What is measured is over: there is nothing that an orderly end would save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `target/release/chalkwire`, beside the folder that this program was built into.
fn release_program() -> anyhow::Result<PathBuf> {
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

/// CPU seconds that a process has used, in user and system mode: proc(5), fields 14 and 15.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(')').context("stat")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    // USER_HZ is 100 on every Linux that this runs on.
    Ok(ticks / 100.0)
}

/// Resident memory in KiB.
pub(crate) fn rss_kib(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .context("VmRSS")?;
    Ok(line.split_whitespace().nth(1).context("VmRSS")?.parse()?)
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
