//! A load: many clients at once, on one target after another.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chalkwire_shared::job::{Load, Outcome};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::connection::{Finished, Plan, Scene, perform};
use super::gauge::Gauges;
use super::{Place, Report, Reports};
use crate::core::Core;

/// How often a server is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// How often progress is told.
const PROGRESS: Duration = Duration::from_millis(100);

/// Connections that are over and wait to be reported; then their clients wait.
const FINISHED: usize = 64;

/// Runs the load to its end, or until it is cancelled.
pub(super) async fn run(
    core: &Arc<Core>,
    load: &Load,
    places: &[Place],
    reports: &Reports,
    cancel: &CancellationToken,
) {
    let mut progress = Progress::of(load, places.len());
    for (target, place) in (0..).zip(places) {
        if cancel.is_cancelled() {
            break;
        }
        let scene = Arc::new(Scene {
            core: core.clone(),
            load: load.clone(),
            place: place.clone(),
            target,
            line: format!("{}\r\n", load.line).into_bytes(),
            cancel: cancel.clone(),
            idle_over: CancellationToken::new(),
        });
        on_one_target(scene, reports, &mut progress).await;
    }
    progress.tell(reports);
}

async fn on_one_target(scene: Arc<Scene>, reports: &Reports, progress: &mut Progress) {
    let (over, mut finished) = mpsc::channel(FINISHED);
    let clients = all_clients(&scene, over);
    let mut settling = FuturesUnordered::new();
    let mut gauges = Gauges::of(scene.target);
    let mut look = ticks(LOOK);
    let mut tell = ticks(PROGRESS);
    tokio::pin!(clients);
    let mut running = true;
    let mut open = true;
    while running || open || !settling.is_empty() {
        // All of these are cancel-safe; the clients go on in tasks of their own.
        tokio::select! {
            () = &mut clients, if running => running = false,
            over = finished.recv(), if open => match over {
                Some((connection, skipped)) => {
                    let connection: Finished = connection;
                    progress.done += 1 + skipped;
                    settling.push(connection.settle(&scene.cancel));
                }
                None => open = false,
            },
            Some(report) = settling.next() => reports.tell(report).await,
            _ = look.tick() => gauges.look(&scene.place, scene.core.clock, reports),
            _ = tell.tick() => progress.tell(reports),
        }
    }
    gauges.look(&scene.place, scene.core.clock, reports);
}

/// What is over, and the connections that its client does not make any more.
type Over = (Finished, u32);

/// Starts every client, and waits for all of them: those that say nothing connect first.
async fn all_clients(scene: &Arc<Scene>, over: mpsc::Sender<Over>) {
    let Load {
        clients,
        idle_clients,
        ..
    } = scene.load;
    let mut idle = JoinSet::new();
    let mut busy = JoinSet::new();
    // Closed when the last of the idle ones has its answer.
    let (connecting, mut all_connected) = mpsc::channel(1);
    for client in 0..idle_clients {
        let start = start(scene, client, 0, over.clone(), Some(connecting.clone()));
        idle.spawn(start);
    }
    drop(connecting);
    let none: Option<Infallible> = all_connected.recv().await;
    debug_assert!(none.is_none());
    for client in idle_clients..clients {
        let place = client - idle_clients;
        busy.spawn(start(scene, client, place, over.clone(), None));
    }
    drop(over);
    while busy.join_next().await.is_some() {}
    scene.idle_over.cancel();
    while idle.join_next().await.is_some() {}
}

/// One client, from its place in the row to its last connection.
fn start(
    scene: &Arc<Scene>,
    client: u8,
    place: u8,
    over: mpsc::Sender<Over>,
    connecting: Option<mpsc::Sender<Infallible>>,
) -> impl Future<Output = ()> + Send + 'static {
    let scene = scene.clone();
    let idle = connecting.is_some();
    let place = if idle { client } else { place };
    let wait = Duration::from_millis(scene.load.stagger_ms.into()) * place.into();
    async move {
        if !wait.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = scene.cancel.cancelled() => {}
            }
        }
        let (connections, messages) = match (idle, scene.load.one_shot) {
            (true, _) => (1, 0),
            (false, true) => (scene.load.messages, 1),
            (false, false) => (1, scene.load.messages),
        };
        let mut connecting = connecting;
        for connection in 0..connections {
            let plan = Plan {
                client,
                connection,
                messages,
            };
            let finished = perform(&scene, plan, connecting.take()).await;
            let goes_on = finished.outcome() == Outcome::Done;
            let left = match goes_on {
                true => 0,
                false => u32::from(connections - connection) - 1,
            };
            // The receiver outlives every client.
            let _ = over.send((finished, left)).await;
            if !goes_on {
                return;
            }
        }
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

/// How many connections are over.
struct Progress {
    done: u32,
    of: u32,
    told: Option<u32>,
}

impl Progress {
    fn of(load: &Load, targets: usize) -> Self {
        let (clients, idle) = (u32::from(load.clients), u32::from(load.idle_clients));
        let each = match load.one_shot {
            true => u32::from(load.messages),
            false => 1,
        };
        let targets = u32::try_from(targets).unwrap_or(u32::MAX);
        Progress {
            done: 0,
            of: targets * (idle + (clients - idle) * each),
            told: None,
        }
    }

    fn tell(&mut self, reports: &Reports) {
        let (done, of) = (self.done, self.of);
        if self.told != Some(done) && reports.mention(Report::Progress { done, of }) {
            self.told = Some(done);
        }
    }
}
