//! The directory of a gateway that keeps nothing: gone when it stops, or when the next one starts.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tempfile::TempDir;

/// What the directories' names begin with.
const PREFIX: &str = "chalkwire-";

/// The file that a gateway holds locked as long as it lives.
const LOCK: &str = "gateway.lock";

/// A directory for as long as this lives.
#[derive(Debug)]
pub(super) struct Scratch {
    directory: TempDir,
    /// After the directory, so that nobody else begins to remove it.
    _lock: File,
}

impl Scratch {
    /// A new directory in `place`, once those are gone that gateways left behind which were killed:
    /// there are names of people in them.
    pub(super) fn make(place: &Path) -> io::Result<Self> {
        sweep(place);
        loop {
            let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place)?;
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(directory.path().join(LOCK))?;
            // One that starts at the same time may have taken it for left behind.
            let is_ours = match file.try_lock() {
                Ok(()) => file.metadata()?.nlink() > 0,
                Err(TryLockError::WouldBlock) => false,
                Err(TryLockError::Error(error)) => return Err(error),
            };
            if is_ours {
                return Ok(Scratch {
                    directory,
                    _lock: file,
                });
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Removes the directories of gateways that are no more; what does not go stays for the next one.
fn sweep(place: &Path) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX)
            && let Err(error) = remove_left(&entry.path())
        {
            let directory = entry.path().display().to_string();
            tracing::debug!(%directory, %error, "an old directory stays");
        }
    }
}

/// Removes one, if it is a directory of ours and nobody holds it.
fn remove_left(directory: &Path) -> io::Result<()> {
    // Not what a link leads to.
    let metadata = directory.symlink_metadata()?;
    let own = rustix::process::geteuid().as_raw();
    if !metadata.is_dir() || metadata.uid() != own {
        return Ok(());
    }
    let Ok(lock) = OpenOptions::new().write(true).open(directory.join(LOCK)) else {
        // None of a gateway's, or one that is just being made.
        return Ok(());
    };
    match lock.try_lock() {
        Ok(()) => std::fs::remove_dir_all(directory),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_a_killed_gateway_left_goes_with_the_next_one_and_what_is_in_use_or_anothers_stays() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for name in ["chalkwire-left", "chalkwire-unlocked", "other", "elsewhere"] {
            std::fs::create_dir(at(name)).unwrap();
            std::fs::write(at(name).join("rooms.sqlite3"), "a name").unwrap();
        }
        for name in ["chalkwire-left", "other", "elsewhere"] {
            std::fs::write(at(name).join(LOCK), "").unwrap();
        }
        symlink(at("elsewhere"), at("chalkwire-link")).unwrap();
        let in_use = Scratch::make(place.path()).unwrap();
        let second = Scratch::make(place.path()).unwrap();
        assert!(!at("chalkwire-left").exists());
        for stays in ["chalkwire-unlocked", "other", "elsewhere", "chalkwire-link"] {
            assert!(at(stays).exists(), "{stays}");
        }
        assert!(in_use.path().join(LOCK).exists());
        let path = second.path().to_owned();
        drop(second);
        assert!(!path.exists() && in_use.path().exists());
    }

    #[test]
    fn those_that_start_at_once_do_not_take_each_others_away() {
        let place = tempfile::tempdir().unwrap();
        let made = std::thread::scope(|scope| {
            let make = || (0..50).map(|_| Scratch::make(place.path()).unwrap());
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(move || make().collect::<Vec<_>>()))
                .collect();
            let made = threads.into_iter().map(|thread| thread.join().unwrap());
            made.flatten().collect::<Vec<_>>()
        });
        assert!(made.iter().all(|it| it.path().join(LOCK).exists()));
    }
}
