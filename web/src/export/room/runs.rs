//! From a room's log to its runs: who took part in each, and what came of it.

use std::collections::BTreeMap;

use chalkwire_shared::job::Gauge;
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Armed, Exchange, Found, Happened, MemberId, RoomEvent, RunId};
use chalkwire_shared::target::TargetInfo;

use crate::pictures::class::{Seen, Sender, Serving, number};

/// Somebody whom the log names.
#[derive(Clone, Debug)]
pub struct Person {
    /// What it was called at the end.
    pub name: String,
    /// What it was.
    pub role: Role,
    /// When it came, in µs since 1970.
    pub came_us: u64,
    /// How many exchanges it had,
    pub exchanges: usize,
    /// and how many of these failed.
    pub failed: usize,
    here: bool,
    muted: bool,
}

/// A room, as its log tells of it.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Its last title.
    pub title: String,
    /// Who was in it.
    pub people: BTreeMap<MemberId, Person>,
    /// Its runs, the first one first.
    pub runs: Vec<Seen>,
    /// What happened, without what pictures alone are drawn from.
    pub events: Vec<RoomEvent>,
    /// Lines that were no event.
    pub unread: usize,
    /// Whether members are called by their names.
    named: bool,
}

/// A run while the log is read.
struct Open {
    armed: Armed,
    expected: Vec<MemberId>,
    exchanges: BTreeMap<MemberId, Exchange>,
    found: BTreeMap<MemberId, Found>,
    gauges: Vec<Gauge>,
}

impl Told {
    /// Reads the lines of a transcript.
    pub fn read(lines: &str, named: bool, targets: &[TargetInfo]) -> Self {
        let mut told = Told {
            named,
            ..Told::default()
        };
        let mut runs: Vec<Open> = Vec::new();
        for line in lines.lines().filter(|it| !it.trim().is_empty()) {
            match serde_json::from_str::<RoomEvent>(line) {
                Ok(event) => told.take(event, &mut runs),
                Err(_) => told.unread += 1,
            }
        }
        told.runs = runs.into_iter().map(|it| told.seen(it, targets)).collect();
        told
    }

    /// What a member is called here.
    pub fn name(&self, member: MemberId) -> String {
        match self.people.get(&member) {
            _ if member == MemberId::GATEWAY => "the gateway".to_owned(),
            Some(person) if self.named => person.name.clone(),
            _ => number(member),
        }
    }

    fn take(&mut self, event: RoomEvent, runs: &mut Vec<Open>) {
        match &event.what {
            Happened::Opened { title } | Happened::Renamed { title } => {
                self.title.clone_from(title);
            }
            Happened::Joined { member, name, role } => {
                let person = Person {
                    name: name.clone(),
                    role: *role,
                    came_us: event.time_us,
                    exchanges: 0,
                    failed: 0,
                    here: true,
                    muted: false,
                };
                self.people.insert(*member, person);
            }
            Happened::Away { member }
            | Happened::Left { member }
            | Happened::Removed { member } => self.change(*member, |it| it.here = false),
            Happened::Back { member } => self.change(*member, |it| it.here = true),
            Happened::Muted { member, on } => self.change(*member, |it| it.muted = *on),
            Happened::Forgotten { member } => {
                self.change(*member, |it| it.name = number(*member));
            }
            Happened::Armed { run, plan, at_us } => runs.push(Open {
                armed: Armed {
                    run: *run,
                    plan: plan.clone(),
                    at_us: *at_us,
                    // What is read is over.
                    over: true,
                },
                expected: self.expected(),
                exchanges: BTreeMap::new(),
                found: BTreeMap::new(),
                gauges: Vec::new(),
            }),
            Happened::RunOver {
                run,
                called_off: true,
            } => runs.retain(|it| it.armed.run != *run || !it.is_empty()),
            Happened::Exchange { member, exchange } => {
                if let Some(open) = exchange.run.and_then(|run| of(runs, run)) {
                    open.exchanges.insert(*member, (**exchange).clone());
                }
                // One that is still on is told again at its end.
                if exchange.over_us.is_none() {
                    return;
                }
                let failed = usize::from(exchange.failed());
                self.change(*member, |it| {
                    it.exchanges += 1;
                    it.failed += failed;
                });
            }
            Happened::Found { member, found } => {
                if let Some(open) = of(runs, found.run) {
                    open.found.insert(*member, found.clone());
                }
            }
            Happened::Gauge { run, gauge } => {
                if let Some(open) = of(runs, *run) {
                    open.gauges.push(gauge.clone());
                }
                return;
            }
            _ => {}
        }
        self.events.push(event);
    }

    fn change(&mut self, member: MemberId, change: impl FnOnce(&mut Person)) {
        if let Some(person) = self.people.get_mut(&member) {
            change(person);
        }
    }

    /// The students who are here and may send.
    fn expected(&self) -> Vec<MemberId> {
        let of = |it: &Person| it.here && !it.muted && it.role == Role::Student;
        let people = self.people.iter().filter(|(_, it)| of(it));
        people.map(|(member, _)| *member).collect()
    }

    fn seen(&self, mut open: Open, targets: &[TargetInfo]) -> Seen {
        let mut members = open.expected.clone();
        members.extend(open.exchanges.keys().chain(open.found.keys()));
        members.sort_unstable();
        members.dedup();
        let senders = members.into_iter().map(|member| Sender {
            member,
            name: self.name(member),
            expected: open.expected.contains(&member),
            mine: false,
            exchange: open.exchanges.remove(&member),
            found: open.found.remove(&member),
        });
        Seen {
            senders: senders.collect(),
            serving: Serving::of(&open.armed.plan.target, targets),
            armed: open.armed,
            gauges: open.gauges,
        }
    }
}

impl Open {
    fn is_empty(&self) -> bool {
        self.exchanges.is_empty() && self.found.is_empty()
    }
}

fn of(runs: &mut [Open], run: RunId) -> Option<&mut Open> {
    runs.iter_mut().rfind(|it| it.armed.run == run)
}
