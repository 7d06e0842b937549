//! The gauge below a Gantt chart: how many wait for `accept`, over time.

use super::axis::Scale;
use super::shape::{Anchor, Paint, Pen, Role};

/// How high it is.
pub const GAUGE: i32 = 44;

/// A server's accept queue.
#[derive(Clone, Copy, Debug)]
pub struct Queue<'a> {
    /// How many wait, each time the number changed, from ms on.
    pub waiting: &'a [(f64, u32)],
    /// The backlog that the kernel keeps to.
    pub backlog: Option<u32>,
    /// Until when it was looked at, in ms.
    pub end_ms: f64,
}

impl Queue<'_> {
    /// The most that waited.
    pub fn most(&self) -> u32 {
        let waiting = self.waiting.iter().map(|(_, waiting)| *waiting);
        waiting.max().unwrap_or(0)
    }

    /// Draws it on the axis of `scale` below `y`, with its words ending at `edge`; gives where it ends.
    pub fn draw(&self, pen: &mut Pen, scale: Scale, edge: i32, y: i32) -> i32 {
        let (from, to) = (scale.from, scale.to);
        let base = y + GAUGE + 10;
        let most = self.most();
        let top = most.max(self.backlog.unwrap_or(0)).max(1);
        let height = Scale {
            from: base,
            to: base - GAUGE + 8,
            end: f64::from(top),
        };
        let mut points = vec![(from, base)];
        let mut level = base;
        let mut seen = self.waiting.iter().peekable();
        while let Some((ms, waiting)) = seen.next() {
            let x = scale.at(*ms);
            let mut highest = *waiting;
            let mut last = *waiting;
            // Of what falls on one line its highest is drawn, and its last.
            while let Some((_, waiting)) = seen.next_if(|(ms, _)| scale.at(*ms) == x) {
                highest = highest.max(*waiting);
                last = *waiting;
            }
            let y = height.at(f64::from(last));
            points.push((x, level));
            points.push((x, height.at(f64::from(highest))));
            points.push((x, y));
            level = y;
        }
        let end = scale.at(self.end_ms);
        points.push((end, level));
        points.push((end, base));
        pen.line(&points, Role::Ctl, Paint::Tint);
        pen.line(&[(from, base), (to, base)], Role::Line, Paint::Thin);
        let label = "accept queue: at most ".to_owned() + &most.to_string() + " wait";
        pen.text(
            (edge, base + 13, Anchor::End),
            &label,
            Role::Soft,
            Paint::Small,
        );
        for value in [0, most] {
            // Beside a large backlog a short queue is close to none: one number stands there.
            if value > 0 && base - height.at(f64::from(value)) < 11 {
                continue;
            }
            let at = (from - 6, height.at(f64::from(value)) + 4, Anchor::End);
            pen.text(at, &value.to_string(), Role::Soft, Paint::Small);
            if most == 0 {
                break;
            }
        }
        if let Some(backlog) = self.backlog {
            let y = height.at(f64::from(backlog));
            pen.line(&[(from, y), (to, y)], Role::Text, Paint::Dashed);
            let label = "backlog ".to_owned() + &backlog.to_string();
            pen.text((to, y - 4, Anchor::End), &label, Role::Text, Paint::Small);
        }
        base + 16
    }
}
