//! The file of a Unix socket: a stale one of our own is replaced, a foreign one never.
//!
//! A file counts as a stale one of our own if it is a socket, nobody listens on it (connect says
//! refused), and the user who runs the server owns it.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use chalkwire_shared::target::Kind;
use socket2::{Domain, SockAddr, Socket, Type};

use super::error::StartError;

/// What `sun_path` holds beside its NUL (unix(7)), in bytes.
const MAX_PATH_BYTES: usize = 107;

/// The socket file of a server that runs; dropping it removes the file, if it is still the same.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// The kind of socket that a Unix URL means.
pub(super) fn socket_type(kind: Kind) -> Type {
    if kind.is_datagram() {
        Type::DGRAM
    } else {
        Type::STREAM
    }
}

/// Checks a path, and removes a stale socket file of our own from it.
pub(super) fn make_way(path: &str, kind: Kind) -> Result<(), StartError> {
    if path.len() > MAX_PATH_BYTES {
        return Err(StartError::PathTooLong {
            path: path.to_owned(),
            bytes: path.len(),
        });
    }
    let file = match fs::symlink_metadata(path) {
        Ok(file) => file,
        // What else is wrong with the path, `bind` will say.
        Err(_) => return Ok(()),
    };
    if !file.file_type().is_socket() {
        return Err(StartError::NoSocket(path.to_owned()));
    }
    let foreign = |why: String| StartError::ForeignSocket {
        path: path.to_owned(),
        why,
    };
    match knock(path, kind) {
        Ok(()) => return Err(StartError::InUse(format!("{kind}://{path}"))),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        // A full backlog (EAGAIN), or a socket of the other type (EPROTOTYPE): somebody is there.
        Err(error)
            if error.kind() == io::ErrorKind::WouldBlock
                || error.raw_os_error() == Some(rustix::io::Errno::PROTOTYPE.raw_os_error()) =>
        {
            return Err(StartError::InUse(format!("{kind}://{path}")));
        }
        Err(error) => return Err(foreign(error.to_string())),
    }
    if file.uid() != rustix::process::geteuid().as_raw() {
        return Err(foreign(format!("user {} owns it", file.uid())));
    }
    fs::remove_file(path).map_err(|error| foreign(error.to_string()))
}

/// Whether somebody listens: connects, without waiting.
fn knock(path: &str, kind: Kind) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, socket_type(kind), None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

impl SocketFile {
    /// The file that was just bound.
    pub(super) fn bound(path: &str) -> io::Result<Self> {
        let file = fs::symlink_metadata(path)?;
        Ok(SocketFile {
            path: path.into(),
            device: file.dev(),
            inode: file.ino(),
        })
    }

    fn is_ours(&self, path: &Path) -> bool {
        fs::symlink_metadata(path)
            .is_ok_and(|file| (file.dev(), file.ino()) == (self.device, self.inode))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // While the socket is open its inode cannot be given to another file: drop this first.
        if self.is_ours(&self.path) {
            // Where it cannot be removed it stays, stale, and the next server replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixDatagram, UnixListener};

    fn folder() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s").to_str().unwrap().to_owned();
        (folder, path)
    }

    #[test]
    fn a_stale_socket_file_is_replaced() {
        let (_folder, path) = folder();
        for kind in [Kind::Unix, Kind::Unixgram] {
            drop(UnixListener::bind(&path).unwrap());
            assert!(Path::new(&path).exists());
            make_way(&path, kind).unwrap();
            assert!(!Path::new(&path).exists());
        }
    }

    #[test]
    fn a_socket_that_somebody_listens_on_is_left_alone() {
        let (_folder, path) = folder();
        let stream = UnixListener::bind(&path).unwrap();
        for kind in [Kind::Unix, Kind::Unixgram] {
            let error = make_way(&path, kind).unwrap_err();
            assert!(matches!(error, StartError::InUse(_)), "{kind}: {error}");
        }
        drop(stream);
        make_way(&path, Kind::Unix).unwrap();
        let _datagram = UnixDatagram::bind(&path).unwrap();
        for kind in [Kind::Unix, Kind::Unixgram] {
            let error = make_way(&path, kind).unwrap_err();
            assert!(matches!(error, StartError::InUse(_)), "{kind}: {error}");
        }
    }

    #[test]
    fn a_full_backlog_is_no_stale_file() {
        let (_folder, path) = folder();
        let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        listener.listen(0).unwrap();
        for _ in 0..3 {
            let error = make_way(&path, Kind::Unix).unwrap_err();
            assert!(matches!(error, StartError::InUse(_)), "{error}");
        }
    }

    #[test]
    fn a_foreign_file_is_never_touched() {
        let (_folder, path) = folder();
        fs::write(&path, "precious").unwrap();
        let error = make_way(&path, Kind::Unix).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{path} exists and is no socket; it is left as it is")
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn only_our_own_file_is_removed_at_the_end() {
        let (_folder, path) = folder();
        let listener = UnixListener::bind(&path).unwrap();
        let file = SocketFile::bound(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another's").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
        drop(listener);
    }
}
