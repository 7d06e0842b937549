//! From a room's state to what an "everyone send now" is drawn from.

use chalkwire_shared::job::Gauge;
use chalkwire_shared::role::{Deed, Role, may};
use chalkwire_shared::room::{Armed, Exchange, Found, MemberId, State};
use chalkwire_shared::target::TargetInfo;

use super::{Class, Order, Serving, class};

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq)]
pub struct Sender {
    /// Its number.
    pub member: MemberId,
    /// What it is called here.
    pub name: String,
    /// Whether it is expected to send: it is here, and may.
    pub expected: bool,
    /// Whether it is the one who looks.
    pub mine: bool,
    /// What the gateway told of its exchange.
    pub exchange: Option<Exchange>,
    /// What the run's experiment came out as on its page.
    pub found: Option<Found>,
}

/// All that is known of an "everyone send now": what its picture is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The run.
    pub armed: Armed,
    /// How its target serves.
    pub serving: Serving,
    /// Those who take part.
    pub senders: Vec<Sender>,
    /// The server's queue, in order of time.
    pub gauges: Vec<Gauge>,
}

impl Seen {
    /// The present run of a room, or its last one; `gauges` are those told since it was armed, `mine`
    /// is who looks.
    pub fn of(
        state: &State,
        gauges: &[Gauge],
        targets: &[TargetInfo],
        mine: Option<MemberId>,
        hidden: bool,
    ) -> Option<Seen> {
        let armed = state.facts.run.clone()?;
        Some(Seen {
            serving: Serving::of(&armed.plan.target, targets),
            senders: Sender::of(state, mine, hidden),
            gauges: gauges.to_vec(),
            armed,
        })
    }

    /// Its picture at a moment of the room's clock.
    pub fn class(&self, now_us: u64, order: Order) -> Class {
        let Seen {
            armed,
            serving,
            senders,
            gauges,
        } = self;
        class(armed, *serving, senders, gauges, now_us, order)
    }
}

impl Sender {
    /// Those who take part in a room's present run; `mine` is who looks. Names that are hidden become
    /// numbers.
    pub fn of(state: &State, mine: Option<MemberId>, hidden: bool) -> Vec<Sender> {
        let members = state.members.values();
        let senders = members.map(|it| Sender {
            member: it.member,
            name: if hidden {
                number(it.member)
            } else {
                it.name.clone()
            },
            expected: it.here && !it.muted && it.role == Role::Student,
            mine: mine == Some(it.member),
            exchange: it.of_run.as_deref().cloned(),
            found: it.found.clone(),
        });
        let idler = state.facts.run.as_ref().and_then(|run| run.plan.idler);
        senders
            .filter(|it| {
                let part = it.exchange.is_some() || it.found.is_some();
                it.expected || part || idler == Some(it.member)
            })
            .filter(|it| {
                let role = state.members.get(&it.member).map(|it| it.role);
                role.is_some_and(|role| may(role, Deed::Send))
            })
            .collect()
    }
}

/// What a member is called whose name is not shown.
pub fn number(member: MemberId) -> String {
    let mut name = String::from("member ");
    name.push_str(&member.0.to_string());
    name
}
