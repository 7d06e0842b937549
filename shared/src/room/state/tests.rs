use super::*;
use crate::role::{Deed, may};
use crate::room::{Command, Refusal};
use proptest::collection::vec;
use proptest::prelude::*;

/// A room of one teacher (1) and so many students (2, 3 …), and the log that made it.
struct Class {
    state: State,
    log: Vec<RoomEvent>,
    now_us: u64,
}

impl Class {
    fn of(students: u32) -> Self {
        let room = RoomId::from_random([7; 8]);
        let mut class = Class {
            state: State::new(room),
            log: Vec::new(),
            now_us: 1_000_000,
        };
        let title = "Networks 1".to_owned();
        class.happens(MemberId::GATEWAY, None, Happened::Opened { title });
        class.joins("Ms Gray", Role::Teacher).unwrap();
        for _ in 0..students {
            class.joins("otter", Role::Student).unwrap();
        }
        class
    }

    fn happens(&mut self, by: MemberId, command: Option<CommandNo>, what: Happened) {
        self.now_us += 1_000;
        let event = self.state.event(1, self.now_us, by, command, what);
        self.state.apply(&event).unwrap();
        self.log.push(event);
    }

    fn joins(&mut self, name: &str, role: Role) -> Result<MemberId, NotEntered> {
        let joined = self.state.join(name, role)?;
        self.happens(MemberId::GATEWAY, None, joined);
        Ok(MemberId(self.state.facts.last_member))
    }

    /// As the gateway does it: once, however often it is said.
    fn says(&mut self, by: MemberId, no: u64, command: &Command) -> Result<(), Refusal> {
        let of = CommandNo { client: 9, no };
        if !self.state.was_done(by, of) {
            let spot = |offset| {
                let event = self.log.iter().find(|event| event.offset == offset)?;
                match &event.what {
                    Happened::Exchange { member, exchange } => Some(Spot {
                        offset,
                        member: *member,
                        exchange: (**exchange).clone(),
                    }),
                    _ => None,
                }
            };
            let what = self.state.decide(by, command, self.now_us, spot)?;
            self.happens(by, Some(of), what);
        }
        Ok(())
    }
}

const TEACHER: MemberId = MemberId(1);
const STUDENT: MemberId = MemberId(2);

fn plan() -> Plan {
    Plan {
        target: "iterative".to_owned(),
        message: "hello\r\n".to_owned(),
        faults: Vec::new(),
        seed: 7,
        idler: None,
        experiment: None,
    }
}

fn exchange(run: Option<RunId>) -> Exchange {
    Exchange {
        run,
        target: "iterative".to_owned(),
        socket: 1,
        begun_us: 2_000_000,
        connected_us: Some(60),
        accepted_us: Some(70),
        sent_us: Some(90),
        recv_us: Some(110),
        replied_us: Some(50_200),
        over_us: Some(50_300),
        sent_bytes: 7,
        received_bytes: 33,
        sent: crate::room::Payload::beginning_of(b"hello\r\n"),
        received: crate::room::Payload::default(),
        reason: Some(crate::close::Reason::Finished),
        faulted: false,
    }
}

/// One of every command.
fn commands() -> Vec<Command> {
    let found = Found {
        run: RunId(1),
        answer: Some(0),
        measured: "1024 + 1024 + 952".to_owned(),
        holds: true,
    };
    let targets = Some(vec!["iterative".to_owned()]);
    vec![
        Command::Hand { up: true },
        Command::Follow { on: false },
        Command::Found { found },
        Command::Lock { on: true },
        Command::Allow {
            targets,
            faults: false,
        },
        Command::Mute {
            member: STUDENT,
            on: true,
        },
        Command::Remove {
            member: MemberId(3),
        },
        Command::Forget {
            member: MemberId(3),
        },
        Command::LowerHand { member: STUDENT },
        Command::Spotlight { offset: None },
        Command::Show {
            place: Some("#/experiments/stream?seed=7".to_owned()),
        },
        Command::Pause { on: true },
        Command::HideNames { on: true },
        Command::Rename {
            title: "Networks 2".to_owned(),
        },
        Command::Arm {
            plan: plan(),
            in_ms: 3_000,
        },
        Command::CallOff { run: RunId(1) },
        Command::End,
    ]
}

