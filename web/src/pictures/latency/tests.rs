use super::*;
use crate::pictures::golden::{golden, sound};
use crate::pictures::shape::Width;

fn series(name: &str, ms: impl IntoIterator<Item = f64>, note: &str) -> Series {
    Series {
        name: name.to_owned(),
        ms: ms.into_iter().collect(),
        note: note.to_owned(),
    }
}

fn two() -> Latency {
    let unix = (0..7).map(|i| 0.2 + f64::from(i) * 50.0);
    let inet = (0..20).map(|i| {
        if i < 7 {
            50.0 * f64::from(i)
        } else {
            1000.0 + 52.0 * f64::from(i - 7)
        }
    });
    latency(&[
        series("AF_UNIX", unix, "13 EAGAIN at once"),
        series("AF_INET", inet, ""),
    ])
}

#[test]
fn two_histograms_stand_on_one_axis_as_they_always_did() {
    let latency = two();
    let story = story(&latency, false);
    assert_eq!(
        story.summary,
        "AF_UNIX: 7 times from 0.20 ms to 300 ms; p50 150 ms · p90 300 ms · p99 300 ms; 13 EAGAIN \
         at once. AF_INET: 20 times from 0 ms to 1.62 s; p50 1.10 s · p90 1.52 s · p99 1.62 s."
    );
    golden("histogram", &story, |width| histogram(&latency, width));
}

#[test]
fn the_curve_of_shares_is_drawn_as_it_always_was() {
    let latency = two();
    golden("curve", &story(&latency, true), |width| {
        curve(&latency, width)
    });
}

#[test]
fn a_percentile_is_the_nearest_rank_and_so_one_that_was_measured() {
    let latency = latency(&[series("x", (1..=10).map(f64::from), "")]);
    let it = &latency.series[0];
    assert_eq!(
        [50, 90, 99, 100].map(|p| it.percentile(p)),
        [5.0, 9.0, 10.0, 10.0].map(Some)
    );
    assert_eq!(Sorted::default().percentile(50), None);
}

#[test]
fn every_time_is_in_one_bin_and_the_bins_are_few() {
    for end in [0.0, 0.3, 1.0, 7.4, 4950.0, 60_000.0] {
        let latency = latency(&[series("x", [0.0, end / 3.0, end, f64::NAN], "")]);
        assert_eq!(latency.series[0].bins.iter().sum::<usize>(), 3, "{end}");
        assert!(latency.series[0].bins.len() <= BINS + 1);
    }
}

#[test]
fn nothing_and_one_alike_are_drawn() {
    for many in [
        vec![],
        vec![series("none", [], "20 refused")],
        vec![series("one", [5.0], "")],
    ] {
        let latency = latency(&many);
        for width in Width::ALL {
            sound(&histogram(&latency, width), &story(&latency, false));
            sound(&curve(&latency, width), &story(&latency, true));
        }
    }
}

#[test]
fn a_connect_that_said_no_has_its_time_and_one_that_never_answered_has_none() {
    let run = |outcome, connected_us| ClientRun {
        target: 0,
        client: 0,
        connection: 0,
        local: String::new(),
        start_us: 1_000,
        connected_us,
        accepted_us: None,
        messages: Vec::new(),
        end_us: 3_000,
        outcome,
    };
    let clients = [
        run(Outcome::WouldBlock, None),
        run(Outcome::Done, Some(1_500)),
        run(Outcome::ConnectTimeout, None),
    ];
    let connects = Series::connects(&clients, 0, "AF_UNIX");
    assert_eq!(
        (connects.ms, connects.note.as_str()),
        (vec![2.0, 0.5], "1 without an answer")
    );
    assert_eq!(
        Series::replies(&clients, 0, "AF_UNIX").note,
        "3 without a reply"
    );
}

#[test]
fn ten_thousand_times_are_as_many_shapes_as_can_be_seen() {
    let latency = latency(&[series("x", (0..10_000).map(|i| f64::from(i) / 7.0), "")]);
    assert!(histogram(&latency, Width::Wide).shapes.len() < 200);
    let points: usize = curve(&latency, Width::Wide)
        .shapes
        .iter()
        .map(|it| format!("{:?}", it.form).len())
        .sum();
    assert!(points < 60_000, "{points}");
}
