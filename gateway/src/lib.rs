//! The gateway of Chalkwire: raw sockets in a browser tab.
//!
//! [`Gateway`] is the way in, for the program, for tests and for whoever embeds it:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use chalkwire_gateway::{Gateway, config::{Config, Flags}};
//! let flags = Flags { listen: Some("127.0.0.1:0".to_owned()), ..Flags::default() };
//! let gateway = Gateway::bind(Config::load(None, [], flags)?).await?;
//! println!("listening on http://{}", gateway.address());
//! let stop = gateway.stop();
//! // Elsewhere: stop.cancel();
//! gateway.serve().await;
//! # Ok(())
//! # }
//! ```

pub mod bridge;
pub mod builtin;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod core;
mod duration;
pub mod fault;
mod http;
pub mod job;
pub mod kernel;
pub mod lanes;
pub mod link;
pub mod log;
pub mod metrics;
pub mod newcomers;
pub mod observe;
pub mod policy;
mod raw;
pub mod room;
mod seldom;
pub mod target;
pub mod tasks;
pub mod timers;
pub mod timestamp;
mod ws;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, lookup_host};
use tokio_util::sync::CancellationToken;

use crate::builtin::{Builtin, BuiltinError};
use crate::clock::Clock;
use crate::config::Config;
use crate::core::Core;
use crate::http::door::Door;
use crate::lanes::Lanes;
use crate::link::Links;
use crate::log::LogError;
use crate::metrics::Metrics;
use crate::observe::Observers;
use crate::room::Rooms;
use crate::target::{Target, Targets};
use crate::tasks::Tasks;

/// Connections that the kernel holds for the accept loop.
const BACKLOG: u32 = 4_096;

/// What a task may take beyond the drain time before it is stopped.
const GRACE: Duration = Duration::from_secs(3);

/// A gateway, bound and ready to serve.
pub struct Gateway {
    door: Door,
    address: SocketAddr,
    core: Arc<Core>,
    lanes: Lanes,
    builtin: Builtin,
    rooms: Option<Arc<Rooms>>,
    stop: CancellationToken,
}

/// Why a gateway can't start; one sentence that names the thing.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is none, or can't be resolved.
    #[error(
        "can't listen on '{0}': it is no HOST:PORT that this machine knows, such as 127.0.0.1:8000"
    )]
    Address(String),
    /// The address can't be had.
    #[error("can't listen on {0}: {1}")]
    Listen(String, String),
    /// The built-in targets can't run.
    #[error(transparent)]
    Builtin(#[from] BuiltinError),
    /// The threads can't be had.
    #[error("can't start the threads that serve connections: {0}")]
    Lanes(io::Error),
    /// The log of the rooms can't be used.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Gateway {
    /// Binds the address and starts the built-in servers.
    ///
    /// # Errors
    /// [`BindError`] when the address or the data directory can't be used.
    pub async fn bind(config: Config) -> Result<Self, BindError> {
        let listener = listen(&config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|e| BindError::Listen(config.listen.clone(), e.to_string()))?;
        let clock = Clock::start();
        let metrics = Arc::new(Metrics::default());
        let tasks = Tasks::default();
        let observers = Observers::start(clock, &metrics, &tasks);
        let builtin = Builtin::start(&config, clock, &observers)?;
        let mut targets = builtin.targets();
        targets.extend(config.targets.iter().map(Target::from));
        let targets = Targets::new(
            targets,
            config.allow.clone(),
            builtin.directory().to_owned(),
        );
        let counts = builtin.counts();
        let lanes = Lanes::for_cores().map_err(BindError::Lanes)?;
        let core = Core::new(
            config, clock, &lanes, metrics, tasks, targets, observers, counts,
        );
        let core = Arc::new(core);
        let rooms = match core.config.rooms.enabled {
            true => {
                let kept = core.config.data.is_some();
                Some(Arc::new(
                    Rooms::open(&core, builtin.directory(), kept).await?,
                ))
            }
            false => None,
        };
        Ok(Gateway {
            door: Door::new(listener)
                .map_err(|e| BindError::Listen(address.to_string(), e.to_string()))?,
            address,
            lanes,
            core,
            builtin,
            rooms,
            stop: CancellationToken::new(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it counts.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.core.metrics.clone()
    }

    /// Cancel it and the gateway drains: [`Gateway::serve`] returns when all is done.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Serves until it is told to stop. Then new requests are refused, links and sockets are closed
    /// over the drain time, every task is awaited, and the built-in servers are stopped.
    pub async fn serve(self) {
        let Gateway {
            door,
            core,
            lanes,
            builtin,
            rooms,
            stop,
            ..
        } = self;
        if let Some(rooms) = rooms.clone() {
            core.tasks.spawn(rooms.run(core.timers.clone()));
        }
        let links = Arc::new(Links::new(core.clone(), rooms.clone()));
        let expiring = links.clone();
        core.tasks
            .spawn(async move { expiring.expire_in_time().await });
        let front = http::front(core.clone(), links);
        let drained = async {
            stop.cancelled().await;
            core.tasks.finish(core.config.limits.drain + GRACE).await;
        };
        // While it drains it still accepts, to say so.
        tokio::select! {
            () = drained => {}
            () = http::accept::accept(door, &lanes, front) => {}
        }
        lanes.stop().await;
        if let Some(rooms) = rooms {
            rooms.stop().await;
        }
        builtin.stop().await;
    }
}

async fn listen(text: &str) -> Result<TcpListener, BindError> {
    let addresses: Vec<SocketAddr> = match lookup_host(text).await {
        Ok(addresses) => addresses.collect(),
        Err(_) => return Err(BindError::Address(text.to_owned())),
    };
    let mut last = None;
    for address in addresses {
        match listen_on(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(match last {
        Some(error) if error.kind() == io::ErrorKind::AddrInUse => BindError::Listen(
            text.to_owned(),
            "the port is in use; stop what has it, or pick another (0 picks a free one)".to_owned(),
        ),
        Some(error) => BindError::Listen(text.to_owned(), error.to_string()),
        None => BindError::Address(text.to_owned()),
    })
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Started again, the gateway gets its port back from connections in TIME-WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
