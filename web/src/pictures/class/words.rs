//! A run in words: a sentence a member, and the same as a table.

use chalkwire_shared::close::Reason;

use super::{Came, Class, Phase, Row};
use crate::model::ms_text;
use crate::pictures::story::{Story, Table, count};

/// Why it failed, in a word or two for the end of a bar.
pub fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Finished => "finished",
        Reason::ClosedByClient => "closed",
        Reason::Reset => "reset",
        Reason::Refused => "refused",
        Reason::ConnectTimeout => "timed out",
        Reason::Unreachable => "unreachable",
        Reason::Blocked => "blocked",
        Reason::UnknownTarget => "unknown target",
        Reason::NotResolved => "not resolved",
        Reason::NoSuchPath => "no such path",
        Reason::BacklogFull => "queue full",
        Reason::TooLarge => "too large",
        Reason::Idle => "closed for silence",
        Reason::CreditExceeded => "credit exceeded",
        Reason::Limit => "too many sockets",
        Reason::BadRequest => "not possible",
        Reason::ByRoom => "not allowed",
        Reason::Draining => "gateway stops",
        Reason::Failed => "failed",
    }
}

/// How it came out, in a few words.
pub(super) fn came_word(came: Came) -> &'static str {
    match came {
        Came::Untold | Came::UnderWay => "under way",
        Came::Answered => "answered",
        Came::Silent => "said nothing",
        Came::Unanswered => "no reply",
        Came::Failed(reason) => reason_word(reason),
        Came::Absent => "no part in it",
    }
}

/// A member's row as a sentence.
pub fn row_words(row: &Row) -> String {
    let mut out = row.name.clone();
    if row.mine {
        out += " (you)";
    }
    if row.idler {
        out += ", told to say nothing";
    }
    out += ": ";
    for phase in Phase::ALL {
        let ms = row.in_phase(phase);
        if ms >= 0.005 && phase != Phase::Untold {
            out += phase.as_str();
            out.push(' ');
            out += &ms_text(ms);
            out += ", ";
        }
    }
    out += came_word(row.came);
    if let Some(ms) = row.replied_ms {
        out += " after ";
        out += &ms_text(ms);
    }
    out
}

/// The whole in a sentence or two, for those who do not see it.
pub fn summary(class: &Class) -> String {
    let it = &class.figures;
    if class.rows.is_empty() {
        return "Nobody has sent yet.".to_owned();
    }
    let mut out = class.target.clone();
    out += ": ";
    out += &count(class.rows.len(), "member");
    for (many, word) in [
        (it.answered, "answered"),
        (it.failed, "failed"),
        (it.silent, "said nothing"),
        (it.under_way, "under way"),
        (it.absent, "with no part in it"),
    ] {
        if many > 0 {
            out += ", ";
            out += &many.to_string();
            out.push(' ');
            out += word;
        }
    }
    if let (Some(first), Some(last)) = (it.first_ms, it.last_ms) {
        out += "; first reply after ";
        out += &ms_text(first);
        out += ", last after ";
        out += &ms_text(last);
    }
    if let Some(most) = it.most_queued {
        out += "; at most ";
        out += &most.to_string();
        out += " in the accept queue";
    }
    out.push('.');
    out
}

/// Whose clock it is, and what is not told.
pub fn notes(class: &Class) -> Vec<String> {
    let mut notes = vec![
        "Times are in ms after the instant of the run, all by the gateway’s clock: what it saw of \
         each member’s socket."
            .to_owned(),
    ];
    if class.rows.iter().any(|it| it.came == Came::Untold) {
        notes.push(
            "The gateway tells of an exchange when it is over, or stuck for a moment: until then \
             its bar is dotted."
                .to_owned(),
        );
    }
    notes
}

/// The picture in words.
pub fn story(class: &Class) -> Story {
    Story {
        name: "Everyone",
        summary: summary(class),
        items: class.rows.iter().map(row_words).collect(),
        table: table(class),
        notes: notes(class),
    }
}

fn table(class: &Class) -> Table {
    let mut table = Table::new(&[
        "Member",
        "Begun",
        "Connected",
        "Accepted",
        "Sent",
        "Read by the server",
        "Reply",
        "End",
        "Outcome",
    ]);
    let told = |ms: Option<f64>| ms.map_or("–".to_owned(), ms_text);
    for row in &class.rows {
        table.push(vec![
            row.name.clone(),
            told(row.begun_ms),
            told(row.connected_ms),
            told(row.accepted_ms),
            told(row.sent_ms),
            told(row.recv_ms),
            told(row.replied_ms),
            told(row.begun_ms.filter(|_| !row.grows()).map(|_| row.end_ms)),
            came_word(row.came).to_owned(),
        ]);
    }
    table
}
