//! The faults of the Lab's sockets, as a learner puts them together: what each does, and its text.

use chalkwire_shared::fault::{ABOUT, About, Asked, Direction, MAX_FAULTS};
use serde_json::{Map, Value, json};

/// A number of a fault.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in messages and addresses.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its unit, in a badge.
    pub unit: &'static str,
    /// At least,
    pub min: u32,
    /// at most.
    pub max: u32,
    /// What it is at first.
    pub first: u32,
}

const fn field(
    key: &'static str,
    label: &'static str,
    unit: &'static str,
    (min, max): (u32, u32),
    first: u32,
) -> Field {
    Field {
        key,
        label,
        unit,
        min,
        max,
        first,
    }
}

const MS: (u32, u32) = (0, 60_000);
const ANY: (u32, u32) = (0, 1_000_000_000);
const SOME: (u32, u32) = (1, 1_000_000_000);
const PERCENT: Field = field("percent", "Percent", "%", (0, 100), 30);
const AFTER: Field = field("after_bytes", "After bytes", "B", ANY, 0);

/// What can be set about each kind, in the order of [`ABOUT`].
const FIELDS: [&[Field]; ABOUT.len()] = [
    &[
        field("ms", "Milliseconds", "ms", MS, 200),
        field("jitter_ms", "Give or take", "ms", MS, 0),
    ],
    &[field("bytes_per_s", "Bytes a second", "B/s", SOME, 1_000)],
    &[
        field("bytes", "Bytes of a piece", "B", SOME, 3),
        field("vary_bytes", "Give or take", "B", ANY, 0),
        field("gap_ms", "Pause between, ms", "ms", MS, 20),
    ],
    &[field("bytes", "Bytes that pass", "B", ANY, 10)],
    &[field("ms", "Milliseconds", "ms", MS, 1_000)],
    &[AFTER],
    &[AFTER],
    &[],
    &[PERCENT],
    &[PERCENT],
    &[PERCENT],
    &[PERCENT],
    &[field("bytes", "Bytes that pass", "B", ANY, 10)],
];

/// Why TCP has no loss among its faults.
pub const NO_LOSS: &str = "TCP shows no loss: its kernel sends again what got lost, and a program \
                           sees only that it comes later. So take latency for a lossy line, and \
                           reset for one that breaks.";

/// Whether a kind can be done to this sort of socket: a stream, or datagrams.
pub fn fits(about: &About, datagram: bool) -> bool {
    if datagram {
        about.datagrams
    } else {
        about.streams
    }
}

/// The ways that a fault may go: their names in addresses, and for people.
pub const WAYS: [(Direction, &str, &str); 3] = [
    (Direction::Both, "both", "both ways"),
    (Direction::ToTarget, "to_target", "to the server"),
    (Direction::FromTarget, "from_target", "from the server"),
];

/// A fault that was put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Of which kind, by its place in [`ABOUT`].
    kind: usize,
    /// Which way.
    pub way: Direction,
    /// Its numbers, in the order of the kind's.
    pub values: Vec<u32>,
}

impl Chosen {
    /// One of the kind at this place, if there is such.
    fn new(kind: usize) -> Option<Self> {
        let fields = FIELDS.get(kind)?;
        Some(Chosen {
            kind,
            way: Direction::Both,
            values: fields.iter().map(|it| it.first).collect(),
        })
    }

    /// What it is called and does.
    pub fn about(&self) -> &'static About {
        &ABOUT[self.kind]
    }

    /// What can be set about it.
    pub fn fields(&self) -> &'static [Field] {
        FIELDS[self.kind]
    }

    /// Whether it goes one way or the other.
    pub fn has_way(&self) -> bool {
        !self.values.is_empty()
    }

    /// As a socket is asked for it.
    fn asked(&self) -> Option<Asked> {
        let mut object = Map::new();
        object.insert("kind".to_owned(), json!(self.about().kind));
        if self.has_way() {
            let (_, way, _) = WAYS.into_iter().find(|it| it.0 == self.way)?;
            object.insert("direction".to_owned(), json!(way));
        }
        for (field, value) in self.fields().iter().zip(&self.values) {
            object.insert(field.key.to_owned(), json!(value));
        }
        serde_json::from_value(Value::Object(object)).ok()
    }

    /// In a badge: `latency 200 ms`.
    pub fn badge(&self) -> String {
        let label = self.about().label.to_ascii_lowercase();
        match (self.fields().first(), self.values.first()) {
            (Some(field), Some(value)) => {
                format!("{label} {value} {}", field.unit)
            }
            _ => label,
        }
    }

    /// As it stands in an address: `latency,direction=to_target,ms=200`.
    pub fn to_text(&self) -> String {
        let mut text = self.about().kind.to_owned();
        for (way, key, _) in WAYS {
            if way == self.way && way != Direction::Both {
                text += &format!(",direction={key}");
            }
        }
        for (field, value) in self.fields().iter().zip(&self.values) {
            text += &format!(",{}={value}", field.key);
        }
        text
    }

    /// Reads that; nothing where it is no fault.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let kind = parts.next()?;
        let mut out = Chosen::new(ABOUT.iter().position(|it| it.kind == kind)?)?;
        // The page begins with a pause; a text that has none means none.
        if let Some(gap) = out.fields().iter().position(|it| it.key == "gap_ms") {
            out.set(gap, "0")?;
        }
        for part in parts {
            let (key, value) = part.split_once('=')?;
            if key == "direction" {
                out.way = WAYS.into_iter().find(|it| it.1 == value)?.0;
            } else {
                let at = out.fields().iter().position(|it| it.key == key)?;
                out.set(at, value)?;
            }
        }
        Some(out)
    }

    /// Sets one of its numbers, if it goes so far.
    fn set(&mut self, at: usize, text: &str) -> Option<()> {
        let field = self.fields().get(at)?;
        let value = text.trim().parse().ok()?;
        if !(field.min..=field.max).contains(&value) {
            return None;
        }
        *self.values.get_mut(at)? = value;
        Some(())
    }
}

