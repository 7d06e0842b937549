//! A sequence diagram as the shapes that every picture is made of, and in words.

use super::step::{Ending, Life, Step, Steps, Tone};
use super::{Arrow, Picture, clock_words, summary};
use crate::model::{ClockMap, Whose, ms_text};
use crate::pictures::shape::{self, Anchor, Paint, Pen, Role};
use crate::pictures::story::{Story, Table};

fn role(tone: Tone) -> Role {
    match tone {
        Tone::Sent => Role::Sent,
        Tone::Received => Role::Recv,
        Tone::Control => Role::Ctl,
        Tone::Error => Role::Err,
        Tone::Made => Role::Made,
    }
}

/// The diagram of some steps as shapes; each step is an item.
pub fn shapes(picture: &Picture, steps: &Steps) -> shape::Picture {
    let mut pen = Pen::default();
    pen.picture.width = picture.width;
    let item = |no: u32, is: &dyn Fn(&Step) -> bool| {
        let found = steps
            .steps
            .iter()
            .position(|step| step.no == no && is(step));
        found.and_then(|at| u16::try_from(at).ok())
    };
    for l in &picture.lifelines {
        let paint = if l.dotted {
            Paint::Dotted
        } else {
            Paint::Stroke
        };
        pen.line(&[(l.x, l.y0), (l.x, l.y1)], Role::Line, paint);
        if l.ends {
            pen.line(
                &[(l.x - 6, l.y1), (l.x + 6, l.y1)],
                Role::Line,
                Paint::Stroke,
            );
        }
    }
    for head in &picture.heads {
        pen.text(
            (head.x, head.y, Anchor::Middle),
            &head.text,
            Role::Text,
            Paint::Head,
        );
    }
    let mut taken: Vec<u16> = Vec::new();
    for a in &picture.arrows {
        // One entry may have several arrows: each takes its own step.
        let mut at = steps
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.no == a.no && step.from != step.to);
        let free = at.find_map(|(at, _)| u16::try_from(at).ok().filter(|at| !taken.contains(at)));
        taken.extend(free);
        pen.item = free;
        arrow(&mut pen, a);
    }
    for mark in &picture.marks {
        pen.item = item(mark.no, &|step| step.mark);
        let (x, y) = mark.at;
        pen.rect((x - 4, y - 4, 8, 8), role(mark.tone), Paint::Fill);
        let anchor = if mark.before {
            Anchor::End
        } else {
            Anchor::Start
        };
        pen.text(
            (mark.text.x, mark.text.y, anchor),
            &mark.text.text,
            role(mark.tone),
            Paint::Plain,
        );
        if let Some(time) = &mark.time {
            pen.text(
                (time.x, time.y, Anchor::Start),
                &time.text,
                Role::Soft,
                Paint::Small,
            );
        }
    }
    for note in &picture.notes {
        pen.item = item(note.no, &|step| step.from == step.to && !step.mark);
        let at = (note.text.x, note.text.y, Anchor::Middle);
        if note.fold {
            let y = note.text.y - 4;
            pen.line(&[(8, y), (picture.width - 8, y)], Role::Line, Paint::Dashed);
            pen.text(at, &note.text.text, Role::Soft, Paint::Small);
        } else {
            pen.text(at, &note.text.text, role(note.tone), Paint::Plain);
        }
    }
    pen.finish(picture.height)
}

fn arrow(pen: &mut Pen, a: &Arrow) {
    let role = role(a.tone);
    let dashed = a.dashed || a.ending == Ending::Unknown;
    pen.line(
        &[a.from, a.to],
        role,
        if dashed { Paint::Dashed } else { Paint::Stroke },
    );
    match a.ending {
        Ending::Arrives => pen.tip(a.from, a.to, role),
        Ending::Lost => pen.cross(a.to, role),
        Ending::Unknown => {
            let toward = (a.to.0 - a.from.0).signum();
            let at = (a.to.0 + 8 * toward, a.to.1 + 5, Anchor::Middle);
            pen.text(at, "?", role, Paint::Plain);
        }
    }
    let text = [&*a.label.lead, &*a.label.code, &*a.label.tail].concat();
    let paint = if a.label.code.is_empty() {
        Paint::Plain
    } else {
        Paint::Code
    };
    let at = (a.label_at.0, a.label_at.1, Anchor::Middle);
    pen.text(
        at,
        &text,
        if role == Role::Ctl { Role::Soft } else { role },
        paint,
    );
    if let Some(time) = &a.time {
        let anchor = if a.clock == Whose::Gateway {
            Anchor::Start
        } else {
            Anchor::End
        };
        pen.text(
            (time.x, time.y, anchor),
            &time.text,
            Role::Soft,
            Paint::Small,
        );
    }
    if let Some(time) = &a.landed {
        // The left column is yours, the right one the gateway's.
        let anchor = if time.x < a.from.0.min(a.to.0) {
            Anchor::End
        } else {
            Anchor::Start
        };
        pen.text(
            (time.x, time.y, anchor),
            &time.text,
            Role::Soft,
            Paint::Small,
        );
    }
}

/// The diagram in words.
pub fn story(steps: &Steps, target: &str, clock: Option<ClockMap>) -> Story {
    let mut story = Story {
        name: "Sequence diagram",
        summary: summary(steps, target),
        table: Table::new(&["After", "Clock", "From, to", "What"]),
        notes: vec![clock_words(clock)],
        ..Story::default()
    };
    let name = |life| match life {
        Life::You => "you",
        Life::Gateway => "gateway",
        Life::Target => target,
    };
    for (i, step) in steps.steps.iter().enumerate() {
        if steps.omitted > 0 && i == steps.omitted_before {
            let more = steps.omitted.to_string() + " more entries, in the log";
            story
                .table
                .push(vec![more, String::new(), String::new(), String::new()]);
        }
        let way = if step.from == step.to {
            name(step.from).to_owned()
        } else {
            [name(step.from), " → ", name(step.to)].concat()
        };
        let when = step.when_ms.map_or("not measured".to_owned(), ms_text);
        let clock = if step.when_ms.is_some() {
            step.clock.as_str()
        } else {
            "–"
        };
        let mut say = step.say.clone();
        if let Some(lands) = step.lands_ms {
            say += ", ";
            say += &ms_text(lands - step.order_ms);
            say += " later";
        }
        story.item([&*when, ", ", &*way, ": ", &*say].concat());
        story.table.push(vec![when, clock.to_owned(), way, say]);
    }
    story
}
