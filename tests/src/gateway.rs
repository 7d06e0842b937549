//! A gateway of a test's own: the real program on a free port.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::deadline::eventually;
use crate::http;
use crate::program::{Program, chalkwire};

/// How a gateway is to be started.
#[derive(Clone, Debug)]
pub struct Setup {
    listen: String,
    targets: Vec<String>,
    environment: Vec<(String, String)>,
    data: Option<PathBuf>,
    descriptors: Option<u32>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            listen: "127.0.0.1:0".to_owned(),
            targets: Vec::new(),
            // Most tests bring their own targets, and none has time to drain politely.
            environment: vec![
                ("CHALKWIRE_BUILTIN".to_owned(), "false".to_owned()),
                ("CHALKWIRE_LIMITS__DRAIN".to_owned(), "50ms".to_owned()),
            ],
            data: None,
            descriptors: None,
        }
    }
}

impl Setup {
    /// With one more target.
    #[must_use]
    pub fn target(mut self, name: &str, url: &str) -> Self {
        self.targets.push(format!("{name}={url}"));
        self
    }

    /// With a limit of the configuration, such as `idle`, set.
    #[must_use]
    pub fn limit(self, name: &str, value: &str) -> Self {
        self.set(&format!("LIMITS__{}", name.to_ascii_uppercase()), value)
    }

    /// With a key of the configuration set by its environment variable.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        let name = format!("CHALKWIRE_{key}");
        self.environment.retain(|(other, _)| *other != name);
        self.environment.push((name, value.to_owned()));
        self
    }

    /// With the built-in targets.
    #[must_use]
    pub fn builtin(self) -> Self {
        self.set("BUILTIN", "true")
    }

    /// With a data directory.
    #[must_use]
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// On an address of its own.
    #[must_use]
    pub fn listen(mut self, address: impl ToString) -> Self {
        self.listen = address.to_string();
        self
    }

    /// With so many file descriptors and no more (`RLIMIT_NOFILE` of getrlimit(2)).
    #[must_use]
    pub fn descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// Starts the gateway and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    pub async fn start(&self) -> Gateway {
        let program = match self.descriptors {
            None => chalkwire(),
            Some(_) => Path::new("sh"),
        };
        let mut program = Program::start(program, |command| {
            if let Some(most) = self.descriptors {
                // The shell becomes the gateway.
                let limited = format!("ulimit -n {most} && exec \"$0\" \"$@\"");
                command.args(["-c", &limited]).arg(chalkwire());
            }
            command.args(["serve", "--listen", &self.listen]);
            for target in &self.targets {
                command.args(["--target", target]);
            }
            if let Some(data) = &self.data {
                command.arg("--data").arg(data);
            }
            command.envs(self.environment.clone());
        });
        let line = program.line().await;
        let address = line
            .strip_prefix("chalkwire listening on http://")
            .unwrap_or_else(|| panic!("not the first line of the contract: {line}"));
        Gateway {
            address: address.parse().expect("an address and a port"),
            program,
        }
    }
}

/// A gateway that runs; dropped, it drains and ends.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    /// The process.
    pub program: Program,
}

impl Gateway {
    /// A gateway with one target.
    pub async fn with_target(name: &str, url: &str) -> Self {
        Setup::default().target(name, url).start().await
    }

    /// A counter or gauge as `/metrics` has it now, such as `links` or
    /// `sockets_closed_total{target="t",outcome="reset"}`; 0 where it is not there yet.
    ///
    /// # Panics
    /// When the value is no number.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = http::get(self.address, "/metrics").await.text();
        let line = |line: &str| {
            let rest = line.strip_prefix("chalkwire_")?.strip_prefix(name)?;
            Some(rest.strip_prefix(' ')?.to_owned())
        };
        text.lines()
            .find_map(line)
            .map_or(0, |value| value.parse().expect("a whole number"))
    }

    /// Waits until a metric has a value.
    pub async fn metric_is(&self, name: &str, value: u64) {
        let what = format!("metric {name} to be {value}");
        eventually(&what, || async { self.metric(name).await == value }).await;
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
