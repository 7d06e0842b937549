//! A bar a member: how an "everyone send now" goes and went, by the gateway's clock.

use chalkwire_shared::close::Reason;
use chalkwire_shared::job::Gauge;
use chalkwire_shared::room::{Armed, MemberId};

mod bar;
mod draw;
mod figures;
mod headline;
mod seen;
mod serving;
mod words;

#[cfg(test)]
pub(crate) mod made_up;

pub use draw::{NAMED, Rows, Sheet, draw};
pub use figures::{Figures, Hold, spread};
pub use headline::{Headline, headline};
pub use seen::{Seen, Sender, number};
pub use serving::Serving;
pub use words::{notes, reason_word, row_words, story, summary};

/// What a member was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its exchange is not told yet: it is new.
    Untold,
    /// `connect` has not returned: not let in.
    Connecting,
    /// Connected, and in the kernel's accept queue.
    Queued,
    /// The server has it and is busy, or nothing is known but that the reply is not there.
    Waiting,
    /// Accepted, and says nothing.
    Silent,
    /// Between the server's `recv` and the reply.
    Served,
    /// The reply is there, the socket still open.
    Closing,
}

impl Phase {
    /// Every phase, in the order of an exchange's life.
    pub const ALL: [Phase; 7] = [
        Phase::Untold,
        Phase::Connecting,
        Phase::Queued,
        Phase::Waiting,
        Phase::Silent,
        Phase::Served,
        Phase::Closing,
    ];

    /// The phase in a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Untold => "under way",
            Phase::Connecting => "not let in yet: SYN, and again",
            Phase::Queued => "in the accept queue",
            Phase::Waiting => "waits for the reply",
            Phase::Silent => "says nothing",
            Phase::Served => "served",
            Phase::Closing => "open until close",
        }
    }
}

/// In which order the members stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the server took them.
    #[default]
    Served,
    /// As they were done.
    Done,
    /// By name.
    Name,
}

impl Order {
    /// Every order.
    pub const ALL: [Order; 3] = [Order::Served, Order::Done, Order::Name];

    /// What a button for it says.
    pub fn label(self) -> &'static str {
        match self {
            Order::Served => "as served",
            Order::Done => "as done",
            Order::Name => "by name",
        }
    }
}

/// How it came out for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// The gateway has not told its exchange yet.
    Untold,
    /// It is not over.
    UnderWay,
    /// The reply was there.
    Answered,
    /// It sent nothing.
    Silent,
    /// It was over without a reply.
    Unanswered,
    /// It failed.
    Failed(Reason),
    /// The run is over and it had no part in it.
    Absent,
}

/// A member's row. Times are in ms after the instant of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Who.
    pub member: MemberId,
    /// What it is called here.
    pub name: String,
    /// Whether it is the one who looks.
    pub mine: bool,
    /// Whether the plan says that it sends nothing.
    pub idler: bool,
    /// What it was doing, from when to when.
    pub spans: Vec<(Phase, f64, f64)>,
    /// How it came out.
    pub came: Came,
    /// When its exchange was begun.
    pub begun_ms: Option<f64>,
    /// When it was connected.
    pub connected_ms: Option<f64>,
    /// When the server accepted it.
    pub accepted_ms: Option<f64>,
    /// When the first byte was sent.
    pub sent_ms: Option<f64>,
    /// When the server read it.
    pub recv_ms: Option<f64>,
    /// When the reply began to come.
    pub replied_ms: Option<f64>,
    /// Until when it is drawn.
    pub end_ms: f64,
}

/// An "everyone send now" as it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    /// The target's name.
    pub target: String,
    /// How its server serves.
    pub serving: Serving,
    /// The instant, in µs since 1970 by the room's clock.
    pub at_us: u64,
    /// The members, in order.
    pub rows: Vec<Row>,
    /// Members in the accept queue, each time the number changed, from ms on.
    pub queue: Vec<(f64, u32)>,
    /// The backlog that the kernel keeps to.
    pub backlog: Option<u32>,
    /// Until when there is something to be drawn, in ms.
    pub end_ms: f64,
    /// The end of the axis, in ms: round while it grows.
    pub axis_ms: f64,
    /// What it comes to.
    pub figures: Figures,
}

