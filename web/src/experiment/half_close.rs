//! Experiment 11: half-close.

use chalkwire_shared::server::{Protocol, ServerDid, ServerOptions};
use chalkwire_shared::stamp;

use super::knob::{Knob, Range};
use super::run::Run;
use super::step::{Awaited, Step};
use super::words::{ms, quoted};
use super::{Answer, Experiment, Finding, PictureKind, Settings};
use crate::model::What;

/// How long the gateway reads on after a close, so that what was sent before is not lost to a reset, in ms.
const LINGER_MS: f64 = 2_000.0;

pub(super) static HALF_CLOSE: Experiment = Experiment {
    number: 11,
    slug: "half-close",
    title: "Half-close",
    about: "A client sends a question, shuts down its side (FIN), and listens. The server reads b'', \
            thinks for a while, and answers.",
    question: "You send a question and call shutdown(SHUT_WR). The server needs a while for its answer. \
               Do you still get it?",
    answers: [
        Answer::usual("No: the connection is closed"),
        Answer::new("Yes: only your way is closed, the server's is still open"),
        Answer::new("Only if it was on its way already"),
    ],
    knobs: &[
        Knob {
            key: "end",
            label: "How you end",
            hint: "close ends both ways: what the server says later reaches nobody.",
            range: Range::Choice(&[("shutdown", "shutdown(SHUT_WR)"), ("close", "close()")]),
            default: 0,
        },
        Knob {
            key: "delay",
            label: "The server's time to think",
            hint: "However late: the connection waits, half closed.",
            range: Range::Number {
                min: 0,
                max: 3_000,
                unit: "ms",
            },
            default: 400,
        },
    ],
    explain: &[
        "A TCP connection is two streams, one each way, and each ends by itself. shutdown(SHUT_WR) ends \
         yours: a FIN goes out, and the server's recv returns b''. Its own stream is still open, and it \
         may answer at leisure.",
        "That is how “I have said everything” is told without a length in front: send all, shut down, \
         then read until b''. The kernel calls your side FIN-WAIT-2 meanwhile, the server's CLOSE-WAIT.",
        "close ends both ways for the program: a reply that comes later reaches nobody. The kernel would \
         answer it with RST, which can also take away what was sent before. So the gateway, which holds \
         your socket, reads on for 2 s after your close and throws away what comes; the Python program \
         below calls close itself, and its kernel answers with RST.",
        "Some servers take b'' for “the client is gone” and drop the answer. The protocol allows \
         half-close; not every program does.",
    ],
    linux: false,
    pictures: &[PictureKind::Sequence, PictureKind::States],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let delay = settings.get("delay");
    let options = ServerOptions {
        protocol: Protocol::Session,
        delay_ms: delay,
        ..ServerOptions::default()
    };
    let mut steps = vec![
        Step::serve(1, "answers at the end", options),
        Step::open_watched(1, "half-close", 1),
        Step::opened(1),
        // Without a line end: the server can only know that it is whole when we are done.
        Step::send(1, "question"),
        Step::wait_for(Awaited::Recvs(1, 1), 2_000),
    ];
    steps.extend(match settings.get("end") {
        0 => [
            Step::ShutDown(1),
            Step::wait_for(Awaited::Closed(1), delay + 2_000),
        ],
        // What the server does then is seen for a while after the end.
        _ => [Step::Close(1), Step::Wait(delay + 300)],
    });
    steps
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let delay = f64::from(settings.get("delay"));
    let reply = run.came_back(1);
    let stamp = stamp::read(&reply);
    let shut_ms = run
        .of(1)
        .find(|it| matches!(it.what, What::ShutDown))
        .map(|it| it.at_ms);
    let at = |wanted: fn(&ServerDid) -> bool| {
        let server = run.server(1);
        let found = server.into_iter().find(|(_, did)| wanted(did));
        found.map(|(clock_us, _)| clock_us)
    };
    let eof = at(|did| matches!(did, ServerDid::Eof));
    let sent = at(|did| matches!(did, ServerDid::Sent { .. }));
    let after_ms = match (shut_ms, run.first_reply_ms(1)) {
        (Some(shut), Some(reply)) => Some(reply - shut),
        _ => None,
    };
    let answer = match (stamp.is_some(), after_ms) {
        (true, Some(it)) if it > 0.0 => Some(1),
        (false, _) => Some(0),
        _ => None,
    };
    let measured = match (&stamp, after_ms) {
        (Some(stamp), Some(after)) => format!(
            "The server read b'' and answered; {} after your FIN the reply to {} was there, whole.",
            ms(after),
            quoted(stamp.data)
        ),
        _ if sent.is_some() && delay < LINGER_MS => {
            "The server answered. The gateway took the reply and threw it away, since you had closed: \
             nothing came back."
                .to_owned()
        }
        _ if sent.is_some() => {
            "The server answered when the gateway had stopped reading: nothing came back.".to_owned()
        }
        _ => "Nothing came back.".to_owned(),
    };
    let in_order = matches!((eof, sent), (Some(eof), Some(sent)) if eof <= sent);
    Finding {
        answer,
        measured,
        holds: answer == Some(1)
            && stamp.is_some_and(|it| it.data == b"question")
            && in_order
            && after_ms.is_some_and(|it| it >= 0.9 * delay)
            && run.eof(1),
    }
}