#[test]
fn every_role_with_every_command_is_as_the_table_says() {
    let mut told = std::collections::BTreeSet::new();
    for role in [Role::Teacher, Role::Student] {
        for command in commands() {
            let mut class = Class::of(2);
            let run = Happened::Armed {
                run: RunId(1),
                plan: plan(),
                at_us: 1,
            };
            // What needs a run finds one; what begins one finds none.
            if !matches!(command, Command::Arm { .. }) {
                class.happens(TEACHER, None, run);
            }
            let by = if role == Role::Teacher {
                TEACHER
            } else {
                STUDENT
            };
            let deed = command.deed(by);
            told.insert(format!("{deed:?}"));
            let before = class.state.clone();
            let done = class.says(by, 1, &command);
            if may(role, deed) {
                assert_eq!(done, Ok(()), "{role:?} {command:?}");
            } else {
                assert_eq!(done, Err(Refusal::NotAllowed), "{role:?} {command:?}");
                assert_eq!(class.state, before, "a refused command changed the room");
            }
        }
    }
    // Seeing, sending and exporting are no commands, and forgetting oneself is another's forgetting.
    assert_eq!(told.len(), Deed::ALL.len() - 4);
}

#[test]
fn what_a_teacher_closes_is_closed_to_students_and_not_to_teachers() {
    let mut class = Class::of(2);
    let ok = |class: &Class, by, faulted| class.state.may_send(by, "iterative", faulted);
    assert_eq!(ok(&class, STUDENT, true), Ok(()));
    let allow = |names: &[&str], faults| Command::Allow {
        targets: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        faults,
    };
    class
        .says(TEACHER, 1, &allow(&["iterative"], false))
        .unwrap();
    assert_eq!(ok(&class, STUDENT, true), Err(Refusal::NoFaults));
    assert_eq!(class.state.may_send(STUDENT, "#1", false), Ok(()));
    class.says(TEACHER, 2, &allow(&["line"], false)).unwrap();
    assert_eq!(ok(&class, STUDENT, false), Err(Refusal::NoSuchTarget));
    assert_eq!(ok(&class, TEACHER, true), Ok(()));
    class
        .says(TEACHER, 3, &allow(&["iterative"], true))
        .unwrap();
    class
        .says(TEACHER, 4, &Command::Pause { on: true })
        .unwrap();
    assert_eq!(ok(&class, STUDENT, false), Err(Refusal::Paused));
    class
        .says(TEACHER, 5, &Command::Pause { on: false })
        .unwrap();
    let mute = Command::Mute {
        member: STUDENT,
        on: true,
    };
    class.says(TEACHER, 6, &mute).unwrap();
    assert_eq!(ok(&class, STUDENT, false), Err(Refusal::Muted));
    assert_eq!(ok(&class, MemberId(3), false), Ok(()));
    class.says(TEACHER, 7, &Command::Lock { on: true }).unwrap();
    assert_eq!(class.joins("late", Role::Student), Err(NotEntered::NoRoom));
    assert!(class.joins("Mr Hill", Role::Teacher).is_ok());
    class.says(TEACHER, 8, &Command::End).unwrap();
    assert_eq!(ok(&class, TEACHER, false), Err(Refusal::Over));
    assert_eq!(
        class.joins("Mr Hill", Role::Teacher),
        Err(NotEntered::NoRoom)
    );
}

