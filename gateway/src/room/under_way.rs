//! An "everyone send now" that is under way: its server is looked at until all are done.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant as StdInstant};

use chalkwire_shared::job::Gauge;
use chalkwire_shared::room::Armed;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::Room;
use crate::core::Core;
use crate::job::Place;
use crate::job::gauge::Gauges;
use crate::policy::rate::Bucket;

/// Changes of the server that are told at once, as its queue fills, and then each second.
const TOLD: (u32, u32) = (10, 20);

/// How often it is looked whether all are done.
const DONE: Duration = Duration::from_millis(100);

/// Sees to the run that is under way, if there is one and nobody does yet.
pub fn attend(core: &Arc<Core>, room: &Arc<Room>) {
    let Some(armed) = room.armed().borrow().clone() else {
        return;
    };
    if room.attended_run.swap(armed.run.0, Ordering::Relaxed) == armed.run.0 {
        return;
    }
    let (core, room) = (core.clone(), room.clone());
    let (draining, stop) = (core.tasks.draining().clone(), core.tasks.stop());
    core.tasks.clone().spawn(async move {
        let mut present = room.armed();
        let over = present.wait_for(|it| it.as_ref().is_none_or(|it| it.run != armed.run));
        tokio::select! {
            _ = over => {}
            () = follow(&core, &room, &armed) => room.run_over(armed.run),
            () = draining.cancelled() => {}
            () = stop.cancelled() => {}
        }
    });
}

/// Looks at the run's server from its instant on; returns when all are done.
async fn follow(core: &Core, room: &Arc<Room>, armed: &Armed) {
    let offset_us = room.clock_offset_us();
    let now_us = core.clock.now_us().saturating_add(offset_us);
    sleep(Duration::from_micros(armed.at_us.saturating_sub(now_us))).await;
    let place = place_of(core, &armed.plan.target);
    let mut gauges = Gauges::of(0);
    let mut told = Bucket::new(TOLD.0, TOLD.1, StdInstant::now());
    let mut look = |gauges: &mut Gauges, place: &Place| {
        gauges.look(core, place, |gauge| {
            let may = told.take(StdInstant::now());
            if may {
                let clock_us = gauge.clock_us.saturating_add(offset_us);
                let gauge = Gauge {
                    clock_us,
                    ..gauge.clone()
                };
                room.gauge(armed.run, gauge);
            }
            may
        });
    };
    let mut ticks = interval(DONE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let never = Instant::now() + DONE;
        // Both are cancel-safe.
        tokio::select! {
            () = sleep_until(place.as_ref().map_or(never, |_| gauges.next())), if place.is_some() => {
                if let Some(place) = &place {
                    look(&mut gauges, place);
                }
            }
            _ = ticks.tick() => if room.all_are_done() {
                break;
            },
        }
    }
    // As it is left.
    if let Some(place) = &place {
        look(&mut gauges, place);
    }
}

/// The server behind a target, where it is one of the gateway's own that has a queue.
fn place_of(core: &Core, name: &str) -> Option<Place> {
    let target = core.targets.get(name).ok()?;
    let count = core.counts.get(name)?;
    let queued = target.info.builtin && !target.kind().is_datagram();
    queued.then(|| Place {
        target: target.clone(),
        count: count.clone(),
    })
}
