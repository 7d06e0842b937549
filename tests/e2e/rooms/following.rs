//! Following a room: in order, once, over drops, restarts, and commands that are said again.

use chalkwire_shared::room::{Command, Happened, MemberId, Plan};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::room::OpenRoom;
use chalkwire_tests::room::guest::Guest;

#[tokio::test]
async fn members_that_drop_and_come_back_end_with_the_same_log() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut class = vec![Guest::teacher(address, &opened, "Ms Otter").await];
    for n in 1..6 {
        class.push(Guest::student(address, &opened, &format!("heron {n}")).await);
    }
    let mut told = 0;
    for round in 0..12 {
        for (n, guest) in class.iter_mut().enumerate() {
            guest.tell(Command::Hand { up: round % 2 == 0 }).await;
            told += 1;
            if (round + n) % 4 == 0 {
                guest.link.cut();
                guest.link.resume().await.unwrap();
                guest.subscribe().await;
            }
        }
    }
    for guest in &mut class {
        for no in 1..=12 {
            guest.answer(no).await.unwrap();
        }
    }
    let offset = 1 + 6 + told;
    for guest in &mut class {
        guest.catch_up(offset).await;
        assert_eq!(guest.offset(), offset);
        assert!(guest.recovered[1..].iter().all(|recovered| *recovered));
    }
    let (first, others) = class.split_first().unwrap();
    for guest in others {
        assert_eq!(guest.state(), first.state());
        assert!(first.log.ends_with(&guest.log));
    }
}

#[tokio::test]
async fn a_command_that_is_said_again_is_done_once() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut heron = Guest::student(address, &opened, "heron").await;
    for _ in 0..3 {
        heron.tell_again(1, Command::Hand { up: true }).await;
        heron.answer(1).await.unwrap();
    }
    // On another link, as a page says it that is not sure.
    heron.come_back(address).await;
    heron.tell_again(1, Command::Hand { up: true }).await;
    heron.answer(1).await.unwrap();
    heron.tell_again(2, Command::Hand { up: false }).await;
    heron.answer(2).await.unwrap();
    let down = |happened: &Happened| matches!(happened, Happened::Hand { up: false, .. });
    heron.sees("the hand to go down", down).await;
    let hands = heron.log.iter().filter(|event| event.command.is_some());
    assert_eq!(hands.count(), 2);
}

#[tokio::test]
async fn a_room_and_its_members_outlive_the_gateway_and_nothing_is_done_twice() {
    let data = tempfile::tempdir().unwrap();
    let setup = Setup::default().data(data.path());
    let gateway = setup.start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let mut heron = Guest::student(address, &opened, "heron").await;
    let mut stays_away = Guest::student(address, &opened, "grebe").await;
    let title = "Networks 1".to_owned();
    teacher.does(Command::Rename { title }).await.unwrap();
    for guest in [&mut teacher, &mut heron, &mut stays_away] {
        guest.catch_up(5).await;
    }
    drop(gateway);

    let gateway = setup.set("ROOMS__PRESENCE", "300ms").start().await;
    let address = gateway.address();
    teacher.come_back(address).await;
    heron.come_back(address).await;
    let title = "Networks 1".to_owned();
    teacher.tell_again(1, Command::Rename { title }).await;
    teacher.answer(1).await.unwrap();
    heron.does(Command::Hand { up: true }).await.unwrap();
    let away = |happened: &Happened| matches!(happened, Happened::Away { .. });
    let away = teacher.sees("who stays away", away).await;
    assert_eq!(
        away.what,
        Happened::Away {
            member: stays_away.member()
        }
    );
    assert_eq!(away.epoch, 2);
    heron.catch_up(teacher.offset()).await;
    assert_eq!(teacher.state(), heron.state());
    assert_eq!(teacher.state().facts.title, "Networks 1");
    for guest in [&teacher, &heron] {
        assert_eq!(guest.recovered, [false, true]);
        let of_here = guest.log.iter().filter(|event| event.by != MemberId(0));
        assert_eq!(of_here.count(), 2, "a command was done twice");
    }
    // Who comes back later sees all of it, and is back.
    stays_away.come_back(address).await;
    let back = |happened: &Happened| matches!(happened, Happened::Back { .. });
    teacher.sees("who came back", back).await;
    stays_away.catch_up(teacher.offset()).await;
    assert_eq!(stays_away.state(), teacher.state());
}

#[tokio::test]
async fn a_run_under_way_at_a_gateways_end_is_seen_to_by_the_next_one() {
    let data = tempfile::tempdir().unwrap();
    let setup = Setup::default().builtin().data(data.path());
    let gateway = setup.start().await;
    let opened = OpenRoom::open(gateway.address()).await;
    let mut teacher = Guest::teacher(gateway.address(), &opened, "Ms Otter").await;
    let mut heron = Guest::student(gateway.address(), &opened, "heron").await;
    let plan = Plan {
        target: "line".to_owned(),
        message: "hello\r\n".to_owned(),
        faults: Vec::new(),
        seed: 0,
        idler: None,
        experiment: None,
    };
    let in_ms = 1_000;
    teacher.does(Command::Arm { plan, in_ms }).await.unwrap();
    drop(gateway);

    let gateway = setup.start().await;
    teacher.come_back(gateway.address()).await;
    heron.come_back(gateway.address()).await;
    // Not only when its time is up: nobody has begun.
    let over = |happened: &Happened| matches!(happened, Happened::RunOver { .. });
    let over = teacher.sees("the run to be over", over).await;
    let run = teacher.state().facts.run.clone().unwrap();
    assert!(over.time_us < run.at_us + 30_000_000, "{over:?}");
}
