//! A bar a client: how long each connected, queued, waited and was served, several servers on one axis.

use chalkwire_shared::job::{ClientRun, Gauge, MessageRun, Outcome};

use super::story::{Story, Table, count};
use crate::model::ms_text;

mod draw;

pub use draw::draw;

/// What a client was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `connect` has not returned: not let in.
    Connecting,
    /// Connected, and in the accept queue.
    Queued,
    /// Accepted, and the server is busy with others, or waits for bytes.
    Waiting,
    /// Between the server's `recv` and its `send`.
    Served,
    /// The reply is on its way to the client's `recv`.
    Reply,
    /// Everything is answered, the connection is still open.
    Closing,
}

impl Phase {
    /// Every phase, in the order of a client's life.
    pub const ALL: [Phase; 6] = [
        Phase::Connecting,
        Phase::Queued,
        Phase::Waiting,
        Phase::Served,
        Phase::Reply,
        Phase::Closing,
    ];

    /// The phase in a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Connecting => "connecting: not let in yet",
            Phase::Queued => "in the accept queue",
            Phase::Waiting => "accepted, waits",
            Phase::Served => "served",
            Phase::Reply => "reply",
            Phase::Closing => "open until close",
        }
    }
}

/// A connection of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Which of the client's connections, counted from 0.
    pub connection: u8,
    /// Its phases, in ms from the start of its server's first client.
    pub spans: Vec<(Phase, f64, f64)>,
    /// When its messages were sent, in ms.
    pub sent_ms: Vec<f64>,
    /// When its replies were there, in ms.
    pub reply_ms: Vec<f64>,
    /// When it ended, in ms.
    pub end_ms: f64,
    /// How it ended.
    pub outcome: Outcome,
}

/// A client's row: its connections one after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which client, counted from 0.
    pub client: u8,
    /// Its connections.
    pub bars: Vec<Bar>,
}

/// A server's clients, and its queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// Its name.
    pub name: String,
    /// Its clients.
    pub rows: Vec<Row>,
    /// Clients that wait for `accept`, each time the number changed, from ms on.
    pub queue: Vec<(f64, u32)>,
    /// The backlog that the kernel keeps to.
    pub backlog: Option<u32>,
    /// The most threads that served at once; 0 where it is not known.
    pub threads: u32,
    /// The most processes that served at once; 0 where it is not known.
    pub processes: u32,
    /// When the last client was done, in ms.
    pub end_ms: f64,
    /// Connections that are not drawn.
    pub omitted: usize,
}

/// Several servers, one axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gantt {
    /// The servers, in the order in which they had the load.
    pub panels: Vec<Panel>,
    /// The end of the axis, in ms.
    pub end_ms: f64,
}

/// Connections that are drawn for one server at the most.
const CONNECTIONS: usize = 200;

/// Lays clients and gauges of a load to its servers; `names` are theirs, in the load's order.
pub fn gantt(clients: &[ClientRun], gauges: &[Gauge], names: &[String]) -> Gantt {
    let mut gantt = Gantt::default();
    for (target, name) in (0u8..).zip(names) {
        let mut panel = Panel {
            name: name.clone(),
            ..Panel::default()
        };
        let of_target = || clients.iter().filter(|run| run.target == target);
        let mine = || gauges.iter().filter(|gauge| gauge.target == target);
        let zero = of_target().map(|run| run.start_us).min();
        let zero = zero
            .or_else(|| mine().map(|gauge| gauge.clock_us).min())
            .unwrap_or(0);
        for run in of_target() {
            panel.end_ms = panel.end_ms.max(since(zero, run.end_us));
            let drawn: usize = panel.rows.iter().map(|row| row.bars.len()).sum();
            if drawn >= CONNECTIONS {
                panel.omitted += 1;
                continue;
            }
            let bar = bar(run, zero);
            match panel.rows.iter_mut().find(|row| row.client == run.client) {
                Some(row) => row.bars.push(bar),
                None => panel.rows.push(Row {
                    client: run.client,
                    bars: vec![bar],
                }),
            }
        }
        panel.rows.sort_by_key(|row| row.client);
        for gauge in mine() {
            let at = since(zero, gauge.clock_us);
            if let Some(waiting) = gauge.waiting
                && panel.queue.last().is_none_or(|(_, last)| *last != waiting)
            {
                panel.queue.push((at, waiting));
            }
            panel.backlog = panel.backlog.max(gauge.backlog);
            panel.threads = panel.threads.max(gauge.threads);
            panel.processes = panel.processes.max(gauge.processes);
        }
        gantt.end_ms = gantt.end_ms.max(panel.end_ms);
        gantt.panels.push(panel);
    }
    gantt
}

