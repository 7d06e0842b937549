//! The few shapes that every picture is made of.

use super::story::MOST;

/// For how much room a picture is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// A phone, or a narrow column.
    Narrow,
    /// Anything else.
    Wide,
}

impl Width {
    /// Both, the wide one first.
    pub const ALL: [Width; 2] = [Width::Wide, Width::Narrow];

    /// In a picture's units; in a room that is no wider, a unit is a CSS pixel.
    pub fn units(self) -> i32 {
        match self {
            Width::Narrow => 320,
            Width::Wide => 760,
        }
    }
}

/// What a shape stands for; a theme gives it its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Words, and lines as strong as words.
    Text,
    /// Words that matter less.
    Soft,
    /// Axes and frames.
    Line,
    /// Bytes on their way to the target.
    Sent,
    /// Bytes that arrived, or that come back.
    Recv,
    /// Opening, closing, waiting.
    Ctl,
    /// What went wrong.
    Err,
    /// What Chalkwire made on purpose.
    Made,
    /// A server's work.
    Accent,
}

impl Role {
    /// Its name in style sheets.
    pub fn key(self) -> &'static str {
        match self {
            Role::Text => "r-text",
            Role::Soft => "r-soft",
            Role::Line => "r-line",
            Role::Sent => "r-sent",
            Role::Recv => "r-recv",
            Role::Ctl => "r-ctl",
            Role::Err => "r-err",
            Role::Made => "r-made",
            Role::Accent => "r-accent",
        }
    }
}

/// How a shape is painted; of texts, in which letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Filled.
    Fill,
    /// An outline.
    Stroke,
    /// A thin outline.
    Thin,
    /// A dashed outline.
    Dashed,
    /// A dotted outline.
    Dotted,
    /// Filled lightly, with a thin outline.
    Tint,
    /// Filled lightly, with no outline: many side by side, which outlines would darken.
    Pale,
    /// Filled so lightly that what is drawn over it stays as it is.
    Wash,
    /// A text as the page has it.
    Plain,
    /// A small text.
    Small,
    /// A heading.
    Head,
    /// Bytes.
    Code,
}

impl Paint {
    /// Its name in style sheets.
    pub fn key(self) -> &'static str {
        match self {
            Paint::Fill => "p-fill",
            Paint::Stroke => "p-stroke",
            Paint::Thin => "p-thin",
            Paint::Dashed => "p-dashed",
            Paint::Dotted => "p-dotted",
            Paint::Tint => "p-tint",
            Paint::Pale => "p-pale",
            Paint::Wash => "p-wash",
            Paint::Plain => "p-plain",
            Paint::Small => "p-small",
            Paint::Head => "p-head",
            Paint::Code => "p-code",
        }
    }
}

/// At which of its points a text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

impl Anchor {
    /// Its name in SVG.
    pub fn key(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A rectangle.
    Rect {
        /// Its left.
        x: i32,
        /// Its top.
        y: i32,
        /// Its width.
        w: i32,
        /// Its height.
        h: i32,
    },
    /// Lines, in SVG's letters: absolute `M`, `L`, `H`, `V`, `Z`, with whole numbers.
    Path(String),
    /// A line of text.
    Text {
        /// Where it is held.
        x: i32,
        /// Its baseline.
        y: i32,
        /// By which point.
        anchor: Anchor,
        /// What it says.
        text: String,
    },
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What is drawn.
    pub form: Form,
    /// What it stands for.
    pub role: Role,
    /// How it is painted.
    pub paint: Paint,
    /// Which of the story's items it belongs to, counted from 0.
    pub item: Option<u16>,
}

/// A picture, in units of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Its width.
    pub width: i32,
    /// Its height.
    pub height: i32,
    /// What is drawn, the hindmost first.
    pub shapes: Vec<Shape>,
}

/// The most that a character is wide, in tenths of a unit; so wide are those of DejaVu Sans Mono at
/// 12 units.
pub const CHAR: i32 = 73;

/// How many characters fit into so many units.
pub fn chars_in(units: i32) -> usize {
    (units * 10 / CHAR).max(0) as usize
}

/// The most that a text takes, in units.
pub fn text_units(text: &str) -> i32 {
    (text.chars().count() as i32 * CHAR + 9) / 10
}

/// At most `room` characters of a text, the last an ellipsis if there were more.
pub fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(room.saturating_sub(1)).collect();
    if room > 0 {
        out.push('…');
    }
    out
}

/// Appends a command of a path: a letter, and whole numbers.
pub fn push(path: &mut String, letter: char, numbers: &[i32]) {
    path.push(letter);
    for (i, number) in numbers.iter().enumerate() {
        if i > 0 {
            path.push(' ');
        }
        path.push_str(&number.to_string());
    }
}

/// Puts shapes into a picture.
#[derive(Debug, Default)]
pub struct Pen {
    /// What is drawn so far.
    pub picture: Picture,
    /// The item that shapes belong to from now on.
    pub item: Option<u16>,
}

impl Pen {
    /// A pen for an empty picture of that width.
    pub fn new(width: Width) -> Self {
        let mut pen = Pen::default();
        pen.picture.width = width.units();
        pen
    }

    /// The picture, so high.
    pub fn finish(mut self, height: i32) -> Picture {
        self.picture.height = height;
        self.picture
    }

    /// From now on shapes belong to that item, if it is among those that are stepped through.
    pub fn item(&mut self, number: usize) {
        self.item = u16::try_from(number).ok().filter(|_| number < MOST);
    }

