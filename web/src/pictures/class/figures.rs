//! What an "everyone send now" comes to, in numbers.

use super::{Came, Class, Phase, Row, Serving};
use crate::pictures::latency::Series;

/// A connect that takes longer has had its SYN sent again, in ms: the kernel waits a second for that.
const LATE_MS: f64 = 500.0;

/// Waits that overlap by less are no wait for somebody, in ms.
const TOUCH_MS: f64 = 5.0;

/// Somebody who was accepted, said nothing and kept a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Which row.
    pub row: usize,
    /// What it is called here.
    pub name: String,
    /// Whether the plan says so.
    pub planned: bool,
    /// From when, in ms.
    pub from_ms: f64,
    /// Until when, in ms.
    pub to_ms: f64,
    /// Whether it is over.
    pub over: bool,
    /// How many others waited until it was over, or wait still.
    pub waited: usize,
}

/// The numbers of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// How many had a reply,
    pub answered: usize,
    /// how many failed, or had none,
    pub failed: usize,
    /// how many said nothing,
    pub silent: usize,
    /// how many are under way,
    pub under_way: usize,
    /// and how many had no part.
    pub absent: usize,
    /// When the first reply was there, in ms.
    pub first_ms: Option<f64>,
    /// When the last one was.
    pub last_ms: Option<f64>,
    /// How long the server worked for a client, in the middle, in ms; `None` where it does not tell.
    pub work_ms: Option<f64>,
    /// The most that were served at once; 0 where the server does not tell.
    pub at_once: usize,
    /// The most that were seen in the accept queue.
    pub most_queued: Option<u32>,
    /// How many are in it, as it was last seen.
    pub queued: Option<u32>,
    /// The backlog that the kernel keeps to.
    pub backlog: Option<u32>,
    /// How many were let in only after their SYN was sent again,
    pub late: usize,
    /// and how many never were.
    pub never: usize,
    /// Who said nothing for longest.
    pub hold: Option<Hold>,
}

impl Figures {
    pub(super) fn of(
        rows: &[Row],
        serving: Serving,
        queue: &[(f64, u32)],
        backlog: Option<u32>,
    ) -> Self {
        let mut it = Figures {
            most_queued: queue.iter().map(|(_, waiting)| *waiting).max(),
            queued: queue.last().map(|(_, waiting)| *waiting),
            backlog,
            ..Figures::default()
        };
        let mut work = Vec::new();
        let mut edges = Vec::new();
        for row in rows {
            match row.came {
                Came::Answered => it.answered += 1,
                Came::Failed(_) | Came::Unanswered => it.failed += 1,
                Came::Silent => it.silent += 1,
                Came::Untold | Came::UnderWay => it.under_way += 1,
                Came::Absent => it.absent += 1,
            }
            if let Some(ms) = row.replied_ms {
                it.first_ms = Some(it.first_ms.map_or(ms, |first| first.min(ms)));
                it.last_ms = Some(it.last_ms.map_or(ms, |last| last.max(ms)));
            }
            for (_, from, to) in row.spans.iter().filter(|it| it.0 == Phase::Served) {
                edges.push((*from, 1i64));
                edges.push((*to, -1));
                if row.replied_ms.is_some() {
                    work.push(to - from);
                }
            }
            // Loopback and local networks answer in far less; only where the queue is the kernel's.
            if serving != Serving::Unknown && row.in_phase(Phase::Connecting) >= LATE_MS {
                if row.connected_ms.is_some() {
                    it.late += 1;
                } else {
                    it.never += usize::from(!row.grows());
                }
            }
        }
        work.sort_by(f64::total_cmp);
        it.work_ms = work.get(work.len() / 2).copied();
        // Who ends in the moment in which another begins was not there with it.
        edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut now = 0i64;
        for (_, step) in edges {
            now += step;
            it.at_once = it.at_once.max(usize::try_from(now).unwrap_or(0));
        }
        it.hold = hold(rows, serving);
        it
    }

    /// How many take part.
    pub fn all(&self) -> usize {
        self.answered + self.failed + self.silent + self.under_way
    }
}

/// Who was accepted and said nothing for longest, and whom it kept waiting.
fn hold(rows: &[Row], serving: Serving) -> Option<Hold> {
    if !serving.tells() {
        return None;
    }
    let silent = |(at, row): (usize, &Row)| {
        let span = row.spans.iter().find(|it| it.0 == Phase::Silent);
        span.map(|(_, from, to)| (at, *from, *to))
    };
    let (at, from, to) = rows
        .iter()
        .enumerate()
        .filter_map(silent)
        .max_by(|a, b| (a.2 - a.1).total_cmp(&(b.2 - b.1)))?;
    let holder = rows.get(at)?;
    let over = !holder.grows();
    let waited = |(other, row): &(usize, &Row)| {
        let Some(begun) = row.begun_ms.filter(|_| *other != at) else {
            return false;
        };
        // Whom the server took meanwhile did not wait for this one. Who gave up meanwhile did, where
        // nobody can be served beside it.
        let until = row.accepted_ms.unwrap_or(row.end_ms);
        let gave_up = serving == Serving::Iterative && row.accepted_ms.is_none();
        (until >= to - 1.0 || gave_up) && until.min(to) - begun.max(from) >= TOUCH_MS
    };
    Some(Hold {
        row: at,
        name: holder.name.clone(),
        planned: holder.idler,
        from_ms: from,
        to_ms: to,
        over,
        waited: rows.iter().enumerate().filter(waited).count(),
    })
}

/// The replies' times of a run, for a histogram; `None` without any.
pub fn spread(class: &Class) -> Option<Series> {
    let ms = class.replies_ms();
    let note = match class.figures.failed {
        0 => String::new(),
        many => many.to_string() + " without a reply",
    };
    (!ms.is_empty()).then(|| Series {
        name: class.target.clone() + ", from the instant to the reply",
        ms,
        note,
    })
}
