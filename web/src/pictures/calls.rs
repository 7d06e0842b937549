//! Calls of the sockets API over time: which waited, which returned at once, and what they said.

use chalkwire_shared::job::Call;

use super::axis::{Scale, marks, ms_mark};
use super::shape::{Anchor, Paint, Pen, Picture, Role, Width, chars_in, cut, text_units};
use super::story::{Story, Table};
use crate::sequence::step::took;

/// Calls that are alike: the same call with the same answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// The call.
    pub call: String,
    /// Whether it may wait.
    pub blocking: bool,
    /// What it said.
    pub answer: String,
    /// Whether that is an error.
    pub error: bool,
    /// From when to when each lasted, in ms from the first call.
    pub spans: Vec<(f64, f64)>,
}

/// What a call said, in a word.
fn answer(call: &Call) -> String {
    match (&call.error, call.bytes) {
        (Some(error), _) => error.clone(),
        (None, Some(ready)) if call.call.starts_with("poll") => ready.to_string() + " ready",
        (None, Some(bytes)) => bytes.to_string() + " B",
        (None, None) => "done".to_owned(),
    }
}

/// Lays calls to their lanes, in the order of their first ones.
pub fn lanes(calls: &[Call]) -> Vec<Lane> {
    let zero = calls.iter().map(|call| call.start_us).min().unwrap_or(0);
    let ms = |us: u64| us.saturating_sub(zero) as f64 / 1000.0;
    let mut lanes: Vec<Lane> = Vec::new();
    for call in calls {
        let said = answer(call);
        let span = (ms(call.start_us), ms(call.end_us));
        let same = |lane: &&mut Lane| {
            lane.call == call.call && lane.answer == said && lane.blocking == call.blocking
        };
        match lanes.iter_mut().find(same) {
            Some(lane) => lane.spans.push(span),
            None => lanes.push(Lane {
                call: call.call.clone(),
                blocking: call.blocking,
                answer: said,
                error: call.error.is_some(),
                spans: vec![span],
            }),
        }
    }
    lanes
}

fn total(lane: &Lane) -> f64 {
    lane.spans.iter().map(|(from, to)| to - from).sum()
}

fn lane_words(lane: &Lane) -> String {
    let mut out = lane.call.clone();
    if lane.spans.len() > 1 {
        out += " × ";
        out += &lane.spans.len().to_string();
    }
    out += ": ";
    out += &lane.answer;
    out += if lane.blocking {
        ", waited "
    } else {
        ", returned after "
    };
    out += &took((total(lane) * 1000.0).round() as u64);
    if lane.spans.len() > 1 {
        out += " in all";
    }
    out
}

/// The calls in words.
pub fn story(calls: &[Call]) -> Story {
    let lanes = lanes(calls);
    let mut story = Story {
        name: "Calls over time",
        table: Table::new(&["Call", "Called", "Took", "May wait", "Answer"]),
        items: lanes.iter().map(lane_words).take(LANES).collect(),
        ..Story::default()
    };
    story.summary = story.items.join(". ");
    story.summary.push_str(if lanes.is_empty() {
        "No call was made yet."
    } else {
        "."
    });
    let zero = calls.iter().map(|call| call.start_us).min().unwrap_or(0);
    for call in calls {
        story.table.push(vec![
            call.call.clone(),
            took(call.start_us.saturating_sub(zero)),
            took(call.end_us.saturating_sub(call.start_us)),
            if call.blocking { "yes" } else { "no" }.to_owned(),
            answer(call),
        ]);
    }
    story
        .notes
        .push("Times from the first call, by the gateway’s clock.".to_owned());
    story
}

/// Lanes that are drawn at the most; scripts have a handful.
const LANES: usize = 40;

