//! All fifteen experiments, run for real with the settings that they start with: each finding must come
//! out as documented.

use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::lab::Lab;
use chalkwire_web::experiment::run::{End, Run};
use chalkwire_web::experiment::{Experiment, Finding, Settings};
use chalkwire_web::model::What;
use chalkwire_web::pictures::datagrams::fates;
use tokio::sync::Mutex;

/// Experiments that look at times and queues do so one at a time: many clients at once, on the few
/// cores of a machine that tests, would measure each other.
static ALONE: Mutex<()> = Mutex::const_new(());

async fn gateway() -> Gateway {
    Setup::default().start().await
}

/// Runs an experiment once: what was observed, and what it shows.
async fn run(slug: &str, turn: &[(&str, u32)]) -> (Run, Finding) {
    let gateway = gateway().await;
    let mut lab = Lab::connect(gateway.address()).await;
    let experiment = Experiment::find(slug).expect("an experiment");
    let mut settings = Settings::of(experiment);
    for (key, value) in turn {
        assert!(
            settings.set(experiment, key, *value),
            "{slug}: {key}={value}"
        );
    }
    let run = lab.run(experiment, settings).await;
    assert_eq!(run.end, Some(End::Finished), "{slug}");
    let finding = experiment.finding(&run).expect("a finding");
    eprintln!("{}. {slug}: {finding:?}", experiment.number);
    (run, finding)
}

/// The finding must be as documented, and its answer the one that is not the usual expectation.
async fn holds(slug: &str) {
    let (run, finding) = run(slug, &[]).await;
    assert!(finding.holds, "{slug}: {finding:?}\n{run:#?}");
    assert_eq!(finding.answer, Some(1), "{slug}: {}", finding.measured);
}

async fn holds_alone(slug: &str) {
    let _alone = ALONE.lock().await;
    holds(slug).await;
}

#[tokio::test]
async fn a_line_comes_back_with_the_time_in_front() {
    let (run, finding) = run("hello", &[]).await;
    assert!(finding.holds, "{finding:?}\n{run:#?}");
    // It asks for the kernel's view, which is there, or said to be missing.
    let seen = run
        .entries
        .iter()
        .any(|it| matches!(it.what, What::Kernel { .. }));
    assert_ne!(seen, run.no_kernel_view.is_some(), "{run:#?}");
}

#[tokio::test]
async fn a_stream_has_no_boundaries() {
    holds("stream").await;
}

#[tokio::test]
async fn a_datagram_has_boundaries() {
    holds("datagram").await;
}

#[tokio::test]
async fn lines_are_made_out_of_a_stream() {
    holds("lines").await;
}

#[tokio::test]
async fn an_empty_read_means_two_things() {
    holds("empty-read").await;
}

