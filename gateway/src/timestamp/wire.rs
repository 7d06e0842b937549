//! The calls on a client's socket that all models make; none of them blocks.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;

use chrono::{Local, NaiveDateTime};
use rustix::net::{RecvFlags, SendFlags};
use socket2::{SockAddr, SockRef};

/// What is read and thrown away of a client that sent more than was asked for, in bytes at most.
const MAX_DRAIN_BYTES: usize = 1 << 20;

/// The time that replies carry.
pub(super) fn now() -> NaiveDateTime {
    Local::now().naive_local()
}

/// Reads what is there; `WouldBlock` where nothing is.
pub(super) fn recv(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let (_, bytes) = rustix::net::recv(socket, buffer, RecvFlags::DONTWAIT)?;
    Ok(bytes)
}

/// Sends what the kernel takes now; `WouldBlock` where it takes nothing.
pub(super) fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(socket, bytes, SendFlags::DONTWAIT)?)
}

/// Says goodbye: shuts down our side, and reads what is there already.
///
/// Linux answers a close with unread data by RST instead of FIN, and a reply that the client has
/// not read yet would be lost with it (RFC 2525, section 2.17). What is still on its way can do that
/// too, but to wait for it would keep an iterative server from its next client.
pub(super) fn leave(socket: impl AsFd) {
    let socket = socket.as_fd();
    // Both fail where the client is gone, and then nothing is to be saved.
    let _ = SockRef::from(&socket).shutdown(Shutdown::Write);
    let mut scrap = [0; 4096];
    let mut drained = 0;
    while drained < MAX_DRAIN_BYTES {
        match recv(socket, &mut scrap) {
            Ok(bytes) if bytes > 0 => drained += bytes,
            _ => return,
        }
    }
}

/// A connected client's address, as events carry it.
pub(super) fn peer_of(socket: impl AsFd) -> String {
    match SockRef::from(&socket.as_fd()).peer_addr() {
        Ok(address) => name(&address),
        // The client is gone already.
        Err(_) => "unknown".to_owned(),
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
