//! Random commands, drops, restarts and reconnects: everybody ends with the same log, once.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const PEOPLE: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    /// Somebody tells the room something.
    Tell(usize, Command),
    /// The same as before, once more.
    Again(usize),
    /// Somebody takes a message of the room's.
    Read(usize),
    /// Somebody's connection drops, and it connects anew.
    Reconnect(usize),
    /// Somebody comes in again, from elsewhere.
    Elsewhere(usize),
    /// Some time passes.
    Tick,
    /// All is saved.
    Save,
    /// Another gateway takes the room up.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..PEOPLE;
    let member = || (1..=PEOPLE as u32).prop_map(MemberId);
    let command = prop_oneof![
        4 => any::<bool>().prop_map(hand),
        2 => any::<bool>().prop_map(|on| Command::Follow { on }),
        1 => any::<bool>().prop_map(|on| Command::Pause { on }),
        1 => any::<bool>().prop_map(|on| Command::HideNames { on }),
        1 => (member(), any::<bool>()).prop_map(|(member, on)| Command::Mute { member, on }),
        1 => member().prop_map(|member| Command::Forget { member }),
        2 => "[a-z]{1,60}".prop_map(|title| Command::Rename { title }),
    ];
    prop_oneof![
        8 => (who(), command).prop_map(|(who, command)| Step::Tell(who, command)),
        2 => who().prop_map(Step::Again),
        8 => who().prop_map(Step::Read),
        2 => who().prop_map(Step::Reconnect),
        1 => who().prop_map(Step::Elsewhere),
        6 => Just(Step::Tick),
        1 => Just(Step::Save),
        1 => Just(Step::Restart),
    ]
}

struct Person {
    came: Came,
    sitter: Arc<Sitter>,
    copy: Copy,
    last: Option<(u64, Command)>,
    /// Numbers that were taken and not told to be done yet.
    taken: BTreeMap<u64, usize>,
}

impl Person {
    fn key(&self, hall: &Hall) -> Key {
        Key::Member {
            room: hall.made.room.clone(),
            member: member(&self.came),
            token: self.came.you.token.clone().unwrap(),
        }
    }

    /// Comes in once more, as the same.
    fn again(&mut self, hall: &Hall, client: u32) {
        self.hear();
        let (came, sitter) = hall.enter(self.key(hall), "", client).unwrap();
        assert_eq!(came.you.member, self.came.you.member);
        let last = self.last.as_ref().map_or(0, |(no, _)| *no);
        assert!(came.you.no <= last);
        (self.came, self.sitter) = (came, sitter);
        self.taken.clear();
        self.copy.connect(&self.came.seat);
    }

    fn hear(&mut self) {
        let told = std::mem::take(&mut *self.sitter.0.lock().unwrap());
        for told in told {
            if let Told::Done { no } = told {
                let left = self.taken.get_mut(&no).expect("what was told to the room");
                *left -= 1;
                if *left == 0 {
                    self.taken.remove(&no);
                }
            }
        }
    }
}

async fn play(steps: Vec<Step>) {
    let directory = tempfile::tempdir().unwrap();
    let mut hall = Hall::open(directory.path(), 3_000).await;
    let mut people: Vec<Person> = (0..PEOPLE)
        .map(|n| {
            let key = if n == 0 {
                hall.by_teach()
            } else {
                hall.by_code()
            };
            let (came, sitter) = hall.enter(key, "otter", n as u32).unwrap();
            let mut copy = Copy::default();
            copy.connect(&came.seat);
            let (last, taken) = (None, BTreeMap::new());
            Person {
                came,
                sitter,
                copy,
                last,
                taken,
            }
        })
        .collect();
    for step in steps {
        match step {
            Step::Tell(who, command) => {
                let person = &mut people[who];
                let no = person.last.as_ref().map_or(1, |(no, _)| no + 1);
                if tell(&person.came.seat, no, &command).is_ok() {
                    *person.taken.entry(no).or_default() += 1;
                    person.last = Some((no, command));
                }
            }
            Step::Again(who) => {
                let person = &mut people[who];
                let Some((no, command)) = person.last.clone() else {
                    continue;
                };
                let before = hall.room.state().facts.offset;
                if tell(&person.came.seat, no, &command).is_ok() {
                    *person.taken.entry(no).or_default() += 1;
                }
                assert_eq!(hall.room.state().facts.offset, before, "done twice");
            }
            Step::Read(who) => drop(people[who].copy.step()),
            Step::Reconnect(who) => {
                let person = &mut people[who];
                person.copy.connect(&person.came.seat);
            }
            Step::Elsewhere(who) => people[who].again(&hall, who as u32),
            Step::Tick => hall.tick(),
            Step::Save => hall.save().await,
            Step::Restart => {
                hall = hall.begin_anew(directory.path()).await;
                for (n, person) in people.iter_mut().enumerate() {
                    person.again(&hall, n as u32);
                }
            }
        }
        for person in &mut people {
            person.hear();
        }
    }
    hall.save().await;
    let state = hall.room.state();
    let mut whole = State::new(state.facts.room.clone());
    let lines = hall.room.transcript.read(0, usize::MAX).await.unwrap();
    let mut events = Vec::new();
    for line in &lines {
        let event: RoomEvent = serde_json::from_str(&line.text).unwrap();
        whole.apply(&event).unwrap();
        events.push(event);
    }
    assert_eq!(whole.facts, state.facts, "the log is the whole room");
    for person in &mut people {
        person.copy.catch_up(state.facts.offset).await;
        assert_eq!(person.copy.state.as_ref(), Some(&state));
        // Names may have been removed since.
        let place = |event: &RoomEvent| (event.epoch, event.offset, event.by, event.command);
        let own: Vec<_> = person.copy.log.iter().map(place).collect();
        let all: Vec<_> = events.iter().map(place).collect();
        assert!(all.ends_with(&own), "{own:?}\n{all:?}");
        person.hear();
        assert!(
            person.taken.is_empty(),
            "saved, and not told: {:?}",
            person.taken
        );
    }
    hall.rooms.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_everybody_has_the_same_log_and_what_is_done_is_done_once(
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}