#[tokio::test]
async fn one_at_a_time_is_a_staircase() {
    holds_alone("one-at-a-time").await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn listen_five_is_six() {
    holds_alone("listen-five").await;
}

#[tokio::test]
async fn one_idle_student_stops_everyone() {
    holds_alone("idle-student").await;
}

#[tokio::test]
async fn of_five_ways_to_serve_one_is_slow_and_one_call_makes_another_as_slow() {
    holds_alone("five-ways").await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn refused_and_silence_are_not_the_same() {
    holds("refused").await;
}

#[tokio::test]
async fn after_a_half_close_the_late_reply_still_comes() {
    holds("half-close").await;
}

#[tokio::test]
async fn numbers_and_retry_get_everything_over_a_lossy_hop() {
    let (run, finding) = run("loss", &[]).await;
    // Each try is among what was observed: pictures and files are made of that.
    let tries: u32 = run.retried.iter().map(|it| it.tries).sum();
    assert_eq!(run.sends(2).len(), tries as usize);
    assert!(finding.holds, "{finding:?}\n{run:#?}");
    assert_eq!(finding.answer, Some(1));
    // The whole class sees this run: it is the seed's.
    let told = "replies came to 2, 1, 3, 3, 4, 5, 7, 8, 9, 10: 1 lost, 1 came twice, 1 overtaken.";
    assert!(finding.measured.contains(told), "{}", finding.measured);
    // What is drawn is what was told: each datagram went on or was lost, and those that went on came.
    for socket in [1, 2] {
        for fate in fates(run.of(socket)) {
            assert_eq!(
                fate.passed.is_empty(),
                fate.dropped_us.is_some(),
                "{fate:?}"
            );
            assert_eq!(fate.recv.len(), fate.passed.len(), "{fate:?}");
        }
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_full_unix_queue_says_try_again_and_a_tcp_queue_waits() {
    holds_alone("unix").await;
}

#[tokio::test]
async fn one_connection_for_all_is_quicker_than_one_each() {
    holds_alone("one-shot").await;
}

#[tokio::test]
async fn a_socket_that_does_not_block_says_so_at_once() {
    holds_alone("non-blocking").await;
}

/// What the knobs are there for: each experiment comes out otherwise when it is broken.
async fn breaks(slug: &str, turn: &[(&str, u32)], answer: Option<usize>, tells: &str) {
    let (run, finding) = run(slug, turn).await;
    assert_eq!(
        finding.answer, answer,
        "{slug} {turn:?}: {finding:?}\n{run:#?}"
    );
    assert!(!finding.holds, "{slug} {turn:?}: {finding:?}");
    assert!(
        finding.measured.contains(tells),
        "{slug} {turn:?}: {}",
        finding.measured
    );
}

#[tokio::test]
async fn who_sends_slowly_takes_a_stream_for_messages() {
    breaks(
        "stream",
        &[("gap", 600)],
        Some(0),
        "1000 + 1000 + 1000: this time",
    )
    .await;
}

#[tokio::test]
async fn who_reads_it_whole_takes_a_stream_for_one_message() {
    breaks(
        "stream",
        &[("recv", 8_192)],
        None,
        "3000: it fitted, so one recv returned",
    )
    .await;
}

#[tokio::test]
async fn a_datagram_that_fits_loses_nothing() {
    breaks(
        "datagram",
        &[("recv", 3_000)],
        None,
        "returned all of it (3000 bytes)",
    )
    .await;
}

#[tokio::test]
async fn a_line_without_its_end_waits_for_the_time_out() {
    breaks("hello", &[("end", 2)], None, "nothing came back").await;
}

#[tokio::test]
async fn who_closes_at_once_loses_the_late_reply() {
    breaks("half-close", &[("end", 1)], Some(0), "nothing came back").await;
}

#[tokio::test]
async fn a_hop_that_loses_nothing_loses_nothing() {
    breaks("loss", &[("loss", 0)], Some(1), "0 lost").await;
}

#[tokio::test]
async fn with_somebody_there_nothing_is_refused() {
    breaks(
        "refused",
        &[("listening", 1)],
        None,
        "recvfrom returned a reply",
    )
    .await;
}

#[tokio::test]
async fn a_queue_with_room_for_all_turns_nobody_away() {
    let _alone = ALONE.lock().await;
    breaks("unix", &[("backlog", 30)], None, "0 of 20 heard EAGAIN").await;
}

#[tokio::test]
async fn with_a_thread_for_each_the_idle_one_waits_alone() {
    let _alone = ALONE.lock().await;
    let turn = [("model", 1), ("timeout", 2_000)];
    breaks(
        "idle-student",
        &turn,
        Some(0),
        "The server's time-out is 2.00 s",
    )
    .await;
}

#[tokio::test]
async fn a_run_whose_link_drops_is_no_finding() {
    let gateway = gateway().await;
    let mut lab = Lab::connect(gateway.address()).await;
    let experiment = Experiment::find("idle-student").expect("an experiment");
    lab.start(experiment, Settings::of(experiment)).await;
    while lab.runner.run().is_some_and(|it| it.jobs.is_empty()) {
        lab.step().await;
    }
    lab.drop_link().await;
    assert_eq!(lab.runner.run().unwrap().end, Some(End::Interrupted));
    assert!(lab.runner.finding().unwrap().is_err());
    // The link is taken up again, its job and its server are ended, and the next run finds it free.
    let experiment = Experiment::find("datagram").expect("an experiment");
    let run = lab.run(experiment, Settings::of(experiment)).await;
    assert!(experiment.finding(&run).unwrap().holds);
}
