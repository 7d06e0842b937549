//! A room's transcript for its teacher: JSON lines, or a table for spreadsheets.

use std::collections::BTreeMap;

use chalkwire_shared::room::{Exchange, Happened, MemberId, Payload, RoomEvent, State};
use chrono::{DateTime, SecondsFormat};

use super::page::{nameless, renew, text_of, veil_event};

/// What a table's columns are called.
const COLUMNS: [&str; 24] = [
    "offset",
    "time",
    "member",
    "name",
    "what",
    "detail",
    "run",
    "target",
    "sent",
    "received",
    "sent_bytes",
    "received_bytes",
    "connected_us",
    "accepted_us",
    "sent_us",
    "recv_us",
    "replied_us",
    "over_us",
    "reason",
    "socket",
    "begun",
    "faulted",
    "answer",
    "holds",
];

/// The place of the run's number among them; what is told of an exchange follows.
const RUN: usize = 6;

/// How a transcript is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An event a line, as it travels.
    JsonLines,
    /// A line of cells an event (RFC 4180).
    Csv,
}

/// Writes a room's events, one after the other.
#[derive(Debug)]
pub struct Writing {
    format: Format,
    /// Whether members are called by their names.
    named: bool,
    /// As the room is now: who has no name any more has none before.
    state: State,
    names: BTreeMap<MemberId, String>,
}

impl Writing {
    /// To begin with the first event.
    pub fn new(format: Format, named: bool, state: State) -> Self {
        let names = state.members.values();
        let names = names.map(|it| (it.member, it.name.clone())).collect();
        Writing {
            format,
            named,
            state,
            names,
        }
    }

    /// What comes before all events.
    pub fn head(&self) -> String {
        match self.format {
            Format::JsonLines => String::new(),
            Format::Csv => line(COLUMNS.map(str::to_owned)),
        }
    }

    /// The next event, as the log has it.
    pub fn event(&mut self, text: &str) -> String {
        let Ok(mut event) = serde_json::from_str::<RoomEvent>(text) else {
            // It was written here.
            return String::new();
        };
        renew(&mut event, &self.state);
        if !self.named {
            veil_event(&mut event);
        }
        if let Happened::Joined { member, name, .. } = &event.what {
            self.names.insert(*member, name.clone());
        }
        match self.format {
            Format::JsonLines => text_of(&event) + "\n",
            Format::Csv => line(self.cells(&event)),
        }
    }

    fn cells(&self, event: &RoomEvent) -> [String; COLUMNS.len()] {
        let (what, member, detail) = summary(&event.what);
        let member = member.unwrap_or(event.by);
        let name = match (member, self.named) {
            (MemberId::GATEWAY, _) => String::new(),
            (_, false) => nameless(member),
            (_, true) => self.names.get(&member).cloned().unwrap_or_default(),
        };
        let mut cells = [const { String::new() }; COLUMNS.len()];
        let known = [
            event.offset.to_string(),
            time(event.time_us),
            number((member != MemberId::GATEWAY).then_some(member.0)),
            name,
            what.to_owned(),
            detail,
        ];
        for (cell, text) in cells.iter_mut().zip(known) {
            *cell = text;
        }
        match &event.what {
            Happened::Exchange { exchange, .. } => {
                for (cell, text) in cells.iter_mut().skip(RUN).zip(of_exchange(exchange)) {
                    *cell = text;
                }
            }
            Happened::Found { found, .. } => {
                let answer = found.answer.map(u32::from);
                for (cell, text) in cells
                    .iter_mut()
                    .skip(COLUMNS.len() - 2)
                    .zip([number(answer), yes(found.holds)])
                {
                    *cell = text;
                }
                cells[RUN] = found.run.0.to_string();
            }
            Happened::Armed { run, .. }
            | Happened::RunOver { run, .. }
            | Happened::Gauge { run, .. } => cells[RUN] = run.0.to_string(),
            _ => {}
        }
        cells
    }
}

fn of_exchange(exchange: &Exchange) -> [String; 16] {
    [
        number(exchange.run.map(|run| run.0)),
        exchange.target.clone(),
        payload(&exchange.sent),
        payload(&exchange.received),
        exchange.sent_bytes.to_string(),
        exchange.received_bytes.to_string(),
        number(exchange.connected_us),
        number(exchange.accepted_us),
        number(exchange.sent_us),
        number(exchange.recv_us),
        number(exchange.replied_us),
        number(exchange.over_us),
        exchange
            .reason
            .map_or_else(String::new, |reason| reason.to_string()),
        exchange.socket.to_string(),
        time(exchange.begun_us),
        yes(exchange.faulted),
    ]
}

