//! Lays the steps of a sequence diagram out, line by line.

use super::step::{Effect, Ending, Label, Life, Step, Steps, Tone};
use super::{Arrow, Lifeline, Mark, Note, Picture, Shape, Text, time_text};
use crate::model::{Whose, ms_text};
use crate::pictures::shape::{CHAR, cut, text_units};

/// A pause of at least this long is folded, in ms: drawn as a break, with its length.
const FOLD_MS: f64 = 100.0;

/// The measures of a shape, in the picture's units.
struct Measures {
    width: i32,
    lives: [i32; 3],
    slope: i32,
    /// Between an arrow's end and a label's.
    margin: i32,
}

/// From one arrow to the next in the same leg, and in the other one.
const STEP: i32 = 16;
const TOP: i32 = 28;
/// What an arrow takes above its line, with its label, and below, with its time.
const ABOVE: i32 = 14;
const BELOW: i32 = 16;
/// What a mark takes above and below.
const MARK: i32 = 8;

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

fn life_index(life: Life) -> usize {
    match life {
        Life::You => 0,
        Life::Gateway => 1,
        Life::Target => 2,
    }
}

/// Lays out steps.
pub fn draw(steps: &Steps, target: &str, shape: Shape) -> Picture {
    let m = shape.measures();
    let mut pen = Pen {
        y: TOP + 18 - STEP,
        // How far down each leg is taken.
        free: [TOP + 18 - ABOVE; 2],
        flying: Vec::new(),
        first_ms: steps.steps.first().map_or(0.0, |step| step.order_ms),
        last_ms: None,
        picture: Picture {
            width: m.width,
            height: 0,
            heads: Vec::new(),
            lifelines: Vec::new(),
            arrows: Vec::new(),
            notes: Vec::new(),
            marks: Vec::new(),
        },
        m,
    };
    let mut lives = Lives::new(&steps.steps);
    for (i, step) in steps.steps.iter().enumerate() {
        pen.land(step.order_ms);
        if steps.omitted > 0 && i == steps.omitted_before {
            let text = format!("{} more entries, not drawn", steps.omitted);
            pen.note(&text, true, Tone::Control, 0);
            pen.last_ms = Some(step.order_ms);
        } else {
            pen.pause(step.order_ms);
        }
        let y = if step.mark {
            pen.mark(step)
        } else if step.from == step.to {
            pen.note(&step.label.lead, false, step.tone, step.no)
        } else {
            let next = steps.steps.get(i + 1).map(|next| next.order_ms);
            pen.arrow(step, next)
        };
        lives.apply(step.effect, y);
    }
    pen.land(f64::MAX);
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
    /// Arrows whose end comes later: when, which, and at which lifeline.
    flying: Vec<(f64, usize, Life)>,
    /// When the first step is, and the last thing drawn.
    first_ms: f64,
    last_ms: Option<f64>,
    picture: Picture,
    m: Measures,
}

impl Pen {
    /// Folds the time up to a moment, if it is long.
    fn pause(&mut self, now_ms: f64) {
        if let Some(last) = self.last_ms
            && now_ms - last >= FOLD_MS
        {
            let text = format!("{} pass", ms_text(now_ms - last));
            self.note(&text, true, Tone::Control, 0);
        }
        self.last_ms = Some(now_ms);
    }

    /// Takes a line in a leg.
    fn line(&mut self, leg: usize, above: i32, below: i32) -> i32 {
        let y = (self.y + STEP).max(self.free[leg] + above);
        self.y = y;
        self.free[leg] = y + below;
        y
    }

    /// Ends the arrows that arrive until then, in the order in which they arrive.
    fn land(&mut self, until_ms: f64) {
        loop {
            let next = self.flying.iter().enumerate();
            let next = next.min_by(|a, b| a.1.0.total_cmp(&b.1.0));
            let Some((i, (ms, arrow, life))) = next.map(|(i, it)| (i, *it)) else {
                return;
            };
            if ms > until_ms {
                return;
            }
            self.flying.remove(i);
            self.pause(ms);
            let leg = usize::from(life != Life::You);
            let y = self.line(leg, MARK, MARK);
            let time = self.time(life, y, ms - self.first_ms);
            let arrow = &mut self.picture.arrows[arrow];
            arrow.to.1 = y;
            arrow.landed = Some(time);
        }
    }