/// Lays the lanes out.
pub fn draw(calls: &[Call], width: Width) -> Picture {
    const PITCH: i32 = 40;
    let lanes = lanes(calls);
    let end = lanes
        .iter()
        .flat_map(|lane| &lane.spans)
        .map(|span| span.1)
        .fold(0.0, f64::max);
    let (from, to) = (10, width.units() - 12);
    let scale = Scale {
        from,
        to,
        end: if end > 0.0 { end } else { 1.0 },
    };
    let mut pen = Pen::new(width);
    let shown = lanes.len().min(LANES) as i32;
    let base = 4 + PITCH * shown;
    for mark in marks(scale.end, ((to - from) / 70) as usize) {
        let x = scale.at(mark);
        pen.line(&[(x, 4), (x, base + 4)], Role::Line, Paint::Thin);
        let text = ms_mark(mark, scale.end);
        let half = text_units(&text) / 2;
        let anchor = match () {
            () if x < half => Anchor::Start,
            () if x + half > width.units() => Anchor::End,
            () => Anchor::Middle,
        };
        pen.text((x, base + 16, anchor), &text, Role::Soft, Paint::Small);
    }
    for (i, lane) in lanes.iter().take(LANES).enumerate() {
        pen.item(i);
        let y = 4 + PITCH * i as i32;
        let mut name = lane.call.clone();
        if lane.spans.len() > 1 {
            name += " × ";
            name += &lane.spans.len().to_string();
        }
        let again = matches!(&*lane.answer, "EWOULDBLOCK" | "EAGAIN");
        let (role, sign) = match lane.error {
            // Not a failure: there is nothing yet.
            true if again => (Role::Ctl, "● "),
            true => (Role::Err, "✕ "),
            false => (Role::Recv, "◀ "),
        };
        let said = [
            sign,
            &lane.answer,
            " · ",
            &took((total(lane) * 1000.0).round() as u64),
        ]
        .concat();
        let room = chars_in(to - from - text_units(&said) - 10);
        pen.text(
            (from, y + 13, Anchor::Start),
            &cut(&name, room),
            Role::Text,
            Paint::Code,
        );
        pen.text((to, y + 13, Anchor::End), &said, role, Paint::Plain);
        let mut reached = i32::MIN;
        for (start, end) in &lane.spans {
            let (x0, x1) = (scale.at(*start), scale.at(*end));
            // What falls on one line is drawn once.
            if x1 <= reached + 1 {
                continue;
            }
            reached = x1.max(x0 + 2);
            if x1 - x0 > 2 {
                pen.rect(
                    (x0, y + 18, x1 - x0, 12),
                    role,
                    if lane.blocking {
                        Paint::Tint
                    } else {
                        Paint::Dashed
                    },
                );
                pen.rect((x1 - 2, y + 18, 2, 12), role, Paint::Fill);
            } else {
                pen.rect((x0, y + 18, 2, 12), role, Paint::Fill);
            }
        }
    }
    pen.finish(base + 22)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::golden::{golden, sound};

    fn call(
        call: &str,
        blocking: bool,
        span: (u64, u64),
        bytes: Option<u32>,
        error: Option<&str>,
    ) -> Call {
        Call {
            call: call.to_owned(),
            blocking,
            start_us: 9_000_000 + span.0,
            end_us: 9_000_000 + span.1,
            bytes,
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn a_recv_that_waits_is_a_bar_and_one_that_does_not_is_a_row_of_strokes() {
        let mut calls = vec![
            call("connect", true, (0, 120), None, None),
            call("send(7)", true, (140, 160), Some(7), None),
            call("recv(1024)", true, (170, 500_200), Some(33), None),
        ];
        golden("calls-blocking", &story(&calls), |width| {
            draw(&calls, width)
        });
        calls.pop();
        for i in 0..5u64 {
            let at = 200 + i * 100_000;
            calls.push(call(
                "recv(1024)",
                false,
                (at, at + 4),
                None,
                Some("EWOULDBLOCK"),
            ));
            calls.push(call(
                "poll(100 ms)",
                true,
                (at + 10, at + 99_000),
                Some(u32::from(at >= 400_000)),
                None,
            ));
        }
        calls.push(call(
            "recv(1024)",
            false,
            (500_200, 500_205),
            Some(33),
            None,
        ));
        let story = story(&calls);
        assert!(
            story
                .summary
                .contains("recv(1024) × 5: EWOULDBLOCK, returned after 20 µs in all.")
        );
        assert!(
            story.summary.contains(": 0 ready, waited "),
            "{}",
            story.summary
        );
        golden("calls-nonblocking", &story, |width| draw(&calls, width));
    }

    #[test]
    fn no_calls_and_thousands_are_drawn() {
        let many: Vec<_> = (0..5000)
            .map(|i| call("recv(1)", false, (i * 10, i * 10 + 2), None, Some("EAGAIN")))
            .collect();
        for calls in [&many[..], &[]] {
            let picture = draw(calls, Width::Wide);
            assert!(picture.shapes.len() < 500, "{}", picture.shapes.len());
            sound(&picture, &story(calls));
        }
    }
}
