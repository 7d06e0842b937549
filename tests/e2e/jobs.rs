//! Jobs: where they may go, how many there are, and how they end.

mod calls;
mod loads;

use chalkwire_shared::job::{ClientRun, Job, JobEnd, Load, Outcome};
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::server::{Model, ServerOptions};
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

fn count(clients: &[ClientRun], outcome: Outcome) -> usize {
    clients.iter().filter(|run| run.outcome == outcome).count()
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
async fn servers_of_links_have_only_so_many_workers_between_them() {
    let gateway = Setup::default().limit("workers", "2").start().await;
    for model in [Model::Threaded, Model::Process] {
        let mut link = Link::connect(gateway.address()).await;
        let options = ServerOptions {
            model,
            backlog: 50,
            delay_ms: 50,
            ..ServerOptions::default()
        };
        let load = Load {
            clients: 8,
            ..Load::default()
        };
        let reported = load_on(&mut link, options, load).await;
        assert_eq!(count(&reported.clients, Outcome::Done), 8);
        let threads = reported.gauges.iter().map(|gauge| gauge.threads).max();
        assert_eq!(threads, Some(3), "{model}");
    }
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
        gateway.program.threads_are("timestamp", 0).await;
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
    let first = link.report(1).await;
    link.cut();
    // Another link's job of the same size, to its end: by then the first would be over, too.
    let mut other = Link::connect(gateway.address()).await;
    let reported = load_on(&mut other, options, all).await;
    assert_eq!(reported.clients.len(), 1_000);
    assert_eq!(gateway.metric("jobs").await, 1);
    link.resume().await.unwrap();
    let reported = link.reported(1).await;
    assert_eq!(reported.end, Some(JobEnd::Done));
    let mut clients = reported.clients;
    // Which report is the first of all is chance.
    if let GatewayMessage::JobClient { run, .. } = first {
        clients.push(run);
    }
    let mut seen: Vec<(u8, u8)> = clients
        .iter()
        .map(|run| (run.client, run.connection))
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 1_000);
}

#[tokio::test]
async fn a_client_that_takes_no_report_keeps_no_jobs_place_once_the_job_is_over() {
    // What may be queued is less than what the job reports.
    let gateway = Setup::default()
        .limit("link_queue_bytes", "262144")
        .start()
        .await;
    let mut link = Link::connect(gateway.address()).await;
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
    let load = Load {
        targets,
        ..all.clone()
    };
    link.job(1, Job::Load(load)).await;
    link.report(1).await;
    // Nothing is read, and nothing acknowledged. Another link's job of the same size, to its end: by
    // then this one is full.
    let mut other = Link::connect(gateway.address()).await;
    assert_eq!(load_on(&mut other, options, all).await.clients.len(), 1_000);
    assert_eq!(gateway.metric("jobs").await, 1);
    link.cancel(1).await;
    gateway.metric_is("jobs", 0).await;
    let reported = link.reported(1).await;
    assert_eq!(reported.end, Some(JobEnd::Cancelled));
    assert!(reported.detail.contains("are lost"), "{}", reported.detail);
}
