//! A runner and a gateway of a few lines.

use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::DATAGRAM;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::job::{JobEnd, JobId};
use chalkwire_shared::limits::Limits;
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::server::ServerDid;
use chalkwire_shared::target::Kind;
use proptest::prelude::*;

use super::*;
use crate::experiment::ALL;
use crate::experiment::step::{Awaited, Step, To};
use crate::wire::testing::{self, Gateway, LIMITS, Said, target};

struct Bench {
    runner: Runner,
    gateway: Gateway,
    ms: f64,
    /// When the runner wants to be woken for its step.
    wake_ms: Option<f64>,
}

impl Bench {
    fn new() -> Self {
        Bench {
            runner: Runner::default(),
            gateway: Gateway::default(),
            ms: 1e12,
            wake_ms: None,
        }
    }

    fn up() -> Self {
        let mut bench = Bench::new();
        bench.act(Action::Start);
        bench.act(welcome("one"));
        bench
    }

    fn act(&mut self, action: Action) -> Vec<Said> {
        let mut said = Vec::new();
        let now = Now {
            ms: self.ms,
            random: 0.5,
        };
        for effect in self.runner.apply(action, now) {
            match effect {
                Effect::Text(text) => said.extend(Said::text(&text)),
                Effect::Bytes(bytes) => said.push(Said::bytes(bytes)),
                Effect::Wake(Timer::Step, ms) => self.wake_ms = Some(self.ms + ms),
                _ => {}
            }
        }
        said
    }

    fn hear(&mut self, message: impl FnOnce(u64) -> GatewayMessage) -> Vec<Said> {
        let text = self.gateway.says(message);
        self.act(Action::Text(text))
    }

    fn wake(&mut self) -> Vec<Said> {
        self.ms = self.wake_ms.take().expect("a wait");
        self.act(Action::Wake(Timer::Step))
    }

    fn serving(&mut self, id: u32) -> Vec<Said> {
        self.hear(|seq| GatewayMessage::Serving {
            seq,
            server: ServerId(id),
            url: "tcp://127.0.0.1:9".to_owned(),
            clock_us: 1,
        })
    }

    fn stopped(&mut self, id: u32) -> Vec<Said> {
        self.hear(|seq| GatewayMessage::Stopped {
            seq,
            server: ServerId(id),
            detail: "Stopped.".to_owned(),
        })
    }

    fn opened(&mut self, id: u32) -> Vec<Said> {
        let text = self.gateway.opened(id);
        self.act(Action::Text(text))
    }

    fn recv(&mut self, id: u32, bytes: u32) -> Vec<Said> {
        self.hear(|seq| GatewayMessage::Server {
            seq,
            socket: SocketId(id),
            clock_us: 10,
            did: ServerDid::Recv { bytes },
        })
    }

    fn closed(&mut self, id: u32, reason: Reason) -> Vec<Said> {
        let text = self.gateway.closed(id, reason);
        self.act(Action::Text(text))
    }

    fn job_done(&mut self, id: u32, end: JobEnd) -> Vec<Said> {
        self.hear(|seq| GatewayMessage::JobDone {
            seq,
            job: JobId(id),
            end,
            detail: "Over.".to_owned(),
            clock_us: 13,
        })
    }

    fn data(&mut self, id: u32, payload: &[u8]) -> Vec<Said> {
        let bytes = self.gateway.data(id, DATAGRAM, 12, payload);
        self.act(Action::Bytes(bytes))
    }

    fn end(&self) -> Option<&End> {
        self.runner.run().and_then(|it| it.end.as_ref())
    }

    fn says(&self) -> String {
        self.runner.progress().expect("a run").to_string()
    }
}

fn welcome(token: &str) -> Action {
    let limits = Limits {
        payload_bytes: 65_000,
        window_bytes: 131_072,
        ..LIMITS
    };
    let targets = vec![target("line", Kind::Tcp), target("udp", Kind::Udp)];
    Action::Text(testing::welcome(token, limits, targets))
}

fn nothing(_: &Settings, run: &Run) -> Finding {
    Finding {
        answer: Some(run.unmet.len()),
        measured: String::new(),
        holds: true,
    }
}

/// An experiment of these steps.
fn experiment(script: fn(&Settings) -> Vec<Step>) -> &'static Experiment {
    Box::leak(Box::new(Experiment {
        slug: "stream",
        script,
        check: nothing,
        ..*ALL[0]
    }))
}

