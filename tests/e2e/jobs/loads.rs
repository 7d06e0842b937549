//! Loads: many clients at once, checked from what was reported of them.

use chalkwire_shared::job::{ClientRun, Job, JobEnd, Load, Outcome};
use chalkwire_shared::server::{Model, Protocol, ServerOptions};
use chalkwire_shared::target::Kind;
use chalkwire_tests::link::Reported;

use super::{count, load_on, start};

fn iterative() -> ServerOptions {
    ServerOptions {
        model: Model::Iterative,
        ..ServerOptions::default()
    }
}

/// The most that waited for an accept, and the backlog, as the kernel tells.
fn longest_queue(reported: &Reported) -> (Option<u32>, Option<u32>) {
    let waiting = reported.gauges.iter().map(|gauge| gauge.waiting).max();
    let backlog = reported.gauges.iter().map(|gauge| gauge.backlog).max();
    (waiting.flatten(), backlog.flatten())
}

/// What must hold of every connection: its times are in order, and the server's side is there.
fn assert_in_order(run: &ClientRun) {
    let mut times = vec![run.start_us];
    let reply = &run.messages[0];
    times.extend(run.connected_us);
    times.push(reply.sent_us);
    times.extend(reply.answered_us);
    times.extend(reply.reply_us);
    times.push(run.end_us);
    // A program that is woken late notes a time late: the two sides' are apart by that at the most.
    let late_us = 20_000;
    for pair in times.windows(2) {
        assert!(pair[0] <= pair[1] + late_us, "{run:?}");
    }
    assert!(
        reply.recv_us.is_some() && reply.answered_us.is_some(),
        "{run:?}"
    );
}

#[tokio::test]
async fn an_iterative_server_answers_twenty_clients_in_a_staircase_of_50_ms() {
    let (_gateway, mut link) = start().await;
    let options = ServerOptions {
        backlog: 50,
        delay_ms: 50,
        ..iterative()
    };
    let load = Load {
        clients: 20,
        ..Load::default()
    };
    let reported = load_on(&mut link, options, load).await;
    assert_eq!(reported.end, Some(JobEnd::Done));
    assert_eq!(count(&reported.clients, Outcome::Done), 20);
    assert_eq!(reported.progress.last(), Some(&(20, 20)));
    for run in &reported.clients {
        assert_in_order(run);
        assert!(run.accepted_us.is_some() && run.messages[0].bytes == 33);
    }
    let mut replies: Vec<u64> = reported
        .clients
        .iter()
        .filter_map(|run| run.messages[0].reply_us)
        .collect();
    replies.sort_unstable();
    let steps: Vec<u64> = replies.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = steps.iter().sum::<u64>() / steps.len() as u64;
    assert!((49_000..70_000).contains(&mean), "{steps:?}");
    // In the order of their numbers: who called `connect` first is first in the queue.
    let served: Vec<u64> = (0..20)
        .filter_map(|client| reported.clients.iter().find(|run| run.client == client))
        .filter_map(|run| run.accepted_us)
        .collect();
    assert!(served.len() == 20 && served.is_sorted(), "{served:?}");
    // All connected at once; only the queue differs.
    let connected = reported.clients.iter().filter_map(|run| run.connected_us);
    let last_start = reported.clients.iter().map(|run| run.start_us).max();
    assert!(connected.max() < last_start.map(|us| us + 50_000));
}

#[tokio::test]
async fn five_models_serve_the_same_load_side_by_side_and_tell_who_served() {
    let (_gateway, mut link) = start().await;
    let mut targets = Vec::new();
    for model in Model::ALL {
        let options = ServerOptions {
            model,
            backlog: 20,
            delay_ms: 50,
            ..ServerOptions::default()
        };
        targets.push(link.serving(options).await);
    }
    let load = Load {
        targets,
        clients: 8,
        ..Load::default()
    };
    link.job(1, Job::Load(load)).await;
    let reported = link.reported(1).await;
    assert_eq!(count(&reported.clients, Outcome::Done), 40);
    for run in &reported.clients {
        assert_in_order(run);
    }
    let most = |target: u8| {
        let gauges = reported.gauges.iter().filter(|g| g.target == target);
        gauges.fold((0, 0), |(t, p), g| (t.max(g.threads), p.max(g.processes)))
    };
    assert_eq!(most(0), (1, 1));
    let (threads, processes) = most(1);
    assert!((5..=9).contains(&threads) && processes == 1, "{threads}");
    let (threads, processes) = most(2);
    assert!(
        (4..=9).contains(&processes) && threads == processes,
        "{processes}"
    );
    assert_eq!((most(3), most(4)), ((1, 1), (1, 1)));
    // One target after another.
    let span = |target: u8| {
        let runs = || {
            reported
                .clients
                .iter()
                .filter(move |run| run.target == target)
        };
        let start = runs().map(|run| run.start_us).min().unwrap();
        (start, runs().map(|run| run.end_us).max().unwrap())
    };
    for target in 1..5 {
        assert!(span(target - 1).1 <= span(target).0);
    }
    assert!(span(0).1 - span(0).0 >= 400_000);
    assert!(span(1).1 - span(1).0 < 400_000);
}

