//! The form of "everyone send now".

use super::*;
use chalkwire_shared::role::Role;

/// A teacher, as far as the page's form asks.
fn teacher() -> Model {
    let mut model = Model::new("#/teach/0123456789abcdef/s3cret");
    model.role = Role::Teacher;
    model.act(Action::Join);
    model.settle();
    let wren = Happened::Joined {
        member: MemberId(3),
        name: "wren".to_owned(),
        role: Role::Student,
    };
    model.happen(wren);
    model.publish(0);
    model.deliver(usize::MAX);
    model
}

fn armed(model: &Model) -> Vec<Plan> {
    let plan = |it: &ClientMessage| match it {
        ClientMessage::Tell {
            command: Command::Arm { plan, .. },
            ..
        } => Some(plan.clone()),
        _ => None,
    };
    model.heard.iter().filter_map(plan).collect()
}

fn pick_wren(model: &mut Model) {
    let pick = |it: &mut super::super::everyone::Fields, to: String| {
        it.idler = to.parse().ok().map(MemberId);
    };
    model.act(Action::Everyone(pick, "3".to_owned()));
}

#[test]
fn who_was_picked_to_say_nothing_and_has_left_is_nobody() {
    let mut model = teacher();
    pick_wren(&mut model);
    assert_eq!(model.seat.idler(), Some(MemberId(3)));
    model.happen(Happened::Left {
        member: MemberId(3),
    });
    model.publish(0);
    model.deliver(usize::MAX);
    assert_eq!(model.seat.idler(), None);
    model.act(Action::Arm);
    let plans = armed(&model);
    assert_eq!(plans.len(), 1);
    assert_eq!(plans[0].idler, None);
}

#[test]
fn without_a_connection_nobody_is_told_to_send_now_or_later() {
    let mut model = teacher();
    model.cut();
    model.act(Action::Arm);
    assert!(model.seat.everyone.trouble.is_some());
    model.settle();
    assert_eq!(armed(&model), []);
    // With the next press it goes.
    model.act(Action::Arm);
    assert_eq!(armed(&model).len(), 1);
    assert_eq!(model.seat.everyone.trouble, None);
}

#[test]
fn two_ticks_in_a_row_are_both_done() {
    let mut model = teacher();
    let allow = |targets: &[&str], faults| Command::Allow {
        targets: Some(targets.iter().map(|it| (*it).to_owned()).collect()),
        faults,
    };
    model.cut();
    model.act(Action::Tell(allow(&["line"], true)));
    let allowed = model.seat.inside.as_ref().unwrap().allowed();
    assert_eq!(allowed, (Some(vec!["line".to_owned()]), true));
    model.settle();
    let inside = model.seat.inside.as_ref().unwrap();
    assert_eq!(inside.allowed().0, inside.facts().targets);
}
