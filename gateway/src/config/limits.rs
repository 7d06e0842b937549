//! Caps, sizes and times.

use std::time::Duration;

use serde::Deserialize;

use crate::duration;

/// Caps, sizes and times of the gateway. The file's section `[limits]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections of any kind at once; the next one waits in the kernel's queue.
    pub connections: usize,
    /// Links at once, dropped ones that are kept included.
    pub links: usize,
    /// Links and raw WebSockets at once from one client address; loopback does not count.
    pub links_per_address: usize,
    /// Sockets at once, of all links, raw WebSockets and exchanges.
    pub sockets: usize,
    /// Sockets of one link at once.
    pub sockets_per_link: usize,
    /// Sockets with faults at once, of everybody; each may hold 1 MiB.
    pub faulted_sockets: usize,
    /// Timestamp servers of links' own at once, of all links; 0 for none.
    pub servers: usize,
    /// Threads and processes that serve clients of links' own servers at once; the next client waits
    /// in the kernel's queue.
    pub workers: usize,
    /// Jobs at once, of all links; 0 for none.
    pub jobs: usize,
    /// Credit of each socket in bytes, towards the target.
    pub window_bytes: u32,
    /// What a link may have queued for its client in bytes; data waits from half of it on.
    pub link_queue_bytes: usize,
    /// Messages a second on one WebSocket that ask for work (not data), after a burst of twice that.
    pub control_per_second: u32,
    /// How late the gateway may be at its own work before it takes nobody new.
    #[serde(deserialize_with = "duration::deserialize")]
    pub late: Duration,
    /// A request's header must be there within this time.
    #[serde(deserialize_with = "duration::deserialize")]
    pub header: Duration,
    /// A link must say something within this time.
    #[serde(deserialize_with = "duration::deserialize")]
    pub hello: Duration,
    /// Connecting to a target may take so long.
    #[serde(deserialize_with = "duration::deserialize")]
    pub connect: Duration,
    /// A socket without traffic is closed after this time.
    #[serde(deserialize_with = "duration::deserialize")]
    pub idle: Duration,
    /// An HTTP exchange waits so long for the first byte of a reply.
    #[serde(deserialize_with = "duration::deserialize")]
    pub exchange: Duration,
    /// An HTTP exchange takes a reply for complete when nothing came for so long.
    #[serde(deserialize_with = "duration::deserialize")]
    pub quiet: Duration,
    /// A ping goes to a silent client after this time.
    #[serde(deserialize_with = "duration::deserialize")]
    pub ping: Duration,
    /// A client that does not answer a ping, or take what is sent, for so long is gone.
    #[serde(deserialize_with = "duration::deserialize")]
    pub pong: Duration,
    /// A dropped link is kept for this time.
    #[serde(deserialize_with = "duration::deserialize")]
    pub resume: Duration,
    /// On SIGTERM, open links are closed over this time.
    #[serde(deserialize_with = "duration::deserialize")]
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 16_384,
            links: 10_000,
            links_per_address: 2_048,
            sockets: 20_000,
            sockets_per_link: 64,
            faulted_sockets: 1_024,
            servers: 256,
            workers: 512,
            jobs: 32,
            window_bytes: 131_072,
            link_queue_bytes: 1_048_576,
            control_per_second: 2_000,
            late: Duration::from_millis(20),
            header: Duration::from_secs(10),
            hello: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(300),
            exchange: Duration::from_secs(10),
            quiet: Duration::from_millis(250),
            ping: Duration::from_secs(25),
            pong: Duration::from_secs(8),
            resume: Duration::from_secs(120),
            drain: Duration::from_secs(3),
        }
    }
}
