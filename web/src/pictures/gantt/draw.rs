//! The geometry of a Gantt chart.

use chalkwire_shared::job::Outcome;

use super::{Bar, Gantt, Panel, Phase, failed, used};
use crate::pictures::axis::{Scale, marks, ms_mark};
use crate::pictures::queue::{self, Queue};
use crate::pictures::shape::{Anchor, Paint, Pen, Picture, Role, Width, chars_in, cut, text_units};

/// Lays a chart out.
pub fn draw(gantt: &Gantt, width: Width) -> Picture {
    let (from, to) = match width {
        Width::Wide => (64, 740),
        Width::Narrow => (30, 308),
    };
    let end = if gantt.end_ms > 0.0 {
        gantt.end_ms
    } else {
        1.0
    };
    let pen = Pen::new(width);
    let edge = to;
    let to = room_for_words(gantt, Scale { from, to, end }, pen.picture.width);
    let mut sheet = Sheet {
        pen,
        scale: Scale { from, to, end },
        edge,
        marks: marks(end, ((to - from) / 70) as usize),
        y: 4,
        item: 0,
    };
    for panel in &gantt.panels {
        sheet.panel(panel);
    }
    sheet.legend(gantt);
    let height = sheet.y.max(20);
    sheet.pen.finish(height)
}

/// Where the bars end so that the words after them still fit, if that is not too much.
fn room_for_words(gantt: &Gantt, scale: Scale, width: i32) -> i32 {
    let words = gantt.panels.iter().flat_map(|it| &it.rows).flat_map(|row| {
        let bars = row.bars.iter();
        bars.filter_map(|bar| said(bar, row.bars.len() == 1).map(|it| (bar.end_ms, it.0)))
    });
    let mut to = scale.to;
    for (ms, text) in words.filter(|it| it.0 > 0.0) {
        let room = width - 8 - text_units(text) - scale.from;
        to = to.min(scale.from + (f64::from(room) * scale.end / ms) as i32);
    }
    to.max((scale.from + scale.to) / 2)
}

/// What is said after a bar, if something is; `alone`: it is the only one of its row.
fn said(bar: &Bar, alone: bool) -> Option<(&'static str, Role)> {
    match (failed(bar.outcome), bar.outcome) {
        (Some(text), _) => Some((text, Role::Err)),
        (None, Outcome::Idle) if alone => Some(("● idle", Role::Soft)),
        _ => None,
    }
}

/// How a phase is painted; what has no span of its own is `None`.
fn paint(phase: Phase) -> Option<(Role, Paint)> {
    Some(match phase {
        Phase::Connecting => (Role::Ctl, Paint::Dashed),
        Phase::Queued => (Role::Ctl, Paint::Tint),
        Phase::Waiting => (Role::Accent, Paint::Tint),
        Phase::Served => (Role::Accent, Paint::Fill),
        Phase::Closing => (Role::Ctl, Paint::Thin),
        Phase::Reply => return None,
    })
}

struct Sheet {
    pen: Pen,
    scale: Scale,
    /// Where words that stand at the right end.
    edge: i32,
    marks: Vec<f64>,
    y: i32,
    item: usize,
}

impl Sheet {
    fn panel(&mut self, panel: &Panel) {
        let (from, to) = (self.scale.from, self.edge);
        self.pen.item = None;
        self.y += 14;
        let used = used(panel);
        let room = chars_in(to - text_units(&used) - 20);
        let name = cut(&panel.name, room);
        self.pen
            .text((8, self.y, Anchor::Start), &name, Role::Text, Paint::Head);
        self.pen
            .text((to, self.y, Anchor::End), &used, Role::Soft, Paint::Small);
        self.y += 18;
        // How high a row is: fewer clients get more air.
        let pitch = if panel.rows.len() <= 24 { 16 } else { 12 };
        let rows_end = self.y + 6 + pitch * panel.rows.len() as i32;
        let gauge = !panel.queue.is_empty();
        let grid_end = rows_end + if gauge { queue::GAUGE + 14 } else { 0 };
        for mark in self.marks.clone() {
            let x = self.scale.at(mark);
            self.pen
                .line(&[(x, self.y + 4), (x, grid_end)], Role::Line, Paint::Thin);
            let text = ms_mark(mark, self.scale.end);
            let anchor = if x + text_units(&text) / 2 > self.pen.picture.width {
                Anchor::End
            } else {
                Anchor::Middle
            };
            self.pen
                .text((x, self.y, anchor), &text, Role::Soft, Paint::Small);
        }
        self.y += 6;
        for row in &panel.rows {
            let label = (row.client + 1).to_string();
            self.pen.item = None;
            let at = (from - 6, self.y + pitch - 5, Anchor::End);
            self.pen.text(at, &label, Role::Soft, Paint::Small);
            for bar in &row.bars {
                self.pen.item(self.item);
                self.item += 1;
                self.bar(bar, pitch - 5, row.bars.len() == 1);
            }
            self.y += pitch;
        }
        self.pen.item = None;
        if gauge {
            let queue = Queue {
                waiting: &panel.queue,
                backlog: panel.backlog,
                end_ms: panel.end_ms,
            };
            self.y = queue.draw(&mut self.pen, self.scale, self.edge, self.y);
        }
        if panel.omitted > 0 {
            self.y += 14;
            let text = panel.omitted.to_string() + " more connections, not drawn";
            self.pen.text(
                (from, self.y, Anchor::Start),
                &text,
                Role::Soft,
                Paint::Small,
            );
        }
        self.y += 12;
    }

