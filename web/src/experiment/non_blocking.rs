//! Experiment 15: blocking and non-blocking.

use chalkwire_shared::job::{Call, Script};
use chalkwire_shared::server::ServerOptions;
use chalkwire_shared::target::Kind;

use super::knob::{Knob, Range};
use super::run::Run;
use super::step::{Step, To};
use super::words::{ms, times};
use super::{Answer, Experiment, Finding, PictureKind, Settings};

pub(super) static NON_BLOCKING: Experiment = Experiment {
    number: 15,
    slug: "non-blocking",
    title: "Blocking and non-blocking",
    about: "A server that needs 300 ms for its reply. One client calls recv on a blocking socket, \
            another on a non-blocking one.",
    question: "A non-blocking socket has nothing to read yet. What does recv do?",
    answers: [
        Answer::usual("It returns b'', no bytes"),
        Answer::new("It fails at once with EWOULDBLOCK: there is nothing now"),
        Answer::new("It waits until there is something"),
    ],
    knobs: &[
        Knob {
            key: "delay",
            label: "The server's time for a reply",
            hint: "The blocking recv grows with it; the non-blocking one only asks more often.",
            range: Range::Number {
                min: 0,
                max: 3_000,
                unit: "ms",
            },
            default: 300,
        },
        Knob {
            key: "kind",
            label: "Kind of socket",
            hint: "Blocking is a property of the socket in your program, not of the network.",
            range: Range::Choice(&[("tcp", "TCP"), ("unix", "Unix")]),
            default: 0,
        },
    ],
    explain: &[
        "recv on a blocking socket waits until something is there, and the thread waits with it: it can \
         do nothing else.",
        "On a non-blocking socket (O_NONBLOCK, setblocking(False)) no call waits. Where it would have \
         to, it fails at once with EWOULDBLOCK, which has another name, EAGAIN. That is no failure of \
         the connection. And b'' still means that the other side is done.",
        "To ask again and again would burn the processor. poll (or select, epoll) waits for many \
         sockets at once and says which are ready: that is what event loops are made of.",
    ],
    linux: false,
    pictures: &[PictureKind::States],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let delay_ms = settings.get("delay");
    let options = ServerOptions {
        kind: match settings.get("kind") {
            0 => Kind::Tcp,
            _ => Kind::Unix,
        },
        delay_ms,
        ..ServerOptions::default()
    };
    let calls = |script| Step::Calls {
        to: To::Server(1),
        script,
        wait_ms: delay_ms as u16 + 2_000,
    };
    vec![
        Step::serve(1, "a slow reply", options),
        calls(Script::Blocking),
        calls(Script::NonBlocking),
    ]
}

fn took_ms(call: &Call) -> f64 {
    call.end_us.saturating_sub(call.start_us) as f64 / 1_000.0
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let recvs = |job: usize| -> Vec<&Call> {
        let calls = run.jobs.get(job).map(|it| it.calls.iter());
        let calls = calls.into_iter().flatten();
        calls.filter(|it| it.call.starts_with("recv")).collect()
    };
    let (blocking, non_blocking) = (recvs(0), recvs(1));
    let (Some(waited), Some(first)) = (blocking.first(), non_blocking.first()) else {
        return Finding::nothing();
    };
    let delay = f64::from(settings.get("delay"));
    let would_block = |it: &Call| matches!(it.error.as_deref(), Some("EWOULDBLOCK" | "EAGAIN"));
    let refusals = non_blocking.iter().filter(|it| would_block(it)).count();
    let got = non_blocking.last().is_some_and(|it| it.bytes > Some(0));
    let answer = match first {
        it if would_block(it) => Some(1),
        it if it.bytes == Some(0) => Some(0),
        it if delay > 0.0 && took_ms(it) >= 0.9 * delay => Some(2),
        _ => None,
    };
    let slowest = non_blocking
        .iter()
        .map(|it| took_ms(it))
        .fold(0.0, f64::max);
    Finding {
        answer,
        measured: format!(
            "Blocking: recv waited {} and returned {} bytes. Non-blocking: recv said EWOULDBLOCK {} \
             before the bytes were there; no recv took longer than {}.",
            ms(took_ms(waited)),
            waited.bytes.unwrap_or_default(),
            times(refusals),
            // What is shorter than the clock tells is not nothing.
            ms(slowest.max(0.01))
        ),
        holds: answer == Some(1)
            && waited.bytes > Some(0)
            && took_ms(waited) >= 0.9 * delay
            && got
            && slowest < 0.5 * delay,
    }
}
