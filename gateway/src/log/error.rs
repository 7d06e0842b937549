//! Why something can't be kept: at the start, in the queue, on the disk.

use std::io;

use rusqlite::ErrorCode;

/// Why the log can't be opened; one sentence that names the file and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file or its directory can't be used.
    #[error("can't use {file}: {error}")]
    File {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// Another gateway has it.
    #[error(
        "{file} is in use by another gateway; stop that one, or give this one a --data directory of \
         its own"
    )]
    InUse {
        /// The file.
        file: String,
    },
    /// A newer gateway wrote it.
    #[error(
        "{file} was written by a newer chalkwire (its version is {version}, this one knows up to \
         {known}); start the newer one, or move the file away to begin without its rooms"
    )]
    Newer {
        /// The file.
        file: String,
        /// The file's version.
        version: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// It is no database, or its pages do not fit together.
    #[error(
        "{file} is damaged ({detail}) and was left as it is; restore it from a copy, or move it away, \
         with {file}-wal and {file}-shm beside it, to begin without its rooms"
    )]
    Damaged {
        /// The file.
        file: String,
        /// What SQLite says.
        detail: String,
    },
    /// SQLite says something else.
    #[error("can't use {file}: {detail}")]
    Sqlite {
        /// The file.
        file: String,
        /// What it says.
        detail: String,
    },
}

impl LogError {
    /// What SQLite said of a file.
    pub(super) fn new(file: &str, error: &rusqlite::Error) -> Self {
        let file = file.to_owned();
        let detail = error.to_string();
        match Why::of(error) {
            Why::Damaged => LogError::Damaged { file, detail },
            _ => LogError::Sqlite { file, detail },
        }
    }
}

/// Why events don't get to the disk: for people, without names of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// There is no space.
    #[error("the gateway's disk is full")]
    DiskFull,
    /// Reading or writing fails.
    #[error("the gateway's disk can't be written")]
    Disk,
    /// The file's pages do not fit together.
    #[error("the file of the gateway's rooms is damaged")]
    Damaged,
    /// Another program holds the file's lock.
    #[error("another program is using the file of the gateway's rooms")]
    Busy,
    /// Something else; the gateway's own log says what.
    #[error("the gateway can't save just now")]
    Other,
}

impl Why {
    /// What an error of SQLite comes to.
    pub(super) fn of(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Why::DiskFull,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Why::Damaged,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Why::Busy,
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied,
            ) => Why::Disk,
            _ => Why::Other,
        }
    }
}

/// Why something was not taken into the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too much waits to be saved already. From here on the room is not saved: it is `Cut`.
    #[error("too much waits to be saved")]
    Full,
    /// An earlier event was refused, so that this one would come after a gap.
    #[error("an earlier event was not saved; the room must begin a new epoch")]
    Cut,
    /// The event does not follow the one before it. From here on the room is `Cut`.
    #[error("the event does not follow the one at offset {last} in epoch {epoch}")]
    Order {
        /// The epoch that is current.
        epoch: u32,
        /// The offset that it should have followed.
        last: u64,
    },
    /// The room was taken up from the disk, and has begun no epoch yet.
    #[error("the room has begun no epoch yet")]
    NoEpoch,
    /// The room has begun an epoch, and is not cut: it needs no other.
    #[error("the room has an epoch that goes on")]
    HasEpoch,
    /// The room is no longer kept.
    #[error("the room has ended")]
    Ended,
    /// The log has stopped.
    #[error("the gateway stops")]
    Stopped,
}

/// Why something that was to be saved at once is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSaved {
    /// It was not even taken into the queue.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The room's name or code is another one's already.
    #[error("there is a room of that name or code already")]
    Taken,
    /// The disk did not take it.
    #[error(transparent)]
    Disk(#[from] Why),
}

/// Why something can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// The log has stopped.
    #[error("the gateway stops")]
    Stopped,
    /// The disk or the file says no.
    #[error("the gateway can't read what it has saved")]
    Disk,
}