/// What happened, to whom where that is not its author, and what there is to say of it.
fn summary(what: &Happened) -> (&'static str, Option<MemberId>, String) {
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    match what {
        Happened::Opened { title } => ("opened", None, title.clone()),
        Happened::Joined { member, role, .. } => ("joined", Some(*member), role.label().to_owned()),
        Happened::Away { member } => ("away", Some(*member), String::new()),
        Happened::Back { member } => ("back", Some(*member), String::new()),
        Happened::Left { member } => ("left", Some(*member), String::new()),
        Happened::Removed { member } => ("removed", Some(*member), String::new()),
        Happened::Forgotten { member } => ("forgotten", Some(*member), String::new()),
        Happened::Hand { member, up } => {
            let way = if *up { "up" } else { "down" };
            ("hand", Some(*member), way.to_owned())
        }
        Happened::Follows { member, on: it } => ("follows", Some(*member), on(*it)),
        Happened::Muted { member, on: it } => ("muted", Some(*member), on(*it)),
        Happened::Locked { on: it } => ("locked", None, on(*it)),
        Happened::Paused { on: it } => ("paused", None, on(*it)),
        Happened::NamesHidden { on: it } => ("names_hidden", None, on(*it)),
        Happened::Renamed { title } => ("renamed", None, title.clone()),
        Happened::Allowed { targets, faults } => {
            let targets = targets.as_ref().map_or("all".to_owned(), |it| it.join(" "));
            let faults = if *faults { "faults" } else { "no faults" };
            ("allowed", None, format!("{targets}; {faults}"))
        }
        Happened::Spotlit { of } => match of {
            Some(spot) => ("spotlit", Some(spot.member), spot.offset.to_string()),
            None => ("spotlit", None, "none".to_owned()),
        },
        Happened::Showing { place } => ("showing", None, place.clone().unwrap_or_default()),
        Happened::Armed { run, plan, at_us } => {
            let what = plan.experiment.as_ref().unwrap_or(&plan.target);
            (
                "armed",
                None,
                format!("run {}: {what} at {}", run.0, time(*at_us)),
            )
        }
        Happened::RunOver { run, called_off } => {
            let how = if *called_off { ": called off" } else { "" };
            ("run_over", None, format!("run {}{how}", run.0))
        }
        Happened::Exchange { member, .. } => ("exchange", Some(*member), String::new()),
        Happened::Found { member, found } => ("found", Some(*member), found.measured.clone()),
        Happened::Gauge { run, gauge } => {
            let waiting = number(gauge.waiting);
            ("gauge", None, format!("run {}: {waiting} waiting", run.0))
        }
        Happened::Ended => ("ended", None, String::new()),
    }
}

