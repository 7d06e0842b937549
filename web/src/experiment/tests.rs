//! The experiments' data, and settings in addresses.

use proptest::prelude::*;

use super::*;

mod checks;
mod drawn;

#[test]
fn every_experiment_has_a_place_and_a_name_of_its_own() {
    for (at, one) in ALL.iter().enumerate() {
        assert!(
            ALL[..at]
                .iter()
                .all(|it| it.slug != one.slug && it.number < one.number)
        );
        assert!(
            one.slug
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it == b'-')
        );
        assert!((1..=2).contains(&one.knobs.len()), "{}", one.slug);
        assert!(one.answers.iter().any(|it| it.usual), "{}", one.slug);
        assert!(!one.pictures.is_empty() && !one.explain.is_empty());
        for knob in one.knobs {
            assert!(knob.takes(knob.default), "{} {}", one.slug, knob.key);
        }
    }
}

#[test]
fn what_an_address_gets_wrong_is_as_at_first() {
    let (it, settings) =
        Settings::from_fragment("#/experiments/stream?seed=x&recv=9&gap=5&colour=red&&=").unwrap();
    assert_eq!(it.slug, "stream");
    assert_eq!(settings.seed, settings::SEED);
    assert_eq!((settings.get("recv"), settings.get("gap")), (1_024, 5));
    assert!(Settings::from_fragment("#/experiments/streams").is_none());
    assert!(Settings::from_fragment("#/lab").is_none());
    let (it, settings) = Settings::from_fragment("/experiments/stream").unwrap();
    assert!(settings.is_default(it));
    assert_eq!(
        settings.to_fragment(it),
        "#/experiments/stream?seed=7&recv=1024&gap=0"
    );
}

proptest! {
    #[test]
    fn settings_come_back_from_their_address(
        at in 0..ALL.len(), seed in 0..=settings::MAX_SEED, turns in prop::collection::vec((0usize..2, any::<u32>()), 0..6)
    ) {
        let experiment = ALL[at];
        let mut settings = Settings::of(experiment);
        settings.seed = seed;
        for (knob, value) in turns {
            if let Some(knob) = experiment.knobs.get(knob) {
                let small = value % 70_000;
                prop_assert_eq!(settings.set(experiment, knob.key, small), knob.takes(small));
            }
        }
        let (found, back) = Settings::from_fragment(&settings.to_fragment(experiment)).unwrap();
        prop_assert_eq!(found.slug, experiment.slug);
        prop_assert_eq!(back, settings);
    }

    #[test]
    fn any_address_is_read_or_refused(text in "(#?/experiments/(stream|datagram)?)?[a-z?&=#0-9/]{0,40}") {
        if let Some((experiment, settings)) = Settings::from_fragment(&text) {
            prop_assert!(experiment.knobs.iter().all(|it| it.takes(settings.get(it.key))));
        }
    }
}
