//! One call of the sockets API, named as Python's socket module has it, and its error by its name.

use std::io;

use chalkwire_shared::job::TIMED_OUT;
use rustix::io::Errno;
use socket2::SockAddr;

/// Bytes as Python writes them: `b'hello\r\n'`.
pub(super) fn bytes(bytes: &[u8]) -> String {
    format!("b'{}'", bytes.escape_ascii())
}

/// An address as Python writes it: `('127.0.0.1', 21567)`, or `'/tmp/s'`.
pub(super) fn address(address: &SockAddr) -> String {
    match (address.as_socket(), address.as_pathname()) {
        (Some(inet), _) => format!("('{}', {})", inet.ip(), inet.port()),
        (None, Some(path)) => format!("'{}'", path.display().to_string().escape_default()),
        (None, None) => "''".to_owned(),
    }
}

/// The name of an error, as `errno.h` has it. A call that blocks and has waited for its time says
/// EAGAIN, too, or EINPROGRESS: that is told as Python does.
pub(super) fn error(error: &io::Error, blocking: bool) -> String {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    let name = match errno {
        Some(Errno::AGAIN | Errno::INPROGRESS) if blocking => TIMED_OUT,
        None if error.kind() == io::ErrorKind::TimedOut => TIMED_OUT,
        Some(Errno::AGAIN) => "EWOULDBLOCK",
        Some(Errno::INPROGRESS) => "EINPROGRESS",
        Some(Errno::CONNREFUSED) => "ECONNREFUSED",
        Some(Errno::CONNRESET) => "ECONNRESET",
        Some(Errno::CONNABORTED) => "ECONNABORTED",
        Some(Errno::PIPE) => "EPIPE",
        Some(Errno::NOTCONN) => "ENOTCONN",
        Some(Errno::TIMEDOUT) => "ETIMEDOUT",
        Some(Errno::NOENT) => "ENOENT",
        Some(Errno::MSGSIZE) => "EMSGSIZE",
        Some(Errno::NOBUFS) => "ENOBUFS",
        Some(Errno::MFILE) => "EMFILE",
        Some(Errno::NFILE) => "ENFILE",
        Some(Errno::ADDRINUSE) => "EADDRINUSE",
        Some(other) => return format!("errno {}", other.raw_os_error()),
        None => "an error without a number",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_is_written_as_python_writes_it() {
        assert_eq!(bytes(b"hello\r\n"), "b'hello\\r\\n'");
        let inet = SockAddr::from(std::net::SocketAddr::from(([127, 0, 0, 1], 21567)));
        assert_eq!(address(&inet), "('127.0.0.1', 21567)");
        assert_eq!(address(&SockAddr::unix("/tmp/s").unwrap()), "'/tmp/s'");
    }

    #[test]
    fn an_error_has_the_name_that_a_program_would_see() {
        let of = |errno: Errno, blocking| error(&errno.into(), blocking);
        assert_eq!(of(Errno::AGAIN, false), "EWOULDBLOCK");
        assert_eq!(of(Errno::AGAIN, true), "TimeoutError");
        assert_eq!(of(Errno::CONNREFUSED, true), "ECONNREFUSED");
        assert_eq!(of(Errno::XDEV, true), "errno 18");
    }
}