/// What somebody changes about the faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// One more, of the kind at this place in [`ABOUT`].
    Add(usize),
    /// One less.
    Remove(usize),
    /// It goes another way.
    Way(usize, Direction),
    /// One of its numbers is this text.
    Value(usize, usize, String),
    /// The seed is this text.
    Seed(String),
}

impl Edit {
    /// The field whose number is another one: of which fault, and which one there; `None` is the seed.
    pub fn field(&self) -> Option<(usize, usize)> {
        match self {
            Edit::Value(at, field, _) => Some((*at, *field)),
            _ => None,
        }
    }
}

/// The faults, in the order in which they are done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Which.
    pub list: Vec<Chosen>,
    /// Where their chance begins.
    pub seed: u32,
}

impl Faults {
    /// Takes a change in: whether anything is now other than before.
    ///
    /// # Errors
    /// Why a number is not taken: a sentence.
    pub fn edit(&mut self, edit: Edit) -> Result<bool, String> {
        let before = self.clone();
        match edit {
            Edit::Add(at) => {
                if let Some(it) = Chosen::new(at).filter(|_| self.takes_more()) {
                    self.list.push(it);
                }
            }
            Edit::Remove(at) if at < self.list.len() => {
                self.list.remove(at);
            }
            Edit::Remove(_) => {}
            Edit::Way(at, way) => {
                if let Some(it) = self.list.get_mut(at) {
                    it.way = way;
                }
            }
            Edit::Value(at, field, text) => {
                if let Some(it) = self.list.get_mut(at)
                    && it.set(field, &text).is_none()
                {
                    let field = it.fields().get(field);
                    return Err(
                        field.map_or_else(String::new, |it| not_taken(it.label, it.min, it.max))
                    );
                }
            }
            Edit::Seed(text) => match text.trim().parse() {
                Ok(seed) => self.seed = seed,
                Err(_) => return Err(not_taken("Seed", 0, u32::MAX)),
            },
        }
        Ok(*self != before)
    }

    /// Whether there may be one more.
    pub fn takes_more(&self) -> bool {
        self.list.len() < MAX_FAULTS
    }

    /// Those that can be done to a socket of this sort; one that is open is refused no more.
    pub fn fitting(&self, datagram: bool, open: bool) -> impl Iterator<Item = &Chosen> {
        self.list
            .iter()
            .filter(move |it| fits(it.about(), datagram) && !(open && it.about().kind == "refuse"))
    }

    /// How much later than without them something may come, in ms.
    pub fn held_ms(&self, datagram: bool) -> f64 {
        let ms = |it: &Chosen| -> f64 {
            let numbers = it.fields().iter().zip(&it.values);
            let ms = numbers.filter(|(field, _)| field.unit == "ms");
            ms.map(|(_, value)| f64::from(*value)).sum()
        };
        self.fitting(datagram, true).map(ms).sum()
    }

    /// As a socket is asked for them.
    pub fn asked(&self, datagram: bool, open: bool) -> Vec<Asked> {
        self.fitting(datagram, open)
            .filter_map(Chosen::asked)
            .collect()
    }

    /// As the log keeps them, so that a run can be made again from it: `loss,percent=30 · seed 7`.
    pub fn record(&self, datagram: bool, open: bool) -> String {
        let mut parts: Vec<String> = self.fitting(datagram, open).map(Chosen::to_text).collect();
        match parts.is_empty() {
            true => parts.push(NONE.to_owned()),
            false => parts.push(format!("seed {}", self.seed)),
        }
        format!("{RECORD}{}", parts.join(" · "))
    }