    fn shape(&mut self, form: Form, role: Role, paint: Paint) {
        self.picture.shapes.push(Shape {
            form,
            role,
            paint,
            item: self.item,
        });
    }

    /// A rectangle; nothing where it has no width.
    pub fn rect(&mut self, (x, y, w, h): (i32, i32, i32, i32), role: Role, paint: Paint) {
        if w > 0 && h > 0 {
            self.shape(Form::Rect { x, y, w, h }, role, paint);
        }
    }

    /// Lines.
    pub fn path(&mut self, path: String, role: Role, paint: Paint) {
        self.shape(Form::Path(path), role, paint);
    }

    /// A line through some points.
    pub fn line(&mut self, points: &[(i32, i32)], role: Role, paint: Paint) {
        let mut path = String::new();
        for (i, (x, y)) in points.iter().enumerate() {
            push(&mut path, if i == 0 { 'M' } else { 'L' }, &[*x, *y]);
        }
        self.path(path, role, paint);
    }

    /// A text; nothing where it is empty.
    pub fn text(&mut self, at: (i32, i32, Anchor), text: &str, role: Role, paint: Paint) {
        if !text.is_empty() {
            let (x, y, anchor) = at;
            let text = text.to_owned();
            let form = Form::Text { x, y, anchor, text };
            self.shape(form, role, paint);
        }
    }

    /// A rectangle with slanting lines in it: something that was made on purpose. Plain lines, for a
    /// pattern of SVG would need an id of its own in each document.
    pub fn hatched(&mut self, (x, y, w, h): (i32, i32, i32, i32), role: Role) {
        if w <= 0 || h <= 0 {
            return;
        }
        let mut path = String::new();
        // Each line is x + y = c: from the left or the bottom edge to the top or the right one.
        for c in (5..w + h).step_by(5) {
            push(&mut path, 'M', &[x + (c - h).max(0), y + c.min(h)]);
            push(&mut path, 'L', &[x + c.min(w), y + (c - w).max(0)]);
        }
        self.path(path, role, Paint::Thin);
        self.rect((x, y, w, h), role, Paint::Thin);
    }

    /// An arrow's head that ends at a point, coming from another.
    pub fn tip(&mut self, from: (i32, i32), to: (i32, i32), role: Role) {
        let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
        let length = dx.hypot(dy).max(1.0);
        let (ux, uy) = (dx / length, dy / length);
        let mut path = String::new();
        push(&mut path, 'M', &[to.0, to.1]);
        for side in [4.0, -4.0] {
            let x = f64::from(to.0) - ux * 8.0 - uy * side;
            let y = f64::from(to.1) - uy * 8.0 + ux * side;
            push(&mut path, 'L', &[x.round() as i32, y.round() as i32]);
        }
        path.push('Z');
        self.path(path, role, Paint::Fill);
    }

    /// A cross: something ends here that should not.
    pub fn cross(&mut self, (x, y): (i32, i32), role: Role) {
        let mut path = String::new();
        for sign in [1, -1] {
            push(&mut path, 'M', &[x - 5, y - 5 * sign]);
            push(&mut path, 'L', &[x + 5, y + 5 * sign]);
        }
        self.path(path, role, Paint::Stroke);
    }
}

impl Shape {
    /// The box that the shape takes, as left, top, right, bottom; of texts an upper bound.
    pub fn bounds(&self) -> (i32, i32, i32, i32) {
        match &self.form {
            Form::Rect { x, y, w, h } => (*x, *y, x + w, y + h),
            Form::Text { x, y, anchor, text } => {
                let w = text_units(text);
                let left = match anchor {
                    Anchor::Start => *x,
                    Anchor::Middle => x - w / 2,
                    Anchor::End => x - w,
                };
                (left, y - 10, left + w, y + 3)
            }
            Form::Path(path) => path_bounds(path),
        }
    }
}

fn path_bounds(path: &str) -> (i32, i32, i32, i32) {
    let mut out = (i32::MAX, i32::MAX, i32::MIN, i32::MIN);
    let mut rest = path;
    while let Some(letter) = rest.chars().next() {
        let end = rest[1..]
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or(rest.len(), |i| i + 1);
        let mut numbers = rest[1..end]
            .split(' ')
            .filter_map(|n| n.parse::<i32>().ok());
        let (a, b) = (numbers.next(), numbers.next());
        let (x, y) = if letter == 'V' { (None, a) } else { (a, b) };
        if let Some(x) = x {
            out = (out.0.min(x), out.1, out.2.max(x), out.3);
        }
        if let Some(y) = y {
            out = (out.0, out.1.min(y), out.2, out.3.max(y));
        }
        rest = &rest[end..];
    }
    out
}

impl Picture {
    /// The box around all that belongs to an item, with some air, as left, top, width, height.
    pub fn frame(&self, item: u16) -> Option<(i32, i32, i32, i32)> {
        let mut around: Option<(i32, i32, i32, i32)> = None;
        for shape in self.shapes.iter().filter(|it| it.item == Some(item)) {
            let b = shape.bounds();
            around = Some(around.map_or(b, |a| {
                (a.0.min(b.0), a.1.min(b.1), a.2.max(b.2), a.3.max(b.3))
            }));
        }
        let (x0, y0, x1, y1) = around?;
        let (x0, y0) = ((x0 - 3).max(1), (y0 - 3).max(1));
        let (x1, y1) = ((x1 + 3).min(self.width - 1), (y1 + 3).min(self.height - 1));
        Some((x0, y0, x1 - x0, y1 - y0))
    }
}
