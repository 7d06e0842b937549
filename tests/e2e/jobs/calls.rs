//! Calls that block and calls that do not, as the gateway made them.

use chalkwire_shared::job::{Call, Calls, Job, JobEnd, Script};
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::server::ServerOptions;
use chalkwire_shared::target::Kind;
use chalkwire_tests::link::{Link, Reported};

use super::start;

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
    let short = |call: &Call| {
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
                "poll=0"
            ]
        );
        assert_eq!(short.last().unwrap(), "recv=33");
        assert_eq!(nonblocking.calls[4].call, "poll(200 ms)");
        for call in &nonblocking.calls[3..] {
            assert_eq!(call.blocking, call.call.starts_with("poll"), "{call:?}");
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