    /// A time in the column of that lifeline's clock.
    fn time(&self, life: Life, y: i32, ms: f64) -> Text {
        let x = match life {
            Life::You => self.m.lives[0] - 8,
            _ => self.m.lives[2] + 8,
        };
        Text {
            x,
            y: y + 4,
            text: time_text(ms),
        }
    }

    /// Draws a mark at its lifeline; gives its line, twice.
    fn mark(&mut self, step: &Step) -> (i32, i32) {
        let y = self.line(1, MARK, MARK);
        let x = self.m.lives[life_index(step.from)];
        let before = step.from == Life::Target;
        let room = (self.m.lives[1] - self.m.lives[0] - 2 * 10) * 10 / CHAR;
        let time = step.when_ms.map(|when| self.time(Life::Target, y, when));
        self.picture.marks.push(Mark {
            no: step.no,
            at: (x, y),
            text: Text {
                x: if before { x - 10 } else { x + 10 },
                y: y + 4,
                text: cut(&step.label.lead, room as usize),
            },
            before,
            time,
            tone: step.tone,
        });
        (y, y)
    }

    /// Draws an arrow, of which the next step may be drawn before it ends; gives the lines at which it
    /// leaves and arrives.
    fn arrow(&mut self, step: &Step, next_ms: Option<f64>) -> (i32, i32) {
        let (a, b) = (life_index(step.from), life_index(step.to));
        let leg = a.min(b);
        // A time of the gateway's clock stands beside the other leg: that is taken as well.
        let beside = leg == 0 && step.clock == Whose::Gateway;
        if beside {
            self.free = [self.free[0].max(self.free[1]); 2];
        }
        let y = self.line(leg, ABOVE, BELOW);
        if beside {
            self.free = [y + BELOW; 2];
        }
        // An arrow that arrives before anything else happens needs no line for its end.
        // One that arrives after another that still flies must not be drawn as if it came first.
        let at_once = step.lands_ms.is_none_or(|lands| {
            lands - step.order_ms < FOLD_MS
                && next_ms.is_none_or(|next| lands <= next)
                && self
                    .flying
                    .iter()
                    .all(|it| it.2 != step.to || it.0 >= lands)
        });
        if let Some(lands) = step.lands_ms {
            if at_once {
                self.last_ms = self.last_ms.map(|last| last.max(lands));
            } else {
                self.flying
                    .push((lands, self.picture.arrows.len(), step.to));
            }
        }
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
        let side = match step.clock {
            Whose::Gateway => Life::Target,
            _ => Life::You,
        };
        let lands = step.lands_ms.filter(|_| at_once);
        let time = match (step.when_ms, lands) {
            // The server's own moment stands at the server's lifeline.
            (Some(_), Some(lands)) if step.to == Life::Target => {
                Some(self.time(side, y + m.slope, lands - self.first_ms))
            }
            (Some(when), Some(_)) if step.from == Life::Target => Some(self.time(side, y, when)),
            (when, _) => when.map(|when| self.time(side, timed_y, when)),
        };
        let room = (m.lives[1] - m.lives[0] - 2 * m.margin) * 10 / CHAR;
        let label = fit(&step.label, room as usize);
        // Of arrows that fly beside each other each has its label where it leaves: further on the
        // other's line crosses it.
        let crossed = self
            .flying
            .iter()
            .any(|it| usize::from(it.2 != Life::You) == leg);
        let label_x = if crossed {
            let long = text_units(&[&*label.lead, &*label.code, &*label.tail].concat());
            x0 + toward * (m.margin + long / 2).min((x1 - x0).abs() / 2)
        } else {
            (x0 + x1) / 2
        };
        self.picture.arrows.push(Arrow {
            no: step.no,
            from: (x0, y),
            to,
            ending: step.ending,
            tone: step.tone,
            dashed: step.dashed,
            label_at: (label_x, y - 3),
            label,
            time,
            landed: None,
            clock: step.clock,
        });
        (y, y + m.slope)
    }

    /// Writes a row of words; gives its line, twice.
    fn note(&mut self, text: &str, fold: bool, tone: Tone, no: u32) -> (i32, i32) {
        let y = (self.free[0].max(self.free[1]) + ABOVE).max(self.y + STEP);
        self.y = y;
        self.free = [y + BELOW - 4; 2];
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
        code: cut(&label.code, room.saturating_sub(count(&label.lead)).max(1)),
        ..Label::default()
    }
}
