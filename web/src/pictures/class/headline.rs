//! What an "everyone send now" showed, in sentences computed from its figures.

use super::words::reason_word;
use super::{Came, Class, Figures, Hold, Serving};
use crate::model::ms_text;
use crate::pictures::story::count;
use crate::words::clock;

/// The heading of a run and what is said below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headline {
    /// `Everyone sent to`.
    pub lead: &'static str,
    /// The target's name.
    pub target: String,
    /// `at 12:04:05.000`.
    pub at: String,
    /// What was found, a sentence each.
    pub says: Vec<String>,
    /// The one that says nothing and holds the server, if somebody does: a sentence of its own, for it
    /// is what the run is about.
    pub hold: Option<String>,
}

impl Headline {
    /// The heading as one text.
    pub fn title(&self) -> String {
        [self.lead, " ", &self.target, " ", &self.at].concat()
    }
}

/// The headline of a run, with the time of day `zone_min` minutes east of UTC; `begun` is whether its
/// instant has come.
pub fn headline(class: &Class, zone_min: i32, begun: bool) -> Headline {
    let it = &class.figures;
    let at = clock(class.at_us as f64 / 1000.0, zone_min);
    let mut says = Vec::new();
    if begun {
        says.push(main(it, class.serving));
        says.extend(queue(it));
        says.extend(failures(class));
        if it.absent > 0 {
            says.push(count_who(it.absent) + " had no part in it.");
        }
    }
    Headline {
        lead: match (begun, it.under_way > 0) {
            (false, _) => "Everyone sends to",
            (true, true) => "Everyone is sending to",
            (true, false) => "Everyone sent to",
        },
        target: class.target.clone(),
        at: "at ".to_owned() + &at,
        says: says.into_iter().filter(|it| !it.is_empty()).collect(),
        hold: hold(class).filter(|_| begun),
    }
}

fn main(it: &Figures, serving: Serving) -> String {
    let mut out = String::from(match serving {
        Serving::Iterative => "One client at a time",
        Serving::Threaded => "A thread for each client",
        Serving::Process => "A process for each client",
        Serving::Select => "One thread that asks who is ready",
        Serving::Evented => "One event loop for all",
        Serving::Datagrams => "No connections and no accept queue: a datagram, a datagram",
        Serving::Unknown => "",
    });
    if let Some(work) = it.work_ms.filter(|_| serving.tells()) {
        out += ", about ";
        out += &ms_text(work);
        out += " each";
        if serving != Serving::Iterative && it.at_once > 1 {
            out += ", ";
            out += &it.at_once.to_string();
            out += " at once";
        }
    }
    if !out.is_empty() {
        out += if serving == Serving::Datagrams {
            ". "
        } else {
            ": "
        };
    }
    let at_start = out.is_empty() || serving == Serving::Datagrams;
    let said = match (it.last_ms, it.under_way) {
        (None, 0) => "nobody had a reply.".to_owned(),
        (None, _) => "no reply yet.".to_owned(),
        (Some(last), 0) if it.answered == 1 => {
            "the only reply came after ".to_owned() + &ms_text(last) + "."
        }
        (Some(last), 0) => {
            let answered = it.answered.to_string();
            "the last of ".to_owned() + &answered + " replies came after " + &ms_text(last) + "."
        }
        (Some(last), _) => {
            let (some, all) = (it.answered.to_string(), it.all().to_string());
            some + " of " + &all + " answered so far, the latest after " + &ms_text(last) + "."
        }
    };
    out += &if at_start { capital(&said) } else { said };
    out
}

fn queue(it: &Figures) -> Option<String> {
    let most = it.most_queued.filter(|most| *most > 0)?;
    let mut out = String::new();
    if it.under_way > 0
        && let Some(now) = it.queued
    {
        out += &now.to_string();
        out += if now == 1 { " waits" } else { " wait" };
        out += " in the accept queue now, at most ";
        out += &most.to_string();
    } else {
        out += "At most ";
        out += &most.to_string();
        out += " waited in the accept queue";
    }
    if let Some(backlog) = it.backlog {
        out += " (the backlog is ";
        out += &backlog.to_string();
        out += ")";
    }
    if it.late > 0 {
        out += "; ";
        out += &it.late.to_string();
        out += if it.late == 1 { " was" } else { " were" };
        out += " let in late, by a SYN that was sent again";
    }
    if it.never > 0 {
        out += "; ";
        out += &it.never.to_string();
        out += if it.never == 1 { " was" } else { " were" };
        out += " never let in";
    }
    out.push('.');
    Some(out)
}

fn failures(class: &Class) -> Option<String> {
    let mut kinds: Vec<(&'static str, usize)> = Vec::new();
    for row in &class.rows {
        let word = match row.came {
            Came::Failed(reason) => reason_word(reason),
            Came::Unanswered => "no reply",
            _ => continue,
        };
        match kinds.iter_mut().find(|it| it.0 == word) {
            Some(kind) => kind.1 += 1,
            None => kinds.push((word, 1)),
        }
    }
    if kinds.is_empty() {
        return None;
    }
    let failed = class.figures.failed.to_string();
    if let [(word, _)] = kinds[..] {
        return Some([&failed, " failed: ", word, "."].concat());
    }
    kinds.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let words: Vec<String> = kinds
        .iter()
        .map(|(word, many)| many.to_string() + " × " + word)
        .collect();
    Some(failed + " failed: " + &words.join(", ") + ".")
}

fn hold(class: &Class) -> Option<String> {
    let it = &class.figures;
    if let Some(hold) = &it.hold {
        return Some(held(hold, class.serving));
    }
    // Nothing is told of the exchange yet; the plan is known.
    let idler = class
        .rows
        .iter()
        .find(|row| row.idler && row.spans.iter().all(|it| it.0 == super::Phase::Untold))?;
    let verb = if idler.grows() { "is" } else { "was" };
    Some([&idler.name, " ", verb, " told to connect and say nothing."].concat())
}

fn held(hold: &Hold, serving: Serving) -> String {
    let long = ms_text(hold.to_ms - hold.from_ms);
    let mut out = hold.name.clone();
    out += if hold.planned {
        ", as planned, connected, "
    } else {
        " connected, "
    };
    out += if hold.over { "said" } else { "says" };
    out += " nothing and ";
    out += if hold.over { "held " } else { "holds " };
    out += match serving {
        Serving::Iterative => "the server",
        Serving::Threaded => "a thread",
        Serving::Process => "a process",
        _ => "a place in the loop",
    };
    out += " for ";
    out += &long;
    if !hold.over {
        out += " so far";
    }
    out += ": ";
    // Only where one is served after the other it is the one who says nothing that is waited for.
    let what = if serving == Serving::Iterative {
        " for it."
    } else {
        " meanwhile."
    };
    out += &match (hold.waited, hold.over) {
        (0, true) => "nobody waited for it.".to_owned(),
        (0, false) => "nobody waits for it.".to_owned(),
        (1, true) => "one other waited".to_owned() + what,
        (1, false) => "one other waits".to_owned() + what,
        (many, true) => many.to_string() + " others waited" + what,
        (many, false) => many.to_string() + " others wait" + what,
    };
    out
}

fn count_who(many: usize) -> String {
    count(many, "member")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().collect::<String>() + chars.as_str(),
        None => String::new(),
    }
}
