//! How times are spread: a histogram for each series on one axis, and all of them as one curve of shares.

use chalkwire_shared::job::{ClientRun, Outcome};

use super::axis::step;
use super::story::{Story, Table, count};
use crate::model::ms_text;

mod draw;

pub use draw::{curve, histogram};

/// Times of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// What they are times of: `AF_UNIX`.
    pub name: String,
    /// The times, in ms, in any order; what is no number is left out.
    pub ms: Vec<f64>,
    /// What has no time, in a few words: `13 without a reply`; may be empty.
    pub note: String,
}

impl Series {
    /// How long the reply to each message of one of a load's targets took.
    pub fn replies(clients: &[ClientRun], target: u8, name: &str) -> Series {
        let idle = |run: &ClientRun| run.outcome == Outcome::Idle;
        let reply = |run: &ClientRun| match replies_ms(run) {
            ms if ms.is_empty() && !idle(run) => None,
            ms => Some(ms),
        };
        Series::of(clients, target, name, " without a reply", reply)
    }

    /// From the call of `connect` to its answer, yes or no, for each connection of one of a load's
    /// targets.
    pub fn connects(clients: &[ClientRun], target: u8, name: &str) -> Series {
        let answer = |run: &ClientRun| match run.outcome {
            Outcome::WouldBlock | Outcome::Refused => Some(run.end_us),
            _ => run.connected_us,
        };
        let answer = |run: &ClientRun| answer(run).map(|us| vec![ms_since(run.start_us, us)]);
        Series::of(clients, target, name, " without an answer", answer)
    }

    fn of(
        clients: &[ClientRun],
        target: u8,
        name: &str,
        without: &str,
        ms: impl Fn(&ClientRun) -> Option<Vec<f64>>,
    ) -> Series {
        let mut series = Series {
            name: name.to_owned(),
            ..Series::default()
        };
        let mut missing = 0;
        for run in clients.iter().filter(|run| run.target == target) {
            match ms(run) {
                Some(ms) => series.ms.extend(ms),
                None if run.outcome == Outcome::Idle => {}
                None => missing += 1,
            }
        }
        if missing > 0 {
            series.note = missing.to_string() + without;
        }
        series
    }
}

fn ms_since(from_us: u64, us: u64) -> f64 {
    us.saturating_sub(from_us) as f64 / 1000.0
}

/// From when each message of a connection could have been sent to when its reply was there, in ms:
/// connecting counts where there had to be a connection first.
pub fn replies_ms(run: &ClientRun) -> Vec<f64> {
    let mut from_us = run.start_us;
    let mut each = Vec::new();
    for us in run.messages.iter().filter_map(|it| it.reply_us) {
        each.push(ms_since(from_us, us));
        from_us = us;
    }
    each
}

/// The times of a series in order, and what they come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sorted {
    /// What they are times of.
    pub name: String,
    /// The times, in ms, the shortest first.
    pub ms: Vec<f64>,
    /// What has no time.
    pub note: String,
    /// How many fall into each bin.
    pub bins: Vec<usize>,
}

/// The shares for which a time is named.
pub const SHARES: [u8; 3] = [50, 90, 99];

impl Sorted {
    /// The time that so many per cent of all did not exceed: the nearest rank, so always one that was
    /// measured. `None` without times.
    pub fn percentile(&self, percent: u8) -> Option<f64> {
        let rank = (self.ms.len() * usize::from(percent)).div_ceil(100).max(1);
        self.ms.get(rank - 1).copied()
    }

    fn percentiles(&self) -> String {
        let mut out = String::new();
        for percent in SHARES {
            if let Some(ms) = self.percentile(percent) {
                if !out.is_empty() {
                    out.push_str(" · ");
                }
                out.push('p');
                out.push_str(&percent.to_string());
                out.push(' ');
                out.push_str(&ms_text(ms));
            }
        }
        out
    }
}

/// Series on one axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latency {
    /// The series.
    pub series: Vec<Sorted>,
    /// The width of a bin, in ms.
    pub bin_ms: f64,
    /// The end of the axis, in ms.
    pub end_ms: f64,
}

/// Bins of an axis at the most.
const BINS: usize = 40;

/// Sorts series, and counts them out into bins that all of them share.
pub fn latency(series: &[Series]) -> Latency {
    let mut out = Latency::default();
    for it in series {
        let mut ms: Vec<f64> = it
            .ms
            .iter()
            .copied()
            .filter(|ms| ms.is_finite())
            .map(|ms| ms.max(0.0))
            .collect();
        ms.sort_by(f64::total_cmp);
        out.end_ms = ms.last().copied().unwrap_or(0.0).max(out.end_ms);
        out.series.push(Sorted {
            name: it.name.clone(),
            ms,
            note: it.note.clone(),
            bins: Vec::new(),
        });
    }
    out.bin_ms = step(out.end_ms, BINS);
    let bins = (out.end_ms / out.bin_ms).floor() as usize + 1;
    out.end_ms = bins as f64 * out.bin_ms;
    for it in &mut out.series {
        it.bins = vec![0; bins];
        for ms in &it.ms {
            // An end that rounding put beyond the last bin belongs to it.
            let bin = ((ms / out.bin_ms) as usize).min(bins - 1);
            it.bins[bin] += 1;
        }
    }
    out
}

/// The spread in words; `curve` for the figure of shares.
pub fn story(latency: &Latency, curve: bool) -> Story {
    let mut story = Story {
        name: if curve {
            "Cumulative shares"
        } else {
            "Histogram"
        },
        ..Story::default()
    };
    for it in &latency.series {
        if !story.summary.is_empty() {
            story.summary.push(' ');
        }
        story.summary += &it.name;
        story.summary += ": ";
        story.summary += &count(it.ms.len(), "time");
        if let (Some(first), Some(last)) = (it.ms.first(), it.ms.last()) {
            story.summary += " from ";
            story.summary += &ms_text(*first);
            story.summary += " to ";
            story.summary += &ms_text(*last);
            story.summary += "; ";
            story.summary += &it.percentiles();
        }
        if !it.note.is_empty() {
            story.summary += "; ";
            story.summary += &it.note;
        }
        story.summary.push('.');
    }
    if latency.series.is_empty() {
        story.summary.push_str("Nothing was measured yet.");
    }
    if curve {
        story.table = Table::new(&["Series", "Share", "Not longer than"]);
        for it in &latency.series {
            for percent in [10, 25, 50, 75, 90, 95, 99, 100] {
                let Some(ms) = it.percentile(percent) else {
                    continue;
                };
                let (share, ms) = (percent.to_string() + " %", ms_text(ms));
                story
                    .table
                    .push(vec![it.name.clone(), share.clone(), ms.clone()]);
                if SHARES.contains(&percent) {
                    story.item([&it.name, ": ", &share, " took ", &ms, " or less"].concat());
                }
            }
        }
    } else {
        story.table = Table::new(&["Series", "From", "To", "How many"]);
        for it in &latency.series {
            for (i, many) in it.bins.iter().enumerate().filter(|(_, many)| **many > 0) {
                let from = ms_text(i as f64 * latency.bin_ms);
                let to = ms_text((i + 1) as f64 * latency.bin_ms);
                story.item(
                    [
                        &it.name,
                        ": ",
                        &many.to_string(),
                        " between ",
                        &from,
                        " and ",
                        &to,
                    ]
                    .concat(),
                );
                story
                    .table
                    .push(vec![it.name.clone(), from, to, many.to_string()]);
            }
        }
    }
    story
}

#[cfg(test)]
mod tests;
