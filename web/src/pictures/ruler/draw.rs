//! The geometry of a byte ruler.

use super::words::{lost_words, rows};
use super::{Cuts, Lost, Ruler, Track};
use crate::bytes::{column_char, escape};
use crate::pictures::axis::{Scale, marks};
use crate::pictures::shape::{
    Anchor, Paint, Pen, Picture, Role, Width, chars_in, cut, push, text_units,
};
use crate::pictures::story::{MOST, count};

/// The height of the bytes' box.
const BOX: i32 = 34;
/// A byte gets a cell of its own from so many units on.
const CELL: i32 = 17;

/// Lays a ruler out.
pub fn draw(ruler: &Ruler, width: Width) -> Picture {
    let mut pen = Pen::new(width);
    let side = if width == Width::Wide { 20 } else { 10 };
    // Datagrams have one measure, to be compared; a stream has its own.
    let most = ruler.tracks.iter().map(Track::total).max().unwrap_or(0);
    let mut y = 4;
    let mut item = 0;
    for (i, track) in ruler.tracks.iter().enumerate() {
        let last = i + 1 == ruler.tracks.len();
        let axis = track.datagram == 0 || last;
        let end = if track.datagram == 0 {
            track.total()
        } else {
            most
        };
        let scale = Scale {
            from: side,
            to: width.units() - side,
            end: end.max(1) as f64,
        };
        y = Sheet {
            pen: &mut pen,
            scale,
            track,
            y,
            first: item,
        }
        .draw(axis)
            + 12;
        item += rows(track).map(|it| it.parts.len()).sum::<usize>()
            + track.made.len()
            + usize::from(track.lost_from().is_some());
    }
    if ruler.omitted > 0 {
        let text = count(ruler.omitted, "more datagram") + ", not drawn";
        pen.item = None;
        pen.text(
            (side, y + 8, Anchor::Start),
            &text,
            Role::Soft,
            Paint::Small,
        );
        y += 16;
    }
    pen.finish(y.max(20))
}

struct Sheet<'a> {
    pen: &'a mut Pen,
    scale: Scale,
    track: &'a Track,
    y: i32,
    /// The number of the track's first item.
    first: usize,
}

