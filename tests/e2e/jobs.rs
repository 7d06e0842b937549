//! Jobs: loads and calls that the gateway performs with real sockets, checked from what it reports.

use chalkwire_shared::job::{Calls, ClientRun, Job, JobEnd, Load, Outcome, Script};
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::server::{Model, Protocol, ServerOptions};
use chalkwire_shared::target::Kind;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::link::{Link, Reported};

async fn start() -> (Gateway, Link) {
    let gateway = Setup::default().start().await;
    let link = Link::connect(gateway.address()).await;
    (gateway, link)
}

/// A load of so many clients on one server of the link's own.
async fn load_on(link: &mut Link, options: ServerOptions, load: Load) -> Reported {
    let target = link.serving(options).await;
    let targets = vec![target];
    link.job(1, Job::Load(Load { targets, ..load })).await;
    link.reported(1).await
}

fn iterative() -> ServerOptions {
    ServerOptions {
        model: Model::Iterative,
        ..ServerOptions::default()
    }
}

fn count(clients: &[ClientRun], outcome: Outcome) -> usize {
    clients.iter().filter(|run| run.outcome == outcome).count()
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

#[tokio::test]
async fn a_job_goes_to_built_in_targets_and_to_no_others() {
    let gateway = Setup::default()
        .builtin()
        .target("operator", "tcp://127.0.0.1:9")
        .start()
        .await;
    let mut link = Link::connect(gateway.address()).await;
    let load = |target: &str| {
        Job::Load(Load {
            targets: vec![target.to_owned()],
            ..Load::default()
        })
    };
    link.job(1, load("line")).await;
    let reported = link.reported(1).await;
    assert_eq!(reported.end, Some(JobEnd::Done));
    assert_eq!(count(&reported.clients, Outcome::Done), 1);
    for (job, target, words) in [
        (
            2,
            "operator",
            "servers of your own and to built-in targets only",
        ),
        (3, "nothing", "Unknown target"),
        (4, "#1", "You have no server #1"),
    ] {
        link.job(job, load(target)).await;
        let reported = link.reported(job).await;
        assert_eq!(reported.end, Some(JobEnd::BadRequest));
        assert!(reported.detail.contains(words), "{}", reported.detail);
        assert!(reported.clients.is_empty());
    }
    link.job(
        5,
        Job::Load(Load {
            clients: 51,
            targets: vec!["line".to_owned()],
            ..Load::default()
        }),
    )
    .await;
    let reported = link.reported(5).await;
    assert_eq!(reported.end, Some(JobEnd::BadRequest));
    assert!(reported.detail.contains("it goes from 1 to 50"));
}

/// A load that lasts until it is cancelled: nobody is accepted.
async fn endless(link: &mut Link, kind: Kind) -> Load {
    let options = ServerOptions {
        kind,
        backlog: 0,
        accept_after_ms: 30_000,
        ..ServerOptions::default()
    };
    Load {
        targets: vec![link.serving(options).await],
        clients: 10,
        connect_ms: 60_000,
        reply_ms: 60_000,
        ..Load::default()
    }
}

#[tokio::test]
async fn a_job_that_is_cancelled_ends_at_once_and_a_second_one_is_refused_until_then() {
    let (gateway, mut link) = start().await;
    for (job, kind) in [(1, Kind::Tcp), (3, Kind::Unix)] {
        let load = endless(&mut link, kind).await;
        link.job(job, Job::Load(load.clone())).await;
        assert!(matches!(
            link.report(job).await,
            GatewayMessage::JobGauge { .. } | GatewayMessage::JobProgress { .. }
        ));
        link.job(job + 1, Job::Load(load.clone())).await;
        let second = link.reported(job + 1).await;
        assert_eq!(second.end, Some(JobEnd::Limit));
        assert!(second.detail.contains("one at a time"), "{}", second.detail);
        let since = std::time::Instant::now();
        link.cancel(job).await;
        let reported = link.reported(job).await;
        let took = since.elapsed();
        assert_eq!(reported.end, Some(JobEnd::Cancelled));
        assert_eq!(count(&reported.clients, Outcome::Cancelled), 10);
        assert!(took.as_millis() < 1_000, "{took:?}");
        gateway.metric_is("jobs", 0).await;
    }
    // Over: another may begin.
    let reported = load_on_third(&mut link).await;
    assert_eq!(reported.end, Some(JobEnd::Done));
}

async fn load_on_third(link: &mut Link) -> Reported {
    let target = link.serving(ServerOptions::default()).await;
    let targets = vec![target];
    link.job(
        9,
        Job::Load(Load {
            targets,
            ..Load::default()
        }),
    )
    .await;
    link.reported(9).await
}

#[tokio::test]
async fn the_gateway_does_only_so_many_jobs() {
    let gateway = Setup::default().limit("jobs", "1").start().await;
    let mut link = Link::connect(gateway.address()).await;
    let load = endless(&mut link, Kind::Tcp).await;
    link.job(1, Job::Load(load)).await;
    link.report(1).await;
    let mut other = Link::connect(gateway.address()).await;
    let load = endless(&mut other, Kind::Tcp).await;
    other.job(1, Job::Load(load)).await;
    assert_eq!(other.reported(1).await.end, Some(JobEnd::Limit));
}

#[tokio::test]
async fn a_job_goes_with_its_link() {
    let (gateway, mut link) = start().await;
    for kind in [Kind::Tcp, Kind::Unix] {
        let load = endless(&mut link, kind).await;
        link.job(1, Job::Load(load)).await;
        link.report(1).await;
        gateway.metric_is("jobs", 1).await;
        link.write(tokio_tungstenite::tungstenite::Message::Close(None))
            .await;
        gateway.metric_is("jobs", 0).await;
        gateway.metric_is("link_servers", 0).await;
        assert_eq!(gateway.program.threads("timestamp"), 0);
        link = Link::connect(gateway.address()).await;
    }
}

#[tokio::test]
async fn a_job_waits_for_a_page_that_is_away_and_loses_no_record() {
    let (gateway, mut link) = {
        // What may be queued is less than what the job reports.
        let gateway = Setup::default()
            .limit("link_queue_bytes", "262144")
            .start()
            .await;
        let link = Link::connect(gateway.address()).await;
        (gateway, link)
    };
    let all = Load {
        clients: 50,
        messages: 20,
        one_shot: true,
        ..Load::default()
    };
    let options = ServerOptions {
        backlog: 50,
        ..ServerOptions::default()
    };
    let targets = vec![link.serving(options.clone()).await];
    link.job(
        1,
        Job::Load(Load {
            targets,
            ..all.clone()
        }),
    )
    .await;
    link.report(1).await;
    link.cut();
    // Another link's job of the same size, to its end: by then the first would be over, too.
    let mut other = Link::connect(gateway.address()).await;
    let reported = load_on(&mut other, options, all).await;
    assert_eq!(reported.clients.len(), 1_000);
    assert_eq!(gateway.metric("jobs").await, 1);
    link.resume().await.unwrap();
    let reported = link.reported(1).await;
    assert_eq!(reported.end, Some(JobEnd::Done));
    let mut seen: Vec<(u8, u8)> = reported
        .clients
        .iter()
        .map(|run| (run.client, run.connection))
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 1_000);
}