/// Rows of members, gauges and a moment as one picture. `now_us` is by the room's clock; what is not
/// over grows until then.
pub fn class(
    armed: &Armed,
    serving: Serving,
    senders: &[Sender],
    gauges: &[Gauge],
    now_us: u64,
    order: Order,
) -> Class {
    let now_ms = since(armed.at_us, now_us).max(0.0);
    let mut rows: Vec<Row> = senders
        .iter()
        .map(|it| bar::row(armed, serving, it, now_ms))
        .collect();
    rows.retain(|it| !it.spans.is_empty() || it.came != Came::Untold || now_ms > 0.0);
    sort(&mut rows, order);
    let mut class = Class {
        target: armed.plan.target.clone(),
        serving,
        at_us: armed.at_us,
        ..Class::default()
    };
    let ends = rows.iter().map(|it| it.end_ms);
    class.end_ms = ends.fold(0.0, f64::max);
    let live = !armed.over && rows.iter().any(Row::grows);
    if live {
        class.end_ms = class.end_ms.max(now_ms);
    }
    for gauge in gauges {
        let at = since(armed.at_us, gauge.clock_us).max(0.0);
        class.backlog = class.backlog.max(gauge.backlog);
        if let Some(waiting) = gauge.waiting
            && class.queue.last().is_none_or(|(_, last)| *last != waiting)
        {
            class.queue.push((at, waiting));
        }
    }
    let end_ms = axis_end(&rows, serving, class.end_ms);
    class.axis_ms = if live { round_up(end_ms) } else { end_ms };
    class.figures = Figures::of(&rows, serving, &class.queue, class.backlog);
    class.rows = rows;
    class
}

impl Row {
    /// Whether it is not over, so that its bar grows.
    pub fn grows(&self) -> bool {
        matches!(self.came, Came::Untold | Came::UnderWay)
    }

    /// From when to when it was in a phase, all in all in ms.
    pub fn in_phase(&self, phase: Phase) -> f64 {
        let spans = self.spans.iter().filter(|(it, _, _)| *it == phase);
        spans.map(|(_, from, to)| to - from).sum()
    }
}

impl Class {
    /// Whether somebody is under way, so that the picture changes with time alone.
    pub fn grows(&self) -> bool {
        self.rows.iter().any(Row::grows)
    }

    /// Members whose reply was there, as times in ms from the instant.
    pub fn replies_ms(&self) -> Vec<f64> {
        self.rows.iter().filter_map(|it| it.replied_ms).collect()
    }
}

/// Where the axis ends. At a server where one who says nothing holds up nobody, its long bar is cut:
/// what happened to the others would be no more than a line beside it.
fn axis_end(rows: &[Row], serving: Serving, end_ms: f64) -> f64 {
    let silent = |row: &&Row| row.spans.iter().any(|it| it.0 == Phase::Silent) || row.idler;
    let others = rows.iter().filter(|it| !silent(it) && !it.spans.is_empty());
    let others_ms = others.map(|it| it.end_ms).fold(0.0, f64::max);
    let cut = !matches!(serving, Serving::Iterative | Serving::Unknown);
    if cut && others_ms > 0.0 && others_ms < end_ms * 0.4 {
        others_ms * 1.5
    } else {
        end_ms
    }
}

fn since(zero_us: u64, at_us: u64) -> f64 {
    // Members may begin a little before the instant: their clocks are compared only to some ms.
    if at_us >= zero_us {
        (at_us - zero_us) as f64 / 1000.0
    } else {
        -((zero_us - at_us) as f64 / 1000.0)
    }
}

/// An end for a growing axis, so that it does not creep: 1, 1.5, 2, 3, 5 or 7 times a power of ten.
fn round_up(ms: f64) -> f64 {
    let mut power = 100.0;
    loop {
        for step in [1.0, 1.5, 2.0, 3.0, 5.0, 7.0] {
            if step * power >= ms || power > 1e9 {
                return step * power;
            }
        }
        power *= 10.0;
    }
}

fn sort(rows: &mut [Row], order: Order) {
    // First those who were taken, then those who wait, those of whom nothing is told, those who are
    // not there.
    let group = |row: &Row| match row.came {
        Came::Absent => 3,
        Came::Untold => 2,
        _ => 0,
    };
    let moment = |row: &Row| match order {
        Order::Name => (0, 0.0),
        Order::Served => {
            let taken = row.accepted_ms.or(row.recv_ms).or(row.replied_ms);
            match taken.or(row.connected_ms) {
                Some(ms) => (group(row), ms),
                None => (group(row).max(1), row.begun_ms.unwrap_or(0.0)),
            }
        }
        Order::Done if row.grows() => (group(row).max(1), row.begun_ms.unwrap_or(0.0)),
        Order::Done => (group(row), row.replied_ms.unwrap_or(row.end_ms)),
    };
    rows.sort_by(|a, b| {
        let ((ga, ta), (gb, tb)) = (moment(a), moment(b));
        ga.cmp(&gb)
            .then(ta.total_cmp(&tb))
            .then_with(|| natural(a, b))
    });
}

/// By name, with numbers at its end as numbers.
fn natural(a: &Row, b: &Row) -> std::cmp::Ordering {
    let key = |name: &str| {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = name[stem.len()..].parse::<u64>().unwrap_or(0);
        (stem.to_lowercase(), number)
    };
    key(&a.name)
        .cmp(&key(&b.name))
        .then(a.member.cmp(&b.member))
}

#[cfg(test)]
mod tests;
