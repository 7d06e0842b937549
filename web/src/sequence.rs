//! The geometry of a sequence diagram: lifelines, arrows and labels from the entries of one socket.

use crate::model::{ClockMap, Entry, Whose, ms_text};

pub mod step;
pub mod steps;
mod words;

pub use words::{clock_words, summary};

use step::{Effect, Ending, Label, Life, Step, Steps, Tone};

/// A pause of at least this long is folded, in ms: drawn as a break, with its length.
const FOLD_MS: f64 = 100.0;

/// For how much room a picture is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A phone, or a narrow column: 320 units wide.
    Narrow,
    /// 760 units wide.
    Wide,
}

/// The measures of a shape, in the picture's units.
struct Measures {
    width: i32,
    lives: [i32; 3],
    slope: i32,
    /// Between an arrow's end and a label's.
    margin: i32,
}

/// The most that a character of a label is wide; so wide are those of DejaVu Sans Mono at 12 units.
const CHAR: i32 = 73; // tenths
/// From one arrow to the next in the same leg, and in the other one.
const ROW: i32 = 30;
const STEP: i32 = 16;
const TOP: i32 = 28;

impl Shape {
    fn measures(self) -> Measures {
        match self {
            Shape::Narrow => Measures {
                width: 320,
                lives: [52, 160, 268],
                slope: 6,
                margin: 6,
            },
            Shape::Wide => Measures {
                width: 760,
                lives: [84, 380, 676],
                slope: 8,
                margin: 8,
            },
        }
    }
}

/// A picture, in units of its own; the sheet of styles gives it colours and fonts.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Its width.
    pub width: i32,
    /// Its height.
    pub height: i32,
    /// The names above the lifelines, centred.
    pub heads: Vec<Text>,
    /// The lifelines.
    pub lifelines: Vec<Lifeline>,
    /// The arrows.
    pub arrows: Vec<Arrow>,
    /// Notes and folded pauses, centred texts that take a row.
    pub notes: Vec<Note>,
}

/// A text at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The place to which the text is anchored.
    pub x: i32,
    /// Its baseline.
    pub y: i32,
    /// What it says.
    pub text: String,
}

/// A piece of a lifeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifeline {
    /// Where it stands.
    pub x: i32,
    /// Where it begins.
    pub y0: i32,
    /// Where it ends.
    pub y1: i32,
    /// Whether this side says nothing (more) here.
    pub dotted: bool,
    /// Whether a bar ends it.
    pub ends: bool,
}

/// An arrow with its label and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// The entry that it comes from.
    pub no: u32,
    /// Its beginning.
    pub from: (i32, i32),
    /// Its end.
    pub to: (i32, i32),
    /// How it ends.
    pub ending: Ending,
    /// Its colour.
    pub tone: Tone,
    /// Whether it is dashed.
    pub dashed: bool,
    /// The middle of the label's baseline.
    pub label_at: (i32, i32),
    /// The label, cut to the room there is.
    pub label: Label,
    /// When, at the left for the browser's clock, at the right for the gateway's.
    pub time: Option<Text>,
    /// By whose clock.
    pub clock: Whose,
}

/// A row of words across the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// What it says, centred.
    pub text: Text,
    /// Whether it stands for time or entries that are left out.
    pub fold: bool,
    /// Its colour.
    pub tone: Tone,
    /// The entry that it comes from; 0 for none.
    pub no: u32,
}

fn life_index(life: Life) -> usize {
    match life {
        Life::You => 0,
        Life::Gateway => 1,
        Life::Target => 2,
    }
}

/// Lays out the entries of one socket.
pub fn layout(entries: &[Entry], clock: Option<ClockMap>, shape: Shape) -> Picture {
    let target = entries
        .iter()
        .map(|entry| entry.target.as_str())
        .find(|name| !name.is_empty());
    draw(
        &steps::steps(entries, clock),
        target.unwrap_or("server"),
        shape,
    )
}

