//! The targets that the gateway runs itself: timestamp servers on loopback and in its directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::BindError;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::metrics::Metrics;
use crate::target::Target;
use crate::tasks::Tasks;
use chalkwire_shared::target::TargetInfo;

/// The built-in servers, running, and the directory for the gateway's sockets.
pub struct Builtin {
    directory: PathBuf,
    /// Removed at the end, where the operator named no directory.
    _temporary: Option<tempfile::TempDir>,
    targets: Vec<Target>,
}

impl Builtin {
    /// Makes the directory and starts the servers.
    ///
    /// # Errors
    /// [`BindError::Data`] and [`BindError::Builtin`].
    pub async fn start(
        config: &Config,
        _clock: Clock,
        _metrics: &Arc<Metrics>,
        _tasks: &Tasks,
    ) -> Result<Self, BindError> {
        let (directory, temporary) = directory(config.data.as_deref())?;
        Ok(Builtin {
            directory,
            _temporary: temporary,
            targets: Vec::new(),
        })
    }

    /// What they are as targets.
    pub fn targets(&self) -> Vec<Target> {
        self.targets.clone()
    }

    /// Where the gateway's sockets are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Stops the servers.
    pub async fn stop(self) {}
}

fn directory(data: Option<&Path>) -> Result<(PathBuf, Option<tempfile::TempDir>), BindError> {
    match data {
        Some(data) => {
            let failed = |e| BindError::Data(data.display().to_string(), e);
            std::fs::create_dir_all(data).map_err(failed)?;
            Ok((data.to_owned(), None))
        }
        None => {
            let place = std::env::temp_dir();
            let made = tempfile::Builder::new().prefix("chalkwire-").tempdir();
            let made = made.map_err(|e| BindError::Data(place.display().to_string(), e))?;
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
