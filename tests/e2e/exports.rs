//! Exported files, opened by programs that nobody here wrote.

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::target::Kind;
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::lab::Lab;
use chalkwire_tests::peer::{run, system};
use chalkwire_web::experiment::{Experiment, Run, Settings};
use chalkwire_web::export::pcap::capture;
use chalkwire_web::export::report;
use chalkwire_web::export::{self, Clocks};
use chalkwire_web::model::{ClockMap, Entry, What};

const CLOCK: ClockMap = ClockMap {
    zero_ms: 1_795_349_045_000.0,
    plus_minus_ms: 0.5,
};

/// A log that is being written, of one socket after another.
#[derive(Default)]
struct Log {
    entries: Vec<Entry>,
    clock_us: u64,
}

impl Log {
    fn push(&mut self, socket: u32, kind: Kind, what: What) {
        self.entries.push(Entry {
            no: self.entries.len() as u32 + 1,
            at_ms: CLOCK.browser_ms(self.clock_us) + 1.0,
            socket: Some(SocketId(socket)),
            target: "line".to_owned(),
            kind: Some(kind),
            what,
        });
        self.clock_us += 1_000;
    }

    /// A whole conversation: what was sent, and what came back.
    fn talk(&mut self, socket: u32, kind: Kind, host: &str, sent: &[Vec<u8>], reason: Reason) {
        self.push(socket, kind, What::Connecting);
        let connected = What::Connected {
            local: format!("{host}:{}", 40_000 + socket),
            peer: format!("{host}:21567"),
            connect_us: 58,
            clock_us: self.clock_us,
        };
        self.push(socket, kind, connected);
        for bytes in sent {
            let wrote_us = Some(self.clock_us);
            let sent = What::Sent {
                bytes: bytes.clone().into(),
                wrote_us,
                unknown: false,
            };
            self.push(socket, kind, sent);
            let mut reply = b"[Sun Nov 22 06:08:00 2026]".to_vec();
            reply.extend_from_slice(bytes);
            let received = What::Received {
                bytes: Bytes::from(reply),
                datagram: kind.is_datagram(),
                truncated: false,
                clock_us: self.clock_us,
            };
            self.push(socket, kind, received);
        }
        if !kind.is_datagram() && reason == Reason::Finished {
            let clock_us = self.clock_us;
            self.push(socket, kind, What::Eof { clock_us });
            self.push(socket, kind, What::ShutDown);
        }
        let closed = What::Closed {
            reason,
            detail: String::new(),
            clock_us: self.clock_us,
        };
        self.push(socket, kind, closed);
    }
}

/// What tshark prints of a file: a line for each packet with these fields, parted by blanks.
async fn tshark(file: &str, options: &[&str], fields: &[&str]) -> Vec<String> {
    let mut command = system(
        "tshark",
        &["-n", "-r", file, "-T", "fields", "-E", "separator=/s"],
    );
    // What it can check it is to check.
    for check in [
        "ip.check_checksum",
        "tcp.check_checksum",
        "udp.check_checksum",
    ] {
        command.args(["-o", &format!("{check}:TRUE")]);
    }
    command.args(options);
    for field in fields {
        command.args(["-e", field]);
    }
    run(command, "").await.lines().map(str::to_owned).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn tshark_opens_a_capture_and_finds_the_payloads_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let long: Vec<u8> = (0..150_000_u32).map(|it| (it % 251) as u8).collect();
    let sent = [b"one\r\n".to_vec(), long, b"\0\xff".to_vec()];
    let datagrams = [b"one".to_vec(), b"".to_vec(), b"x".repeat(3_000)];
    let mut log = Log::default();
    log.talk(1, Kind::Tcp, "127.0.0.1", &sent, Reason::Finished);
    log.talk(2, Kind::Tcp, "[::1]", &sent[..1], Reason::Reset);
    log.talk(
        3,
        Kind::Tcp,
        "127.0.0.1",
        &sent[..1],
        Reason::ClosedByClient,
    );
    log.talk(
        4,
        Kind::Udp,
        "127.0.0.1",
        &datagrams,
        Reason::ClosedByClient,
    );
    log.talk(5, Kind::Udp, "[::1]", &datagrams, Reason::ClosedByClient);
    let capture = capture(&log.entries, &Clocks::one(Some(CLOCK)));
    let path = folder.path().join("run.pcapng");
    std::fs::write(&path, &capture.file).unwrap();
    let file = path.to_str().unwrap();

    let packets = tshark(file, &[], &["frame.time_epoch", "frame.protocols"]).await;
    assert_eq!(packets.len(), capture.packets);
    assert!(packets[0].starts_with("1795349045.00"), "{}", packets[0]);

    let bad = "_ws.malformed || _ws.expert.severity >= \"warning\" || ip.checksum.status == 0 \
               || tcp.checksum.status == 0 || udp.checksum.status == 0";
    let fields = ["frame.number", "_ws.expert.message", "_ws.col.Info"];
    let told = tshark(file, &["-Y", bad], &fields).await;
    // A reset is worth a warning to it, and it was one.
    let [reset] = &told[..] else {
        panic!("{told:#?}");
    };
    assert!(reset.contains("Connection reset (RST)"), "{reset}");

    for (port, version) in [(40_001, "ip"), (40_002, "ipv6"), (40_003, "ip")] {
        let of = if port == 40_001 {
            &sent[..]
        } else {
            &sent[..1]
        };
        let ours = format!("tcp.srcport == {port} && tcp.len > 0 && {version}");
        let payloads = tshark(file, &["-Y", &ours], &["tcp.payload"]).await;
        assert_eq!(payloads.concat(), hex(&of.concat()), "{port}");
        let theirs = format!("tcp.dstport == {port} && tcp.len > 0");
        let payloads = tshark(file, &["-Y", &theirs], &["tcp.payload"]).await;
        assert_eq!(
            payloads.concat().len(),
            2 * (of.concat().len() + 26 * of.len())
        );
    }
    for port in [40_004, 40_005] {
        let ours = format!("udp.srcport == {port}");
        let payloads = tshark(file, &["-Y", &ours], &["data.data", "udp.length"]).await;
        let expected: Vec<String> = datagrams
            .iter()
            .map(|it| format!("{} {}", hex(it), it.len() + 8))
            .collect();
        assert_eq!(payloads, expected);
    }
    // The state that it finds of each connection: handshake, data, and both FINs or an RST.
    for (port, complete) in [(40_001, 31), (40_002, 47), (40_003, 31)] {
        let all = format!("tcp.port == {port}");
        let told = tshark(file, &["-2", "-Y", &all], &["tcp.completeness"]).await;
        let most = told.iter().filter_map(|it| it.parse::<u32>().ok()).max();
        assert_eq!(most, Some(complete), "{port}");
    }
    let comment = run(system("capinfos", &["-k", file]), "").await;
    assert!(comment.contains("not captured"), "{comment}");
}

