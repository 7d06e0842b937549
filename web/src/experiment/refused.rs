//! Experiment 10: refused, time-out, silence.

use chalkwire_shared::close::Reason;
use chalkwire_shared::job::{Call, Load, Outcome, Script};
use chalkwire_shared::server::{MAX_SERVER_MS, Model, ServerOptions};
use chalkwire_shared::target::Kind;

use super::knob::{Knob, Range};
use super::run::Run;
use super::step::{Awaited, Step, To};
use super::words::ms;
use super::{Answer, Experiment, Finding, PictureKind, Settings};

/// How long a client tries to connect where it is not heard, in ms.
const CONNECT_MS: u16 = 1_500;

/// What a call says to which an ICMP “port unreachable” came.
const REFUSED: &str = "ECONNREFUSED";

pub(super) static REFUSED_EXPERIMENT: Experiment = Experiment {
    number: 10,
    slug: "refused",
    title: "Refused, time-out, silence",
    about: "Four ways to get no answer: a TCP port where nobody listens, a UDP port where nobody \
            listens, from a socket that is not connected and from one that is, and a TCP server whose \
            queue is full.",
    question: "A UDP socket that is not connected sends a datagram to a port where nobody listens, and \
               calls recvfrom. What does it hear?",
    answers: [
        Answer::usual("Connection refused, as with TCP"),
        Answer::new("Nothing: it waits until its time-out"),
        Answer::new("An error from sendto: there is nobody to send to"),
    ],
    knobs: &[
        Knob {
            key: "listening",
            label: "Somebody listens",
            hint: "With servers on the ports the same calls get answers.",
            range: Range::Choice(&[("no", "no"), ("yes", "yes")]),
            default: 0,
        },
        Knob {
            key: "wait",
            label: "How long recvfrom waits",
            hint: "However long: silence does not say when it is over.",
            range: Range::Number {
                min: 100,
                max: 5_000,
                unit: "ms",
            },
            default: 1_000,
        },
    ],
    explain: &[
        "TCP, nobody listens: the machine answers the SYN with RST, and connect fails at once with \
         ECONNREFUSED. A refusal is good news: the machine is there.",
        "UDP, nobody listens: the machine answers with an ICMP message, “port unreachable”. A socket \
         that is not connected may have sent to many addresses, so the kernel tells it nothing, and \
         recvfrom waits. A socket that was connected to one address is told, with ECONNREFUSED, at the \
         next call: the send that provoked it had long returned.",
        "A queue that is full, a firewall that drops, a cable that is cut: nothing comes back at all, \
         and connect waits, sending its SYN again and again. Silence has many reasons, and only your \
         own time-out ends it.",
        "So: refused means that nobody listens there; a time-out means that you do not know.",
    ],
    linux: false,
    pictures: &[
        PictureKind::DecisionTree,
        PictureKind::States,
        PictureKind::Sequence,
        PictureKind::Gantt,
    ],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let wait_ms = settings.get("wait") as u16;
    let udp = ServerOptions {
        kind: Kind::Udp,
        ..ServerOptions::default()
    };
    let full = ServerOptions {
        model: Model::Iterative,
        backlog: 0,
        accept_after_ms: MAX_SERVER_MS,
        ..ServerOptions::default()
    };
    let mut steps = vec![
        Step::serve(1, "TCP", ServerOptions::default()),
        Step::serve(2, "UDP", udp),
        Step::serve(3, "a full queue", full),
    ];
    if settings.get("listening") == 0 {
        steps.extend([Step::Stop(1), Step::Stop(2)]);
    }
    let calls = |script| Step::Calls {
        to: To::Server(2),
        script,
        wait_ms,
    };
    steps.extend([Step::open_watched(1, "TCP", 1), Step::opened(1)]);
    if settings.get("listening") == 1 {
        steps.extend([
            Step::send(1, "hello\r\n"),
            Step::wait_for(Awaited::Replies(1, 1), 500),
        ]);
    }
    steps.extend([
        Step::open(2, "UDP, connected", 2),
        Step::opened(2),
        Step::send(2, "hello\r\n"),
        Step::wait_for(Awaited::Replies(2, 1), 500),
        calls(Script::UdpUnconnected),
        calls(Script::UdpConnected),
        Step::Load {
            to: vec![To::Server(3)],
            load: Load {
                clients: 3,
                stagger_ms: 20,
                connect_ms: CONNECT_MS,
                reply_ms: 300,
                ..Load::default()
            },
        },
    ]);
    steps
}

fn has_error(call: &Call, name: &str) -> bool {
    call.error.as_deref() == Some(name)
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let [unconnected, connected, _] = &run.jobs[..] else {
        return Finding::nothing();
    };
    let hung = run
        .crowd(2, 0)
        .map_or(0, |it| it.count(Outcome::ConnectTimeout));
    let of = |job: &'_ super::run::JobRun, start: &str| -> Vec<Call> {
        let calls = job.calls.iter().filter(|it| it.call.starts_with(start));
        calls.cloned().collect()
    };
    let (sends, recvs) = (of(unconnected, "sendto"), of(unconnected, "recvfrom"));
    let answer = if sends.iter().any(|it| it.error.is_some()) {
        Some(2)
    } else if recvs.iter().any(|it| has_error(it, REFUSED)) {
        Some(0)
    } else if !recvs.is_empty() && recvs.iter().all(|it| it.error.is_some()) {
        Some(1)
    } else {
        None
    };
    let tcp = match run.closed(1) {
        Some(Reason::Refused) => "TCP: refused at once.",
        _ if !run.replies(1).is_empty() => "TCP: connected, and answered.",
        _ => "TCP: connected.",
    };
    let waited: u64 = recvs
        .iter()
        .map(|it| it.end_us - it.start_us.min(it.end_us))
        .sum();
    let unconnected = match answer {
        Some(1) => format!(
            "UDP, not connected: sendto worked, recvfrom waited {} in vain.",
            ms(waited as f64 / 1_000.0 / recvs.len().max(1) as f64)
        ),
        Some(0) => "UDP, not connected: recvfrom said ECONNREFUSED.".to_owned(),
        Some(_) => "UDP, not connected: sendto failed.".to_owned(),
        None => "UDP, not connected: recvfrom returned a reply.".to_owned(),
    };
    let calls = &connected.calls;
    let told = calls.iter().position(|it| has_error(it, REFUSED));
    let first_send = calls.iter().position(|it| it.call.starts_with("send"));
    let connected = match told.and_then(|at| Some((at, calls.get(at)?))) {
        Some((_, call)) if call.call.starts_with("send") => {
            "UDP, connected: the next send said ECONNREFUSED."
        }
        Some(_) => "UDP, connected: the next recv said ECONNREFUSED.",
        None => "UDP, connected: no call said ECONNREFUSED.",
    };
    let holds = answer == Some(1)
        && settings.get("listening") == 0
        && run.closed(1) == Some(Reason::Refused)
        // The first send worked; what it provoked was told by the next one.
        && first_send.is_some_and(|at| calls[at].error.is_none() && told == Some(at + 1))
        && calls.get(told.unwrap_or_default()).is_some_and(|it| it.call.starts_with("send"))
        && hung >= 1;
    Finding {
        answer,
        measured: format!(
            "{tcp} {unconnected} {connected} A full queue: {hung} of 3 heard nothing for {}.",
            ms(f64::from(CONNECT_MS))
        ),
        holds,
    }
}
