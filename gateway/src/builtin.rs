//! The targets that the gateway runs itself: timestamp servers on loopback and in its directory.

mod scratch;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chalkwire_shared::server::{Model, Protocol};
use chalkwire_shared::target::{Kind, TargetInfo, TargetUrl};

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::observe::Observers;
use crate::target::Target;
use crate::timestamp::{self, Count, Options, Server, StartError};
use scratch::Scratch;

/// What each of the five concurrency models waits before a reply, so that waiting can be seen.
const WORK: Duration = Duration::from_millis(50);

/// How long a session may be silent: a person types into it.
const SESSION_TIMEOUT: Duration = Duration::from_secs(300);

/// The built-in servers, running, and the directory for the gateway's sockets.
pub struct Builtin {
    directory: PathBuf,
    /// Removed at the end, where the operator named no directory.
    temporary: Option<Scratch>,
    servers: Vec<Server>,
    targets: Vec<Target>,
}

/// Why the built-in targets can't run; one sentence that names the thing.
#[derive(Debug, thiserror::Error)]
pub enum BuiltinError {
    /// The directory for the gateway's files can't be used.
    #[error("can't use the data directory {0}: {1}")]
    Directory(String, io::Error),
    /// A server does not start.
    #[error("the built-in target {0} can't start: {1}")]
    Start(String, StartError),
}

/// A built-in target: its name, a sentence for the page, and the server behind it.
fn recipes(directory: &Path) -> Vec<(&'static str, &'static str, Options)> {
    let inet = |kind| {
        Options::new(TargetUrl::Inet {
            kind,
            host: "127.0.0.1".to_owned(),
            port: 0,
        })
    };
    let path = |kind, file| {
        let path = directory.join(file).display().to_string();
        Options::new(TargetUrl::Path { kind, path })
    };
    let tcp = || inet(Kind::Tcp);
    let model = |model| Options {
        model,
        delay: WORK,
        ..tcp()
    };
    let protocol = |protocol| Options {
        protocol,
        backlog: 128,
        ..tcp()
    };
    let session = Options {
        timeout: SESSION_TIMEOUT,
        ..protocol(Protocol::Session)
    };
    vec![
        (
            "basic",
            "one message, one reply, closed",
            protocol(Protocol::Basic),
        ),
        (
            "line",
            "reads one line, keeps its end",
            protocol(Protocol::Line),
        ),
        (
            "session",
            "a reply for each line, until you are done",
            session,
        ),
        ("udp", "a datagram, a datagram", inet(Kind::Udp)),
        (
            "unix",
            "basic, with a path instead of a port",
            path(Kind::Unix, "unix.sock"),
        ),
        (
            "unixgram",
            "datagrams, with a path instead of a port",
            path(Kind::Unixgram, "unixgram.sock"),
        ),
        (
            "iterative",
            "one client at a time, 50 ms each",
            model(Model::Iterative),
        ),
        (
            "threaded",
            "a thread for each client, 50 ms each",
            model(Model::Threaded),
        ),
        (
            "process",
            "a process for each client, 50 ms each",
            model(Model::Process),
        ),
        (
            "select",
            "one thread that asks who is ready, 50 ms each",
            model(Model::Select),
        ),
        (
            "evented",
            "an event loop, 50 ms each",
            model(Model::Evented),
        ),
    ]
}

impl Builtin {
    /// Makes the directory and starts the servers. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// [`BuiltinError`].
    pub fn start(
        config: &Config,
        clock: Clock,
        observers: &Observers,
    ) -> Result<Self, BuiltinError> {
        let (directory, temporary) = directory(config.data.as_deref())?;
        let mut builtin = Builtin {
            directory,
            temporary,
            servers: Vec::new(),
            targets: Vec::new(),
        };
        if !config.builtin {
            return Ok(builtin);
        }
        for (name, about, options) in recipes(&builtin.directory) {
            let server = timestamp::start(options, clock, observers.events())
                .map_err(|error| BuiltinError::Start(name.to_owned(), error))?;
            builtin.targets.push(Target {
                info: TargetInfo {
                    name: name.to_owned(),
                    kind: server.url().kind(),
                    url: Some(server.url().to_string()),
                    about: about.to_owned(),
                    builtin: true,
                },
                url: server.url().clone(),
            });
            builtin.servers.push(server);
        }
        Ok(builtin)
    }

    /// What they are as targets.
    pub fn targets(&self) -> Vec<Target> {
        self.targets.clone()
    }

    /// How many threads and processes serve, of each target by its name.
    pub fn counts(&self) -> BTreeMap<String, Count> {
        let counts = self.servers.iter().map(Server::count);
        let names = self.targets.iter().map(|target| target.info.name.clone());
        names.zip(counts).collect()
    }

    /// Where the gateway's sockets are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Stops the servers and removes what was temporary.
    pub async fn stop(self) {
        let Builtin {
            servers, temporary, ..
        } = self;
        let stopped = tokio::task::spawn_blocking(move || {
            // In this order: the servers remove their own sockets.
            drop(servers);
            drop(temporary);
        });
        if let Err(error) = stopped.await {
            tracing::warn!(%error, "the built-in servers did not stop as they should");
        }
    }
}

fn directory(data: Option<&Path>) -> Result<(PathBuf, Option<Scratch>), BuiltinError> {
    match data {
        Some(data) => {
            let failed = |e| BuiltinError::Directory(data.display().to_string(), e);
            std::fs::create_dir_all(data).map_err(failed)?;
            // The sockets' paths must not depend on where the program happens to be.
            Ok((std::path::absolute(data).map_err(failed)?, None))
        }
        None => {
            let place = std::env::temp_dir();
            let made = Scratch::make(&place);
            let made = made.map_err(|e| BuiltinError::Directory(place.display().to_string(), e))?;
            Ok((made.path().to_owned(), Some(made)))
        }
    }
}

impl From<&config::Target> for Target {
    fn from(target: &config::Target) -> Self {
        let about = match target.about.as_str() {
            "" => "a server of this gateway's operator".to_owned(),
            about => about.to_owned(),
        };
        Target {
            info: TargetInfo {
                name: target.name.clone(),
                kind: target.url.kind(),
                url: target.show_url.then(|| target.url.to_string()),
                about,
                builtin: false,
            },
            url: target.url.clone(),
        }
    }
}