/// Lays out steps.
pub fn draw(steps: &Steps, target: &str, shape: Shape) -> Picture {
    let m = shape.measures();
    let mut pen = Pen {
        y: TOP + 18 - STEP,
        // The next free line of each leg.
        free: [TOP + 18; 2],
        picture: Picture {
            width: m.width,
            height: 0,
            heads: Vec::new(),
            lifelines: Vec::new(),
            arrows: Vec::new(),
            notes: Vec::new(),
        },
        m,
    };
    let mut lives = Lives::new(&steps.steps);
    let mut before: Option<&Step> = None;
    for (i, step) in steps.steps.iter().enumerate() {
        if steps.omitted > 0 && i == steps.omitted_before {
            let text = format!("{} more entries, not drawn", steps.omitted);
            pen.note(&text, true, Tone::Control, 0);
        } else if let Some(before) = before
            && step.order_ms - before.order_ms >= FOLD_MS
        {
            let text = format!("{} pass", ms_text(step.order_ms - before.order_ms));
            pen.note(&text, true, Tone::Control, 0);
        }
        let y = if step.from == step.to {
            pen.note(&step.label.lead, false, step.tone, step.no)
        } else {
            pen.arrow(step)
        };
        lives.apply(step.effect, y);
        before = Some(step);
    }
    pen.finish(target, &lives)
}

/// Where each lifeline changes.
struct Lives {
    opened: Option<i32>,
    you_done: Option<i32>,
    target_done: Option<i32>,
    ended: Option<i32>,
}

impl Lives {
    fn new(steps: &[Step]) -> Self {
        // Entries may begin in the midst of a socket's life; then the target is there already.
        let opens_here = steps
            .iter()
            .any(|step| matches!(step.effect, Effect::Asks | Effect::Opens));
        Lives {
            opened: (!opens_here).then_some(TOP),
            you_done: None,
            target_done: None,
            ended: None,
        }
    }

    fn apply(&mut self, effect: Effect, (leaves, arrives): (i32, i32)) {
        let (change, y) = match effect {
            Effect::None | Effect::Asks => return,
            Effect::Opens => (&mut self.opened, arrives),
            Effect::YouDone => (&mut self.you_done, leaves),
            Effect::TargetDone => (&mut self.target_done, leaves),
            Effect::Ends => (&mut self.ended, arrives),
        };
        change.get_or_insert(y);
    }
}

struct Pen {
    y: i32,
    free: [i32; 2],
    picture: Picture,
    m: Measures,
}

impl Pen {
    /// Draws an arrow; gives the lines at which it leaves and arrives.
    fn arrow(&mut self, step: &Step) -> (i32, i32) {
        let (a, b) = (life_index(step.from), life_index(step.to));
        let leg = a.min(b);
        let y = (self.y + STEP).max(self.free[leg]);
        self.y = y;
        self.free[leg] = y + ROW;
        let m = &self.m;
        let (x0, x1) = (m.lives[a], m.lives[b]);
        let toward = (x1 - x0).signum();
        let reach = match step.ending {
            Ending::Arrives => x1 - toward * 2,
            Ending::Lost | Ending::Unknown => x0 + (x1 - x0) * 5 / 8,
        };
        let to = (reach, y + m.slope);
        // A time is read at the end where the clock is.
        let clock_life = if step.clock == Whose::Gateway {
            Life::Gateway
        } else {
            Life::You
        };
        let timed_y = if step.from == clock_life {
            y
        } else {
            y + m.slope
        };
        let time = step.when_ms.map(|when| Text {
            x: match step.clock {
                Whose::Gateway => m.lives[2] + 8,
                _ => m.lives[0] - 8,
            },
            y: timed_y + 4,
            text: time_text(when),
        });
        let room = (m.lives[1] - m.lives[0] - 2 * m.margin) * 10 / CHAR;
        self.picture.arrows.push(Arrow {
            no: step.no,
            from: (x0, y),
            to,
            ending: step.ending,
            tone: step.tone,
            dashed: step.dashed,
            label_at: ((x0 + x1) / 2, y - 3),
            label: fit(&step.label, room as usize),
            time,
            clock: step.clock,
        });
        (y, y + m.slope)
    }

