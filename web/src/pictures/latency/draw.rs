//! The geometry of a histogram, and of a curve of shares.

use super::{Latency, SHARES, Sorted};
use crate::model::ms_text;
use crate::pictures::axis::{Scale, marks, ms_mark};
use crate::pictures::shape::{Anchor, Paint, Pen, Picture, Role, Width, chars_in, cut, text_units};

/// How series are told apart: by colour, by dashes, and by name.
const PAINTS: [(Role, Paint); 4] = [
    (Role::Accent, Paint::Stroke),
    (Role::Sent, Paint::Dashed),
    (Role::Recv, Paint::Thin),
    (Role::Made, Paint::Dotted),
];

fn scale(latency: &Latency, width: Width) -> Scale {
    let (from, to) = match width {
        Width::Wide => (48, 736),
        Width::Narrow => (36, 304),
    };
    let end = if latency.end_ms > 0.0 {
        latency.end_ms
    } else {
        1.0
    };
    Scale { from, to, end }
}

fn time_axis(pen: &mut Pen, scale: Scale, y: i32) {
    pen.line(&[(scale.from, y), (scale.to, y)], Role::Soft, Paint::Thin);
    for mark in marks(scale.end, ((scale.to - scale.from) / 60) as usize) {
        let x = scale.at(mark);
        pen.line(&[(x, y), (x, y + 4)], Role::Soft, Paint::Thin);
        let text = ms_mark(mark, scale.end);
        let fits = x + text_units(&text) / 2 < pen.picture.width;
        let anchor = if fits { Anchor::Middle } else { Anchor::End };
        pen.text((x, y + 16, anchor), &text, Role::Soft, Paint::Small);
    }
}

/// The name of a series and its figures; gives the last line.
fn heading(pen: &mut Pen, it: &Sorted, mut y: i32, wide: bool) -> i32 {
    let room = pen.picture.width - 16;
    let name = cut(&it.name, chars_in(room));
    pen.text((8, y, Anchor::Start), &name, Role::Text, Paint::Head);
    let mut lines = vec![it.percentiles(), it.note.clone()];
    lines.retain(|line| !line.is_empty());
    if wide {
        let line = lines.join(" · ");
        if text_units(&line) + text_units(&it.name) + 16 < room {
            pen.text((8 + room, y, Anchor::End), &line, Role::Soft, Paint::Plain);
            return y;
        }
    }
    for line in lines {
        y += 16;
        let line = cut(&line, chars_in(room));
        pen.text((8, y, Anchor::Start), &line, Role::Soft, Paint::Plain);
    }
    y
}

/// Lays out a histogram for each series, under each other, with the same axes.
pub fn histogram(latency: &Latency, width: Width) -> Picture {
    const HEIGHT: i32 = 84;
    let mut pen = Pen::new(width);
    let scale = scale(latency, width);
    let most = latency
        .series
        .iter()
        .flat_map(|it| &it.bins)
        .copied()
        .max()
        .unwrap_or(0);
    let mut y = 4;
    let mut item = 0;
    for it in &latency.series {
        pen.item = None;
        let top = heading(&mut pen, it, y + 12, width == Width::Wide) + 24;
        let base = top + HEIGHT;
        let height = Scale {
            from: base,
            to: top,
            end: most.max(1) as f64,
        };
        for mark in marks(height.end, 3)
            .into_iter()
            .filter(|mark| mark.fract() == 0.0)
        {
            let y = height.at(mark);
            pen.line(&[(scale.from, y), (scale.to, y)], Role::Line, Paint::Thin);
            let text = (mark as usize).to_string();
            pen.text(
                (scale.from - 6, y + 4, Anchor::End),
                &text,
                Role::Soft,
                Paint::Small,
            );
        }
        for (i, many) in it.bins.iter().enumerate().filter(|(_, many)| **many > 0) {
            pen.item(item);
            item += 1;
            let x0 = scale.at(i as f64 * latency.bin_ms);
            let x1 = scale.at((i + 1) as f64 * latency.bin_ms);
            let y = height.at(*many as f64);
            pen.rect(
                (x0, y, (x1 - x0 - 1).max(1), base - y),
                Role::Accent,
                Paint::Tint,
            );
        }
        pen.item = None;
        let mut reached = i32::MIN;
        for percent in SHARES {
            let Some(ms) = it.percentile(percent) else {
                continue;
            };
            let x = scale.at(ms);
            pen.line(&[(x, top - 6), (x, base)], Role::Text, Paint::Dashed);
            // Lines that fall together have one name: the heading has the figures.
            if x > reached + 26 {
                let name = "p".to_owned() + &percent.to_string();
                let at = x.clamp(scale.from, scale.to - 10);
                pen.text(
                    (at, top - 9, Anchor::Middle),
                    &name,
                    Role::Text,
                    Paint::Small,
                );
                reached = x;
            }
        }
        time_axis(&mut pen, scale, base);
        y = base + 24;
    }
    pen.finish(y.max(20))
}