#[tokio::test]
async fn six_connect_without_an_accept_and_the_seventh_hangs() {
    let (_gateway, mut link) = start().await;
    let options = ServerOptions {
        backlog: 5,
        accept_after_ms: 30_000,
        ..iterative()
    };
    let load = Load {
        clients: 7,
        idle_clients: 7,
        stagger_ms: 20,
        connect_ms: 600,
        ..Load::default()
    };
    let reported = load_on(&mut link, options, load).await;
    assert_eq!(count(&reported.clients, Outcome::Idle), 6);
    assert_eq!(count(&reported.clients, Outcome::ConnectTimeout), 1);
    let seventh = reported.clients.iter().find(|run| run.client == 6).unwrap();
    assert_eq!(seventh.outcome, Outcome::ConnectTimeout);
    let waited = seventh.end_us - seventh.start_us;
    assert!((600_000..2_000_000).contains(&waited), "{waited}");
    assert!(reported.clients.iter().all(|run| run.accepted_us.is_none()));
    assert_eq!(longest_queue(&reported), (Some(6), Some(5)));
}

#[tokio::test]
async fn of_twenty_clients_on_listen_5_several_wait_for_a_second_syn() {
    let (_gateway, mut link) = start().await;
    let options = ServerOptions {
        backlog: 5,
        delay_ms: 50,
        ..iterative()
    };
    let load = Load {
        clients: 20,
        ..Load::default()
    };
    let reported = load_on(&mut link, options, load).await;
    assert_eq!(count(&reported.clients, Outcome::Done), 20);
    let slow = reported
        .clients
        .iter()
        .filter(|run| run.connected_us.unwrap() - run.start_us > 500_000)
        .count();
    assert!((5..=15).contains(&slow), "{slow} took over 0.5 s");
}

#[tokio::test]
async fn a_full_unix_backlog_says_eagain_at_once_on_a_socket_that_does_not_block() {
    let (_gateway, mut link) = start().await;
    let options = ServerOptions {
        kind: Kind::Unix,
        backlog: 5,
        delay_ms: 50,
        ..iterative()
    };
    let load = Load {
        clients: 20,
        nonblocking: true,
        ..Load::default()
    };
    let reported = load_on(&mut link, options, load).await;
    let refused = count(&reported.clients, Outcome::WouldBlock);
    let served = count(&reported.clients, Outcome::Done);
    assert_eq!(served + refused, 20);
    // Six in the queue and one in service, or a few more where the server was fast.
    assert!((6..=9).contains(&served), "{served} were served");
    assert_eq!(longest_queue(&reported), (Some(6), Some(5)));
    for run in &reported.clients {
        match run.outcome {
            Outcome::Done => {
                assert_in_order(run);
                assert!(run.accepted_us.is_some());
            }
            _ => assert!(run.end_us - run.start_us < 50_000, "{run:?}"),
        }
    }
}

#[tokio::test]
async fn a_full_unix_backlog_makes_a_blocking_socket_wait() {
    let (_gateway, mut link) = start().await;
    let options = ServerOptions {
        kind: Kind::Unix,
        backlog: 5,
        delay_ms: 50,
        ..iterative()
    };
    let load = Load {
        clients: 20,
        ..Load::default()
    };
    let reported = load_on(&mut link, options, load).await;
    assert_eq!(count(&reported.clients, Outcome::Done), 20);
    let waited = |run: &&ClientRun| run.connected_us.unwrap() - run.start_us > 40_000;
    assert!(reported.clients.iter().filter(waited).count() >= 10);
    for run in &reported.clients {
        assert_in_order(run);
    }
}

