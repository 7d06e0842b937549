//! A byte ruler in words.

use super::{Cuts, Lost, Ruler, Track};
use crate::model::bytes_text;
use crate::pictures::story::{Story, Table, count, sum_text};

/// The ruler in words.
pub fn story(ruler: &Ruler) -> Story {
    let mut story = Story {
        name: "Byte ruler",
        table: Table::new(&["What", "Bytes", "From", "To"]),
        ..Story::default()
    };
    if ruler.tracks.is_empty() {
        story.summary = "No bytes were sent on this socket yet.".to_owned();
        return story;
    }
    for track in &ruler.tracks {
        if !story.summary.is_empty() {
            story.summary.push(' ');
        }
        story.summary += &track_words(track);
        for cuts in rows(track) {
            for (i, (from, to)) in cuts.spans().enumerate() {
                let mut what = part_name(track, cuts, i);
                let row = [to - from, from, to].map(|n| n.to_string());
                let [bytes, from, to] = row;
                story
                    .table
                    .rows
                    .push(vec![what.clone(), bytes.clone(), from.clone(), to.clone()]);
                what.push_str(": ");
                what.push_str(&bytes);
                what.push_str(" B, from byte ");
                what.push_str(&from);
                what.push_str(" to ");
                what.push_str(&to);
                story.item(what);
            }
        }
        for at in &track.made {
            let at = at.to_string();
            let what = "cut made here by Chalkwire".to_owned();
            story.item(what.clone() + ", at byte " + &at);
            story
                .table
                .rows
                .push(vec![what, String::new(), at.clone(), at]);
        }
        if let Some(from) = track.lost_from() {
            let what = lost_words(track).to_owned();
            let bytes = (track.total() - from).to_string();
            story
                .items
                .push(what.clone() + ": the last " + &bytes + " B");
            let to = track.total().to_string();
            story
                .table
                .rows
                .push(vec![what, bytes, from.to_string(), to]);
        }
    }
    if ruler.earlier {
        story.notes.push("Earlier bytes are not drawn.".to_owned());
    }
    if ruler.omitted > 0 {
        story
            .notes
            .push(count(ruler.omitted, "more datagram") + ", not drawn; the log has them.");
    }
    if ruler.tracks.iter().any(|track| track.below.is_none()) {
        story.notes.push(
            "What the server’s recv returned is not known: only the built-in servers tell."
                .to_owned(),
        );
    }
    story
}

/// The rows of cuts of a track, in reading order.
pub(super) fn rows(track: &Track) -> impl Iterator<Item = &Cuts> {
    [
        Some(&track.above),
        track.gateway.as_ref(),
        track.below.as_ref(),
    ]
    .into_iter()
    .flatten()
}

fn part_name(track: &Track, cuts: &Cuts, i: usize) -> String {
    let number = if track.datagram > 0 {
        track.datagram
    } else {
        i + 1
    };
    let mut out = String::from(cuts.who);
    out.push_str(": ");
    out.push_str(cuts.call);
    out.push(' ');
    out.push_str(&number.to_string());
    out
}

pub(super) fn lost_words(track: &Track) -> &'static str {
    match track.lost {
        Lost::NotReceived => "not received",
        Lost::Tail => "gone: did not fit into recv",
        Lost::Made => "lost on purpose by Chalkwire",
    }
}

fn track_words(track: &Track) -> String {
    let mut out = if track.datagram > 0 {
        "Datagram ".to_owned() + &track.datagram.to_string() + ": " + &bytes_text(track.total())
    } else {
        bytes_text(track.total())
    };
    let tell = |out: &mut String, cuts: &Cuts, verb: &str| {
        out.push_str(verb);
        out.push_str(cuts.who);
        if track.datagram == 0 {
            out.push_str(" in ");
            out.push_str(&count(cuts.parts.len(), cuts.call));
            out.push_str(": ");
            out.push_str(&sum_text(cuts.parts.iter().copied()));
        }
    };
    tell(&mut out, &track.above, " sent by ");
    if let Some(below) = &track.below {
        if below.parts.is_empty() {
            out += ", none received by ";
            out += below.who;
        } else {
            tell(&mut out, below, ", received by ");
            if track.datagram > 0 {
                out += ": ";
                out += &bytes_text(below.total());
            }
        }
    }
    if let Some(from) = track.lost_from() {
        out += "; ";
        out += &bytes_text(track.total() - from);
        out += " ";
        out += lost_words(track);
    }
    if !track.made.is_empty() {
        out += "; ";
        out += &count(track.made.len(), "cut");
        out += " made by Chalkwire";
    }
    out.push('.');
    out
}
