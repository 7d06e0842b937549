//! Timestamp servers of a link's own: started and stopped at the client's word, gone with the link.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chalkwire_shared::close::Reason;
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::server::{MAX_SERVERS, ServerId, ServerOptions};
use chalkwire_shared::target::{TargetInfo, TargetUrl};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::Link;
use crate::core::Core;
use crate::job::Place;
use crate::target::{Failure, Target, Targets};
use crate::timestamp::{self, Count, Options, Reserved};
use crate::ws::Broken;

/// Servers that are remembered after they have stopped, for their addresses; the oldest is
/// forgotten first.
const MAX_STOPPED: usize = 16;

/// A link's servers.
#[derive(Default)]
pub(super) struct Servers {
    /// The largest number a server had.
    last: u32,
    by_id: BTreeMap<ServerId, Own>,
}

/// A server of a link's own, running or stopped.
struct Own {
    target: Arc<Target>,
    count: Count,
    life: Life,
}

enum Life {
    /// Cancel it and the server stops.
    Runs(CancellationToken),
    /// It was told to stop: nobody is to reach it any more.
    Stops,
    /// Its address is kept, so that dialling it is refused.
    Stopped(#[allow(dead_code, reason = "kept for what dropping it does")] Option<Kept>),
}

/// An address that is kept, in its place among the gateway's.
type Kept = (Reserved, OwnedSemaphorePermit);

impl Servers {
    /// What a name means on this link: one of its servers, or a target of the gateway.
    pub(super) fn target(&self, name: &str, targets: &Targets) -> Result<Arc<Target>, Failure> {
        if !name.starts_with('#') {
            return targets.get(name).cloned();
        }
        match ServerId::from_name(name).and_then(|id| self.by_id.get(&id)) {
            // As the kernel answers in a moment.
            Some(own) if matches!(own.life, Life::Stops) => Err(Reason::Refused.into()),
            Some(own) => Ok(own.target.clone()),
            None => Err(Failure {
                reason: Reason::UnknownTarget,
                detail: format!(
                    "You have no server {}: start one before you open it.",
                    name.escape_debug()
                ),
            }),
        }
    }

    /// Where a job may go: to one of the link's servers, or a built-in target. A sentence where not.
    pub(super) fn place(&self, name: &str, core: &Core) -> Result<Place, String> {
        let target = self.target(name, &core.targets).map_err(|f| f.detail)?;
        let own = ServerId::from_name(name).and_then(|id| self.by_id.get(&id));
        let count = match own {
            Some(own) => Some(&own.count),
            None => core.counts.get(name).filter(|_| target.info.builtin),
        };
        match count {
            Some(count) => Ok(Place {
                target,
                count: count.clone(),
            }),
            None => Err(format!(
                "Jobs go to servers of your own and to built-in targets only, and {name} is \
                 neither."
            )),
        }
    }

    /// Forgets all of them: the link has ended, and their tasks stop them.
    pub(super) fn clear(&mut self) {
        self.by_id.clear();
    }

    fn running(&self) -> usize {
        let runs = |own: &&Own| matches!(own.life, Life::Runs(_));
        self.by_id.values().filter(runs).count()
    }