fn open(socket: u8, to: To) -> Step {
    Step::Open {
        socket,
        title: "a socket",
        to,
        faults: Vec::new(),
        kernel: false,
    }
}

fn run(bench: &mut Bench, experiment: &'static Experiment) -> Vec<Said> {
    let settings = Settings::of(experiment);
    bench.act(Action::Run(experiment, settings))
}

fn hello(_: &Settings) -> Vec<Step> {
    vec![
        Step::Serve {
            server: 4,
            title: "a server",
            options: chalkwire_shared::server::ServerOptions::default(),
        },
        open(1, To::Server(4)),
        Step::Await {
            what: Awaited::Opened(1),
            ms: 1_000,
        },
        Step::Send(1, Bytes::from_static(b"hi")),
        Step::Await {
            what: Awaited::Recvs(1, 1),
            ms: 1_000,
        },
    ]
}

#[test]
fn a_run_takes_its_steps_in_order_and_cleans_up() {
    let mut bench = Bench::up();
    let said = run(&mut bench, experiment(hello));
    assert!(matches!(
        &said[..],
        [Said::Control(ClientMessage::Serve {
            server: ServerId(1),
            ..
        })]
    ));
    assert_eq!(bench.says(), "step 1 of 5: starting a server (a server)");
    let said = bench.serving(1);
    assert!(
        matches!(&said[..], [Said::Control(ClientMessage::Open { target, .. })] if target == "#1")
    );
    assert_eq!(bench.says(), "step 3 of 5: waiting for the connection");
    assert_eq!(
        bench.opened(1),
        [Said::Data(SocketId(1), Bytes::from_static(b"hi"))]
    );
    assert_eq!(bench.says(), "step 5 of 5: waiting for the server's recv");
    let said = bench.recv(1, 2);
    assert!(matches!(
        &said[..],
        [Said::Control(ClientMessage::Close { .. })]
    ));
    let said = bench.closed(1, Reason::ClosedByClient);
    assert!(matches!(
        &said[..],
        [Said::Control(ClientMessage::Stop { .. })]
    ));
    assert_eq!(bench.stopped(1), []);
    assert_eq!(bench.runner.finding(), None);
    assert_eq!(bench.wake(), []);
    assert_eq!(bench.end(), Some(&End::Finished));
    let finding = bench.runner.finding().unwrap().unwrap();
    assert_eq!((finding.answer, finding.holds), (Some(0), true));
    assert_eq!(bench.runner.run().unwrap().recvs(1), [2]);
}

#[test]
fn what_does_not_happen_in_time_is_kept_and_the_run_goes_on() {
    let mut bench = Bench::up();
    run(&mut bench, experiment(hello));
    bench.serving(1);
    bench.opened(1);
    let said = bench.wake();
    assert!(matches!(
        &said[..],
        [Said::Control(ClientMessage::Close { .. })]
    ));
    assert!(bench.runner.run().unwrap().missed(Awaited::Recvs(1, 1)));
}

#[test]
fn a_dropped_link_makes_a_run_no_finding() {
    let mut bench = Bench::up();
    run(&mut bench, experiment(hello));
    bench.serving(1);
    assert_eq!(bench.act(Action::Dropped(1006)), []);
    assert_eq!(bench.end(), Some(&End::Interrupted));
    assert!(
        bench
            .runner
            .finding()
            .unwrap()
            .unwrap_err()
            .contains("dropped")
    );
    // What it had opened is closed when the link is taken up again, and the next run waits for that.
    bench.act(Action::Retry);
    bench.act(welcome("two"));
    assert_eq!(run(&mut bench, experiment(hello)), []);
    let said = bench.act(Action::Text(GatewayMessage::Resumed { seen: 2 }.encode()));
    assert!(matches!(
        &said[..],
        [
            Said::Control(ClientMessage::Close { .. }),
            Said::Control(ClientMessage::Stop { .. })
        ]
    ));
    bench.closed(1, Reason::ClosedByClient);
    let said = bench.stopped(1);
    assert!(matches!(
        &said[..],
        [Said::Control(ClientMessage::Serve {
            server: ServerId(2),
            ..
        })]
    ));
}

#[test]
fn a_run_waits_for_the_gateway() {
    let mut bench = Bench::new();
    bench.act(Action::Start);
    assert_eq!(run(&mut bench, experiment(hello)), []);
    assert_eq!(bench.says(), "step 1 of 5: connecting to the gateway");
    let said = bench.act(welcome("one"));
    assert!(matches!(
        &said[..],
        [Said::Control(ClientMessage::Serve { .. })]
    ));
}

