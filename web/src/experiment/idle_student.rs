//! Experiment 8: one idle student stops everyone.

use chalkwire_shared::job::{Load, Outcome};
use chalkwire_shared::server::{Model, ServerOptions};

use super::knob::{Knob, MODELS, Range};
use super::run::Run;
use super::step::{Step, To};
use super::words::{model, ms};
use super::{Answer, Experiment, Finding, PictureKind, Settings};

/// Clients, the idle one among them.
const CLIENTS: u8 = 20;

/// How long the server needs for a client, in ms.
const WORK_MS: u32 = 50;

pub(super) static IDLE_STUDENT: Experiment = Experiment {
    number: 8,
    slug: "idle-student",
    title: "One idle student stops everyone",
    about: "A student connects and sends nothing. Nineteen others connect just after and send their \
            line. The server serves one at a time, and gives a silent client 5 s.",
    question: "One student is connected and sends nothing; nineteen others send at once. The server \
               serves one at a time. When does the first of the nineteen get a reply?",
    answers: [
        Answer::usual("At once: somebody who sends nothing needs nothing"),
        Answer::new("When the server gives the idle one up, at its time-out"),
        Answer::new("Never: the server is stuck for good"),
    ],
    knobs: &[
        Knob {
            key: "timeout",
            label: "The server's time-out",
            hint: "Shorter is kinder to the others, and harder on whoever types slowly.",
            range: Range::Number {
                min: 200,
                max: 10_000,
                unit: "ms",
            },
            default: 5_000,
        },
        Knob {
            key: "model",
            label: "How the server serves",
            hint: "Where each client has a thread, a process or a place in an event loop, the idle one \
                   waits alone.",
            range: Range::Choice(MODELS),
            default: 0,
        },
    ],
    explain: &[
        "The server has accepted the idle student and waits in recv. A call that waits holds the whole \
         program, if there is only one thread; nobody calls accept meanwhile.",
        "Only the time-out ends it. Without one, a single silent client, or a cable that was pulled, \
         stops such a server for ever. A server on a network needs a time-out on every wait.",
        "The others did not only wait for the 5 s. The queue has room for six; whoever found it full \
         was not heard, and tried again a second later (experiment 7).",
    ],
    linux: false,
    pictures: &[PictureKind::Gantt, PictureKind::Histogram],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let options = ServerOptions {
        model: model(settings.get("model")),
        timeout_ms: settings.get("timeout"),
        delay_ms: WORK_MS,
        ..ServerOptions::default()
    };
    vec![
        Step::serve(1, options.model.as_str(), options),
        Step::Load {
            to: vec![To::Server(1)],
            load: Load {
                clients: CLIENTS,
                idle_clients: 1,
                stagger_ms: 5,
                connect_ms: 25_000,
                reply_ms: 25_000,
                ..Load::default()
            },
        },
    ]
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let Some(crowd) = run.crowd(0, 0) else {
        return Finding::nothing();
    };
    let timeout = f64::from(settings.get("timeout"));
    let others = usize::from(CLIENTS) - 1;
    let replies = crowd.replies_ms();
    let (first, last) = match (replies.first(), replies.last()) {
        (Some(first), Some(last)) => (*first, *last),
        _ => {
            return Finding {
                answer: Some(2),
                measured: "Nobody got a reply.".to_owned(),
                holds: false,
            };
        }
    };
    let answer = match first {
        it if it >= 0.95 * timeout => Some(1),
        it if it < 0.5 * timeout => Some(0),
        _ => None,
    };
    Finding {
        answer,
        measured: format!(
            "After the idle one had connected, the first of the {others} others had its reply after \
             {}, the last after {}. The server's time-out is {}.",
            ms(first),
            ms(last),
            ms(timeout)
        ),
        holds: answer == Some(1)
            && model(settings.get("model")) == Model::Iterative
            && crowd.count(Outcome::Done) == others
            // What comes on top of the time-out is one client's work.
            && (0.95 * timeout..timeout + 1_000.0).contains(&first)
            && last > first,
    }
}
