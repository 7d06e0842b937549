//! The geometry of a line buffer: a cell a byte.

use super::{Buffer, Read, end_words, read_words};
use crate::bytes::hex;
use crate::pictures::shape::{Anchor, Paint, Pen, Picture, Role, Width, chars_in, cut, push};

/// A cell's width and height.
const CELL: i32 = 22;
const HIGH: i32 = 22;
/// Cells of one read, and of all, at the most.
const OF_READ: usize = 96;
const OF_ALL: usize = 800;

/// Lays a buffer out.
pub fn draw(buffer: &Buffer, width: Width) -> Picture {
    let mut pen = Pen::new(width);
    let side = 10;
    let per_row = ((width.units() - 2 * side) / CELL) as usize;
    let mut y = 4;
    let mut cells = 0;
    for (i, read) in buffer.reads.iter().enumerate() {
        pen.item(i);
        let size = (read.to - read.from).to_string();
        let head = ["◀ recv ", &(i + 1).to_string(), " · ", &size, " B"].concat();
        pen.text(
            (side, y + 12, Anchor::Start),
            &head,
            Role::Recv,
            Paint::Plain,
        );
        y += 18;
        let shown = (read.to - read.kept_from)
            .min(OF_READ)
            .min(OF_ALL.saturating_sub(cells));
        cells += shown;
        y = cells_of(&mut pen, buffer, read, (side, y), (per_row, shown));
        let hidden = read.to - read.kept_from - shown;
        if hidden > 0 {
            let text = ["… ", &hidden.to_string(), " more bytes"].concat();
            pen.text(
                (side, y + 12, Anchor::Start),
                &text,
                Role::Soft,
                Paint::Small,
            );
            y += 16;
        }
        let role = if read.lines.is_empty() {
            Role::Soft
        } else {
            Role::Accent
        };
        y = sentence(&mut pen, &read_words(buffer, i), (side, y), role);
        y += 8;
    }
    let end = end_words(buffer);
    if !end.is_empty() {
        pen.item(buffer.reads.len());
        y = sentence(&mut pen, &end, (side, y), Role::Ctl);
    }
    pen.item = None;
    y = legend(&mut pen, buffer, y + 4);
    pen.finish(y.max(20))
}

/// Writes words in as many lines as they take, up to three; gives where they end.
fn sentence(pen: &mut Pen, text: &str, (x, mut y): (i32, i32), role: Role) -> i32 {
    let room = chars_in(pen.picture.width - 2 * x);
    let mut line = String::new();
    let mut lines = Vec::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    for line in lines.iter().take(3) {
        y += 16;
        pen.text((x, y, Anchor::Start), &cut(line, room), role, Paint::Plain);
    }
    y + 4
}

fn cells_of(
    pen: &mut Pen,
    buffer: &Buffer,
    read: &Read,
    (x0, y0): (i32, i32),
    (per_row, shown): (usize, usize),
) -> i32 {
    let place = |at: usize| {
        let n = at - read.kept_from;
        (
            x0 + (n % per_row) as i32 * CELL,
            y0 + (n / per_row) as i32 * (HIGH + 4),
        )
    };
    let end = read.kept_from + shown;
    let mut at = read.kept_from;
    while at < end {
        let letter = letter(&buffer.bytes[at..read.to]);
        // A letter of several bytes is one, if they stand side by side.
        let together = letter.is_some_and(|c| {
            let last = at + c.len_utf8() - 1;
            last < end && place(last).1 == place(at).1
        });
        let take = letter.filter(|_| together).map_or(1, char::len_utf8);
        for at in at..at + take {
            let (x, y) = place(at);
            let cell = (x, y, CELL - 2, HIGH);
            let is_split = read.split.is_some_and(|split| at >= split.at);
            if read
                .lines
                .iter()
                .any(|(from, to)| (*from..*to).contains(&at))
            {
                pen.rect(cell, Role::Accent, Paint::Tint);
            }
            match (is_split, at < read.from) {
                (true, _) => pen.rect(cell, Role::Err, Paint::Dashed),
                (false, true) => pen.rect(cell, Role::Soft, Paint::Dotted),
                (false, false) => pen.rect(cell, Role::Recv, Paint::Thin),
            }
        }
        let (x, y) = place(at);
        let middle = (x + (take as i32 * CELL - 2) / 2, y + 15, Anchor::Middle);
        match letter.filter(|_| together || take == 1) {
            Some('\n') => pen.text(middle, "LF", Role::Soft, Paint::Small),
            Some('\r') => pen.text(middle, "CR", Role::Soft, Paint::Small),
            Some(' ') => pen.text(middle, "␣", Role::Soft, Paint::Code),
            Some(c) if !c.is_control() && (together || c.is_ascii()) => {
                pen.text(middle, c.encode_utf8(&mut [0; 4]), Role::Text, Paint::Code);
                if take > 1 {
                    let mut path = String::new();
                    push(&mut path, 'M', &[x + 3, y + HIGH - 3]);
                    push(&mut path, 'H', &[x + take as i32 * CELL - 5]);
                    pen.path(path, Role::Soft, Paint::Thin);
                }
            }
            _ => pen.text(
                middle,
                &hex(&buffer.bytes[at..=at]),
                Role::Soft,
                Paint::Code,
            ),
        }
        at += take;
    }
    let rows = shown.div_ceil(per_row) as i32;
    y0 + rows * (HIGH + 4)
}

/// The letter that some bytes begin with.
fn letter(bytes: &[u8]) -> Option<char> {
    let head = &bytes[..bytes.len().min(4)];
    head.utf8_chunks().next()?.valid().chars().next()
}

fn legend(pen: &mut Pen, buffer: &Buffer, mut y: i32) -> i32 {
    let mut x = 10;
    let any = |is: &dyn Fn(&Read) -> bool| buffer.reads.iter().any(is);
    let entries = [
        (true, Role::Recv, Paint::Thin, "new"),
        (
            any(&|it| it.kept_from < it.from),
            Role::Soft,
            Paint::Dotted,
            "was in the buffer",
        ),
        (
            any(&|it| !it.lines.is_empty()),
            Role::Accent,
            Paint::Tint,
            "comes out as a line",
        ),
        (
            any(&|it| it.split.is_some()),
            Role::Err,
            Paint::Dashed,
            "part of a letter",
        ),
    ];
    for (_, role, paint, text) in entries.into_iter().filter(|it| it.0) {
        let wide = 24 + text.len() as i32 * 7;
        if x > 10 && x + wide > pen.picture.width {
            x = 10;
            y += 18;
        }
        pen.rect((x, y + 2, 14, 12), role, paint);
        pen.text(
            (x + 20, y + 12, Anchor::Start),
            text,
            Role::Soft,
            Paint::Small,
        );
        x += wide + 8;
    }
    y + 20
}
