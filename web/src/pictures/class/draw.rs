//! The geometry of a class: a row a member, dense where they are many, and the queue below.

use super::words::reason_word;
use super::{Came, Class, Phase, Row, Serving};
use crate::model::ms_text;
use crate::pictures::axis::{Scale, marks, ms_mark};
use crate::pictures::queue::{GAUGE, Queue};
use crate::pictures::shape::{Anchor, Paint, Pen, Picture, Role, Width, chars_in, cut, text_units};

mod legend;
mod many;

/// The room that there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sheet {
    /// The width, in units.
    pub width: i32,
    /// The height that the rows may take, in units.
    pub rows: i32,
    /// The highest that a row gets, in units: where there is room, few rows are high.
    pub highest: i32,
}

impl Sheet {
    /// What a page or a file has.
    pub fn of(width: Width) -> Self {
        Sheet {
            width: width.units(),
            rows: 660,
            highest: 16,
        }
    }

    fn narrow(self) -> bool {
        self.width < 520
    }
}

/// A row that is lower has no name beside it: letters need so much, in units.
pub const NAMED: f64 = 10.5;

/// Where the rows are, for pointers and keys.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rows {
    /// The top of the first.
    pub top: i32,
    /// The height of all.
    pub height: i32,
    /// How many there are.
    pub count: usize,
}

impl Rows {
    /// The top and the height of a row.
    pub fn at(self, row: usize) -> (i32, i32) {
        let y = |row: usize| {
            let part = row as f64 / self.count.max(1) as f64;
            self.top + (part * f64::from(self.height)).round() as i32
        };
        let (y0, y1) = (y(row), y(row + 1));
        (y0, (y1 - y0).max(1))
    }

    /// The row at a height of the picture.
    pub fn find(self, y: f64) -> Option<usize> {
        let part = (y - f64::from(self.top)) / f64::from(self.height.max(1));
        let row = (part * self.count as f64).floor();
        (part >= 0.0 && row < self.count as f64).then_some(row as usize)
    }
}

/// Lays a run out; gives where its rows are, too.
pub fn draw(class: &Class, sheet: Sheet) -> (Picture, Rows) {
    let count = class.rows.len();
    let pitch = (f64::from(sheet.rows) / count.max(1) as f64).min(f64::from(sheet.highest));
    let mut pen = Pen::default();
    pen.picture.width = sheet.width;
    let named = pitch >= NAMED;
    let from = label_room(class, sheet, named);
    let edge = sheet.width - if sheet.narrow() { 12 } else { 20 };
    let end = if class.axis_ms > 0.0 {
        class.axis_ms
    } else {
        1000.0
    };
    let mut scale = Scale {
        from,
        to: edge,
        end,
    };
    if named {
        scale.to = room_for_words(class, scale, sheet);
    }
    let mut board = Board {
        pen,
        sheet,
        scale,
        edge,
        pitch,
        named,
        y: 14,
    };
    let rows = board.everything(class);
    let height = board.y.max(20);
    (board.pen.finish(height), rows)
}

/// How much the names take.
fn label_room(class: &Class, sheet: Sheet, named: bool) -> i32 {
    let most = if sheet.narrow() { 78 } else { 132 };
    if !named {
        return if sheet.narrow() { 40 } else { 72 };
    }
    // Letters that are not of one width take less than the widest.
    let names = class.rows.iter().map(|it| name_units(&it.name) + 14);
    names.max().unwrap_or(0).clamp(40, most)
}

/// What a name takes, in units: most letters less than the widest of their writing, some more.
fn name_units(name: &str) -> i32 {
    let more = |c: char| match c {
        'M' | 'W' | '@' => 5,
        '\u{1100}'.. => 6,
        c if c.is_uppercase() => 2,
        _ => 0,
    };
    text_units(name) * 9 / 10 + name.chars().map(more).sum::<i32>()
}

/// As much of a name as there is room for, in units: its beginning.
fn name_in(name: &str, room: i32) -> String {
    let mut most = chars_in(room * 10 / 9);
    loop {
        let short = cut(name, most);
        if most <= 1 || name_units(&short) <= room {
            return short;
        }
        most -= 1;
    }
}

/// What is said after a bar.
fn said(row: &Row, sheet: Sheet, axis_ms: f64) -> Option<(String, Role)> {
    Some(match row.came {
        Came::Failed(reason) => ("✕ ".to_owned() + reason_word(reason), Role::Err),
        Came::Unanswered => ("✕ no reply".to_owned(), Role::Err),
        Came::Silent | Came::UnderWay if row.in_phase(Phase::Silent) > 0.0 => {
            let word = if sheet.narrow() {
                "silent "
            } else {
                "says nothing: "
            };
            let mut text = word.to_owned() + &ms_text(row.in_phase(Phase::Silent));
            // Its bar goes on beyond the axis.
            if row.end_ms > axis_ms {
                text += " →";
            }
            (text, silent_role(row))
        }
        Came::Silent => ("sent nothing".to_owned(), silent_role(row)),
        Came::Answered if !sheet.narrow() => (ms_text(row.replied_ms?), Role::Soft),
        Came::Untold if row.idler && !row.spans.is_empty() => {
            ("told to say nothing".to_owned(), Role::Made)
        }
        Came::Absent => ("no part in it".to_owned(), Role::Soft),
        _ => return None,
    })
}

