//! `chalkwire serve`: page, gateway and built-in targets.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::Gateway;
use crate::config::{Config, Flags, public_url_of, target_of};

/// Serve the page, the gateway and the built-in targets.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen [default: 127.0.0.1:8000]; port 0 picks a free one
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    listen: Option<String>,
    /// A TOML file; every key stands in chalkwire.example.toml
    #[arg(long, value_name = "FILE", env = "CHALKWIRE_CONFIG")]
    config: Option<PathBuf>,
    /// One more target that browsers may reach by this name (may be repeated)
    #[arg(long = "target", value_name = "NAME=URL", value_parser = name_and_url)]
    targets: Vec<(String, String)>,
    /// The address that people type, where a proxy stands before the gateway; its path may be taken
    /// off by the proxy or left on
    #[arg(long, value_name = "URL", value_parser = public_url)]
    public_url: Option<String>,
    /// Where the gateway keeps its files
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

fn host_and_port(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok(text.to_owned()),
        _ => Err("write it as HOST:PORT, such as 127.0.0.1:8000".to_owned()),
    }
}

/// The configuration checks it again, with what comes from elsewhere; here it is wrong usage.
fn name_and_url(text: &str) -> Result<(String, String), String> {
    let (name, url) = text
        .split_once('=')
        .ok_or("write it as NAME=URL, such as echo=tcp://127.0.0.1:7")?;
    target_of(name.to_owned(), url, String::new(), false).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), url.to_owned()))
}

/// As above: here it is wrong usage.
fn public_url(text: &str) -> Result<String, String> {
    public_url_of(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

pub(super) fn run(args: Args) -> anyhow::Result<()> {
    super::log_to_stderr();
    allow_many_files();
    let flags = Flags {
        listen: args.listen,
        data: args.data,
        targets: args.targets,
        public_url: args.public_url,
    };
    // Only what is text can set anything.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let config = Config::load(args.config.as_deref(), environment, flags)?;
    // The first of the gateway's lanes, which it has one of for each core.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime can't start")?;
    runtime.block_on(async {
        // Before anything is told: a signal that comes early must not kill.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let gateway = Gateway::bind(config).await?;
        let address = gateway.address();
        let mut out = std::io::stdout().lock();
        writeln!(out, "chalkwire listening on http://{address}")?;
        out.flush()?;
        drop(out);
        let stop = gateway.stop();
        let stopped = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("draining");
            stop.cancel();
            std::future::pending::<()>().await
        };
        tokio::select! {
            () = gateway.serve() => {}
            () = stopped => {}
        }
        Ok(())
    })
}

/// Each socket takes a file descriptor: takes as many as the system gives without asking.
fn allow_many_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the number of open files stays as it was");
    }
}