fn since(zero_us: u64, at_us: u64) -> f64 {
    at_us.saturating_sub(zero_us) as f64 / 1000.0
}

/// Takes one connection apart. Moments that nobody told leave their phase to the one before.
fn bar(run: &ClientRun, zero: u64) -> Bar {
    let mut bar = Bar {
        connection: run.connection,
        spans: Vec::new(),
        sent_ms: Vec::new(),
        reply_ms: Vec::new(),
        end_ms: since(zero, run.end_us),
        outcome: run.outcome,
    };
    for message in &run.messages {
        bar.sent_ms.push(since(zero, message.sent_us));
        bar.reply_ms
            .extend(message.reply_us.map(|us| since(zero, us)));
    }
    let mut at = since(zero, run.start_us);
    let mut until = |phase: Phase, us: Option<u64>| {
        let to = us.map_or(bar.end_ms, |us| since(zero, us)).min(bar.end_ms);
        if to > at {
            bar.spans.push((phase, at, to));
            at = to;
        }
    };
    until(Phase::Connecting, run.connected_us);
    if run.connected_us.is_some() {
        // Where no accept is told, the first recv shows that there was one.
        let first = run.messages.first();
        let told = run.accepted_us.or_else(|| first.and_then(|it| it.recv_us));
        let answered = first.and_then(|it| it.reply_us);
        until(
            Phase::Queued,
            told.or(answered.and(Some(run.connected_us.unwrap_or(0)))),
        );
        for message in &run.messages {
            let MessageRun {
                recv_us,
                answered_us,
                reply_us,
                ..
            } = message;
            if recv_us.is_some() || reply_us.is_some() {
                until(Phase::Waiting, recv_us.or(*reply_us));
            }
            if recv_us.is_some() {
                until(Phase::Served, answered_us.or(*reply_us));
            }
            if answered_us.is_some() && reply_us.is_some() {
                until(Phase::Reply, *reply_us);
            }
        }
        let all = run.messages.iter().all(|it| it.reply_us.is_some()) && !run.messages.is_empty();
        until(if all { Phase::Closing } else { Phase::Waiting }, None);
    }
    bar
}

/// How a connection ended, with its sign; `None` where nothing went wrong.
pub fn failed(outcome: Outcome) -> Option<&'static str> {
    Some(match outcome {
        Outcome::Done | Outcome::Idle => return None,
        Outcome::Refused => "✕ refused",
        Outcome::ConnectTimeout => "✕ connect timed out",
        Outcome::ReplyTimeout => "✕ no reply in time",
        Outcome::WouldBlock => "✕ EAGAIN",
        Outcome::Lost => "✕ connection lost",
        Outcome::Cancelled => "✕ cancelled",
        Outcome::Failed => "✕ failed",
    })
}

