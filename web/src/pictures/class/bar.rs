//! From what the gateway told of one exchange to its bar.

use chalkwire_shared::room::{Armed, Exchange};

use super::{Came, Phase, Row, Sender, Serving, since};

/// A client that sends so long after it was accepted was silent until then, in ms.
const SILENT_MS: f64 = 100.0;

/// A member's row.
pub(super) fn row(armed: &Armed, serving: Serving, sender: &Sender, now_ms: f64) -> Row {
    let exchange = sender.exchange.as_ref();
    let exchange = exchange.filter(|it| it.run == Some(armed.run));
    let mut row = Row {
        member: sender.member,
        name: sender.name.clone(),
        mine: sender.mine,
        idler: armed.plan.idler == Some(sender.member),
        spans: Vec::new(),
        came: Came::Untold,
        begun_ms: None,
        connected_ms: None,
        accepted_ms: None,
        sent_ms: None,
        recv_ms: None,
        replied_ms: None,
        end_ms: 0.0,
    };
    match exchange {
        Some(exchange) => told(&mut row, armed, serving, exchange, now_ms),
        None if armed.over || !sender.expected => row.came = Came::Absent,
        None => {
            row.end_ms = now_ms;
            if now_ms > 0.0 {
                row.spans.push((Phase::Untold, 0.0, now_ms));
            }
        }
    }
    row
}

fn told(row: &mut Row, armed: &Armed, serving: Serving, it: &Exchange, now_ms: f64) {
    let begun = since(armed.at_us, it.begun_us);
    let at = |us: Option<u32>| us.map(|us| begun + f64::from(us) / 1000.0);
    row.begun_ms = Some(begun);
    row.connected_ms = at(it.connected_us);
    row.accepted_ms = at(it.accepted_us);
    row.sent_ms = at(it.sent_us);
    row.recv_ms = at(it.recv_us);
    row.replied_ms = at(it.replied_us);
    let over = at(it.over_us);
    row.came = match (it.failed(), it.reason) {
        (true, Some(reason)) => Came::Failed(reason),
        _ if row.replied_ms.is_some() => Came::Answered,
        _ if over.is_none() && !armed.over => Came::UnderWay,
        _ if row.sent_ms.is_none() => Came::Silent,
        _ => Came::Unanswered,
    };
    let marks = [
        row.connected_ms,
        row.accepted_ms,
        row.sent_ms,
        row.recv_ms,
        row.replied_ms,
        over,
    ];
    let last = marks.into_iter().flatten().fold(begun, f64::max);
    row.end_ms = match row.came {
        Came::UnderWay => now_ms.max(last),
        _ => last,
    };
    spans(row, serving, begun);
}

/// Cuts the time from the beginning to the end into phases. Moments that nobody told leave their phase
/// to the one before.
fn spans(row: &mut Row, serving: Serving, begun: f64) {
    let end = row.end_ms;
    let mut at = begun;
    let mut spans = Vec::new();
    let mut until = |phase: Phase, to: Option<f64>| {
        let to = to.unwrap_or(end).min(end);
        if to > at {
            spans.push((phase, at, to));
            at = to;
        }
    };
    if serving != Serving::Datagrams {
        until(Phase::Connecting, row.connected_ms);
    }
    if row.connected_ms.is_some() || serving == Serving::Datagrams {
        if serving.tells() {
            // Where no accept was told, the first recv shows that there was one.
            until(
                Phase::Queued,
                row.accepted_ms.or(row.recv_ms).or(row.replied_ms),
            );
        }
        let accepted = row.accepted_ms.is_some();
        match (accepted, row.sent_ms) {
            (_, None) if row.replied_ms.is_none() && (accepted || !serving.tells()) => {
                until(Phase::Silent, None);
            }
            (true, Some(sent)) if sent - row.accepted_ms.unwrap_or(sent) >= SILENT_MS => {
                until(Phase::Silent, Some(sent));
            }
            _ => {}
        }
        until(Phase::Waiting, row.recv_ms.or(row.replied_ms));
        until(Phase::Served, row.replied_ms);
        until(Phase::Closing, None);
    }
    row.spans = spans;
}