    /// Writes a row of words; gives its line, twice.
    fn note(&mut self, text: &str, fold: bool, tone: Tone, no: u32) -> (i32, i32) {
        let y = self.free[0].max(self.free[1]).max(self.y + STEP);
        self.y = y;
        self.free = [y + ROW - 4; 2];
        let room = (self.m.width - 16) * 10 / CHAR;
        self.picture.notes.push(Note {
            text: Text {
                x: self.m.width / 2,
                y,
                text: cut(text, room as usize),
            },
            fold,
            tone,
            no,
        });
        (y, y)
    }

    fn finish(mut self, target: &str, lives: &Lives) -> Picture {
        let m = &self.m;
        let bottom = self.y + m.slope + 18;
        self.picture.height = bottom + 8;
        // As wide as twice the way from the outer lifelines to the edge.
        let room = (m.lives[0] * 2 * 10 / CHAR) as usize;
        for (x, name) in m.lives.into_iter().zip(["you", "gateway", target]) {
            self.picture.heads.push(Text {
                x,
                y: 16,
                text: cut(name, room),
            });
        }
        let end = lives.ended.map_or(bottom, |y| (y + 10).min(bottom));
        let mut life = |x: i32, y0: i32, y1: i32, dotted: bool| {
            if y1 > y0 {
                let ends = lives.ended.is_some() && y1 == end;
                self.picture.lifelines.push(Lifeline {
                    x,
                    y0,
                    y1,
                    dotted,
                    ends,
                });
            }
        };
        let you_done = lives.you_done.map_or(end, |y| y.min(end));
        life(m.lives[0], TOP, you_done, false);
        life(m.lives[0], you_done, end, true);
        life(m.lives[1], TOP, end, false);
        let opened = lives.opened.map_or(end, |y| y.min(end));
        let target_done = lives.target_done.map_or(end, |y| y.clamp(opened, end));
        life(m.lives[2], TOP, opened, true);
        life(m.lives[2], opened, target_done, false);
        life(m.lives[2], target_done, end, true);
        self.picture
    }
}

/// A time in its column, in ms where no unit stands, in at most six characters: `0`, `0.42`,
/// `1003.1`, `12.34s`.
fn time_text(ms: f64) -> String {
    let s = ms / 1000.0;
    match ms {
        ms if ms < 0.005 => "0".to_owned(),
        ms if ms < 0.995 => format!("{ms:.2}"),
        ms if ms < 9_999.9 => format!("{ms:.1}"),
        ms if ms < 99_990.0 => format!("{s:.2}s"),
        ms if ms < 999_900.0 => format!("{s:.1}s"),
        ms if ms < 9_999_000.0 => format!("{s:.0}s"),
        _ => format!("{:.0}min", s / 60.0),
    }
}

/// A label that takes at most `room` characters.
fn fit(label: &Label, room: usize) -> Label {
    let count = |text: &str| text.chars().count();
    let all = count(&label.lead) + count(&label.code) + count(&label.tail);
    if all <= room {
        return label.clone();
    }
    if label.code.is_empty() {
        let text = if count(&label.short) < all {
            &label.short
        } else {
            &label.lead
        };
        return Label {
            lead: cut(text, room),
            ..Label::default()
        };
    }
    // The size stands at the other leg too, and in the table.
    Label {
        lead: label.lead.clone(),
        code: cut(&label.code, room.saturating_sub(count(&label.lead))),
        ..Label::default()
    }
}

/// At most `room` characters of a text, the last an ellipsis if there were more.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(room.saturating_sub(1)).collect();
    out.push('…');
    out
}

#[cfg(test)]
mod tests;
