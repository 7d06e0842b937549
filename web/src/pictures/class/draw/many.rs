//! Rows that are too low for outlines and names.

use super::{Board, Came, Class, Paint, Phase, Role, Rows, paint, silent_role};
use crate::pictures::axis::marks;
use crate::pictures::shape::{Anchor, chars_in, cut, push};

/// Rectangles, as one path for all that are painted alike.
#[derive(Default)]
struct Paths(Vec<((Role, Paint), String)>);

impl Paths {
    fn add(&mut self, how: (Role, Paint), (x, y, w, h): (i32, i32, i32, i32)) {
        if w <= 0 {
            return;
        }
        let at = self.0.iter().position(|it| it.0 == how);
        let at = at.unwrap_or_else(|| {
            self.0.push((how, String::new()));
            self.0.len() - 1
        });
        let path = &mut self.0[at].1;
        push(path, 'M', &[x, y]);
        push(path, 'H', &[x + w]);
        push(path, 'V', &[y + h]);
        push(path, 'H', &[x]);
        path.push('Z');
    }
}

impl Board {
    /// Many rows: one path for all that is painted alike, so that five hundred cost no more than five.
    pub(super) fn many(&mut self, class: &Class, rows: Rows) {
        let mut all = Paths::default();
        let mut add = |how, place| all.add(how, place);
        for (i, row) in class.rows.iter().enumerate() {
            let (y, high) = rows.at(i);
            // A line of air between rows, where there is room for one.
            let h = if high > 2 { high - 1 } else { high };
            for (phase, begin, end) in &row.spans {
                let (x0, x1) = (self.scale.at(*begin), self.scale.at(*end));
                match phase {
                    Phase::Closing => {}
                    Phase::Silent => add((silent_role(row), Paint::Fill), (x0, y, x1 - x0, h)),
                    Phase::Untold if row.idler => {
                        add((Role::Made, Paint::Pale), (x0, y, x1 - x0, h));
                    }
                    Phase::Served => {
                        add(paint(*phase, true), (x0, y, (x1 - x0).max(1), h));
                    }
                    _ => add(paint(*phase, true), (x0, y, x1 - x0, h)),
                }
            }
            if let Some(ms) = row.replied_ms {
                add((Role::Recv, Paint::Fill), (self.scale.at(ms), y, 3, h));
            }
            if matches!(row.came, Came::Failed(_) | Came::Unanswered) {
                let x = self.scale.at(row.end_ms);
                add((Role::Err, Paint::Fill), (x, y, 4, h));
            }
        }
        // What is known for sure lies over what waits.
        all.0.sort_by_key(|((_, paint), _)| *paint == Paint::Fill);
        for ((role, paint), path) in all.0 {
            self.pen.path(path, role, paint);
        }
        self.numbers(class, rows);
    }

    /// Beside rows that are too low for names: their numbers, and the name of who stands out.
    fn numbers(&mut self, class: &Class, rows: Rows) {
        let x = self.scale.from - 6;
        let count = rows.count;
        let step = marks(count as f64, (rows.height / 60).max(1) as usize);
        let marks = step.iter().map(|it| *it as usize);
        let held = class.figures.hold.as_ref().map(|it| (it.row, &it.name));
        let held_y = held.map(|(row, _)| rows.at(row).0 + 4);
        for number in marks.map(|it| it.max(1)).chain([count]) {
            let (y, h) = rows.at(number.saturating_sub(1));
            let y = y + h / 2 + 4;
            let last = number == count;
            let near_end = !last && rows.top + rows.height - y < 10;
            if near_end || held_y.is_some_and(|held| (held - y).abs() < 11) {
                continue;
            }
            let text = number.to_string();
            self.pen
                .text((x, y, Anchor::End), &text, Role::Soft, Paint::Small);
        }
        if let (Some((row, name)), Some(y)) = (held, held_y) {
            let name = cut(name, chars_in((x - 2) * 10 / 9));
            let role = silent_role(&class.rows[row]);
            self.pen.text((x, y, Anchor::End), &name, role, Paint::Head);
        }
    }
}
