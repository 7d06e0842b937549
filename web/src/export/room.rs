//! A room as a printable report: one HTML page that stands alone, made of its transcript.

use chalkwire_shared::room::{Happened, RoomEvent};
use chalkwire_shared::target::TargetInfo;

use super::iso;
use super::page::{Drawn, Page};
use crate::experiment::Settings;
use crate::pictures::answers::{self, answers};
use crate::pictures::class::{Order, Seen, Sheet, draw, headline, spread, story};
use crate::pictures::latency::{self, histogram, latency as sorted};
use crate::pictures::shape::{Picture, Width};
use crate::pictures::story::{Story, Table};
use crate::pictures::svg;
use crate::room::words;
use crate::state::settings::Theme;
use crate::words::{clock, micros};

mod runs;

pub use runs::Told;

/// Lines of the log at the most; the JSON lines have them all.
const ROWS: usize = 1_000;

/// How a report is made.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// With the members' names.
    pub names: bool,
    /// When it is written, in ms since 1970 by the browser's clock.
    pub now_ms: f64,
    /// Minutes that the times of day are east of UTC.
    pub zone_min: i32,
    /// The gateway's targets: how each serves.
    pub targets: &'a [TargetInfo],
}

/// The report of a room, from the JSON lines of its transcript.
pub fn report(lines: &str, options: Options<'_>) -> String {
    let told = Told::read(lines, options.names, options.targets);
    let title = match told.title.as_str() {
        "" => "A room",
        title => title,
    };
    let mut out = Page::new(title);
    out.block("h1", title);
    out.raw("<dl>");
    let day = |us: u64| iso(us as f64 / 1000.0);
    if let (Some(first), Some(last)) = (told.events.first(), told.events.last()) {
        out.term("From", &day(first.time_us));
        out.term("To", &day(last.time_us));
    }
    out.term("Members", &told.people.len().to_string());
    out.term("Runs of everyone", &told.runs.len().to_string());
    out.term("Written", &iso(options.now_ms));
    out.raw("</dl>\n");
    out.block(
        "p",
        &format!(
            "All times in this report are by the gateway's clock; what went on between a browser \
             and the gateway is not in them. Times of day are local to who wrote it: {}.",
            zone(options.zone_min)
        ),
    );
    if told.unread > 0 {
        let text = format!("{} lines of the transcript could not be read.", told.unread);
        out.block("p", &text);
    }
    members(&mut out, &told, options);
    for seen in &told.runs {
        run(&mut out, seen, options);
    }
    feed(&mut out, &told, options);
    out.end()
}

/// The time zone, as in `UTC+02:00`.
fn zone(min: i32) -> String {
    let sign = if min < 0 { '-' } else { '+' };
    let min = min.unsigned_abs();
    format!("UTC{sign}{:02}:{:02}", min / 60, min % 60)
}

/// A day and a time of it: a room lasts longer than a day.
fn stamp(us: u64, options: Options<'_>) -> String {
    let ms = us as f64 / 1000.0;
    let day = iso(ms + f64::from(options.zone_min) * 60_000.0);
    let day = day.split('T').next().unwrap_or_default();
    format!("{day} {}", clock(ms, options.zone_min))
}

fn members(out: &mut Page, told: &Told, options: Options<'_>) {
    out.block("h2", "Members");
    if !options.names {
        out.block("p", "Names are left out: each member has its number.");
    }
    let mut table = Table::new(&["Member", "Role", "Came", "Exchanges", "Failed"]);
    for (member, it) in &told.people {
        table.push(vec![
            told.name(*member),
            it.role.label().to_owned(),
            stamp(it.came_us, options),
            it.exchanges.to_string(),
            it.failed.to_string(),
        ]);
    }
    out.table(&table);
}

fn run(out: &mut Page, seen: &Seen, options: Options<'_>) {
    if let Some(place) = &seen.armed.plan.experiment {
        return findings(out, seen, place, options);
    }
    // Long after: what is not over then is not told.
    let class = seen.class(u64::MAX, Order::Served);
    let said = headline(&class, options.zone_min, true);
    out.block("h2", &said.title());
    out.block("p", &said.says.join(" "));
    if let Some(hold) = &said.hold {
        out.block("p", hold);
    }
    out.block("p", seen.serving.explain());
    let (picture, _) = draw(&class, Sheet::of(Width::Wide));
    add(out, story(&class), &picture);
    if let Some(series) = spread(&class) {
        let it = sorted(&[series]);
        let picture = histogram(&it, Width::Wide);
        add(out, latency::story(&it, false), &picture);
    }
}

fn findings(out: &mut Page, seen: &Seen, place: &str, options: Options<'_>) {
    let experiment = Settings::from_fragment(place).map(|it| it.0);
    let title = experiment.map_or(place, |it| it.title);
    let at = clock(seen.armed.at_us as f64 / 1000.0, options.zone_min);
    out.block("h2", &format!("Everyone ran “{title}” at {at}"));
    if let Some(it) = experiment {
        out.block("p", it.question);
    }
    let texts: Vec<&str> = experiment
        .map(|it| it.answers.iter().map(|it| it.text).collect())
        .unwrap_or_default();
    let found = seen.senders.iter().filter_map(|it| {
        let found = it.found.clone()?;
        Some((it.name.clone(), found))
    });
    let it = answers(&texts, found.collect(), 0);
    add(out, answers::story(&it), &answers::draw(&it, Width::Wide));
}

fn add(out: &mut Page, story: Story, picture: &Picture) {
    let svg = svg::document(picture, &story, Theme::Projector);
    let title = String::new();
    out.picture(&Drawn { title, story, svg });
}

/// The last lines of the log, as many as a report holds.
fn feed(out: &mut Page, told: &Told, options: Options<'_>) {
    out.block("h2", "The log");
    let more = told.events.len().saturating_sub(ROWS);
    if more > 0 {
        let text = format!(
            "The last {ROWS} of {} events; the JSON lines have them all.",
            told.events.len()
        );
        out.block("p", &text);
    }
    let mut table = Table::new(&["Time", "What", "Sent", "Received"]);
    for event in &told.events[more..] {
        let (sent, received) = bytes(event);
        table.rows.push(vec![
            stamp(event.time_us, options),
            words::sentence(event, |it| told.name(it)),
            sent,
            received,
        ]);
    }
    out.table(&table);
}

fn bytes(event: &RoomEvent) -> (String, String) {
    let Happened::Exchange { exchange, .. } = &event.what else {
        return (String::new(), String::new());
    };
    let text = |bytes: Vec<u8>| crate::bytes::escape(&bytes);
    let received = match exchange.replied_us {
        Some(us) => {
            let text = text(exchange.received.bytes());
            format!("{text} after {}", micros(u64::from(us)))
        }
        None => String::new(),
    };
    (text(exchange.sent.bytes()), received)
}

#[cfg(test)]
mod tests;
