//! Experiment 6: one at a time.

use chalkwire_shared::job::{Load, Outcome};
use chalkwire_shared::server::{Model, ServerOptions};

use super::knob::{Knob, MODELS, Range};
use super::run::Run;
use super::run::load::median;
use super::step::{Step, To};
use super::words::{count, model, ms};
use super::{Answer, Experiment, Finding, PictureKind, Settings};

/// How long the server needs for a client, in ms.
const WORK_MS: u32 = 50;

/// Room for everyone to wait in: experiment 7 is about a queue that is too short.
const BACKLOG: u32 = 64;

pub(super) static ONE_AT_A_TIME: Experiment = Experiment {
    number: 6,
    slug: "one-at-a-time",
    title: "One at a time",
    about: "Twenty clients connect at the same moment to a server that serves one client at a time \
            and needs 50 ms for each.",
    question: "Twenty clients come at once, the server takes 50 ms for each, one at a time. When does \
               the last one have its reply?",
    answers: [
        Answer::usual("After about 50 ms: that is what the server needs"),
        Answer::new("After about 1,000 ms: it waits for the other nineteen"),
        Answer::new("Never: a server that is busy refuses connections"),
    ],
    knobs: &[
        Knob {
            key: "clients",
            label: "Clients",
            hint: "Each more is one step more for whoever is last.",
            range: Range::Number {
                min: 1,
                max: 50,
                unit: "clients",
            },
            default: 20,
        },
        Knob {
            key: "model",
            label: "How the server serves",
            hint: "Any other way of serving, and the staircase is gone. Experiment 9 compares them.",
            range: Range::Choice(MODELS),
            default: 0,
        },
    ],
    explain: &[
        "An iterative server calls accept, serves that client to its end, and only then calls accept \
         again. While it serves, the kernel completes other clients' handshakes and keeps them in the \
         listener's queue: they are connected, and nobody has looked at them yet.",
        "So connect returns at once for all, and the replies come as a staircase: 50, 100, 150 … ms. \
         The waiting time grows with everyone who came before.",
        "The mean is half of the longest wait. For one client at a time that is the simplest server \
         there is, and good enough where serving takes no time.",
    ],
    linux: false,
    pictures: &[PictureKind::Gantt, PictureKind::Histogram],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let options = ServerOptions {
        model: model(settings.get("model")),
        backlog: BACKLOG,
        delay_ms: WORK_MS,
        ..ServerOptions::default()
    };
    vec![
        Step::serve(1, options.model.as_str(), options),
        Step::Load {
            to: vec![To::Server(1)],
            load: Load {
                clients: settings.get("clients") as u8,
                ..Load::default()
            },
        },
    ]
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let Some(crowd) = run.crowd(0, 0) else {
        return Finding::nothing();
    };
    let replies = crowd.replies_ms();
    let (Some(first), Some(last)) = (replies.first(), replies.last()) else {
        return Finding::nothing();
    };
    let clients = settings.get("clients") as usize;
    let work = f64::from(WORK_MS);
    let steps: Vec<f64> = replies.windows(2).map(|it| it[1] - it[0]).collect();
    let step = median(&steps);
    // The server cannot be faster than its work; how much slower it is depends on the machine.
    let staircase = *last >= 0.95 * work * clients as f64 && step >= Some(0.9 * work);
    let answer = match () {
        () if crowd.count(Outcome::Refused) > 0 => Some(2),
        () if replies.len() < clients => None,
        // With a client or two there is nothing to tell apart.
        () if clients < 3 => None,
        () if staircase => Some(1),
        () if *last < 0.5 * work * clients as f64 => Some(0),
        () => None,
    };
    Finding {
        answer,
        measured: format!(
            "{} of {} got a reply: the first after {}, the last after {}{}.",
            replies.len(),
            count(clients, "client", "clients"),
            ms(*first),
            ms(*last),
            step.map_or_else(String::new, |it| format!(
                ", {} from one to the next (median)",
                ms(it)
            ))
        ),
        holds: answer == Some(1)
            && model(settings.get("model")) == Model::Iterative
            && crowd.count(Outcome::Done) == clients
            && step <= Some(1.5 * work),
    }
}