/// The chart in words.
pub fn story(gantt: &Gantt, clients: &[ClientRun]) -> Story {
    let mut story = Story {
        name: "Gantt chart",
        table: Table::new(&[
            "Client",
            "Server",
            "Connected",
            "Accepted",
            "First reply",
            "End",
            "Outcome",
        ]),
        ..Story::default()
    };
    for (target, panel) in (0u8..).zip(&gantt.panels) {
        if !story.summary.is_empty() {
            story.summary.push(' ');
        }
        story.summary += &panel_words(panel);
        let runs = || clients.iter().filter(|run| run.target == target);
        let zero = runs().map(|run| run.start_us).min().unwrap_or(0);
        for row in &panel.rows {
            for bar in &row.bars {
                story.item(bar_words(panel, row, bar));
            }
        }
        for run in runs() {
            let told = |us: Option<u64>| us.map_or("–".to_owned(), |us| ms_text(since(zero, us)));
            let mut client = (run.client + 1).to_string();
            if run.connection > 0 {
                client += ", connection ";
                client += &(run.connection + 1).to_string();
            }
            story.table.push(vec![
                client,
                panel.name.clone(),
                told(run.connected_us),
                told(run.accepted_us),
                told(run.messages.iter().find_map(|it| it.reply_us)),
                told(Some(run.end_us)),
                outcome_words(run.outcome).to_owned(),
            ]);
        }
    }
    if story.summary.is_empty() {
        story.summary.push_str("No client has run yet.");
    }
    story.notes.push(
        "Times from the start of each server’s first client, by the gateway’s clock.".to_owned(),
    );
    story
}

fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "answered",
        Outcome::Idle => "idle on purpose",
        other => failed(other).unwrap_or_default().trim_start_matches("✕ "),
    }
}

fn panel_words(panel: &Panel) -> String {
    let mut out = String::from(&panel.name);
    out.push_str(": ");
    out.push_str(&count(panel.rows.len(), "client"));
    let bars = || panel.rows.iter().flat_map(|row| &row.bars);
    let replies: Vec<f64> = bars()
        .flat_map(|bar| bar.reply_ms.iter().copied())
        .collect();
    if let Some(first) = replies.iter().copied().reduce(f64::min) {
        out += ", first reply after ";
        out += &ms_text(first);
        out += ", last after ";
        out += &ms_text(replies.iter().copied().fold(first, f64::max));
    }
    if let Some(most) = panel.queue.iter().map(|(_, waiting)| *waiting).max() {
        out += ", at most ";
        out += &most.to_string();
        out += " in the accept queue";
    }
    let wrong = bars().filter(|bar| failed(bar.outcome).is_some()).count();
    if wrong > 0 {
        out += ", ";
        out += &wrong.to_string();
        out += " not answered";
    }
    let used = used(panel);
    if !used.is_empty() {
        out += ", ";
        out += &used;
    }
    out.push('.');
    out
}

/// The threads and processes that a server used.
fn used(panel: &Panel) -> String {
    let mut out = String::new();
    if panel.threads > 0 {
        out += &count(panel.threads as usize, "thread");
    }
    if panel.processes > 0 {
        if !out.is_empty() {
            out += ", ";
        }
        out += &panel.processes.to_string();
        out += if panel.processes == 1 {
            " process"
        } else {
            " processes"
        };
    }
    out
}

fn bar_words(panel: &Panel, row: &Row, bar: &Bar) -> String {
    let mut out = String::from(&panel.name);
    out.push_str(", client ");
    out.push_str(&(row.client + 1).to_string());
    if row.bars.len() > 1 {
        out.push_str(", connection ");
        out.push_str(&(bar.connection + 1).to_string());
    }
    out.push_str(": ");
    for phase in Phase::ALL {
        let spans = bar.spans.iter().filter(|(it, _, _)| *it == phase);
        let ms: f64 = spans.map(|(_, from, to)| to - from).sum();
        if ms >= 0.005 {
            out.push_str(phase.as_str());
            out.push(' ');
            out.push_str(&ms_text(ms));
            out.push_str(", ");
        }
    }
    out.push_str(outcome_words(bar.outcome));
    out
}

#[cfg(test)]
mod tests;