#[test]
fn nothing_is_armed_that_no_student_may_send() {
    let mut class = Class::of(2);
    let arm = |plan| Command::Arm { plan, in_ms: 3_000 };
    let on = Command::Pause { on: true };
    class.says(TEACHER, 1, &on).unwrap();
    assert_eq!(class.says(TEACHER, 2, &arm(plan())), Err(Refusal::Paused));
    class
        .says(TEACHER, 2, &Command::Pause { on: false })
        .unwrap();
    let allow = Command::Allow {
        targets: None,
        faults: false,
    };
    class.says(TEACHER, 3, &allow).unwrap();
    let refuse: crate::fault::Asked = serde_json::from_str(r#"{"kind":"refuse"}"#).unwrap();
    let faults = vec![refuse];
    let faulted = arm(Plan { faults, ..plan() });
    assert_eq!(class.says(TEACHER, 4, &faulted), Err(Refusal::NoFaults));
    class.says(TEACHER, 4, &arm(plan())).unwrap();
}

#[test]
fn a_teacher_is_put_out_by_nobody() {
    let mut class = Class::of(1);
    let second = class.joins("Mr Hill", Role::Teacher).unwrap();
    let remove = Command::Remove { member: second };
    assert_eq!(class.says(TEACHER, 1, &remove), Err(Refusal::NotAllowed));
}

#[test]
fn a_full_room_takes_nobody_until_one_who_is_away_gives_way() {
    let mut class = Class::of(MAX_MEMBERS as u32);
    assert_eq!(class.joins("late", Role::Student), Err(NotEntered::Full));
    assert_eq!(class.state.displaced(Role::Student), None);
    for member in [5, 4].map(MemberId) {
        class.happens(MemberId::GATEWAY, None, Happened::Away { member });
    }
    assert_eq!(class.state.displaced(Role::Student), Some(MemberId(5)));
    assert_eq!(class.state.displaced(Role::Teacher), None);
    class.happens(
        MemberId::GATEWAY,
        None,
        Happened::Left {
            member: MemberId(5),
        },
    );
    assert!(class.joins("late", Role::Student).is_ok());
    assert!(class.joins("Mr Hill", Role::Teacher).is_ok());
}

#[test]
fn one_run_at_a_time_and_what_came_of_it_is_of_that_run() {
    let mut class = Class::of(2);
    let arm = Command::Arm {
        plan: plan(),
        in_ms: 3_000,
    };
    class.says(TEACHER, 1, &arm).unwrap();
    assert_eq!(class.says(TEACHER, 2, &arm), Err(Refusal::RunUnderWay));
    for run in [None, Some(RunId(1))] {
        let exchange = Box::new(exchange(run));
        let what = Happened::Exchange {
            member: STUDENT,
            exchange,
        };
        class.happens(MemberId::GATEWAY, None, what);
        let member = &class.state.members[&STUDENT];
        assert_eq!(member.of_run.is_some(), run.is_some());
        assert!(member.last.as_ref().is_some_and(|it| it.sent.is_empty()));
    }
    let call_off = Command::CallOff { run: RunId(1) };
    class.says(TEACHER, 2, &call_off).unwrap();
    assert_eq!(class.says(TEACHER, 3, &call_off), Err(Refusal::NoSuchRun));
    class.says(TEACHER, 3, &arm).unwrap();
    assert_eq!(
        class.state.facts.run.as_ref().map(|run| run.run),
        Some(RunId(2))
    );
    assert_eq!(class.state.members[&STUDENT].of_run, None);
    let forgotten = Class::of(0);
    let late = forgotten.state.decide(TEACHER, &arm, u64::MAX, |_| None);
    assert!(late.is_ok());
}

#[test]
fn a_name_that_was_removed_is_gone() {
    let mut class = Class::of(1);
    class
        .says(STUDENT, 1, &Command::Forget { member: STUDENT })
        .unwrap();
    assert_eq!(class.state.members[&STUDENT].name, "member 2");
    assert!(!format!("{:?}", class.state).contains("otter"));
}

#[test]
fn the_name_of_who_has_left_can_be_removed() {
    let mut class = Class::of(2);
    let forget = |member| Command::Forget {
        member: MemberId(member),
    };
    class
        .says(TEACHER, 1, &Command::Remove { member: STUDENT })
        .unwrap();
    class.says(TEACHER, 2, &forget(STUDENT.0)).unwrap();
    for nobody in [0, 4] {
        let refused = class.says(TEACHER, 3, &forget(nobody));
        assert_eq!(refused, Err(Refusal::NoSuchMember));
    }
}

/// Any command, by anybody, possible or not.
fn said() -> impl Strategy<Value = (u32, u64, Command)> {
    let member = || (0u32..7).prop_map(MemberId);
    let command = prop_oneof![
        proptest::sample::select(commands()),
        (member(), any::<bool>()).prop_map(|(member, on)| Command::Mute { member, on }),
        member().prop_map(|member| Command::Remove { member }),
        member().prop_map(|member| Command::Forget { member }),
        (0u64..40).prop_map(|offset| Command::Spotlight {
            offset: Some(offset)
        }),
        (0u32..4, 0u32..90_000).prop_map(|(idler, in_ms)| Command::Arm {
            plan: Plan {
                idler: Some(MemberId(idler)),
                ..plan()
            },
            in_ms,
        }),
        ".{0,9}".prop_map(|place| Command::Show { place: Some(place) }),
    ];
    // End comes last, or most runs would be over at once.
    let command = command.prop_filter("the end", |it| *it != Command::End);
    (0u32..7, 1u64..60, command)
}

proptest! {
    #[test]
    fn however_often_commands_come_and_wherever_pages_drop_all_end_with_the_same_log(
        said in vec(said(), 0..60),
        exchanges in vec((0usize..60, 2u32..6), 0..20),
        drops in vec((0usize..80, 0usize..80), 1..6),
        snapshot_at in 0usize..80,
    ) {
        let mut class = Class::of(4);
        for (place, (by, no, command)) in said.iter().enumerate() {
            let before = class.log.len();
            let done = class.says(MemberId(*by), *no, command);
            let after = class.log.len();
            prop_assert_eq!(done.is_err() && after > before, false);
            // Said again it is done again never, and refused no more often.
            if done.is_ok() {
                prop_assert_eq!(class.says(MemberId(*by), *no, command).is_ok()
                    || !class.state.members.contains_key(&MemberId(*by)), true);
                prop_assert_eq!(class.log.len(), after);
            }
            for (_, member) in exchanges.iter().filter(|(at, _)| *at == place) {
                let exchange = Box::new(exchange(Some(RunId(1))));
                let what = Happened::Exchange { member: MemberId(*member), exchange };
                class.happens(MemberId::GATEWAY, None, what);
            }
        }
        // Every page: some events, a drop, some of them again, and all the rest.
        for (upto, back) in drops {
            let mut page = State::new(class.state.facts.room.clone());
            let upto = upto.min(class.log.len());
            for event in &class.log[..upto] {
                prop_assert_eq!(page.apply(event), Ok(()));
            }
            for event in &class.log[upto.saturating_sub(back)..] {
                let was_seen = event.offset <= page.facts.offset;
                let before = page.clone();
                prop_assert_eq!(page.apply(event).is_err(), was_seen);
                if was_seen {
                    prop_assert_eq!(&page, &before);
                }
            }
            prop_assert_eq!(&page, &class.state);
        }
        // And one that began with a snapshot, as it travels.
        let mut page = State::new(class.state.facts.room.clone());
        let at = snapshot_at.min(class.log.len());
        for event in &class.log[..at] {
            prop_assert_eq!(page.apply(event), Ok(()));
        }
        let mut page: State = serde_json::from_str(&serde_json::to_string(&page).unwrap()).unwrap();
        for event in &class.log[at..] {
            let travelled: RoomEvent =
                serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap();
            prop_assert_eq!(&travelled, event);
            prop_assert_eq!(page.apply(&travelled), Ok(()));
        }
        prop_assert_eq!(&page, &class.state);
    }

    #[test]
    fn an_event_that_does_not_follow_changes_nothing(prev in 0u64..20, offset in 0u64..20) {
        let mut class = Class::of(2);
        let before = class.state.clone();
        let mut event = class.state.event(1, 9, TEACHER, None, Happened::Ended);
        (event.prev, event.offset) = (prev, offset);
        let follows = prev == before.facts.offset && offset > prev;
        prop_assert_eq!(class.state.apply(&event).is_ok(), follows);
        if !follows {
            prop_assert_eq!(class.state, before);
        }
    }
}
