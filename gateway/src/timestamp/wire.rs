//! The calls on a client's socket that all models make; none of them blocks.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;

use rustix::net::{RecvFlags, SendFlags};
use socket2::{SockAddr, SockRef};

/// A buffer that has grown beyond this is given back once it is empty.
const KEPT_BYTES: usize = 1024;

/// What is read and thrown away of a client that sent more than was asked for, in bytes at most.
const MAX_DRAIN_BYTES: usize = 1 << 20;

/// Reads what is there; `WouldBlock` where nothing is.
pub(super) fn recv(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let (_, bytes) = rustix::net::recv(socket, buffer, RecvFlags::DONTWAIT)?;
    Ok(bytes)
}

/// Sends what the kernel takes now; `WouldBlock` where it takes nothing.
pub(super) fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(socket, bytes, SendFlags::DONTWAIT)?)
}

/// Empties a client's buffer for its next use, so that a line costs no allocation; one that has grown
/// large is not kept.
pub(super) fn empty(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(KEPT_BYTES);
}

/// Says goodbye before the socket is closed: reads what is there already, and where that is
/// something, shuts down our side first.
///
/// Linux answers a close with unread data by RST instead of FIN, and a reply that the client has
/// not read yet would be lost with it (RFC 2525, section 2.17). What is still on its way can do that
/// too, but to wait for it would keep an iterative server from its next client.
pub(super) fn leave(socket: impl AsFd) {
    let socket = socket.as_fd();
    let mut scrap = [0; 4096];
    let mut drained = 0;
    while drained < MAX_DRAIN_BYTES {
        match recv(socket, &mut scrap) {
            Ok(bytes) if bytes > 0 => {
                if drained == 0 {
                    // It fails where the client is gone, and then nothing is to be saved.
                    let _ = SockRef::from(&socket).shutdown(Shutdown::Write);
                }
                drained += bytes;
            }
            _ => return,
        }
    }
}

/// An address, as events carry it: no control characters.
pub(super) fn name(address: &SockAddr) -> String {
    use std::os::unix::ffi::OsStrExt;
    if let Some(address) = address.as_socket() {
        address.to_string()
    } else if let Some(path) = address.as_pathname() {
        path.as_os_str().as_bytes().escape_ascii().to_string()
    } else if let Some(name) = address.as_abstract_namespace() {
        format!("@{}", name.escape_ascii())
    } else {
        "unnamed".to_owned()
    }
}
