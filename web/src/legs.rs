//! Where the time of one exchange went, leg by leg, and how far each figure may be trusted.

use chalkwire_shared::fault::{Direction, FaultDid};

use crate::model::{ClockMap, Entry, What, Whose, ms_text};

/// One leg of an exchange's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// From where to where.
    pub name: &'static str,
    /// How long, in ms; never negative.
    pub ms: f64,
    /// How far off it may be, in ms; `None` where one clock measured both ends.
    pub plus_minus_ms: Option<f64>,
    /// Whose clock.
    pub clock: Whose,
    /// For its colour: a leg of the way there, of the connection, of the server, of the way back.
    pub part: Part,
}

/// Which part of an exchange a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The way there.
    There,
    /// Connecting.
    Connect,
    /// The gateway's wait for the server.
    Server,
    /// What Chalkwire held back.
    Made,
    /// The way back.
    Back,
    /// Both ways, where they cannot be told apart.
    Whole,
}

/// The legs of one exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Legs {
    /// In order of time.
    pub legs: Vec<Leg>,
    /// From the page's send to the page's receipt, by the browser's clock, in ms.
    pub total_ms: f64,
    /// What must be said about the figures, in sentences.
    pub notes: Vec<String>,
}

/// The entries of the exchange that entry `no` is a part of: a send, what came back until the next
/// send, and the connecting before it if this was the socket's first send.
pub fn exchange(entries: &[Entry], no: u32) -> &[Entry] {
    let Some(at) = entries.iter().position(|entry| entry.no == no) else {
        return &[];
    };
    let is_sent = |entry: &Entry| matches!(entry.what, What::Sent { .. });
    // What comes before the first send belongs to that send.
    let start = match entries[..=at].iter().rposition(is_sent) {
        Some(sent) if entries[..sent].iter().any(is_sent) => sent,
        _ => 0,
    };
    let first = entries[start..]
        .iter()
        .position(is_sent)
        .map_or(entries.len(), |i| start + i);
    let end = entries
        .iter()
        .skip(first + 1)
        .position(is_sent)
        .map_or(entries.len(), |i| first + 1 + i);
    &entries[start..end]
}

/// The legs of one exchange's entries: of its first send, and of the first bytes that came back
/// after it. `None` where nothing was sent, or nothing came back.
pub fn legs(entries: &[Entry], clock: Option<ClockMap>) -> Option<Legs> {
    let (sent_at, sent_ms, wrote_us) =
        entries
            .iter()
            .enumerate()
            .find_map(|(i, entry)| match entry.what {
                What::Sent { wrote_us, .. } => Some((i, entry.at_ms, wrote_us)),
                _ => None,
            })?;
    let (received_ms, read_us) = entries[sent_at..]
        .iter()
        .find_map(|entry| match entry.what {
            What::Received { clock_us, .. } => Some((entry.at_ms, clock_us)),
            _ => None,
        })?;
    let total_ms = received_ms - sent_ms;
    let mut out = Legs {
        legs: Vec::new(),
        total_ms: total_ms.max(0.0),
        notes: Vec::new(),
    };
    let Some(wrote_us) = wrote_us else {
        out.legs.push(Leg {
            name: "there and back",
            ms: out.total_ms,
            plus_minus_ms: None,
            clock: Whose::Browser,
            part: Part::Whole,
        });
        out.notes.push(
            "The gateway has not said when it wrote, so the legs cannot be told apart.".to_owned(),
        );
        return Some(out);
    };

    let connect = connect(entries, sent_ms, clock);
    let server_ms = read_us.saturating_sub(wrote_us) as f64 / 1000.0;
    let held = |way| held_ms(entries, way, read_us);
    let made_ms = (held(Direction::ToTarget) + held(Direction::FromTarget)).min(server_ms);
    let connect_inside = connect.map_or(0.0, |(_, inside)| inside);
    // Both ways together need no comparison of clocks: each clock measured its own span.
    let ways = total_ms - server_ms - connect_inside;
    let ways_ms = ways.max(0.0);
    if ways < -0.001 || read_us < wrote_us {
        out.notes.push(
            "The gateway measured a longer time than the browser: the browser's clock is coarse or \
             was set meanwhile, so the ways there and back show 0."
                .to_owned(),
        );
    }
    let by_gateway = |name, ms, part| Leg {
        name,
        ms,
        plus_minus_ms: None,
        clock: Whose::Gateway,
        part,
    };
    if let Some((ms, _)) = connect {
        out.legs.push(by_gateway("connect", ms, Part::Connect));
    }
    let server = by_gateway("gateway ↔ server", server_ms - made_ms, Part::Server);
    let made = (made_ms > 0.0).then(|| by_gateway("✂ held on purpose", made_ms, Part::Made));
    let Some(clock) = clock else {
        out.legs.push(server);
        out.legs.extend(made);
        out.legs.push(Leg {
            name: "browser ↔ gateway, both ways",
            ms: ways_ms,
            plus_minus_ms: None,
            clock: Whose::Both,
            part: Part::Whole,
        });
        out.notes.push(
            "The two clocks are not compared yet, so the ways there and back are one figure."
                .to_owned(),
        );
        return Some(out);
    };
    let there = clock.browser_ms(wrote_us) - sent_ms - connect_inside;
    // Their sum is sure, the cut between them is not; no way takes less than no time.
    let there_ms = there.clamp(0.0, ways_ms);
    if (there - there_ms).abs() > 0.001 && ways >= -0.001 {
        out.notes.push(format!(
            "The clocks are compared to ± {} only; the cut between the way there and the way back \
             was moved by {}, so that neither is below 0.",
            ms_text(clock.plus_minus_ms),
            ms_text((there - there_ms).abs()),
        ));
    }
    let plus_minus_ms = Some(clock.plus_minus_ms);
    let there = Leg {
        name: "browser → gateway",
        ms: there_ms,
        plus_minus_ms,
        clock: Whose::Both,
        part: Part::There,
    };
    let first = if connect_inside > 0.0 {
        0
    } else {
        out.legs.len()
    };
    out.legs.insert(first, there);
    out.legs.push(server);
    out.legs.extend(made);
    out.legs.push(Leg {
        name: "gateway → browser",
        ms: ways_ms - there_ms,
        plus_minus_ms,
        clock: Whose::Both,
        part: Part::Back,
    });
    Some(out)
}