    /// A server has stopped; false if it is not known any more.
    fn stopped(&mut self, id: ServerId, address: Option<Reserved>, core: &Core) -> bool {
        let Some(own) = self.by_id.get_mut(&id) else {
            return false;
        };
        let kept = match address {
            Some(address) => match core.kept.clone().try_acquire_owned() {
                Ok(place) => Some((address, place)),
                Err(_) => {
                    // Whoever gets the address next is not to be dialled by this name.
                    self.by_id.remove(&id);
                    return true;
                }
            },
            None => None,
        };
        own.life = Life::Stopped(kept);
        let is_stopped = |own: &Own| matches!(own.life, Life::Stopped(_));
        let stopped = self.by_id.iter().filter(|(_, own)| is_stopped(own));
        let stopped: Vec<ServerId> = stopped.map(|(id, _)| *id).collect();
        if stopped.len() > MAX_STOPPED {
            self.by_id.remove(&stopped[0]);
        }
        true
    }
}

impl Link {
    /// Starts a server, and says so. Binding and starting a thread takes about as long as handing it
    /// to another thread would, and this way the next message finds the server there.
    pub(super) fn serve(
        self: &Arc<Self>,
        server: ServerId,
        asked: &ServerOptions,
    ) -> Result<(), Broken> {
        let core = &self.core;
        let running = {
            let servers = &mut self.lock().servers;
            if server.0 <= servers.last {
                let detail = format!("server {} was used before: numbers must grow", server.0);
                return Err(Broken::protocol(detail));
            }
            servers.last = server.0;
            servers.running()
        };
        let refuse = |detail: String| {
            self.push(|seq| GatewayMessage::Stopped {
                seq,
                server,
                detail,
            });
            Ok(())
        };
        if let Err(error) = asked.check() {
            return refuse(error.to_string());
        }
        let place = match core.servers.clone().try_acquire_owned() {
            Ok(place) if running < MAX_SERVERS => place,
            Ok(_) => {
                return refuse(format!(
                    "You have {MAX_SERVERS} servers already, which is as many as there can be. \
                     Stop one first."
                ));
            }
            Err(_) => {
                core.metrics.refuse("servers");
                return refuse(
                    "This gateway runs as many servers as it may. Try again later.".to_owned(),
                );
            }
        };
        let options = options(asked, core);
        let started = match timestamp::start(options, core.clock, core.observers.events()) {
            Ok(started) => started,
            Err(error) => {
                tracing::warn!(%error, "a link's server can't start");
                return refuse(format!("The server can't start: {error}."));
            }
        };
        core.metrics.servers.inc();
        let url = started.url().to_string();
        tracing::info!(%server, url, model = %asked.model, "a link's server runs");
        let stop = self.ended.child_token();
        let own = Own {
            target: Arc::new(target(server, started.url())),
            count: started.count(),
            life: Life::Runs(stop.clone()),
        };
        self.lock().servers.by_id.insert(server, own);
        let link = Arc::downgrade(self);
        let metrics = core.metrics.clone();
        core.tasks.spawn(async move {
            stop.cancelled().await;
            // It waits for the server's threads and processes.
            let stopped = tokio::task::spawn_blocking(|| started.stop_keeping_address()).await;
            drop(place);
            metrics.servers.dec();
            if let Some(link) = link.upgrade() {
                link.server_stopped(server, stopped.unwrap_or_default());
            }
        });
        let clock_us = core.clock.now_us();
        self.push(|seq| GatewayMessage::Serving {
            seq,
            server,
            url,
            clock_us,
        });
        Ok(())
    }

    /// Stops a server; `stopped` follows when it has.
    pub(super) fn stop_server(&self, server: ServerId) -> Result<(), Broken> {
        let mut state = self.lock();
        if server.0 > state.servers.last {
            let detail = format!("server {} was never started", server.0);
            return Err(Broken::protocol(detail));
        }
        // One that has stopped already: the messages crossed.
        if let Some(own) = state.servers.by_id.get_mut(&server)
            && let Life::Runs(stop) = &own.life
        {
            stop.cancel();
            own.life = Life::Stops;
        }
        Ok(())
    }

    fn server_stopped(&self, server: ServerId, kept: Option<Reserved>) {
        if self.lock().servers.stopped(server, kept, &self.core) {
            self.push(|seq| GatewayMessage::Stopped {
                seq,
                server,
                detail: "The server was stopped.".to_owned(),
            });
        }
    }
}

/// What the server is as a target.
fn target(server: ServerId, url: &TargetUrl) -> Target {
    Target {
        info: TargetInfo {
            name: server.name(),
            kind: url.kind(),
            url: Some(url.to_string()),
            about: "a server of your own".to_owned(),
            builtin: true,
        },
        url: url.clone(),
    }
}

/// How the server is started: on loopback, or in the gateway's directory.
fn options(asked: &ServerOptions, core: &Core) -> Options {
    let ms = |ms: u32| Duration::from_millis(ms.into());
    let kind = asked.kind;
    let url = match kind.is_unix() {
        true => TargetUrl::Path {
            kind,
            path: core.targets.own_path('s').display().to_string(),
        },
        false => TargetUrl::Inet {
            kind,
            host: "127.0.0.1".to_owned(),
            port: 0,
        },
    };
    Options {
        protocol: asked.protocol,
        model: asked.model,
        timeout: ms(asked.timeout_ms),
        backlog: asked.backlog,
        recv_bytes: asked.recv_bytes as usize,
        delay: ms(asked.delay_ms),
        block: ms(asked.block_ms),
        late: ms(asked.late_ms),
        accept_after: ms(asked.accept_after_ms),
        workers: core.workers.clone(),
        ..Options::new(url)
    }
}
