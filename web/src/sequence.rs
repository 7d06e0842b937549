//! The geometry of a sequence diagram: lifelines, arrows and labels from the entries of one socket.

use crate::model::{ClockMap, Entry, Whose};

mod clocks;
mod doings;
mod ends;
mod layout;
mod pairs;
mod shapes;
pub mod step;
pub mod steps;
mod words;

pub use layout::draw;
pub use shapes::{shapes, story};
pub use words::{clock_words, summary};

use step::{Ending, Label, Tone};

/// For how much room a picture is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A phone, or a narrow column: 320 units wide.
    Narrow,
    /// 760 units wide.
    Wide,
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
    /// Marks at a lifeline.
    pub marks: Vec<Mark>,
}

/// What somebody did at a lifeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// The entry that it comes from.
    pub no: u32,
    /// Where it is.
    pub at: (i32, i32),
    /// Its words, which end at the lifeline or begin there.
    pub text: Text,
    /// Whether they end there.
    pub before: bool,
    /// When.
    pub time: Option<Text>,
    /// Its colour.
    pub tone: Tone,
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
    /// When it arrived, where it took so long that this is a line of its own.
    pub landed: Option<Text>,
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

/// A time in its column, in ms where no unit stands, in at most six characters: `0`, `0.42`,
/// `1003.1`, `12.34s`.
pub(crate) fn time_text(ms: f64) -> String {
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

#[cfg(test)]
mod tests;
