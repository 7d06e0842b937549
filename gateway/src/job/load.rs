//! A load: many clients at once, on one target after another.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chalkwire_shared::job::{Gauge, Load, Outcome};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::connection::{Finished, Plan, Scene, Starting, perform};
use super::gauge::Gauges;
use super::{Place, Report, Reports};
use crate::core::Core;

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
    let core = &scene.core;
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
            () = tokio::time::sleep_until(gauges.next()) => {
                gauges.look(core, &scene.place, |gauge| mention(reports, gauge));
            }
            _ = tell.tick() => progress.tell(reports),
        }
    }
    gauges.look(core, &scene.place, |gauge| mention(reports, gauge));
}

fn mention(reports: &Reports, gauge: &Gauge) -> bool {
    reports.mention(Report::Gauge(gauge.clone()))
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
    // Closed when the last of the idle ones has its answer.
    let (connecting, mut all_connected) = mpsc::channel(1);
    let mut idle = JoinSet::new();
    start(scene, &mut idle, 0..idle_clients, &over, Some(connecting)).await;
    let none: Option<Infallible> = all_connected.recv().await;
    debug_assert!(none.is_none());
    let mut busy = JoinSet::new();
    start(scene, &mut busy, idle_clients..clients, &over, None).await;
    drop(over);
    while busy.join_next().await.is_some() {}
    scene.idle_over.cancel();
    while idle.join_next().await.is_some() {}
}

/// Starts some clients, together or one after the pause after the other. Each calls `connect` before
/// the next one does, so that the queue has them in their order.
async fn start(
    scene: &Arc<Scene>,
    tasks: &mut JoinSet<()>,
    clients: Range<u8>,
    over: &mpsc::Sender<Over>,
    connecting: Option<mpsc::Sender<Infallible>>,
) {
    let stagger = Duration::from_millis(scene.load.stagger_ms.into());
    let began = Instant::now();
    for (place, client) in (0u32..).zip(clients) {
        if !stagger.is_zero() {
            tokio::select! {
                () = tokio::time::sleep_until(began + stagger * place) => {}
                () = scene.cancel.cancelled() => return,
            }
        }
        let (begun, has_begun) = oneshot::channel();
        let starting = Starting {
            begun,
            connecting: connecting.clone(),
        };
        tasks.spawn(live(scene.clone(), client, over.clone(), starting));
        let never: Result<Infallible, _> = has_begun.await;
        debug_assert!(never.is_err());
    }
}

/// One client, to its last connection.
async fn live(scene: Arc<Scene>, client: u8, over: mpsc::Sender<Over>, starting: Starting) {
    let (connections, messages) = match (&starting.connecting, scene.load.one_shot) {
        (Some(_), _) => (1, 0),
        (None, true) => (scene.load.messages, 1),
        (None, false) => (1, scene.load.messages),
    };
    let mut starting = Some(starting);
    for connection in 0..connections {
        let plan = Plan {
            client,
            connection,
            messages,
        };
        let finished = perform(&scene, plan, starting.take()).await;
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
