//! The checks on made-up observations: those that nobody should see as well.

use chalkwire_shared::id::SocketId;
use chalkwire_shared::job::{
    Call, ClientRun, Gauge, Job, JobEnd, JobId, Load, MessageRun, Outcome,
};
use chalkwire_shared::server::ServerDid;
use proptest::prelude::*;

use super::super::run::{End, JobRun, SocketRun};
use super::super::*;
use crate::model::{Entry, What};

/// A client that connects at once and has its reply at this time, in ms.
fn client(target: u8, client: u8, reply_ms: Option<u64>, outcome: Outcome) -> ClientRun {
    ClientRun {
        target,
        client,
        connection: 0,
        local: String::new(),
        start_us: 1_000,
        connected_us: (outcome != Outcome::ConnectTimeout).then_some(1_100),
        accepted_us: None,
        messages: vec![MessageRun {
            reply_us: reply_ms.map(|it| 1_000 + it * 1_000),
            ..MessageRun::default()
        }],
        end_us: 1_000 + reply_ms.unwrap_or_default() * 1_000,
        outcome,
    }
}

fn job(clients: Vec<ClientRun>, calls: Vec<Call>) -> JobRun {
    JobRun {
        id: JobId(1),
        work: Job::Load(Load::default()),
        clients,
        gauges: Vec::new(),
        calls,
        progress: (0, 0),
        end: Some((JobEnd::Done, String::new())),
    }
}

fn run_of(slug: &str, jobs: Vec<JobRun>) -> Run {
    let experiment = Experiment::find(slug).unwrap();
    Run {
        jobs,
        end: Some(End::Finished),
        ..Run::new(experiment.slug, Settings::of(experiment))
    }
}

fn finding(run: &Run) -> Finding {
    Experiment::find(run.slug).unwrap().finding(run).unwrap()
}

fn told(run: &Run) -> (Option<usize>, bool) {
    let finding = finding(run);
    (finding.answer, finding.holds)
}

#[test]
fn a_staircase_is_told_from_a_crowd_and_from_a_refusal() {
    let all = |reply: fn(u64) -> u64| {
        let clients = (0..20u8).map(|it| client(0, it, Some(reply(it.into())), Outcome::Done));
        run_of("one-at-a-time", vec![job(clients.collect(), Vec::new())])
    };
    assert_eq!(told(&all(|it| 51 * (it + 1))), (Some(1), true));
    assert_eq!(told(&all(|it| 51 + it)), (Some(0), false));
    // Too slow to be told apart from other trouble, but a staircase.
    assert_eq!(told(&all(|it| 90 * (it + 1))), (Some(1), false));
    let mut some = all(|it| 51 * (it + 1));
    some.jobs[0].clients[7] = client(0, 7, None, Outcome::Refused);
    assert_eq!(told(&some), (Some(2), false));
    some.jobs[0].clients[7] = client(0, 7, None, Outcome::ReplyTimeout);
    assert_eq!(told(&some), (None, false));
    let staircase = all(|it| 51 * (it + 1));
    assert_eq!(
        finding(&staircase).measured,
        "20 of 20 clients got a reply: the first after 51.0 ms, the last after 1.02 s, 51.0 ms from \
         one to the next (median)."
    );
}

#[test]
fn a_queue_of_six_is_told_from_one_of_five_that_refuses() {
    let queue = |outcomes: [Outcome; 9]| {
        let outcomes = (0..).zip(outcomes);
        let first = outcomes.map(|(no, it)| client(0, no, None, it)).collect();
        let busy = (0..20u8).map(|no| {
            let mut it = client(0, no, Some(1_500), Outcome::Done);
            if no >= 7 {
                it.connected_us = Some(1_012_000);
            }
            it
        });
        let jobs = vec![job(first, Vec::new()), job(busy.collect(), Vec::new())];
        run_of("listen-five", jobs)
    };
    use Outcome::{ConnectTimeout as Hung, Done, Refused};
    let six = [Done, Done, Done, Done, Done, Done, Hung, Hung, Hung];
    assert_eq!(told(&queue(six)), (Some(1), true));
    let five = [Done, Done, Done, Done, Done, Hung, Hung, Hung, Hung];
    assert_eq!(told(&queue(five)), (None, false));
    assert_eq!(told(&queue([Hung; 9])), (Some(2), false));
    let mut refused = queue(six);
    refused.jobs[0].clients[8] = client(0, 8, None, Refused);
    // A client that was refused was not connected.
    refused.jobs[0].clients[8].connected_us = None;
    assert_eq!(told(&refused), (Some(0), false));
    assert!(
        finding(&queue(six))
            .measured
            .contains("of 20 clients 13 took over 0.5 s to connect, the slowest 1.01 s")
    );
}

