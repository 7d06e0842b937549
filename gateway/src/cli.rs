//! The command line: what the program `chalkwire` is asked to do.

mod send;
mod serve;
mod timestamp;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Raw sockets in a browser tab: a gateway, timestamp servers and a client.
#[derive(Debug, Parser)]
#[command(name = "chalkwire", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Timestamp(timestamp::Args),
    Send(send::Args),
}

/// Sends logs to stderr: `CHALKWIRE_LOG` says which, in the words of `RUST_LOG`.
fn log_to_stderr() {
    use std::io::IsTerminal;
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .with_env_var("CHALKWIRE_LOG")
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}

/// Runs the program: 0 done, 1 failed (with one line on stderr), 2 wrong usage.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Timestamp(args) => timestamp::run(args),
        Command::Send(args) => send::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done where stderr is closed.
            let _ = writeln!(std::io::stderr(), "chalkwire: {error:#}");
            ExitCode::FAILURE
        }
    }
}
