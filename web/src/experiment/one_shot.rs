//! Experiment 14: one-shot or persistent.

use chalkwire_shared::job::{Load, Outcome};
use chalkwire_shared::server::{Model, Protocol, ServerOptions};

use super::knob::{Knob, MODELS, Range};
use super::run::Run;
use super::run::load::{Crowd, median};
use super::step::{Step, To};
use super::words::{count, model, ms};
use super::{Answer, Experiment, Finding, PictureKind, Settings};
use crate::pictures::latency::replies_ms;

pub(super) static ONE_SHOT: Experiment = Experiment {
    number: 14,
    slug: "one-shot",
    title: "One-shot or persistent",
    about: "Twenty messages, one after another: first each over a connection of its own, then all over \
            one connection.",
    question: "Twenty messages, one after another. Each over a new connection, or all over one: what \
               is the difference?",
    answers: [
        Answer::usual("None that matters: the same bytes are sent and answered"),
        Answer::new("One connection is quicker: one handshake instead of twenty"),
        Answer::new("New connections are quicker: each starts fresh"),
    ],
    knobs: &[
        Knob {
            key: "messages",
            label: "Messages",
            hint: "With one message there is no difference.",
            range: Range::Number {
                min: 1,
                max: 20,
                unit: "messages",
            },
            default: 20,
        },
        Knob {
            key: "model",
            label: "How the server serves",
            hint: "With a process for each client a new connection costs a new process.",
            range: Range::Choice(MODELS),
            default: Model::Evented as u32,
        },
    ],
    explain: &[
        "A new TCP connection costs a handshake, which is one time there and back before the first \
         byte, and an accept, a new socket, perhaps a thread or a process at the server, and a close \
         (two FINs) at the end.",
        "Over loopback a handshake is a fraction of a millisecond. Over the world it is 200 ms, twenty \
         times: then the difference is all there is. That is why HTTP keeps connections.",
        "A persistent connection has its price as well: the server must know where a message ends, and \
         must keep a socket for each client that says nothing.",
    ],
    linux: false,
    pictures: &[PictureKind::Gantt, PictureKind::Histogram],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let options = ServerOptions {
        protocol: Protocol::Session,
        model: model(settings.get("model")),
        backlog: 64,
        ..ServerOptions::default()
    };
    let load = |one_shot| Step::Load {
        to: vec![To::Server(1)],
        load: Load {
            messages: settings.get("messages") as u8,
            one_shot,
            ..Load::default()
        },
    };
    vec![
        Step::serve(1, options.model.as_str(), options),
        load(true),
        load(false),
    ]
}

fn each_ms(crowd: Crowd<'_>) -> Vec<f64> {
    crowd.runs().into_iter().flat_map(replies_ms).collect()
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let (Some(one_shot), Some(persistent)) = (run.crowd(0, 0), run.crowd(1, 0)) else {
        return Finding::nothing();
    };
    let messages = settings.get("messages") as usize;
    let (a, b) = (each_ms(one_shot), each_ms(persistent));
    let connections = (one_shot.runs().len(), persistent.runs().len());
    let (Some(each_a), Some(each_b)) = (median(&a), median(&b)) else {
        return Finding::nothing();
    };
    let answered = a.len() == messages && b.len() == messages;
    let ratio = each_a / each_b.max(0.001);
    let answer = match ratio {
        _ if !answered || messages < 3 => None,
        it if it > 1.1 => Some(1),
        it if it < 0.9 => Some(2),
        _ => Some(0),
    };
    Finding {
        answer,
        measured: format!(
            "{} over {} took {} in all, {} each (median); over {} they took {}, {} each.",
            count(messages, "message", "messages"),
            count(connections.0, "connection", "connections"),
            ms(a.iter().sum()),
            ms(each_a),
            match connections.1 {
                1 => "one".to_owned(),
                n => n.to_string(),
            },
            ms(b.iter().sum()),
            ms(each_b)
        ),
        holds: answer == Some(1)
            && connections == (messages, 1)
            && one_shot.count(Outcome::Done) == messages
            && persistent.count(Outcome::Done) == 1,
    }
}