    fn bar(&mut self, bar: &Bar, h: i32, alone: bool) {
        let y = self.y + 2;
        for (phase, from, to) in &bar.spans {
            let (x0, x1) = (self.scale.at(*from), self.scale.at(*to));
            match paint(*phase) {
                // What is open until close is no more than a line.
                Some((role, Paint::Thin)) => {
                    if x1 <= x0 + 1 {
                        continue;
                    }
                    let middle = y + h / 2;
                    self.pen
                        .line(&[(x0, middle), (x1, middle)], role, Paint::Thin);
                    self.pen
                        .line(&[(x1, y + 2), (x1, y + h - 2)], role, Paint::Thin);
                }
                Some((role, paint)) => self.pen.rect((x0, y, x1 - x0, h), role, paint),
                None => {}
            }
        }
        for at in &bar.sent_ms {
            let x = self.scale.at(*at);
            self.pen
                .rect((x - 1, y - 1, 2, h + 2), Role::Sent, Paint::Fill);
        }
        for at in &bar.reply_ms {
            let x = self.scale.at(*at);
            self.pen.rect((x, y, 3, h), Role::Recv, Paint::Fill);
        }
        if let Some((text, role)) = said(bar, alone) {
            let x = self.scale.at(bar.end_ms);
            let fits = x + 6 + text_units(text) <= self.pen.picture.width - 2;
            let at = if fits {
                (x + 6, y + h - 1, Anchor::Start)
            } else {
                (x - 4, y + h - 1, Anchor::End)
            };
            self.pen.text(at, text, role, Paint::Small);
        }
    }

    /// What the paints mean, of those that are seen.
    fn legend(&mut self, gantt: &Gantt) {
        let bars = || {
            gantt
                .panels
                .iter()
                .flat_map(|it| &it.rows)
                .flat_map(|it| &it.bars)
        };
        let mut x = 8;
        self.y += 10;
        let mut entry = |pen: &mut Pen, role: Role, paint: Paint, text: &str, thin: bool| {
            if x > 8 && x + 22 + text_units(text) > pen.picture.width - 4 {
                x = 8;
                self.y += 18;
            }
            let (w, dx) = if thin { (3, 8) } else { (14, 20) };
            pen.rect((x, self.y - 9, w, 10), role, paint);
            pen.text(
                (x + dx, self.y, Anchor::Start),
                text,
                Role::Soft,
                Paint::Small,
            );
            // Small letters are narrower than the widest.
            x += dx + text_units(text) * 9 / 10 + 8;
        };
        for phase in Phase::ALL {
            let seen = |bar: &Bar| {
                bar.spans
                    .iter()
                    .any(|(it, from, to)| *it == phase && self.scale.at(*to) > self.scale.at(*from))
            };
            if let Some((role, paint)) = paint(phase)
                && bars().any(seen)
            {
                entry(&mut self.pen, role, paint, phase.as_str(), false);
            }
        }
        if bars().any(|bar| !bar.sent_ms.is_empty()) {
            entry(&mut self.pen, Role::Sent, Paint::Fill, "send", true);
        }
        if bars().any(|bar| !bar.reply_ms.is_empty()) {
            entry(&mut self.pen, Role::Recv, Paint::Fill, "reply", true);
        }
        self.y += 8;
    }
}
