//! A recipe in Rust, nothing but std.

use chalkwire_shared::target::TargetUrl;

use super::literal::{bracketed, repeated, rust_bytes, rust_text};

mod client;
mod server;

pub use client::client;
pub use server::server;

/// The address as std's sockets take it.
fn address(address: &TargetUrl) -> String {
    match address {
        TargetUrl::Inet { host, port, .. } => rust_text(&format!("{}:{port}", bracketed(host))),
        TargetUrl::Path { path, .. } => rust_text(path),
    }
}

/// The types of a stream and of its listener, and where they are.
fn stream(address: &TargetUrl) -> (&'static str, &'static str, &'static str) {
    match address {
        TargetUrl::Inet { .. } => ("std::net", "TcpStream", "TcpListener"),
        TargetUrl::Path { .. } => ("std::os::unix::net", "UnixStream", "UnixListener"),
    }
}

/// Bytes as an expression that can be borrowed as `&[u8]`.
fn bytes(bytes: &[u8]) -> String {
    match repeated(bytes) {
        Some((part, times, [])) => format!("&{}.repeat({times})", rust_bytes(part)),
        Some((part, times, tail)) => format!(
            "&[&{}.repeat({times})[..], {}].concat()",
            rust_bytes(part),
            rust_bytes(tail)
        ),
        None => rust_bytes(bytes),
    }
}

/// A time as a `Duration`.
fn duration(ms: u32) -> String {
    format!("Duration::from_millis({ms})")
}