    /// In a badge, or nothing: `latency 200 ms, loss 30 %`.
    pub fn badge(&self, datagram: bool, open: bool) -> String {
        let badges: Vec<String> = self.fitting(datagram, open).map(Chosen::badge).collect();
        badges.join(", ")
    }
}

/// How the log's record of faults begins.
const RECORD: &str = "Faults, made on purpose: ";

/// And how it goes on where there are none.
const NONE: &str = "none";

/// Whether there are faults from here on, where a notice records that.
pub fn recorded(notice: &str) -> Option<bool> {
    Some(notice.strip_prefix(RECORD)? != NONE)
}

/// Why a number is not taken.
fn not_taken(label: &str, min: u32, max: u32) -> String {
    format!("{label} takes a whole number from {min} to {max}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkwire_shared::fault::{Fault, KINDS};

    #[test]
    fn every_kind_that_there_is_can_be_put_together_and_is_what_the_gateway_takes() {
        for (at, about) in ABOUT.iter().enumerate() {
            let chosen = Chosen::new(at).unwrap();
            let fault = chosen.asked().unwrap().read().unwrap();
            assert_eq!(fault.kind(), about.kind);
            for datagram in [false, true] {
                assert_eq!(
                    fault.fits(datagram),
                    fits(about, datagram),
                    "{}",
                    about.kind
                );
            }
            // The text is the one that `/raw/{target}?fault=` takes.
            assert_eq!(Fault::from_text(&chosen.to_text()), Ok(fault));
            assert_eq!(Chosen::from_text(&chosen.to_text()), Some(chosen.clone()));
            // As far as its numbers go, the gateway goes along.
            for (n, field) in chosen.fields().iter().enumerate() {
                for end in [field.min, field.max] {
                    let mut chosen = chosen.clone();
                    chosen.set(n, &end.to_string()).unwrap();
                    assert!(chosen.asked().unwrap().read().is_ok(), "{}", about.kind);
                }
            }
        }
    }

    #[test]
    fn pieces_have_a_pause_that_shows_them_unless_a_text_has_none() {
        let at = KINDS.iter().position(|it| *it == "slice").unwrap();
        assert_eq!(Chosen::new(at).unwrap().values, [3, 0, 20]);
        let read = Chosen::from_text("slice,bytes=2").unwrap();
        let fault = Fault::from_text("slice,bytes=2");
        assert_eq!(read.asked().unwrap().read(), fault);
    }

    #[test]
    fn a_text_that_is_no_fault_is_passed_over() {
        for text in [
            "",
            "flood",
            "loss,percent=101",
            "latency,ms",
            "latency,ns=1",
            "latency,direction=up",
        ] {
            assert_eq!(Chosen::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_a_socket_is_not_asked_for() {
        let mut faults = Faults::default();
        for kind in ["latency", "loss", "refuse"] {
            let at = KINDS.iter().position(|it| *it == kind).unwrap();
            assert_eq!(faults.edit(Edit::Add(at)), Ok(true));
        }
        assert_eq!(faults.badge(false, false), "latency 200 ms, refuse");
        assert_eq!(faults.badge(true, true), "latency 200 ms, loss 30 %");
        assert_eq!(faults.asked(false, true).len(), 1);
        assert_eq!(faults.held_ms(false), 200.0);
    }

    #[test]
    fn a_number_that_a_fault_does_not_take_leaves_it_as_it_was() {
        let mut faults = Faults::default();
        faults.edit(Edit::Add(0)).unwrap();
        for text in ["70000", "soon"] {
            let why = faults.edit(Edit::Value(0, 0, text.to_owned())).unwrap_err();
            assert!(
                why.starts_with("Milliseconds takes a whole number from 0 to 60000"),
                "{why}"
            );
        }
        assert!(faults.edit(Edit::Seed("-1".to_owned())).is_err());
        assert_eq!(faults.edit(Edit::Value(0, 0, "1500".to_owned())), Ok(true));
        assert_eq!(faults.edit(Edit::Way(0, Direction::ToTarget)), Ok(true));
        assert_eq!(
            faults.list[0].to_text(),
            "latency,direction=to_target,ms=1500,jitter_ms=0"
        );
        assert_eq!(faults.edit(Edit::Value(9, 9, "1".to_owned())), Ok(false));
        for _ in 0..20 {
            faults.edit(Edit::Add(0)).unwrap();
        }
        assert!(!faults.takes_more());
        assert_eq!(faults.list.len(), MAX_FAULTS);
    }
}