/// Lays out all series as one figure: for each time, the share that took no longer.
pub fn curve(latency: &Latency, width: Width) -> Picture {
    const HEIGHT: i32 = 150;
    let mut pen = Pen::new(width);
    let scale = scale(latency, width);
    let mut y = 4;
    for (it, (role, paint)) in latency.series.iter().zip(PAINTS.into_iter().cycle()) {
        pen.line(&[(8, y + 8), (32, y + 8)], role, paint);
        let room = chars_in(pen.picture.width - 48);
        let mut text = it.name.clone();
        if width == Width::Wide {
            text += ": ";
            text += &it.percentiles();
        }
        pen.text(
            (40, y + 12, Anchor::Start),
            &cut(&text, room),
            Role::Text,
            Paint::Plain,
        );
        y += 18;
    }
    let (top, base) = (y + 12, y + 12 + HEIGHT);
    let height = Scale {
        from: base,
        to: top,
        end: 100.0,
    };
    for share in [0, 50, 90, 99] {
        let y = height.at(f64::from(share));
        pen.line(&[(scale.from, y), (scale.to, y)], Role::Line, Paint::Thin);
        // 99 stands close above 90.
        let baseline = y + if share == 99 { 0 } else { 4 };
        let text = share.to_string() + " %";
        pen.text(
            (scale.from - 4, baseline, Anchor::End),
            &text,
            Role::Soft,
            Paint::Small,
        );
    }
    for (series, (it, (role, paint))) in latency
        .series
        .iter()
        .zip(PAINTS.into_iter().cycle())
        .enumerate()
    {
        let mut points = vec![(scale.from, base)];
        for (i, ms) in it.ms.iter().enumerate() {
            let x = scale.at(*ms);
            let y = height.at(100.0 * (i + 1) as f64 / it.ms.len() as f64);
            let last = points.last().copied().unwrap_or((scale.from, base));
            if last.0 == x && points.len() > 2 {
                // One step for all that fall on one line.
                points.pop();
            } else {
                points.push((x, last.1));
            }
            points.push((x, y));
        }
        if let Some(last) = points.last().copied().filter(|_| !it.ms.is_empty()) {
            points.push((scale.to, last.1));
            pen.line(&points, role, paint);
        }
        for (n, percent) in SHARES.into_iter().enumerate() {
            let Some(ms) = it.percentile(percent) else {
                continue;
            };
            pen.item(series * SHARES.len() + n);
            let (x, y) = (scale.at(ms), height.at(f64::from(percent)));
            pen.rect((x - 3, y - 3, 6, 6), role, Paint::Fill);
            if width == Width::Wide && percent != 99 {
                let text = ms_text(ms);
                // The curve goes up to the right: the free side is the other one.
                let fits = x - 8 - text_units(&text) > scale.from;
                let at = if fits {
                    (x - 6, y - 5, Anchor::End)
                } else {
                    (x + 7, y + 14, Anchor::Start)
                };
                pen.text(at, &text, role, Paint::Small);
            }
            pen.item = None;
        }
    }
    time_axis(&mut pen, scale, base);
    pen.finish(base + 24)
}
