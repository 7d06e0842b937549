//! A socket's states over time, as the kernel has them: a strip for each end, its queues beside it.

use chalkwire_shared::kernel::{End, State, View};

use super::story::{Story, Table};
use crate::model::{Entry, What, ms_text};

mod draw;

pub use draw::draw;

/// The ends of one conversation over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct States {
    /// The moments at which something changed, in ms from the first.
    pub moments: Vec<f64>,
    /// A strip for each end that was seen.
    pub strips: Vec<Strip>,
    /// Changes that are not drawn.
    pub omitted: usize,
}

/// One end over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    /// Which.
    pub end: End,
    /// From which moment on it was so, by the moment's place; `None` where it is gone.
    pub views: Vec<(usize, Option<View>)>,
}

impl Strip {
    /// The states with the moments from which and until which they held; the last has no end.
    pub fn states(&self) -> Vec<(State, usize, Option<usize>)> {
        let mut out: Vec<(State, usize, Option<usize>)> = Vec::new();
        for (at, view) in &self.views {
            let state = view.as_ref().map(|view| view.state);
            if let Some(last) = out.last_mut()
                && last.2.is_none()
            {
                if Some(last.0) == state {
                    continue;
                }
                last.2 = Some(*at);
            }
            out.extend(state.map(|state| (state, *at, None)));
        }
        out
    }

    /// The first moment at which it is known to be gone.
    pub fn gone(&self) -> Option<usize> {
        let (at, view) = self.views.last()?;
        view.is_none().then_some(*at)
    }
}

fn place(end: End) -> u8 {
    match end {
        End::Gateway => 0,
        End::Listener => 1,
        End::Server => 2,
    }
}

/// An end's name, as the other pictures have it.
pub fn end_name(end: End) -> &'static str {
    match end {
        End::Gateway => "gateway",
        End::Server => "server",
        End::Listener => "listener",
    }
}

/// What is drawn of a view: its state and its two queues; `None` where the socket is gone.
type Shown = Option<(State, Option<u32>, Option<u32>)>;

/// Moments that are drawn at the most.
const MOMENTS: usize = 100;

/// Lays the kernel's views of one socket's entries out.
pub fn states(entries: &[Entry]) -> States {
    let mut out = States::default();
    let views = entries.iter().filter_map(|entry| match &entry.what {
        What::Kernel {
            end,
            view,
            clock_us,
        } => Some((*end, view, *clock_us)),
        _ => None,
    });
    // The gateway tells them in the order in which it looked.
    let views: Vec<_> = views.collect();
    let first = views.first().map_or(0, |it| it.2);
    let mut seen: Vec<(End, Shown)> = Vec::new();
    for (end, view, clock_us) in views {
        // Round-trip times and retransmits alone are no step; the table has them.
        let key = view
            .as_ref()
            .map(|it| (it.state, it.unread_bytes(), it.unacknowledged_bytes()));
        let before = seen.iter_mut().find(|(of, _)| *of == end);
        match before {
            Some((_, before)) if *before == key => continue,
            Some((_, before)) => *before = key,
            None if key.is_none() => continue,
            None => seen.push((end, key)),
        }
        let ms = clock_us.saturating_sub(first) as f64 / 1000.0;
        if out.moments.last() != Some(&ms) {
            if out.moments.len() == MOMENTS {
                out.omitted += 1;
                continue;
            }
            out.moments.push(ms);
        }
        let at = out.moments.len() - 1;
        let strip = out.strips.iter().position(|strip| strip.end == end);
        let strip = strip.unwrap_or_else(|| {
            // From left to right as in a sequence diagram, the listener before the server.
            let before = |it: &Strip| place(it.end) < place(end);
            let at = out.strips.iter().filter(|it| before(it)).count();
            let views = Vec::new();
            out.strips.insert(at, Strip { end, views });
            at
        });
        out.strips[strip].views.push((at, view.clone()));
    }
    out
}

/// The strips in words.
pub fn story(states: &States) -> Story {
    let mut story = Story {
        name: "State timeline",
        table: Table::new(&[
            "After",
            "Whose",
            "State",
            "Queues",
            "Round trip",
            "Sent again",
        ]),
        ..Story::default()
    };
    for strip in &states.strips {
        if !story.summary.is_empty() {
            story.summary.push(' ');
        }
        story.summary += end_name(strip.end);
        story.summary += ": ";
        for (i, (state, from, _)) in strip.states().into_iter().enumerate() {
            if i > 0 {
                story.summary += ", then ";
            }
            story.summary += state.as_str();
            story.summary += " from ";
            story.summary += &ms_text(states.moments[from]);
        }
        if let Some(at) = strip.gone() {
            story.summary += ", gone after ";
            story.summary += &ms_text(states.moments[at]);
        }
        story.summary.push('.');
        for (at, view) in &strip.views {
            let when = ms_text(states.moments[*at]);
            let (state, queues, rtt, again) = match view {
                None => ("gone", String::new(), String::new(), String::new()),
                Some(view) => (
                    view.state.as_str(),
                    queue_words(strip.end, view, true),
                    view.rtt_us
                        .map_or(String::new(), |us| ms_text(f64::from(us) / 1000.0)),
                    view.retransmits.map_or(String::new(), |it| it.to_string()),
                ),
            };
            let mut say = [&*when, ", ", end_name(strip.end), ": ", state].concat();
            if !queues.is_empty() {
                say += ", ";
                say += &queues;
            }
            story.item(say);
            let end = end_name(strip.end).to_owned();
            story
                .table
                .push(vec![when, end, state.to_owned(), queues, rtt, again]);
        }
    }
    if states.strips.is_empty() {
        story
            .summary
            .push_str("The kernel’s view of this socket is not known.");
    }
    if states.omitted > 0 {
        story
            .notes
            .push(states.omitted.to_string() + " more changes are not drawn; the log has them.");
    }
    story.notes.push("Times from the first look, by the gateway’s clock. Time runs down and is not to scale; what is shorter than the gateway’s looks are apart is not seen.".to_owned());
    story
}

/// What waits in the queues; empty where nothing does. In few words where room is short.
fn queue_words(end: End, view: &View, long: bool) -> String {
    let recv = view.unread_bytes().unwrap_or(0);
    let send = view.unacknowledged_bytes().unwrap_or(0);
    if end == End::Listener {
        return if long {
            [
                &*recv.to_string(),
                " wait for accept, backlog ",
                &send.to_string(),
            ]
            .concat()
        } else {
            recv.to_string() + " wait"
        };
    }
    let mut out = String::new();
    if recv > 0 {
        out += &recv.to_string();
        out += if long { " B not read yet" } else { " B in" };
    }
    if send > 0 {
        if !out.is_empty() {
            out += if long { ", " } else { " " };
        }
        out += &send.to_string();
        out += if long {
            " B not acknowledged"
        } else {
            " B out"
        };
    }
    out
}

#[cfg(test)]
mod tests;
