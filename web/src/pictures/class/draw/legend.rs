//! What the paints of a class mean, of those that are seen.

use super::{Board, Came, Class, Paint, Phase, Role, paint};
use crate::pictures::shape::{Anchor, Pen, text_units};

/// What a mark looks like.
#[derive(Clone, Copy)]
enum Mark {
    Bar(Role, Paint),
    Tick(Role),
    Line(Role, Paint),
    Hatched(Role),
}

impl Board {
    pub(super) fn legend(&mut self, class: &Class) {
        let many = !self.named;
        let seen = |phase: Phase| {
            class.rows.iter().any(|row| {
                let drawn = |it: &(Phase, f64, f64)| {
                    it.0 == phase && self.scale.at(it.2) > self.scale.at(it.1)
                };
                row.spans.iter().any(drawn)
            })
        };
        let mut marks = Vec::new();
        for phase in Phase::ALL {
            let (role, how) = paint(phase, many);
            let mark = match phase {
                Phase::Closing => continue,
                Phase::Untold if !many => Mark::Line(role, how),
                Phase::Silent if many => Mark::Bar(role, how),
                Phase::Silent => Mark::Hatched(role),
                _ => Mark::Bar(role, how),
            };
            if seen(phase) || (phase == Phase::Served && class.figures.work_ms.is_some()) {
                marks.push((mark, phase.as_str()));
            }
        }
        if class.figures.answered > 0 {
            marks.push((Mark::Tick(Role::Recv), "reply"));
        }
        let failed = |came: Came| matches!(came, Came::Failed(_) | Came::Unanswered);
        if many && class.rows.iter().any(|it| failed(it.came)) {
            marks.push((Mark::Tick(Role::Err), "failed"));
        }
        if marks.is_empty() {
            return;
        }
        let mut x = 8;
        self.y += 10;
        for (mark, text) in marks {
            let width = if matches!(mark, Mark::Tick(_)) { 9 } else { 20 };
            // Small letters are narrower than the widest.
            let room = width + text_units(text) * 9 / 10;
            if x > 8 && x + width + text_units(text) > self.sheet.width - 4 {
                x = 8;
                self.y += 18;
            }
            self.mark(mark, x);
            let at = (x + width, self.y, Anchor::Start);
            self.pen.text(at, text, Role::Soft, Paint::Small);
            x += room + 12;
        }
        self.y += 8;
    }

    fn mark(&mut self, mark: Mark, x: i32) {
        let y = self.y - 9;
        let pen: &mut Pen = &mut self.pen;
        match mark {
            Mark::Bar(role, paint) => pen.rect((x, y, 14, 10), role, paint),
            Mark::Tick(role) => pen.rect((x, y, 3, 10), role, Paint::Fill),
            Mark::Line(role, paint) => pen.line(&[(x, y + 5), (x + 14, y + 5)], role, paint),
            Mark::Hatched(role) => {
                pen.rect((x, y, 14, 10), role, Paint::Pale);
                pen.hatched((x, y, 14, 10), role);
            }
        }
    }
}
