//! Every role and every message: what the table allows is done, all else is refused.

use chalkwire_shared::role::{Role, may};
use chalkwire_shared::room::{Command, Found, Happened, MemberId, Plan, Refusal, RoomEvent, RunId};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::room::OpenRoom;
use chalkwire_tests::room::guest::Guest;

/// One of each, that would be possible; the last one ends the room.
fn commands(of: MemberId, other: MemberId) -> Vec<Command> {
    let found = Found {
        run: RunId(1),
        answer: Some(0),
        measured: "3 of 9 hang".to_owned(),
        holds: true,
    };
    let plan = Plan {
        target: "line".to_owned(),
        message: "hello\r\n".to_owned(),
        faults: Vec::new(),
        seed: 7,
        idler: None,
        experiment: None,
    };
    vec![
        Command::Hand { up: true },
        Command::Follow { on: false },
        Command::Forget { member: of },
        Command::Forget { member: other },
        Command::Lock { on: true },
        Command::Allow {
            targets: None,
            faults: true,
        },
        Command::Mute {
            member: other,
            on: true,
        },
        Command::LowerHand { member: other },
        Command::Spotlight { offset: None },
        Command::Show {
            place: Some("#/lab".to_owned()),
        },
        Command::HideNames { on: true },
        Command::Rename {
            title: "Networks".to_owned(),
        },
        Command::Arm {
            plan,
            in_ms: 60_000,
        },
        Command::Found { found },
        Command::CallOff { run: RunId(1) },
        Command::Pause { on: true },
        Command::Remove { member: other },
        Command::End,
    ]
}

#[tokio::test]
async fn each_role_does_what_the_table_allows_and_nothing_else() {
    let gateway = Setup::default().builtin().start().await;
    let address = gateway.address();
    for role in Role::ALL {
        let opened = OpenRoom::open(address).await;
        let mut witness = Guest::teacher(address, &opened, "Ms Otter").await;
        let heron = Guest::student(address, &opened, "heron").await;
        let key = match role {
            Role::Teacher => opened.teach(),
            Role::Student => opened.code(),
            Role::Viewer => opened.view(),
        };
        let mut guest = Guest::enter(address, key, "grebe").await.unwrap();
        assert_eq!(guest.you.role, role);
        let own = guest.you.member.unwrap_or(MemberId(9));
        for command in commands(own, heron.member()) {
            let allowed = may(role, command.deed(own));
            let answer = guest.does(command.clone()).await;
            // A student has no run to tell of, as nobody has armed one.
            let expected = match (&command, role) {
                (Command::Found { .. }, Role::Student) => Err(Refusal::NoSuchRun),
                _ if allowed => Ok(()),
                _ => Err(Refusal::NotAllowed),
            };
            assert_eq!(answer, expected, "{role:?} {command:?}");
        }
        if role == Role::Teacher {
            continue;
        }
        // Nothing of what was refused happened.
        witness.does(Command::Hand { up: true }).await.unwrap();
        let hand = |happened: &Happened| matches!(happened, Happened::Hand { member, .. } if *member == MemberId(1));
        witness.sees("the own hand", hand).await;
        let by_others = |event: &&RoomEvent| event.command.is_some() && event.by != MemberId(1);
        let kinds: Vec<_> = witness.log.iter().filter(by_others).collect();
        assert_eq!(
            kinds.len(),
            if role == Role::Student { 3 } else { 0 },
            "{kinds:?}"
        );
    }
}

#[tokio::test]
async fn a_command_of_nobody_in_no_room_or_too_many_of_them_is_refused() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut heron = Guest::student(address, &opened, "heron").await;
    let mut last = 0;
    for n in 0..60 {
        last = heron.tell(Command::Hand { up: n % 2 == 0 }).await;
    }
    let mut done = 0;
    for no in 1..=last {
        match heron.answer(no).await {
            Ok(()) => done += 1,
            Err(refusal) => assert_eq!(refusal, Refusal::TooMany),
        }
    }
    assert!((40..60).contains(&done), "{done} of {last}");
    let answer = heron
        .does(Command::Forget {
            member: MemberId(99),
        })
        .await;
    assert!(answer.is_err());
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    for impossible in [
        Command::Remove {
            member: MemberId(99),
        },
        Command::Remove {
            member: teacher.member(),
        },
        Command::Show {
            place: Some("https://elsewhere.example".to_owned()),
        },
        Command::Rename {
            title: "\u{200b}".to_owned(),
        },
        Command::Spotlight { offset: Some(1) },
    ] {
        assert!(
            teacher.does(impossible.clone()).await.is_err(),
            "{impossible:?}"
        );
    }
    teacher.does(Command::End).await.unwrap();
    teacher.is_left().await;
    assert_eq!(
        teacher.does(Command::Lock { on: true }).await,
        Err(Refusal::NotIn)
    );
}