/// Runs an experiment for real.
async fn experiment(slug: &str) -> (&'static Experiment, Run) {
    let gateway = Setup::default().start().await;
    let mut lab = Lab::connect(gateway.address()).await;
    let experiment = Experiment::find(slug).expect("an experiment");
    let run = lab.run(experiment, Settings::of(experiment)).await;
    (experiment, run)
}

#[tokio::test]
async fn a_real_runs_capture_has_what_was_sent_and_what_came_back() {
    let folder = tempfile::tempdir().unwrap();
    for slug in ["hello", "stream", "datagram", "half-close", "loss"] {
        let (_, run) = experiment(slug).await;
        let capture = capture(&run.entries, &Clocks::one(run.clock));
        let path = folder.path().join(slug);
        std::fs::write(&path, &capture.file).unwrap();
        let file = path.to_str().unwrap();
        let bad = "_ws.malformed || _ws.expert.severity >= \"warning\" || ip.checksum.status == 0 \
                   || tcp.checksum.status == 0 || udp.checksum.status == 0";
        let told = tshark(file, &["-Y", bad], &["frame.number", "_ws.expert.message"]).await;
        assert!(told.is_empty(), "{slug}: {told:#?}");
        for socket in &run.sockets {
            let of = |it: &&Entry| it.socket == Some(socket.id);
            let (mut local, mut sent, mut received) = (String::new(), Vec::new(), Vec::new());
            for entry in run.entries.iter().filter(of) {
                match &entry.what {
                    What::Connected { local: it, .. } => local.clone_from(it),
                    What::Sent { bytes, .. } => sent.extend_from_slice(bytes),
                    What::Received { bytes, .. } => received.extend_from_slice(bytes),
                    _ => {}
                }
            }
            let port = local.rsplit(':').next().unwrap();
            let stream = slug != "datagram" && slug != "loss";
            let (protocol, payload) = if stream {
                ("tcp", "tcp.payload")
            } else {
                ("udp", "data.data")
            };
            let ours = format!("{protocol}.srcport == {port}");
            let theirs = format!("{protocol}.dstport == {port}");
            let came = tshark(file, &["-Y", &theirs], &[payload]).await;
            assert_eq!(came.concat(), hex(&received), "{slug}");
            let went = tshark(file, &["-Y", &ours], &[payload]).await;
            if slug == "loss" {
                // What the fault dropped never went: a packet for each that it passed on.
                let passed = run.entries.iter().filter(of).filter(|it| {
                    matches!(
                        &it.what,
                        What::Fault {
                            direction: Direction::ToTarget,
                            did: FaultDid::Passed { .. },
                            ..
                        }
                    )
                });
                assert_eq!(went.len(), passed.count(), "{slug}");
            } else {
                assert_eq!(went.concat(), hex(&sent), "{slug}");
            }
        }
    }
}

#[tokio::test]
async fn a_real_runs_json_has_all_and_its_report_stands_alone() {
    for slug in ["stream", "five-ways", "refused", "non-blocking"] {
        let (experiment, run) = experiment(slug).await;
        let json = export::run::json(experiment, &run, Some(0), 0.0);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["experiment"]["slug"], slug);
        assert_eq!(json["seed"], run.settings.seed);
        assert_eq!(json["entries"].as_array().unwrap().len(), run.entries.len());
        let jobs = json["jobs"].as_array().unwrap();
        assert_eq!(jobs.len(), run.jobs.len());
        for (told, job) in jobs.iter().zip(&run.jobs) {
            assert_eq!(told["clients"].as_array().unwrap().len(), job.clients.len());
            assert_eq!(told["gauges"].as_array().unwrap().len(), job.gauges.len());
            assert_eq!(told["calls"].as_array().unwrap().len(), job.calls.len());
        }
        let finding = experiment.finding(&run).unwrap();
        assert_eq!(json["finding"]["measured"], finding.measured);

        let report = report::of(experiment, &run, Some(0), "http://h/#/x".to_owned(), 0.0);
        let pictures = report.pictures.len();
        assert!(pictures >= experiment.pictures.len(), "{slug}: {pictures}");
        assert!(report.programs.len() >= 4, "{slug}");
        let page = report::html(&report);
        assert_eq!(page.matches("<svg ").count(), pictures);
        assert!(!page.contains("<script"));
        if let Some(folder) = std::env::var_os("REPORTS") {
            let path = std::path::Path::new(&folder).join(format!("{slug}.html"));
            std::fs::write(path, page).unwrap();
        }
    }
}
