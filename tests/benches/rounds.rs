//! Rounds through all ways in turn, so that a slow minute meets them all, and the table of it.

use std::time::{Duration, Instant};

use anyhow::Context;

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
        mut times_us: Vec<u32>,
    ) -> anyhow::Result<Run> {
        let took = self.began.elapsed().as_secs_f64();
        let cpu = (bridge.cpu()? - self.cpu) * per / count.max(1.0);
        times_us.sort_unstable();
        let at = |share: f64| {
            let index = (times_us.len() as f64 * share) as usize;
            let last = times_us.len().saturating_sub(1);
            times_us
                .get(index.min(last))
                .map_or(f64::NAN, |&t| t.into())
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
        bridges.push(way.start(habit).with_context(|| way.name())?);
        outcomes.push((*way, Ok(Vec::new())));
    }
    for _ in 0..effort.rounds {
        for (bridge, (way, runs)) in bridges.iter().zip(&mut outcomes) {
            let Ok(so_far) = runs else { continue };
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
    pub(crate) times: bool,
    pub(crate) cpu: &'static str,
}

/// The table of the outcomes: medians, and ratios to direct TCP and the relay of the same rounds.
pub(crate) fn table(shown: &Shown, outcomes: &[Outcome]) -> Table {
    let mut columns = vec![shown.rate, "of direct", "of relay", "± %"];
    if shown.times {
        columns.extend(["p50 µs", "p99 µs"]);
    }
    columns.extend([shown.cpu, "of relay"]);
    let mut table = Table::new(&shown.title, &columns);
    let of = |way: Way, what: fn(&Run) -> f64| {
        let runs = outcomes.iter().find(|it| it.0 == way);
        let runs = runs.and_then(|it| it.1.as_ref().ok());
        runs.map_or(f64::NAN, |runs| median(runs.iter().map(what)))
    };
    for (way, runs) in outcomes {
        let runs = match runs {
            Ok(runs) => runs,
            Err(why) => {
                table.note(&format!("{} fails: {why}.", way.name()));
                let cells = vec![Cell::Fails; columns.len()];
                table.row(&way.name(), cells);
                continue;
            }
        };
        let rate = median(runs.iter().map(|it| it.per_second));
        let mut cells = vec![
            Cell::Number(rate, 0),
            Cell::Number(rate / of(Way::Direct, |it| it.per_second), 2),
            Cell::Number(rate / of(Way::Relay, |it| it.per_second), 2),
            Cell::Number(spread(runs.iter().map(|it| it.per_second)) * 50.0, 0),
        ];
        if shown.times {
            cells.push(Cell::Number(median(runs.iter().map(|it| it.p50_us)), 0));
            cells.push(Cell::Number(median(runs.iter().map(|it| it.p99_us)), 0));
        }
        match way {
            Way::Direct => cells.extend([Cell::None, Cell::None]),
            _ => {
                let cpu = median(runs.iter().map(|it| it.cpu));
                cells.push(Cell::Number(cpu, 2));
                cells.push(Cell::Number(cpu / of(Way::Relay, |it| it.cpu), 2));
            }
        }
        table.row(&way.name(), cells);
    }
    table
}