/// What the plan made is no fault of the member's.
fn silent_role(row: &Row) -> Role {
    if row.idler { Role::Made } else { Role::Err }
}

/// Where the bars end so that the words after them still fit, if that is not too much.
fn room_for_words(class: &Class, scale: Scale, sheet: Sheet) -> i32 {
    let mut to = scale.to;
    for row in class.rows.iter().filter(|it| it.end_ms > 0.0) {
        if let Some((text, _)) = said(row, sheet, class.axis_ms) {
            let room = sheet.width - 10 - text_units(&text) - scale.from;
            let ms = row.end_ms.min(scale.end);
            to = to.min(scale.from + (f64::from(room) * scale.end / ms) as i32);
        }
    }
    to.max((scale.from + scale.to) / 2)
}

/// How a phase is painted; `many` where outlines would be all that is seen.
fn paint(phase: Phase, many: bool) -> (Role, Paint) {
    match (phase, many) {
        (Phase::Untold, false) => (Role::Ctl, Paint::Dotted),
        (Phase::Untold, true) => (Role::Line, Paint::Pale),
        (Phase::Connecting, false) => (Role::Ctl, Paint::Dashed),
        (Phase::Connecting, true) => (Role::Ctl, Paint::Wash),
        (Phase::Queued, false) => (Role::Ctl, Paint::Tint),
        (Phase::Queued, true) => (Role::Ctl, Paint::Pale),
        (Phase::Waiting, false) => (Role::Accent, Paint::Tint),
        (Phase::Waiting, true) => (Role::Accent, Paint::Pale),
        (Phase::Silent, _) => (Role::Made, Paint::Fill),
        (Phase::Served, _) => (Role::Accent, Paint::Fill),
        (Phase::Closing, _) => (Role::Ctl, Paint::Thin),
    }
}

struct Board {
    pen: Pen,
    sheet: Sheet,
    scale: Scale,
    /// Where words that stand at the right end.
    edge: i32,
    /// The height of a row.
    pitch: f64,
    /// Whether there is room for names.
    named: bool,
    y: i32,
}

impl Board {
    fn everything(&mut self, class: &Class) -> Rows {
        let axis = self.y;
        let held = class
            .figures
            .hold
            .as_ref()
            .filter(|_| class.serving == Serving::Iterative);
        self.y += if held.is_some() { 28 } else { 6 };
        let rows = Rows {
            top: self.y,
            height: (self.pitch * class.rows.len() as f64).round() as i32,
            count: class.rows.len(),
        };
        let rows_end = rows.top + rows.height;
        let gauge = !class.queue.is_empty() && class.serving != Serving::Datagrams;
        let grid_end = rows_end + if gauge { GAUGE + 14 } else { 4 };
        if let Some(hold) = held {
            let (x0, x1) = (self.scale.at(hold.from_ms), self.scale.at(hold.to_ms));
            let role = silent_role(&class.rows[hold.row]);
            let high = grid_end - rows.top + 4;
            self.pen
                .rect((x0, rows.top - 4, x1 - x0, high), role, Paint::Wash);
            for x in [x0, x1] {
                let line = [(x, rows.top - 4), (x, grid_end)];
                self.pen.line(&line, role, Paint::Thin);
            }
        }
        self.grid(axis, rows.top, grid_end);
        if let Some(hold) = held {
            self.hold_words(class, hold, rows.top - 8);
        }
        if self.named {
            for (i, row) in class.rows.iter().enumerate() {
                let (y, _) = rows.at(i);
                self.row(i, row, y);
            }
        } else {
            self.many(class, rows);
        }
        self.pen.item = None;
        self.y = rows_end;
        if gauge {
            let queue = Queue {
                waiting: &class.queue,
                backlog: class.backlog,
                end_ms: class.end_ms,
            };
            self.y = queue.draw(&mut self.pen, self.scale, self.edge, self.y);
        } else {
            self.y += 4;
        }
        self.y += 12;
        self.legend(class);
        rows
    }

