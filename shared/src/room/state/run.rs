//! Whether everyone is done with an "everyone send now".

use super::{Armed, Member, State};
use crate::role::Role;

/// So long after a run's instant nobody begins any more, in µs: a page that is later than 2 s does not
/// send.
const BEGUN_US: u64 = 3_000_000;

impl State {
    /// Whether all are done with the present run whom it was for: the students who were here at its
    /// instant, are here still and may send, and the teachers who take part. Whoever has not begun a
    /// while after the instant does not any more; where nobody is left, all are done.
    pub fn all_are_done(&self, now_us: u64) -> bool {
        let Some(run) = self.facts.run.as_ref() else {
            return false;
        };
        let late = now_us >= run.at_us.saturating_add(BEGUN_US);
        let mut of_run = self.members.values().filter(|it| it.is_for(run));
        of_run.all(|it| it.is_done(run) || (late && it.has_not_begun(run)))
    }
}

impl Member {
    /// Whether a run is for this member.
    pub fn is_for(&self, run: &Armed) -> bool {
        let present = self.here && self.since_us <= run.at_us && !self.muted;
        match self.role {
            Role::Student => present,
            Role::Teacher => self.of_run.is_some() || self.found.is_some(),
            Role::Viewer => false,
        }
    }

    /// Whether this member is done with the present run.
    pub fn is_done(&self, run: &Armed) -> bool {
        match run.plan.experiment {
            Some(_) => self.found.is_some(),
            None => self.of_run.as_ref().is_some_and(|it| it.over_us.is_some()),
        }
    }

    /// Of an experiment nothing is seen here before it is done.
    fn has_not_begun(&self, run: &Armed) -> bool {
        run.plan.experiment.is_none() && self.of_run.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::BEGUN_US;
    use crate::room::{Payload, Plan};

    const AT_US: u64 = 1_000_000;

    fn happens(state: &mut State, time_us: u64, what: Happened) {
        let event = state.event(1, time_us, MemberId::GATEWAY, None, what);
        state.apply(&event).unwrap();
    }

    /// A teacher (1), three students (2, 3, 4), and a run.
    fn armed() -> State {
        let mut state = State::new(RoomId::from_random([7; 8]));
        for (name, role) in [("Ms Gray", Role::Teacher)]
            .into_iter()
            .chain(["a", "b", "c"].map(|name| (name, Role::Student)))
        {
            let joined = state.join(name, role).unwrap();
            happens(&mut state, 10, joined);
        }
        let plan = Plan {
            target: "iterative".to_owned(),
            message: "hello\r\n".to_owned(),
            faults: Vec::new(),
            seed: 7,
            idler: None,
            experiment: None,
        };
        let (run, at_us) = (RunId(1), AT_US);
        happens(&mut state, 20, Happened::Armed { run, plan, at_us });
        state
    }

    fn exchange(state: &mut State, member: u32, over_us: Option<u32>) {
        let exchange = Exchange {
            run: Some(RunId(1)),
            target: "iterative".to_owned(),
            socket: 1,
            begun_us: AT_US,
            connected_us: Some(60),
            accepted_us: None,
            sent_us: None,
            recv_us: None,
            replied_us: None,
            over_us,
            sent_bytes: 0,
            received_bytes: 0,
            sent: Payload::default(),
            received: Payload::default(),
            reason: None,
            faulted: false,
        };
        let (member, exchange) = (MemberId(member), Box::new(exchange));
        happens(state, AT_US + 9, Happened::Exchange { member, exchange });
    }

    #[test]
    fn a_run_is_done_when_all_whom_it_is_for_are_through() {
        let mut state = armed();
        assert!(!state.all_are_done(AT_US + 10));
        exchange(&mut state, 2, Some(9));
        exchange(&mut state, 3, None);
        let waiting = &state.members[&MemberId(3)];
        assert_eq!((waiting.exchanges, waiting.of_run.is_some()), (0, true));
        exchange(&mut state, 4, Some(9));
        assert!(!state.all_are_done(AT_US + 10), "one is on still");
        exchange(&mut state, 3, Some(5_000_000));
        assert!(state.all_are_done(AT_US + 10));
        assert_eq!(state.members[&MemberId(3)].exchanges, 1);
        // A teacher who takes part is waited for.
        exchange(&mut state, 1, None);
        assert!(!state.all_are_done(AT_US + 10));
    }

    #[test]
    fn nobody_waits_for_who_is_away_muted_or_came_later() {
        let mut state = armed();
        exchange(&mut state, 2, Some(9));
        let member = MemberId(3);
        happens(&mut state, AT_US + 1, Happened::Away { member });
        assert!(!state.all_are_done(AT_US + 10));
        let (member, on) = (MemberId(4), true);
        happens(&mut state, AT_US + 2, Happened::Muted { member, on });
        assert!(state.all_are_done(AT_US + 10));
        let joined = state.join("late", Role::Student).unwrap();
        happens(&mut state, AT_US + 3, joined);
        assert!(state.all_are_done(AT_US + 10));
        let member = MemberId(2);
        happens(&mut state, AT_US + 4, Happened::Left { member });
        assert!(state.all_are_done(AT_US + 10), "nobody is left");
    }

    #[test]
    fn nobody_waits_for_who_has_not_begun_a_while_after_the_instant() {
        let mut state = armed();
        exchange(&mut state, 2, Some(9));
        exchange(&mut state, 3, None);
        let late = AT_US + BEGUN_US;
        assert!(!state.all_are_done(late), "one is on still");
        exchange(&mut state, 3, Some(9));
        assert!(!state.all_are_done(late - 1));
        assert!(state.all_are_done(late));
        // Of an experiment nothing is seen before its end.
        if let Some(run) = &mut state.facts.run {
            run.plan.experiment = Some("#/experiments/stream".to_owned());
        }
        assert!(!state.all_are_done(late));
    }

    #[test]
    fn an_experiments_run_is_done_with_what_the_pages_found() {
        let mut state = armed();
        if let Some(run) = &mut state.facts.run {
            run.plan.experiment = Some("#/experiments/stream".to_owned());
        }
        for member in [2, 3, 4] {
            assert!(!state.all_are_done(AT_US + 10));
            let found = Found {
                run: RunId(1),
                answer: None,
                measured: "1".to_owned(),
                holds: true,
            };
            let member = MemberId(member);
            happens(&mut state, AT_US + 1, Happened::Found { member, found });
        }
        assert!(state.all_are_done(AT_US + 10));
    }
}