impl Sheet<'_> {
    fn x(&self, at: usize) -> i32 {
        self.scale.at(at as f64)
    }

    /// Draws the track; gives where it ends.
    fn draw(mut self, axis: bool) -> i32 {
        let track = self.track;
        let mut item = self.first;
        // Above, from the sender down to the bytes.
        let top = self.y;
        let mut y = self.cuts(&track.above, top, true, &mut item);
        if let Some(gateway) = &track.gateway {
            y = self.cuts(gateway, y, true, &mut item);
        }
        let bytes_y = y + 6;
        let below_item = item;
        item += track.below.as_ref().map_or(0, |it| it.parts.len());
        let made_item = item;
        let lost_item = item + track.made.len();

        self.pen.item = None;
        let (from, to) = (self.scale.from, self.x(track.total()));
        self.pen
            .rect((from, bytes_y, to - from, BOX), Role::Line, Paint::Stroke);
        self.struck(bytes_y, lost_item);
        self.content(bytes_y);
        self.inner(&track.above, bytes_y - 8, bytes_y + BOX + 4, Paint::Dashed);
        for (i, &at) in track.made.iter().take(MOST).enumerate() {
            self.pen.item(made_item + i);
            let x = self.x(at);
            self.pen
                .hatched((x - 4, bytes_y - 5, 8, BOX + 10), Role::Made);
        }
        self.pen.item = None;
        y = bytes_y + BOX + if axis { 20 } else { 2 };
        let below = track.below.as_ref().filter(|it| !it.parts.is_empty());
        if let Some(below) = below {
            self.inner(below, bytes_y - 4, y + 8, Paint::Stroke);
        }
        // After the lines, so that its numbers stand before them.
        if axis {
            self.axis(bytes_y + BOX);
        }
        if let Some(below) = below {
            let mut item = below_item;
            y = self.cuts(below, y + 2, false, &mut item);
        }
        self.legend(y, made_item, lost_item)
    }

    /// Brackets with their labels, and who made them; gives where they end.
    fn cuts(&mut self, cuts: &Cuts, y: i32, above: bool, item: &mut usize) -> i32 {
        let (heading, label, open, shut) = if above {
            (y + 10, y + 27, y + 42, y + 33)
        } else {
            (y + 42, y + 25, y, y + 9)
        };
        let mut drawn = 0;
        let mut reached = i32::MIN;
        let alone = cuts.parts.len() == 1;
        for (i, (from, to)) in cuts.spans().enumerate() {
            self.pen.item(*item + i);
            let (x0, x1) = (self.x(from), self.x(to));
            // What is too small to be seen is counted in the heading.
            if i > 0 && x1 < reached + 2 {
                continue;
            }
            reached = x1;
            drawn += 1;
            let inset = i32::from(x1 - x0 > 4);
            let mut path = String::new();
            push(&mut path, 'M', &[x0 + inset, open]);
            push(&mut path, 'V', &[shut]);
            push(&mut path, 'H', &[(x1 - inset).max(x0)]);
            push(&mut path, 'V', &[open]);
            self.pen.path(path, cuts.role, Paint::Stroke);
            let size = (to - from).to_string();
            let number = if self.track.datagram > 0 {
                self.track.datagram
            } else {
                i + 1
            };
            let short = [cuts.sign, " ", &size, " B"].concat();
            let long = [
                cuts.sign,
                " ",
                cuts.call,
                " ",
                &number.to_string(),
                " · ",
                &size,
                " B",
            ]
            .concat();
            if alone && text_units(&long) > x1 - x0 {
                // A lone label may leave its bracket, not the picture.
                self.pen
                    .text((x0, label, Anchor::Start), &long, cuts.role, Paint::Plain);
            } else if let Some(text) = [&long, &short, &size]
                .into_iter()
                .find(|it| text_units(it) <= x1 - x0)
            {
                let middle = ((x0 + x1) / 2, label, Anchor::Middle);
                self.pen.text(middle, text, cuts.role, Paint::Plain);
            }
        }
        *item += cuts.parts.len();
        self.pen.item = None;
        if self.track.datagram > 0 && !above {
            return y + 30;
        }
        let mut text = if self.track.datagram > 0 {
            [cuts.who, ": datagram ", &self.track.datagram.to_string()].concat()
        } else {
            [
                cuts.who,
                ": ",
                &cuts.parts.len().to_string(),
                " × ",
                cuts.call,
            ]
            .concat()
        };
        if drawn < cuts.parts.len() {
            text += ", too narrow to draw each";
        }
        let at = (self.scale.from, heading, Anchor::Start);
        self.pen.text(at, &text, Role::Soft, Paint::Small);
        y + if above { 42 } else { 46 }
    }

    /// The cuts inside, as lines through the bytes.
    fn inner(&mut self, cuts: &Cuts, y0: i32, y1: i32, paint: Paint) {
        let total = self.track.total();
        let mut reached = i32::MIN;
        for (_, to) in cuts.spans().filter(|(_, to)| *to < total) {
            let x = self.x(to);
            if x > reached + 2 {
                self.pen.line(&[(x, y0), (x, y1)], cuts.role, paint);
                reached = x;
            }
        }
    }

    /// The bytes themselves: each in a cell, or the beginning of each piece.
    fn content(&mut self, y: i32) {
        let baseline = y + BOX / 2 + 4;
        let total = self.track.total();
        let cells = total > 0 && (self.x(total) - self.scale.from) / total as i32 >= CELL;
        let mut at = 0;
        for piece in &self.track.content {
            let kept = self.track.lost_from().filter(|_| self.track.datagram > 0);
            let end = (at + piece.len()).min(kept.unwrap_or(usize::MAX).max(at));
            let (x0, x1) = (self.x(at), self.x(end));
            if cells {
                for (i, &byte) in piece.iter().enumerate() {
                    let (a, b) = (self.x(at + i), self.x(at + i + 1));
                    let text = cell_text(byte, chars_in(b - a));
                    let middle = ((a + b) / 2, baseline, Anchor::Middle);
                    let role = if byte == b'\n' || byte == b'\r' {
                        Role::Soft
                    } else {
                        Role::Text
                    };
                    self.pen.text(middle, &text, role, Paint::Code);
                }
            } else {
                let mut room = chars_in(x1 - x0 - 16);
                let mut x0 = x0;
                if self.track.datagram > 0 && end == at + piece.len() && room < piece.len() {
                    // Beside a box that is too small for it.
                    let beside = chars_in(self.scale.to - x1 - 9);
                    if beside > room {
                        (x0, room) = (x1, beside);
                    }
                }
                if room >= 3 {
                    let text = escape(&piece[..piece.len().min(room + 1)]);
                    let text = if piece.len() > room {
                        text + "…"
                    } else {
                        text
                    };
                    let at = (x0 + 9, baseline, Anchor::Start);
                    self.pen
                        .text(at, &cut(&text, room), Role::Text, Paint::Code);
                }
            }
            at += piece.len();
        }
    }

    /// What nobody received, struck out.
    fn struck(&mut self, y: i32, item: usize) {
        let Some(from) = self.track.lost_from() else {
            return;
        };
        let (x0, x1) = (self.x(from), self.x(self.track.total()));
        self.pen.item(item);
        if self.track.lost == Lost::Made {
            self.pen.hatched((x0, y + 2, x1 - x0, BOX - 4), Role::Made);
        } else {
            self.pen
                .rect((x0, y + 2, x1 - x0, BOX - 4), Role::Err, Paint::Tint);
            self.pen
                .line(&[(x0, y + BOX - 2), (x1, y + 2)], Role::Err, Paint::Stroke);
            self.pen
                .line(&[(x0, y + 2), (x1, y + BOX - 2)], Role::Err, Paint::Stroke);
        }
        self.pen.item = None;
    }

    fn axis(&mut self, y: i32) {
        let room = self.scale.to - self.scale.from;
        let total = self.scale.end;
        let most = (room / 60).max(2) as usize;
        for mark in marks(total, most)
            .into_iter()
            .filter(|mark| mark.fract() == 0.0)
        {
            let x = self.scale.at(mark);
            self.pen
                .line(&[(x, y), (x, y + 5)], Role::Soft, Paint::Thin);
            let text = (mark as usize).to_string();
            // The outermost labels stay inside.
            let anchor = if x - self.scale.from < 4 {
                Anchor::Start
            } else if self.scale.to - x < 4 {
                Anchor::End
            } else {
                Anchor::Middle
            };
            self.pen
                .text((x, y + 16, anchor), &text, Role::Soft, Paint::Small);
        }
    }

    /// What the signs mean that are not named elsewhere; gives where the track ends.
    fn legend(&mut self, mut y: i32, made_item: usize, lost_item: usize) -> i32 {
        let x = self.scale.from;
        if !self.track.made.is_empty() {
            self.pen.item(made_item);
            self.pen.hatched((x, y + 4, 12, 12), Role::Made);
            let count = self.track.made.len();
            let text = if count == 1 {
                "✂ cut here by Chalkwire".to_owned()
            } else {
                ["✂ cut here by Chalkwire: ", &count.to_string(), " times"].concat()
            };
            self.pen.text(
                (x + 18, y + 14, Anchor::Start),
                &text,
                Role::Made,
                Paint::Plain,
            );
            y += 20;
        }
        if let Some(from) = self.track.lost_from() {
            self.pen.item(lost_item);
            let (sign, role) = if self.track.lost == Lost::Made {
                ("✂ ", Role::Made)
            } else {
                ("✕ ", Role::Err)
            };
            let bytes = (self.track.total() - from).to_string();
            let text = [sign, &bytes, " B ", lost_words(self.track)].concat();
            let room = chars_in(self.scale.to - x);
            let start = self.x(from).min(self.scale.to - text_units(&text)).max(x);
            self.pen.text(
                (start, y + 16, Anchor::Start),
                &cut(&text, room),
                role,
                Paint::Plain,
            );
            y += 20;
        }
        self.pen.item = None;
        y
    }
}

/// A byte in a cell of so many characters.
fn cell_text(byte: u8, room: usize) -> String {
    let text = escape(&[byte]);
    if text.len() <= room {
        return text;
    }
    match byte {
        b' '..=b'~' => column_char(byte).to_string(),
        _ => crate::bytes::hex(&[byte]),
    }
}