/// How long faults held back what went a way until then, by the gateway's clock, in ms.
pub fn held_ms(entries: &[Entry], way: Direction, until_us: u64) -> f64 {
    let held = entries.iter().filter_map(|entry| match &entry.what {
        What::Fault {
            direction,
            did: FaultDid::Passed { held_us, .. },
            clock_us,
        } if *direction == way && *clock_us <= until_us => Some(*held_us),
        _ => None,
    });
    held.max().unwrap_or_default() as f64 / 1000.0
}

/// How long connecting took, and how much of that was after the send, both in ms.
///
/// A page may send before it knows that it is connected; then connecting is a part of the way there.
/// `None` where there was no connecting, or where no clock tells on which side of the send it fell.
fn connect(entries: &[Entry], sent_ms: f64, clock: Option<ClockMap>) -> Option<(f64, f64)> {
    let asked_ms = entries.iter().find_map(|entry| match entry.what {
        What::Connecting => Some(entry.at_ms),
        _ => None,
    });
    let asked_ms = asked_ms.unwrap_or(f64::MIN);
    entries.iter().find_map(|entry| {
        let What::Connected {
            connect_us,
            clock_us,
            ..
        } = entry.what
        else {
            return None;
        };
        let took = connect_us as f64 / 1000.0;
        if entry.at_ms <= sent_ms {
            return Some((took, 0.0));
        }
        if asked_ms >= sent_ms {
            return Some((took, took));
        }
        // It began after the page asked, and ended before the page heard of it.
        let end = clock?
            .browser_ms(clock_us)
            .max(asked_ms + took)
            .min(entry.at_ms);
        Some((took, (end - sent_ms).clamp(0.0, took)))
    })
}

/// The bar of some legs, `width` units long: where each part begins, and how wide it is.
///
/// Each leg that took any time is seen (2 units at least), and the parts fill the bar.
pub fn bar(legs: &[Leg], width: i32) -> Vec<(i32, i32)> {
    const LEAST: f64 = 2.0;
    let total: f64 = legs.iter().map(|leg| leg.ms).sum();
    if total <= 0.0 {
        return legs.iter().map(|_| (0, 0)).collect();
    }
    let wide =
        |leg: &Leg| (leg.ms / total * f64::from(width)).max(if leg.ms > 0.0 { LEAST } else { 0.0 });
    let sum: f64 = legs.iter().map(wide).sum();
    let mut reached = 0.0;
    legs.iter()
        .map(|leg| {
            let x = reached / sum * f64::from(width);
            reached += wide(leg);
            let end = reached / sum * f64::from(width);
            (x.round() as i32, end.round() as i32 - x.round() as i32)
        })
        .collect()
}

#[cfg(test)]
mod tests;
