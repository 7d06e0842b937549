use super::*;

const NOW: Now = Now {
    ms: 1_000.0,
    random: 0.5,
};

fn visit(fragment: &str) -> Visit {
    let mut visit = Visit::default();
    let start = Action::Start {
        fragment: fragment.to_owned(),
        theme: Theme::Dark,
        embed: false,
    };
    visit.apply(start, NOW);
    visit
}

fn settings(visit: &Visit) -> (u32, u32) {
    let (_, sheet) = visit.sheet().unwrap();
    (sheet.settings.seed, sheet.settings.get("recv"))
}

#[test]
fn a_link_opens_its_experiment_with_its_settings_and_theme() {
    let visit = visit("#/experiments/stream?seed=41&recv=4096&theme=projector");
    assert_eq!(settings(&visit), (41, 4_096));
    assert_eq!(visit.theme, Theme::Projector);
    assert!(visit.running().is_none(), "nothing is sent unasked");
}

#[test]
fn a_link_with_a_value_that_cannot_be_is_told_and_not_obeyed() {
    let visit = visit("#/experiments/stream?seed=41&recv=9999999&theme=dark");
    assert_eq!(settings(&visit), (41, 1_024));
    let (key, why) = visit.sheet().unwrap().1.trouble.clone().unwrap();
    assert_eq!(key, "recv");
    assert!(why.contains("goes from 16 to 8192 bytes"), "{why}");
}

#[test]
fn a_run_of_another_experiment_stops_the_one_that_goes_on_and_its_page_says_so() {
    let mut visit = visit("#/experiments/stream");
    visit.apply(Action::Run, NOW);
    visit.apply(Action::Go("#/experiments/hello".to_owned()), NOW);
    visit.apply(Action::Run, NOW);
    assert_eq!(visit.running(), Some("hello"));
    visit.apply(Action::Go("#/experiments/stream".to_owned()), NOW);
    let run = visit.sheet().unwrap().1.run.clone().unwrap();
    assert!(run.end.is_some());
}

#[test]
fn an_address_of_no_experiment_shows_the_list_and_says_so() {
    assert!(matches!(visit("#/experiments").shown, Shown::Index));
    assert!(matches!(visit("#/experiments/?x").shown, Shown::Index));
    assert!(matches!(visit("#/experiments/magic").shown, Shown::Unknown));
}

#[test]
fn a_knob_that_is_turned_stands_in_the_address_and_one_turned_too_far_is_told() {
    let mut visit = visit("#/experiments/stream");
    let out = visit.apply(Action::Knob("recv", " 2048 ".to_owned()), NOW);
    let Some(Effect::Address(address)) = out.last() else {
        panic!("{out:?}")
    };
    assert!(address.contains("seed=7&recv=2048"), "{address}");
    let out = visit.apply(Action::Knob("recv", "9999999".to_owned()), NOW);
    assert!(out.is_empty());
    assert_eq!(settings(&visit), (7, 2_048));
    let (_, sheet) = visit.sheet().unwrap();
    let (key, why) = sheet.trouble.clone().unwrap();
    assert_eq!(key, "recv");
    assert!(why.contains("goes from 16 to 8192 bytes"), "{why}");
    visit.apply(Action::Seed("-1".to_owned()), NOW);
    visit.apply(Action::Restore, NOW);
    assert_eq!(settings(&visit), (7, 1_024));
    assert_eq!(visit.sheet().unwrap().1.trouble, None);
}

#[test]
fn nothing_runs_while_something_is_asked_for_that_cannot_be() {
    let mut visit = visit("#/experiments/stream?recv=9999999");
    visit.apply(Action::Run, NOW);
    assert!(visit.running().is_none());
    visit.apply(Action::Knob("recv", "2048".to_owned()), NOW);
    visit.apply(Action::Seed("1000000".to_owned()), NOW);
    visit.apply(Action::Run, NOW);
    assert!(visit.running().is_none());
    assert!(
        visit.sheet().unwrap().1.trouble.is_some(),
        "it is still said"
    );
    visit.apply(Action::Seed("999999".to_owned()), NOW);
    let out = visit.apply(Action::Run, NOW);
    assert_eq!(visit.running(), Some("stream"));
    assert_eq!(out.last(), Some(&Effect::Begun));
}

#[test]
fn a_link_with_a_seed_that_no_field_takes_is_told() {
    let visit = visit("#/experiments/stream?seed=4294967295");
    assert_eq!(settings(&visit).0, 7);
    let (key, why) = visit.sheet().unwrap().1.trouble.clone().unwrap();
    assert_eq!(key, "seed");
    assert!(why.contains("0 to 999999"), "{why}");
}

#[test]
fn what_was_set_is_there_again_when_somebody_comes_back() {
    let mut visit = visit("#/experiments/stream");
    visit.apply(Action::Knob("recv", "64".to_owned()), NOW);
    visit.apply(Action::Predict(2), NOW);
    visit.apply(Action::Go("#/experiments".to_owned()), NOW);
    visit.apply(Action::Go("#target=udp".to_owned()), NOW);
    visit.apply(Action::Go("#/experiments/stream".to_owned()), NOW);
    assert_eq!(settings(&visit), (7, 64));
    assert_eq!(visit.sheet().unwrap().1.predicted, Some(2));
}

#[test]
fn a_run_is_held_against_what_was_predicted_before_it() {
    let mut visit = visit("#/experiments/stream");
    visit.apply(Action::Predict(0), NOW);
    visit.apply(Action::Run, NOW);
    assert_eq!(visit.running(), Some("stream"));
    visit.apply(Action::Predict(1), NOW);
    visit.apply(Action::Runner(runner::Action::Cancel), NOW);
    assert_eq!(visit.running(), None);
    let (experiment, sheet) = visit.sheet().unwrap();
    assert_eq!(sheet.bet, Some(0));
    let run = sheet.run.as_ref().unwrap();
    assert!(experiment.finding(run).unwrap_err().contains("stopped"));
}

#[test]
fn a_verdict_tells_held_from_not_and_from_no_prediction() {
    let finding = |answer| Finding {
        answer,
        measured: String::new(),
        holds: true,
    };
    for (bet, answer, verdict) in [
        (Some(1), Some(1), Verdict::Held),
        (Some(0), Some(1), Verdict::DidNotHold),
        (None, Some(1), Verdict::NoBet),
        (Some(1), None, Verdict::NoneFits),
    ] {
        assert_eq!(Verdict::of(bet, &finding(answer)), verdict);
    }
}

#[test]
fn each_experiment_leads_to_the_next_and_back() {
    for pair in ALL.windows(2) {
        let (before, after) = neighbours(pair[1]);
        assert_eq!(before.map(|it| it.slug), Some(pair[0].slug));
        let (_, next) = neighbours(pair[0]);
        assert_eq!(next.map(|it| it.slug), Some(pair[1].slug));
        assert_eq!(after.is_some(), pair[1].slug != ALL[ALL.len() - 1].slug);
    }
}