    /// The axis above the rows, and its lines through them.
    fn grid(&mut self, y: i32, top: i32, end: i32) {
        let scale = self.scale;
        let most = ((scale.to - scale.from) / if self.sheet.narrow() { 62 } else { 84 }) as usize;
        for mark in marks(scale.end, most) {
            let x = scale.at(mark);
            self.pen
                .line(&[(x, top - 4), (x, end)], Role::Line, Paint::Thin);
            let text = ms_mark(mark, scale.end);
            let beyond = x + text_units(&text) / 2 > self.sheet.width;
            let anchor = if beyond { Anchor::End } else { Anchor::Middle };
            self.pen
                .text((x, y, anchor), &text, Role::Soft, Paint::Small);
        }
    }

    /// Above the rows: who held the server, where it did.
    fn hold_words(&mut self, class: &Class, hold: &super::Hold, y: i32) {
        let role = silent_role(&class.rows[hold.row]);
        let (x0, x1) = (self.scale.at(hold.from_ms), self.scale.at(hold.to_ms));
        let long = ms_text(hold.to_ms - hold.from_ms);
        let verb = if hold.over { " held" } else { " holds" };
        let mut text = [&hold.name, verb, " the server, saying nothing: ", &long].concat();
        if text_units(&text) > self.sheet.width - 8 {
            text = [&hold.name, ": ", &long].concat();
        }
        let half = text_units(&text) / 2 + 4;
        let middle = ((x0 + x1) / 2).clamp(half, (self.sheet.width - half).max(half));
        self.pen
            .text((middle, y, Anchor::Middle), &text, role, Paint::Head);
    }

    fn row(&mut self, number: usize, row: &Row, y: i32) {
        self.pen.item = u16::try_from(number).ok();
        let h = match self.pitch as i32 {
            high @ 20.. => high * 2 / 3,
            high => (high - 5).max(6),
        };
        let y = y + 2;
        let base = y + h / 2 + 4;
        let from = self.scale.from;
        let letters = if row.mine { Paint::Head } else { Paint::Small };
        let role = if row.mine { Role::Text } else { Role::Soft };
        self.pen.text(
            (from - 8, base, Anchor::End),
            &name_in(&row.name, from - 8),
            role,
            letters,
        );
        for (phase, begin, end) in &row.spans {
            let (x0, x1) = (self.scale.at(*begin), self.scale.at(*end));
            let place = (x0, y, x1 - x0, h);
            match (phase, paint(*phase, false)) {
                // What is open until close is no more than a line.
                (Phase::Closing, (role, paint)) => {
                    if x1 > x0 + 3 {
                        let middle = y + h / 2;
                        self.pen.line(&[(x0, middle), (x1, middle)], role, paint);
                        self.pen
                            .line(&[(x1, y + 2), (x1, y + h - 2)], role, Paint::Thin);
                    }
                }
                (Phase::Silent, _) => {
                    let role = silent_role(row);
                    self.pen.rect(place, role, Paint::Pale);
                    self.pen.hatched(place, role);
                }
                (Phase::Untold, _) if row.idler => self.pen.hatched(place, Role::Made),
                (Phase::Connecting, (role, paint)) if self.pitch < 13.0 => {
                    let middle = y + h / 2;
                    if x1 > x0 + 3 {
                        self.pen.line(&[(x0, middle), (x1, middle)], role, paint);
                    }
                }
                (Phase::Untold, (role, paint)) => {
                    let middle = y + h / 2;
                    self.pen.line(&[(x0, middle), (x1, middle)], role, paint);
                }
                // A bar of nothing is seen as a line at least.
                (Phase::Served, (role, paint)) => {
                    self.pen.rect((x0, y, (x1 - x0).max(1), h), role, paint);
                }
                (_, (role, paint)) => self.pen.rect(place, role, paint),
            }
        }
        if let Some(ms) = row.replied_ms {
            let x = self.scale.at(ms);
            self.pen.rect((x, y, 3, h), Role::Recv, Paint::Fill);
        }
        if let Some((text, role)) = said(row, self.sheet, self.scale.end) {
            let x = self.scale.at(row.end_ms.max(0.0));
            let fits = x + 7 + text_units(&text) <= self.sheet.width - 2;
            let (x, anchor) = if fits {
                (x + 7, Anchor::Start)
            } else {
                (x - 4, Anchor::End)
            };
            self.pen.text((x, base, anchor), &text, role, Paint::Small);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_of_wide_letters_ends_where_there_is_no_room_and_keeps_its_beginning() {
        for name in [
            "WWWWWWWWWWWWWWWWWWWWWWWW",
            "学生学生学生学生学生学生学生学生",
        ] {
            let short = name_in(name, 124);
            assert!(name_units(&short) <= 124, "{short}");
            let begins = short.strip_suffix('…').unwrap();
            assert!(
                name.starts_with(begins) && begins.chars().count() > 6,
                "{short}"
            );
        }
        assert_eq!(name_in("otter 12", 60), "otter 12");
    }
}
