//! What pictures are drawn from.

use chalkwire_shared::job::{ClientRun, Job, JobEnd, JobId, Load, MessageRun, Outcome};
use chalkwire_shared::server::{ServerId, ServerOptions};

use super::super::run::{JobRun, ServerRun, drawn};
use super::super::*;
use crate::pictures::tree::Answer;

fn run(loads: Vec<(Load, Vec<ClientRun>)>) -> Run {
    let mut run = Run::new(
        "one-shot",
        Settings::of(Experiment::find("one-shot").unwrap()),
    );
    run.servers.push(ServerRun {
        slot: 1,
        title: "evented",
        id: ServerId(1),
        options: ServerOptions::default(),
        url: String::new(),
    });
    let job = |(load, clients)| JobRun {
        id: JobId(1),
        work: Job::Load(load),
        clients,
        gauges: Vec::new(),
        calls: Vec::new(),
        progress: (0, 0),
        end: Some((JobEnd::Done, String::new())),
    };
    run.jobs = loads.into_iter().map(job).collect();
    run
}

fn load(one_shot: bool) -> Load {
    Load {
        targets: vec!["#1".to_owned()],
        one_shot,
        ..Load::default()
    }
}

fn connection(connection: u8, replies_us: &[u64], outcome: Outcome) -> ClientRun {
    let message = |us: &u64| MessageRun {
        reply_us: Some(*us),
        ..MessageRun::default()
    };
    ClientRun {
        target: 0,
        client: 0,
        connection,
        local: String::new(),
        start_us: 0,
        connected_us: Some(50),
        accepted_us: None,
        messages: replies_us.iter().map(message).collect(),
        end_us: 300_000,
        outcome,
    }
}

#[test]
fn two_ways_to_speak_to_one_server_stand_on_one_axis_with_a_time_for_each_message() {
    let each = (0..3)
        .map(|no| connection(no, &[120], Outcome::Done))
        .collect();
    let all = vec![connection(0, &[120, 180, 240], Outcome::Done)];
    let run = run(vec![(load(true), each), (load(false), all)]);
    let [drawn] = &drawn::loads(&run)[..] else {
        panic!("one axis");
    };
    assert_eq!(
        drawn.names,
        ["a connection for each message", "one connection"]
    );
    let targets: Vec<u8> = drawn.clients.iter().map(|it| it.target).collect();
    assert_eq!(targets, [0, 0, 0, 1]);
    assert_eq!(drawn.series[0].ms, [0.12; 3]);
    assert_eq!(drawn.series[1].ms, [0.12, 0.06, 0.06]);
}

#[test]
fn a_client_without_an_answer_has_its_number_and_is_no_datagrams() {
    let run = run(vec![(
        load(false),
        vec![connection(0, &[], Outcome::ReplyTimeout)],
    )]);
    let tried = drawn::tried(&run);
    assert_eq!(tried[0].answer, Answer::NoReply);
    assert_eq!(tried[0].name, "client 1, evented");
}
