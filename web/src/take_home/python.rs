//! A recipe in Python 3, nothing but its own library.

use chalkwire_shared::target::{Kind, TargetUrl};

use super::literal::{python_bytes, python_text, repeated};

mod client;
mod server;

pub use client::client;
pub use server::{blocking, server};

/// `AF_INET, SOCK_STREAM` and the like.
fn family(address: &TargetUrl) -> &'static str {
    match address {
        TargetUrl::Inet { kind, host, .. } => match (kind, host.contains(':')) {
            (Kind::Udp, false) => "socket.AF_INET, socket.SOCK_DGRAM",
            (Kind::Udp, true) => "socket.AF_INET6, socket.SOCK_DGRAM",
            (_, false) => "socket.AF_INET, socket.SOCK_STREAM",
            (_, true) => "socket.AF_INET6, socket.SOCK_STREAM",
        },
        TargetUrl::Path { kind, .. } if kind.is_datagram() => "socket.AF_UNIX, socket.SOCK_DGRAM",
        TargetUrl::Path { .. } => "socket.AF_UNIX, socket.SOCK_STREAM",
    }
}

/// The address as `bind` and `connect` take it.
fn address(address: &TargetUrl) -> String {
    match address {
        TargetUrl::Inet { host, port, .. } => format!("({}, {port})", python_text(host)),
        TargetUrl::Path { path, .. } => python_text(path),
    }
}

/// Bytes as an expression.
fn bytes(bytes: &[u8]) -> String {
    match repeated(bytes) {
        Some((part, times, [])) => format!("{} * {times}", python_bytes(part)),
        Some((part, times, tail)) => {
            format!("{} * {times} + {}", python_bytes(part), python_bytes(tail))
        }
        None => python_bytes(bytes),
    }
}

/// `say`, by which programs tell what they do and when.
const SAY: &str = "\
start = time.monotonic()


def say(text):
    # The line and its end at once, or those of two threads could mix.
    print(f'{(time.monotonic() - start) * 1000:8.1f} ms  {text}\\n', end='', flush=True)
";