/// In UTC, to the µs.
fn time(us: u64) -> String {
    let time = i64::try_from(us)
        .ok()
        .and_then(DateTime::from_timestamp_micros);
    time.map_or_else(String::new, |time| {
        time.to_rfc3339_opts(SecondsFormat::Micros, true)
    })
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn number(number: Option<u32>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

fn payload(payload: &Payload) -> String {
    match payload {
        Payload::Text(text) => text.clone(),
        Payload::Hex(digits) => format!("0x{digits}"),
    }
}

fn line(cells: [String; COLUMNS.len()]) -> String {
    cells.map(|text| cell(&text)).join(",") + "\r\n"
}

/// A cell that no spreadsheet takes for a formula: what begins like one has a `'` before it.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    match text.contains([',', '"', '\r', '\n', '\'']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkwire_shared::role::Role;
    use chalkwire_shared::room::{Found, RoomId, RunId};
    use proptest::prelude::*;

    /// The cells of all lines, as RFC 4180 reads them.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut lines, mut cells, mut cell) = (Vec::new(), Vec::new(), String::new());
        let (mut quoted, mut chars) = (false, text.chars().peekable());
        while let Some(c) = chars.next() {
            match (quoted, c) {
                (true, '"') if chars.peek() == Some(&'"') => cell.extend(chars.next()),
                (_, '"') => quoted = !quoted,
                (false, ',') => cells.push(std::mem::take(&mut cell)),
                (false, '\r') if chars.peek() == Some(&'\n') => {
                    chars.next();
                    cells.push(std::mem::take(&mut cell));
                    lines.push(std::mem::take(&mut cells));
                }
                (_, c) => cell.push(c),
            }
        }
        lines
    }

    fn state() -> State {
        let mut state = State::new(RoomId::from_random([1; 8]));
        for (name, role) in [("Ms Otter", Role::Teacher), ("=heron()", Role::Student)] {
            let joined = state.join(name, role).unwrap();
            let event = state.event(1, 7, MemberId(0), None, joined);
            state.apply(&event).unwrap();
        }
        state
    }

    proptest! {
        #[test]
        fn no_cell_is_a_formula_and_every_cell_is_read_as_it_was(
            texts in proptest::collection::vec("[=+@\t\r\n\", 'a0-]{0,6}|.{0,20}", COLUMNS.len()),
        ) {
            let cells: [String; COLUMNS.len()] = texts.clone().try_into().unwrap();
            let lines = read(&line(cells));
            prop_assert_eq!(lines.len(), 1);
            prop_assert_eq!(lines[0].len(), COLUMNS.len());
            for (read, was) in lines[0].iter().zip(&texts) {
                prop_assert!(!read.starts_with(['=', '+', '-', '@', '\t', '\r']), "{:?}", read);
                prop_assert!(read == was || *read == format!("'{was}"), "{:?} {:?}", read, was);
            }
        }

        #[test]
        fn whatever_a_member_found_is_one_line_of_the_table(measured in ".{1,40}") {
            let state = state();
            let found = Found { run: RunId(1), answer: None, measured, holds: true };
            let what = Happened::Found { member: MemberId(2), found };
            let event = state.event(1, 7, MemberId(2), None, what);
            let mut writing = Writing::new(Format::Csv, true, state);
            let lines = read(&(writing.head() + &writing.event(&text_of(&event))));
            prop_assert_eq!(lines.len(), 2);
            prop_assert_eq!(&lines[0], &COLUMNS);
            prop_assert_eq!(lines[1][3].as_str(), "'=heron()");
            prop_assert_eq!(lines[1][4].as_str(), "found");
        }
    }

    /// The cells of an event by their columns.
    fn row(what: Happened) -> BTreeMap<&'static str, String> {
        let state = state();
        let event = state.event(1, 7, MemberId(2), None, what);
        let mut writing = Writing::new(Format::Csv, true, state);
        let lines = read(&writing.event(&text_of(&event)));
        COLUMNS.into_iter().zip(lines[0].clone()).collect()
    }

    #[test]
    fn what_is_told_twice_is_known_by_its_socket_and_beginning_and_a_finding_by_its_run() {
        let text = r#"{"run":3,"target":"line","socket":4,"begun_us":1795417690000120,
                       "sent_bytes":0,"received_bytes":0,"faulted":true}"#;
        let exchange: Box<Exchange> = serde_json::from_str(text).unwrap();
        let member = MemberId(2);
        let cells = row(Happened::Exchange { member, exchange });
        assert_eq!((&*cells["run"], &*cells["socket"]), ("3", "4"));
        assert_eq!(cells["begun"], "2026-11-23T07:08:10.000120Z");
        assert_eq!((&*cells["faulted"], &*cells["holds"]), ("yes", ""));
        let found = Found {
            run: RunId(3),
            answer: Some(0),
            measured: "1024".to_owned(),
            holds: true,
        };
        let cells = row(Happened::Found { member, found });
        assert_eq!((&*cells["run"], &*cells["answer"]), ("3", "0"));
        assert_eq!((&*cells["holds"], &*cells["socket"]), ("yes", ""));
        let cells = row(Happened::RunOver {
            run: RunId(3),
            called_off: false,
        });
        assert_eq!(cells["run"], "3");
    }

    #[test]
    fn without_names_members_have_numbers_in_either_format() {
        let state = state();
        let mut events = Vec::new();
        let mut again = State::new(state.facts.room.clone());
        for member in state.members.values() {
            let what = Happened::Joined {
                member: member.member,
                name: member.name.clone(),
                role: member.role,
            };
            events.push(again.event(1, 1_795_417_690_200_041, MemberId(0), None, what));
            again.apply(events.last().unwrap()).unwrap();
        }
        for format in [Format::JsonLines, Format::Csv] {
            let write = |named| {
                let mut writing = Writing::new(format, named, state.clone());
                let texts = events.iter().map(|event| writing.event(&text_of(event)));
                texts.collect::<String>()
            };
            assert!(write(true).contains("heron") && write(true).contains("Otter"));
            let without = write(false);
            assert!(
                !without.contains("heron") && !without.contains("Otter"),
                "{without}"
            );
            assert!(without.contains("member 2"), "{without}");
            assert_eq!(without.lines().count(), 2);
        }
        let mut writing = Writing::new(Format::Csv, false, state);
        let line = writing.event(&text_of(&events[0]));
        assert!(
            line.starts_with("1,2026-11-23T07:08:10.200041Z,1,member 1,joined,teacher,,"),
            "{line}"
        );
    }
}
