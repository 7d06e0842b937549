//! Rounds through all ways in turn, so that a slow minute meets them all, and the table of it.

use std::time::{Duration, Instant};

use crate::echo::Habit;
use crate::report::{Cell, Table, median, spread};
use crate::way::{Bridge, Way};

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Effort {
    pub(crate) ways: Vec<Way>,
    pub(crate) rounds: usize,
    pub(crate) each: Duration,
    pub(crate) bulk_bytes: usize,
    pub(crate) idle: Vec<usize>,
}

impl Effort {
    /// The ways, but for those that are another one's where connections stay open, and these.
    pub(crate) fn ways_but(&self, without: &[Way]) -> impl Iterator<Item = Way> {
        let ways = self.ways.iter().copied();
        ways.filter(|way| *way != Way::RawHangingUp && !without.contains(way))
    }
}

/// What came of one round of one way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Of what is counted.
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// Of the program on the way, for `per` of what is counted.
    pub(crate) cpu: f64,
}

/// Up to four seconds; what takes longer counts as these.
pub(crate) fn nanos(took: Duration) -> u32 {
    u32::try_from(took.as_nanos()).unwrap_or(u32::MAX)
}

/// A stretch of time that is measured.
pub(crate) struct Stretch {
    began: Instant,
    cpu: f64,
}

impl Stretch {
    pub(crate) fn begin(bridge: &Bridge) -> anyhow::Result<Self> {
        Ok(Stretch {
            cpu: bridge.cpu()?,
            began: Instant::now(),
        })
    }

    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// Ends it. `count` was done, and CPU is told for `per` of it.
    pub(crate) fn end(
        self,
        bridge: &Bridge,
        count: f64,
        per: f64,
        mut times_ns: Vec<u32>,
    ) -> anyhow::Result<Run> {
        let took = self.began.elapsed().as_secs_f64();
        let cpu = (bridge.cpu()? - self.cpu) * per / count.max(1.0);
        times_ns.sort_unstable();
        let at = |share: f64| {
            let index = (times_ns.len() as f64 * share) as usize;
            let last = times_ns.len().saturating_sub(1);
            times_ns
                .get(index.min(last))
                .map_or(f64::NAN, |&ns| f64::from(ns) / 1e3)
        };
        Ok(Run {
            per_second: count / took,
            p50_us: at(0.50),
            p99_us: at(0.99),
            cpu,
        })
    }
}

/// What came of all rounds of one way: the runs, or why there are none.
pub(crate) type Outcome = (Way, Result<Vec<Run>, String>);

/// Starts the ways, each before a server, and goes round them. One that fails is left out from then on.
pub(crate) async fn go(
    effort: &Effort,
    ways: &[Way],
    habit: Habit,
    run: impl AsyncFn(Way, &Bridge) -> anyhow::Result<Run>,
) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut bridges = Vec::new();
    for way in ways {
        match way.start(habit) {
            Ok(bridge) => {
                bridges.push(Some(bridge));
                outcomes.push((*way, Ok(Vec::new())));
            }
            Err(error) => {
                bridges.push(None);
                outcomes.push((*way, Err(format!("does not start: {error:#}"))));
            }
        }
    }
    for _ in 0..effort.rounds {
        for (bridge, (way, runs)) in bridges.iter().zip(&mut outcomes) {
            let (Some(bridge), Ok(so_far)) = (bridge, &mut *runs) else {
                continue;
            };
            let deadline = effort.each + Duration::from_secs(30);
            match tokio::time::timeout(deadline, run(*way, bridge)).await {
                Ok(Ok(run)) => so_far.push(run),
                Ok(Err(error)) => *runs = Err(format!("{error:#}")),
                Err(_) => *runs = Err("no end in time".to_owned()),
            }
            // What the one before leaves behind is not to be the next one's.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(outcomes)
}

/// What a table shows of runs.
pub(crate) struct Shown {
    pub(crate) title: String,
    pub(crate) rate: &'static str,
    /// Whether the relay is among the ways.
    pub(crate) relay: bool,
    pub(crate) times: bool,
    pub(crate) cpu: &'static str,
}

/// The columns' names, for who looks for a figure.
pub(crate) const OF_RELAY: &str = "of relay";
pub(crate) const CPU_OF_RELAY: &str = "CPU of relay";
pub(crate) const NOISE: &str = "± %";
pub(crate) const P50: &str = "p50 µs";
pub(crate) const P50_OF_RELAY: &str = "p50 of relay";

/// The table of the outcomes: medians, and ratios to direct TCP and the relay. A ratio is the median of
/// those of each round, whose ways followed each other within seconds: the machine's pace drifts.
pub(crate) fn table(shown: &Shown, outcomes: &[Outcome]) -> Table {
    let mut columns = vec![shown.rate, "of direct"];
    columns.extend(shown.relay.then_some(OF_RELAY));
    columns.push(NOISE);
    if shown.times {
        columns.push(P50);
        columns.extend(shown.relay.then_some(P50_OF_RELAY));
        columns.push("p99 µs");
    }
    columns.push(shown.cpu);
    columns.extend(shown.relay.then_some(CPU_OF_RELAY));
    let mut table = Table::new(&shown.title, &columns);
    let runs_of = |way: Way| {
        let outcome = outcomes.iter().find(|it| it.0 == way);
        outcome.and_then(|it| it.1.as_deref().ok())
    };
    let of = |runs: &[Run], other: Option<&[Run]>, what: fn(&Run) -> f64| {
        let pairs = runs.iter().zip(other.unwrap_or_default());
        median(pairs.map(|(run, other)| what(run) / what(other)))
    };
    let (direct, relay) = (runs_of(Way::Direct), runs_of(Way::Relay));
    let relay_cpu = relay.map_or(f64::NAN, mean_cpu);
    for (way, runs) in outcomes {
        let runs = match runs {
            Ok(runs) => runs,
            Err(why) => {
                table.note(&format!("{} fails: {}", way.name(), way.because(why)));
                table.broken |= !way.is_peer();
                table.row(&way.name(), vec![Cell::Fails; columns.len()]);
                continue;
            }
        };
        let middle = |what: fn(&Run) -> f64| median(runs.iter().map(what));
        let rate = middle(|it| it.per_second);
        let mut cells = vec![
            Cell::Number(rate, 0),
            Cell::Number(of(runs, direct, |it| it.per_second), 2),
        ];
        if shown.relay {
            cells.push(Cell::Number(of(runs, relay, |it| it.per_second), 2));
        }
        let apart = spread(runs.iter().map(|it| it.per_second));
        cells.push(Cell::Number(apart * 50.0, 0));
        if shown.times {
            cells.push(Cell::Number(middle(|it| it.p50_us), 1));
            if shown.relay {
                cells.push(Cell::Number(of(runs, relay, |it| it.p50_us), 2));
            }
            cells.push(Cell::Number(middle(|it| it.p99_us), 0));
        }
        let cpu = match way {
            Way::Direct => f64::NAN,
            _ => mean_cpu(runs),
        };
        cells.push(Cell::Number(cpu, 2));
        if shown.relay {
            cells.push(Cell::Number(cpu / relay_cpu, 2));
        }
        table.row(&way.name(), cells);
    }
    table
}

/// CPU time is counted in steps of 10 ms: the mean of all rounds says more than the middle one.
fn mean_cpu(runs: &[Run]) -> f64 {
    runs.iter().map(|it| it.cpu).sum::<f64>() / runs.len() as f64
}