#[tokio::test]
async fn one_idle_client_stops_everyone_of_an_iterative_server() {
    let (_gateway, mut link) = start().await;
    let options = ServerOptions {
        timeout_ms: 1_000,
        backlog: 50,
        ..iterative()
    };
    let load = Load {
        clients: 6,
        idle_clients: 1,
        ..Load::default()
    };
    let reported = load_on(&mut link, options, load).await;
    let idle = reported.clients.iter().find(|run| run.client == 0).unwrap();
    assert_eq!(idle.outcome, Outcome::Idle);
    assert!(idle.messages.is_empty() && idle.accepted_us.is_some());
    assert_eq!(count(&reported.clients, Outcome::Done), 5);
    for run in reported.clients.iter().filter(|run| run.client > 0) {
        // Not before the idle one was timed out.
        let waited = run.messages[0].reply_us.unwrap() - idle.accepted_us.unwrap();
        assert!((1_000_000..3_000_000).contains(&waited), "{waited}");
    }
}

#[tokio::test]
async fn messages_go_over_one_connection_or_each_over_its_own() {
    let (_gateway, mut link) = start().await;
    let session = ServerOptions {
        protocol: Protocol::Session,
        ..ServerOptions::default()
    };
    let target = link.serving(session).await;
    let load = Load {
        targets: vec![target],
        clients: 3,
        messages: 4,
        ..Load::default()
    };
    link.job(1, Job::Load(load.clone())).await;
    let persistent = link.reported(1).await;
    assert_eq!(persistent.clients.len(), 3);
    for run in &persistent.clients {
        assert_eq!((run.outcome, run.messages.len()), (Outcome::Done, 4));
        for pair in run.messages.windows(2) {
            assert!(pair[0].reply_us.unwrap() <= pair[1].sent_us);
            assert!(pair[0].answered_us.unwrap() <= pair[1].recv_us.unwrap());
        }
    }
    let one_shot = Load {
        one_shot: true,
        ..load
    };
    link.job(2, Job::Load(one_shot)).await;
    let one_shot = link.reported(2).await;
    assert_eq!(one_shot.clients.len(), 12);
    assert_eq!(one_shot.progress.last(), Some(&(12, 12)));
    for run in &one_shot.clients {
        assert_eq!((run.outcome, run.messages.len()), (Outcome::Done, 1));
        assert_in_order(run);
    }
    let mut connections: Vec<u8> = one_shot
        .clients
        .iter()
        .filter(|run| run.client == 1)
        .map(|run| run.connection)
        .collect();
    connections.sort_unstable();
    assert_eq!(connections, [0, 1, 2, 3]);
}

#[tokio::test]
async fn datagrams_are_a_load_too() {
    let (_gateway, mut link) = start().await;
    for (job, kind) in [(1, Kind::Udp), (2, Kind::Unixgram)] {
        let options = ServerOptions {
            kind,
            ..ServerOptions::default()
        };
        let target = link.serving(options).await;
        let load = Load {
            targets: vec![target],
            clients: 5,
            messages: 2,
            ..Load::default()
        };
        link.job(job, Job::Load(load)).await;
        let reported = link.reported(job).await;
        assert_eq!(count(&reported.clients, Outcome::Done), 5, "{reported:?}");
        for run in &reported.clients {
            assert_in_order(run);
            assert!(run.messages.len() == 2 && run.accepted_us.is_none());
        }
    }
}

#[tokio::test]
async fn a_server_that_was_stopped_refuses_a_load() {
    let (_gateway, mut link) = start().await;
    for (job, kind) in [(1, Kind::Tcp), (2, Kind::Udp), (3, Kind::Unix)] {
        let options = ServerOptions {
            kind,
            ..ServerOptions::default()
        };
        let server = link.serve(options).await;
        link.expect_serving(server).await;
        link.stop(server).await;
        link.expect_stopped(server).await;
        let load = Load {
            targets: vec![server.name()],
            clients: 2,
            ..Load::default()
        };
        link.job(job, Job::Load(load)).await;
        let reported = link.reported(job).await;
        assert_eq!(
            count(&reported.clients, Outcome::Refused),
            2,
            "{reported:?}"
        );
    }
}