#[test]
fn a_cancelled_run_ends_at_once_and_closes_what_it_had_opened() {
    let mut bench = Bench::up();
    run(&mut bench, experiment(hello));
    bench.serving(1);
    let said = bench.act(Action::Cancel);
    assert!(matches!(
        &said[..],
        [
            Said::Control(ClientMessage::Close { .. }),
            Said::Control(ClientMessage::Stop { .. })
        ]
    ));
    assert_eq!(bench.end(), Some(&End::Cancelled));
    assert!(!bench.runner.is_running());
}

#[test]
fn what_the_gateway_cannot_do_ends_the_run_with_its_sentence() {
    let mut bench = Bench::up();
    run(&mut bench, experiment(hello));
    bench.stopped(1);
    assert_eq!(bench.end(), Some(&End::Failed("Stopped.".to_owned())));

    run(&mut bench, experiment(hello));
    bench.serving(2);
    bench.closed(1, Reason::Limit);
    assert_eq!(bench.end(), Some(&End::Failed("Closed.".to_owned())));
    bench.stopped(2);

    let nowhere = experiment(|_| vec![open(1, To::Target("nowhere"))]);
    run(&mut bench, nowhere);
    let why = "This gateway has no built-in server named “nowhere”.".to_owned();
    assert_eq!(bench.end(), Some(&End::Failed(why)));
}

#[test]
fn a_numbered_message_is_sent_again_until_its_reply_comes() {
    let mut bench = Bench::up();
    let it = experiment(|_| {
        vec![
            open(1, To::Target("udp")),
            Step::SendWithRetry {
                socket: 1,
                messages: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
                timeout_ms: 200,
                tries: 2,
            },
        ]
    });
    let sent = |text: &'static str| Said::Data(SocketId(1), Bytes::from_static(text.as_bytes()));
    assert_eq!(run(&mut bench, it)[1..], [sent("1 a")]);
    let reply = |text: &str| format!("[Sun Nov 22 06:08:00 2026]{text}").into_bytes();
    assert_eq!(bench.data(1, &reply("2 old")), []);
    assert_eq!(bench.wake(), [sent("1 a")]);
    // The stray reply to 2 is taken for one: numbers are all that a reply has.
    assert_eq!(bench.data(1, &reply("1 a")), [sent("2 b")]);
    assert_eq!(bench.act(Action::Wake(Timer::Step)), [sent("3 c")]);
    assert_eq!(bench.wake(), [sent("3 c")]);
    bench.wake();
    let retried: Vec<(u32, u32, bool)> = bench
        .runner
        .run()
        .unwrap()
        .retried
        .iter()
        .map(|it| (it.number, it.tries, it.answered))
        .collect();
    assert_eq!(retried, [(1, 2, true), (2, 1, true), (3, 2, false)]);
}

proptest! {
    #[test]
    fn whatever_comes_a_run_ends_in_time(
        which in 0..ALL.len(),
        acts in prop::collection::vec((0..14u8, 1..4u32, 0..3_000u32), 0..60)
    ) {
        let mut bench = Bench::up();
        run(&mut bench, ALL[which]);
        let begun = bench.ms;
        for (act, id, number) in acts {
            match act {
                0 => bench.serving(id),
                1 => bench.stopped(id),
                2 => bench.opened(id),
                3 => bench.recv(id, number),
                4 => bench.closed(id, Reason::Finished),
                5 => bench.closed(id, Reason::Limit),
                6 => bench.data(id, &vec![b'x'; number as usize]),
                7 => bench.job_done(id, JobEnd::Done),
                8 => bench.job_done(id, JobEnd::Failed),
                9 if bench.wake_ms.is_some() => bench.wake(),
                10 => bench.act(Action::Dropped(1006)),
                11 => { bench.act(Action::Retry); bench.act(welcome("x")) }
                12 => bench.act(Action::Cancel),
                _ => bench.act(Action::Text("{}".to_owned())),
            };
            let _ = bench.runner.progress();
        }
        while bench.wake_ms.is_some_and(|it| it < begun + LIMIT_MS) {
            bench.wake();
        }
        bench.ms = begun + LIMIT_MS;
        bench.act(Action::Wake(Timer::Limit));
        prop_assert!(!bench.runner.is_running());
        prop_assert!(bench.end().is_some());
        let _ = bench.runner.finding();
    }
}