#[test]
fn a_refusal_to_wait_is_told_from_an_empty_read_and_from_waiting() {
    let call = |start_us, end_us, bytes, error: Option<&str>| Call {
        call: "recv(1024)".to_owned(),
        blocking: false,
        start_us,
        end_us,
        bytes,
        error: error.map(str::to_owned),
    };
    let waited = job(Vec::new(), vec![call(0, 301_000, Some(33), None)]);
    let with = |first| {
        let calls = vec![first, call(301_000, 301_010, Some(33), None)];
        run_of("non-blocking", vec![waited.clone(), job(Vec::new(), calls)])
    };
    let would_block = call(0, 3, None, Some("EWOULDBLOCK"));
    assert_eq!(told(&with(would_block)), (Some(1), true));
    assert_eq!(told(&with(call(0, 3, Some(0), None))), (Some(0), false));
    let waits = call(0, 300_000, Some(33), None);
    assert_eq!(told(&with(waits)), (Some(2), false));
}

/// Puts what happened on a socket of a run into it.
fn happened(run: &mut Run, slot: u8, whats: impl IntoIterator<Item = What>) {
    let id = SocketId(slot.into());
    run.sockets.push(SocketRun {
        slot,
        title: "a socket",
        id,
        target: "#1".to_owned(),
    });
    for what in whats {
        run.entries.push(Entry {
            no: run.entries.len() as u32 + 1,
            at_ms: 1.0,
            socket: Some(id),
            target: "#1".to_owned(),
            kind: None,
            what,
        });
    }
}

fn server(did: ServerDid) -> What {
    What::Server { did, clock_us: 1 }
}

fn sent(bytes: usize) -> What {
    What::Sent {
        bytes: vec![b'x'; bytes].into(),
        wrote_us: Some(1),
        unknown: false,
    }
}

fn reply(data: &str) -> What {
    What::Received {
        bytes: format!("[Sun Nov 22 12:04:05 2026]{data}").into(),
        datagram: true,
        truncated: false,
        clock_us: 1,
    }
}

fn set(run: &mut Run, turns: &[(&str, u32)]) {
    let experiment = Experiment::find(run.slug).unwrap();
    for (key, value) in turns {
        assert!(run.settings.set(experiment, key, *value), "{key}");
    }
}

#[test]
fn cuts_that_stayed_are_told_from_cuts_that_are_gone() {
    let finding_of = |recv, gap, recvs: &[u32]| {
        let mut run = run_of("stream", Vec::new());
        set(&mut run, &[("recv", recv), ("gap", gap)]);
        let sends = [1_000; 3].map(sent);
        let recvs = recvs
            .iter()
            .map(|it| server(ServerDid::Recv { bytes: *it }));
        happened(&mut run, 1, sends.into_iter().chain(recvs));
        let finding = finding(&run);
        (finding.answer, finding.measured)
    };
    for (recv, gap, recvs, answer, words) in [
        (
            1_024,
            0,
            &[1_024, 1_024, 952][..],
            Some(1),
            "your cuts at 1000 and 2000 are gone.",
        ),
        (
            1_024,
            150,
            &[1_024, 976, 1_000],
            Some(1),
            "your cut at 1000 is gone; at 2000",
        ),
        (
            1_024,
            500,
            &[1_000; 3],
            Some(0),
            "the server read faster than you sent",
        ),
        (
            1_000,
            0,
            &[1_000; 3],
            None,
            "ends of a recv as well, by its size",
        ),
        (
            500,
            0,
            &[500; 6],
            Some(1),
            "ends of a recv as well, by its size",
        ),
        (
            500,
            400,
            &[500; 6],
            None,
            "ends of a recv as well, by your pauses",
        ),
        (
            8_192,
            0,
            &[3_000],
            None,
            "one recv returned what you sent in three",
        ),
        (1_024, 0, &[1_024], None, "not all that you sent"),
    ] {
        let (got, measured) = finding_of(recv, gap, recvs);
        assert_eq!(got, answer, "{measured}");
        assert!(measured.contains(words), "{measured}");
    }
}

#[test]
fn what_was_doubled_or_overtaken_shows_that_nobody_told_even_where_nothing_was_lost() {
    let answer = |numbers: &[u32]| {
        let mut run = run_of("loss", Vec::new());
        let replies = numbers.iter().map(|it| reply(&format!("{it} hello")));
        happened(&mut run, 1, replies);
        told(&run).0
    };
    let in_order: Vec<u32> = (1..=10).collect();
    assert_eq!(answer(&in_order), None);
    assert_eq!(answer(&[1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10]), Some(1));
    assert_eq!(answer(&[2, 1, 3, 4, 5, 6, 7, 8, 9, 10]), Some(1));
    assert_eq!(answer(&in_order[1..]), Some(1));
}