async fn calls(link: &mut Link, job: u32, script: Script, target: &str, wait_ms: u16) -> Reported {
    let target = target.to_owned();
    let calls = Calls {
        script,
        target,
        wait_ms,
    };
    link.job(job, Job::Calls(calls)).await;
    link.reported(job).await
}

/// Each call with what it returned, shortly: `recv(1024)=33`, `recv(1024)!EWOULDBLOCK`.
fn shortly(reported: &Reported) -> Vec<String> {
    let short = |call: &chalkwire_shared::job::Call| {
        let name = match call.call.split_once('(') {
            Some((name @ ("recv" | "recvfrom" | "poll" | "setblocking"), _)) => name,
            Some((name, _)) => name,
            None => &call.call,
        };
        match (&call.error, call.bytes) {
            (Some(error), _) => format!("{name}!{error}"),
            (None, Some(bytes)) => format!("{name}={bytes}"),
            (None, None) => name.to_owned(),
        }
    };
    reported.calls.iter().map(short).collect()
}

#[tokio::test]
async fn a_blocking_recv_waits_and_a_non_blocking_one_says_ewouldblock() {
    let (_gateway, mut link) = start().await;
    for (n, kind) in [(0, Kind::Tcp), (1, Kind::Unix)] {
        let options = ServerOptions {
            kind,
            delay_ms: 500,
            ..ServerOptions::default()
        };
        let target = link.serving(options).await;
        let job = 1 + 3 * n;
        let blocking = calls(&mut link, job, Script::Blocking, &target, 5_000).await;
        assert_eq!(shortly(&blocking), ["connect", "send=7", "recv=33"]);
        let recv = &blocking.calls[2];
        assert_eq!(recv.call, "recv(1024)");
        assert!(recv.blocking && recv.end_us - recv.start_us >= 400_000);

        let nonblocking = calls(&mut link, job + 1, Script::NonBlocking, &target, 5_000).await;
        let short = shortly(&nonblocking);
        assert_eq!(
            short[..5],
            [
                "connect",
                "setblocking",
                "send=7",
                "recv!EWOULDBLOCK",
                "poll"
            ]
        );
        assert_eq!(short.last().unwrap(), "recv=33");
        assert_eq!(nonblocking.calls[4].call, "poll(200 ms)");
        for call in &nonblocking.calls[3..] {
            assert!(!call.blocking);
            let took = call.end_us - call.start_us;
            assert!(took < 50_000 || call.call.starts_with("poll"), "{call:?}");
        }

        // A time that is over is told as Python tells it.
        let impatient = calls(&mut link, job + 2, Script::Blocking, &target, 100).await;
        assert_eq!(shortly(&impatient).last().unwrap(), "recv!TimeoutError");
    }
}

