//! The whole way, end to end: the real program, real sockets, and peers that nobody here wrote.
//!
//! Every test has a gateway of its own on a free port, and a deadline for all that it waits for.

// What holds in tests holds in what they are made of.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

mod browser;
mod conformance;
mod credit;
mod datagrams;
mod dead_peers;
mod descriptors;
mod drain;
mod events;
mod experiments;
mod exports;
mod faults;
mod hot_path;
mod http;
mod jobs;
mod layers;
mod link_servers;
mod links;
mod observations;
mod overload;
mod peers;
mod proxies;
mod raw;
mod resume;
mod rooms;
mod rooms_hold;
mod servers;
mod sockets;
mod take_home;
mod unfriendly;