#[test]
fn an_answer_holds_only_where_its_numbers_do() {
    let queue = |connected: u8| {
        let of = |no| match no < connected {
            true => Outcome::Done,
            false => Outcome::ConnectTimeout,
        };
        let first = (0..connected + 3).map(|no| client(0, no, None, of(no)));
        let busy = client(0, 0, Some(50), Outcome::Done);
        let jobs = vec![
            job(first.collect(), Vec::new()),
            job(vec![busy], Vec::new()),
        ];
        let mut run = run_of("listen-five", jobs);
        set(&mut run, &[("backlog", u32::from(connected) - 1)]);
        told(&run).0
    };
    assert_eq!((queue(6), queue(31)), (Some(1), None));

    let datagram = |bytes: u32| {
        let mut run = run_of("empty-read", Vec::new());
        set(&mut run, &[("bytes", bytes)]);
        let data = "x".repeat(bytes as usize);
        let recvs = [bytes, 4].map(|bytes| server(ServerDid::Recv { bytes }));
        happened(
            &mut run,
            2,
            recvs.into_iter().chain([reply(&data), reply("more")]),
        );
        told(&run).0
    };
    assert_eq!((datagram(0), datagram(500)), (Some(1), None));
}

#[test]
fn a_finding_tells_only_what_was_measured() {
    let one = vec![job(vec![client(0, 0, Some(51), Outcome::Done)], Vec::new())];
    let mut run = run_of("one-at-a-time", one);
    set(&mut run, &[("clients", 1)]);
    assert_eq!(
        finding(&run).measured,
        "1 of 1 client got a reply: the first after 51.0 ms, the last after 51.0 ms."
    );

    let done = (0..9).map(|no| client(1, no, Some(50), Outcome::Done));
    let gone = (9..25).map(|no| client(1, no, None, Outcome::ConnectTimeout));
    let run = run_of("unix", vec![job(done.chain(gone).collect(), Vec::new())]);
    let measured = finding(&run).measured;
    assert!(
        measured.contains("9 were served, 16 gave up waiting"),
        "{measured}"
    );
}

#[test]
fn what_did_not_fit_is_told_from_what_came_later() {
    let seen = |dids: &[ServerDid]| {
        let mut run = run_of("datagram", Vec::new());
        happened(&mut run, 1, dids.iter().cloned().map(server));
        run
    };
    let recv = |bytes| ServerDid::Recv { bytes };
    let cut = ServerDid::RecvCut {
        bytes: 1_024,
        of: 3_000,
    };
    assert_eq!(told(&seen(&[cut.clone(), recv(4)])), (Some(1), true));
    assert_eq!(
        told(&seen(&[recv(1_024), recv(1_976), recv(4)])),
        (Some(0), false)
    );
    assert_eq!(told(&seen(&[recv(4)])), (Some(2), false));
    assert_eq!(told(&seen(&[cut])), (None, false));
    assert_eq!(told(&seen(&[])), (None, false));
    let mut one = seen(&[recv(1), recv(4)]);
    set(&mut one, &[("size", 1)]);
    assert!(finding(&one).measured.contains("all of it (1 byte)"));
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Done),
        Just(Outcome::Idle),
        Just(Outcome::Refused),
        Just(Outcome::ConnectTimeout),
        Just(Outcome::ReplyTimeout),
        Just(Outcome::WouldBlock),
        Just(Outcome::Lost),
    ]
}

fn any_job() -> impl Strategy<Value = JobRun> {
    let clients = prop::collection::vec(
        (
            0..5u8,
            0..20u8,
            prop::option::of(0..9_000u64),
            any_outcome(),
        ),
        0..25,
    );
    let calls = prop::collection::vec(
        (
            prop_oneof![
                Just("recv(1024)"),
                Just("send(…)"),
                Just("recvfrom(1024)"),
                Just("sendto(…)")
            ],
            any::<u32>(),
            any::<u32>(),
            prop::option::of(0..40u32),
            prop::option::of(prop_oneof![Just("EWOULDBLOCK"), Just("ECONNREFUSED")]),
        ),
        0..6,
    );
    let gauges = prop::collection::vec((0..5u8, 0..9u32, 0..12u32), 0..6);
    (clients, calls, gauges).prop_map(|(clients, calls, gauges)| {
        let clients = clients
            .into_iter()
            .map(|(t, c, reply, out)| client(t, c, reply, out));
        let calls = calls
            .into_iter()
            .map(|(name, start, end, bytes, error)| Call {
                call: name.to_owned(),
                blocking: false,
                start_us: start.into(),
                end_us: end.into(),
                bytes,
                error: error.map(str::to_owned),
            });
        let mut job = job(clients.collect(), calls.collect());
        job.gauges = gauges
            .into_iter()
            .map(|(target, waiting, threads)| Gauge {
                target,
                clock_us: 1,
                waiting: Some(waiting),
                backlog: None,
                threads,
                processes: 1,
            })
            .collect();
        job
    })
}

proptest! {
    #[test]
    fn whatever_was_observed_a_check_has_a_sentence_for_it(
        which in 0..ALL.len(), jobs in prop::collection::vec(any_job(), 0..4)
    ) {
        let run = run_of(ALL[which].slug, jobs);
        let finding = finding(&run);
        prop_assert!(!finding.measured.is_empty());
        prop_assert!(finding.answer.is_none_or(|it| it < 3));
        prop_assert!(!finding.holds || finding.answer == Some(1));
    }
}
