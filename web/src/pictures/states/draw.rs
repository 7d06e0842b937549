//! The geometry of a state timeline: time runs down, as in a sequence diagram.

use chalkwire_shared::kernel::State;

use super::{States, end_name, queue_words};
use crate::model::ms_text;
use crate::pictures::shape::{Anchor, Paint, Pen, Picture, Role, Width, chars_in, cut};
use crate::sequence::time_text;

/// From one moment to the next: a line for the state, one for its queues.
const PITCH: i32 = 34;
/// Time that is left out takes so much more.
const FOLD: i32 = 20;
const FOLD_MS: f64 = 100.0;
const TOP: i32 = 28;

fn paint(state: State) -> (Role, Paint) {
    match state {
        State::Listen => (Role::Accent, Paint::Tint),
        State::Established => (Role::Recv, Paint::Tint),
        State::SynSent | State::SynRecv => (Role::Ctl, Paint::Dashed),
        State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => {
            (Role::Sent, Paint::Tint)
        }
        State::CloseWait => (Role::Ctl, Paint::Tint),
        State::TimeWait => (Role::Soft, Paint::Dotted),
        State::Close => (Role::Line, Paint::Stroke),
    }
}

/// Lays strips out.
pub fn draw(states: &States, width: Width) -> Picture {
    let mut pen = Pen::new(width);
    let (left, gap) = match width {
        Width::Wide => (76, 16),
        Width::Narrow => (50, 3),
    };
    // Where each moment is; one more for the end.
    let mut lines = Vec::new();
    let mut y = TOP;
    for (i, ms) in states.moments.iter().enumerate() {
        let since = if i > 0 {
            ms - states.moments[i - 1]
        } else {
            0.0
        };
        if since >= FOLD_MS {
            y += FOLD;
        }
        lines.push(y);
        y += PITCH;
    }
    lines.push(y);
    let columns = states.strips.len().max(1) as i32;
    let w = (width.units() - left - 6 - gap * (columns - 1)) / columns;
    let mut item = 0;
    for (column, strip) in states.strips.iter().enumerate() {
        let x = left + (w + gap) * column as i32;
        let first = item;
        pen.item = None;
        pen.text(
            (x + w / 2, 16, Anchor::Middle),
            end_name(strip.end),
            Role::Text,
            Paint::Head,
        );
        let item_at = |at: usize| {
            first
                + strip
                    .views
                    .iter()
                    .position(|view| view.0 == at)
                    .unwrap_or(0)
        };
        for (state, from, to) in strip.states() {
            let (y0, y1) = (lines[from], lines[to.unwrap_or(states.moments.len())]);
            pen.item(item_at(from));
            let (role, paint) = paint(state);
            pen.rect((x, y0, w, y1 - y0 - 2), role, paint);
            let name = cut(state.as_str(), chars_in(w - 4));
            pen.text(
                (x + 5, y0 + 14, Anchor::Start),
                &name,
                Role::Text,
                Paint::Small,
            );
        }
        let most = strip
            .views
            .iter()
            .flat_map(|it| &it.1)
            .map(|it| it.unread_bytes().max(it.unacknowledged_bytes()))
            .max()
            .flatten();
        for (at, view) in &strip.views {
            pen.item(item);
            item += 1;
            let y = lines[*at];
            let Some(view) = view else {
                pen.line(&[(x, y), (x + w, y)], Role::Ctl, Paint::Stroke);
                pen.text(
                    (x + 5, y + 14, Anchor::Start),
                    "gone",
                    Role::Soft,
                    Paint::Small,
                );
                continue;
            };
            let words = queue_words(strip.end, view, width == Width::Wide);
            let words = cut(&words, chars_in(w - 6));
            pen.text(
                (x + 5, y + 27, Anchor::Start),
                &words,
                Role::Text,
                Paint::Small,
            );
            let until = lines[*at + 1] - 4;
            // As wide as the longest queue is long: a step for each change.
            let mut right = x + w - 3;
            for (queue, role) in [
                (view.unacknowledged_bytes(), Role::Sent),
                (view.unread_bytes(), Role::Recv),
            ] {
                let queue = queue.unwrap_or(0);
                let is_backlog = view.state == State::Listen && role == Role::Sent;
                if queue > 0 && !is_backlog {
                    let share = f64::from(queue) / f64::from(most.unwrap_or(1).max(1));
                    let wide = 3 + (share * f64::from(w / 5)) as i32;
                    pen.rect(
                        (right - wide, y + 3, wide, until - y - 4),
                        role,
                        Paint::Fill,
                    );
                    right -= wide + 2;
                }
            }
        }
    }
    pen.item = None;
    for (i, ms) in states.moments.iter().enumerate() {
        let since = if i > 0 {
            ms - states.moments[i - 1]
        } else {
            0.0
        };
        if since >= FOLD_MS {
            let y = lines[i] - FOLD / 2 - 1;
            pen.line(&[(4, y), (width.units() - 4, y)], Role::Line, Paint::Dashed);
            let text = ms_text(since) + " pass";
            pen.text(
                (width.units() / 2, y + 4, Anchor::Middle),
                &text,
                Role::Soft,
                Paint::Small,
            );
        }
        let at = (left - 6, lines[i] + 12, Anchor::End);
        let text = match width {
            Width::Wide => ms_text(*ms),
            Width::Narrow => time_text(*ms),
        };
        pen.text(at, &text, Role::Soft, Paint::Small);
    }
    if width == Width::Narrow {
        pen.text((left - 6, 16, Anchor::End), "ms", Role::Soft, Paint::Small);
    }
    pen.finish(y + 4)
}