#[tokio::test]
async fn udp_to_nobody_is_silence_unless_the_socket_is_connected() {
    let (_gateway, mut link) = start().await;
    let udp = ServerOptions {
        kind: Kind::Udp,
        ..ServerOptions::default()
    };
    let server = link.serve(udp).await;
    link.expect_serving(server).await;
    let target = server.name();
    let unconnected = calls(&mut link, 1, Script::UdpUnconnected, &target, 2_000).await;
    let answered = ["sendto=7", "recvfrom=33", "sendto=7", "recvfrom=33"];
    assert_eq!(shortly(&unconnected), answered);
    assert!(
        unconnected.calls[0]
            .call
            .starts_with("sendto(b'hello\\r\\n', ('127.0.0.1', ")
    );
    let connected = calls(&mut link, 2, Script::UdpConnected, &target, 2_000).await;
    let answered = ["connect", "send=7", "send=7", "recv=33", "recv=33"];
    assert_eq!(shortly(&connected), answered);

    link.stop(server).await;
    link.expect_stopped(server).await;
    let unconnected = calls(&mut link, 3, Script::UdpUnconnected, &target, 200).await;
    let silence = ["sendto=7", "recvfrom!TimeoutError"];
    assert_eq!(shortly(&unconnected), [silence, silence].concat());
    let connected = calls(&mut link, 4, Script::UdpConnected, &target, 200).await;
    assert_eq!(
        shortly(&connected)[..3],
        ["connect", "send=7", "send!ECONNREFUSED"]
    );
}

#[tokio::test]
async fn calls_that_wait_end_at_once_when_they_are_cancelled() {
    let (_gateway, mut link) = start().await;
    for (job, kind, script) in [
        (1, Kind::Tcp, Script::Blocking),
        (2, Kind::Unix, Script::NonBlocking),
        (3, Kind::Udp, Script::UdpUnconnected),
        (4, Kind::Udp, Script::UdpConnected),
    ] {
        let options = ServerOptions {
            kind,
            delay_ms: 20_000,
            ..ServerOptions::default()
        };
        let target = link.serving(options).await;
        let calls = Calls {
            script,
            target,
            wait_ms: 10_000,
        };
        link.job(job, Job::Calls(calls)).await;
        // Until it waits for a reply.
        loop {
            if let GatewayMessage::JobCall { call, .. } = link.report(job).await
                && call.call.starts_with("send")
            {
                break;
            }
        }
        let since = std::time::Instant::now();
        link.cancel(job).await;
        let reported = link.reported(job).await;
        assert_eq!(reported.end, Some(JobEnd::Cancelled), "{kind}");
        assert!(
            since.elapsed().as_millis() < 1_000,
            "{kind} {:?}",
            since.elapsed()
        );
    }
}

#[tokio::test]
async fn calls_of_udp_need_a_udp_server() {
    let (_gateway, mut link) = start().await;
    let target = link.serving(ServerOptions::default()).await;
    let reported = calls(&mut link, 1, Script::UdpConnected, &target, 100).await;
    assert_eq!(reported.end, Some(JobEnd::BadRequest));
    assert_eq!(
        reported.detail,
        "These calls need a UDP server, and this is tcp."
    );
}
