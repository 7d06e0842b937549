//! Experiment 9: five ways to serve.

use chalkwire_shared::job::{Load, Outcome};
use chalkwire_shared::server::{Model, ServerOptions};

use super::knob::{Knob, Range};
use super::run::Run;
use super::run::load::Crowd;
use super::step::{Step, To};
use super::words::ms;
use super::{Answer, Experiment, Finding, PictureKind, Settings};

/// The server with the blocking call, among the run's servers.
const BLOCKED: u8 = 6;

pub(super) static FIVE_WAYS: Experiment = Experiment {
    number: 9,
    slug: "five-ways",
    title: "Five ways to serve",
    about: "Ten clients at once, 50 ms of waiting for each, at five servers in turn: iterative, a \
            thread a client, a process a client, select, and an event loop. Then the event loop again, \
            with a call that blocks where it waited before.",
    question: "The event loop serves ten clients in about 50 ms, with one thread. Now one line of it is \
               changed: it blocks for 50 ms (time.sleep) where it waited before. What happens?",
    answers: [
        Answer::usual("Nothing much: an event loop serves everyone at the same time"),
        Answer::new("It is as slow as the iterative server: one after another"),
        Answer::new("It starts more threads to make up for it"),
    ],
    knobs: &[
        Knob {
            key: "clients",
            label: "Clients",
            hint: "The iterative server's last client waits for all the others; the rest hardly change.",
            range: Range::Number {
                min: 2,
                max: 10,
                unit: "clients",
            },
            default: 10,
        },
        Knob {
            key: "work",
            label: "Time for a client",
            hint: "Short enough, and starting a process costs more than it saves.",
            range: Range::Number {
                min: 0,
                max: 300,
                unit: "ms",
            },
            default: 50,
        },
    ],
    explain: &[
        "Iterative: accept, serve, close, and again. One thread, and everyone waits for everyone.",
        "Threaded: a thread for each client. The kernel lets them wait side by side. Each costs memory, \
         and they share all data. Process: the same with a process each, which costs more to start and \
         shares nothing.",
        "select and the event loop: one thread that asks the kernel which sockets are ready, and does a \
         little for each. Waiting costs nothing, as long as it is the loop that waits.",
        "One call that blocks (a sleep, a long computation, a slow file) stops the loop, and with it \
         everyone. Then it is an iterative server. A threaded server does not mind: only its own client \
         waits.",
    ],
    linux: false,
    pictures: &[PictureKind::Gantt, PictureKind::Histogram],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let work = settings.get("work");
    // Room for all in the queue, so that it is the server's way of serving that is seen.
    let way = |model| ServerOptions {
        model,
        backlog: 64,
        delay_ms: work,
        ..ServerOptions::default()
    };
    let blocked = ServerOptions {
        delay_ms: 0,
        block_ms: work,
        ..way(Model::Evented)
    };
    let load = Load {
        clients: settings.get("clients") as u8,
        ..Load::default()
    };
    let mut steps: Vec<Step> = (1..)
        .zip(Model::ALL)
        .map(|(server, model)| Step::serve(server, model.as_str(), way(model)))
        .collect();
    steps.extend([
        Step::serve(BLOCKED, "evented, with a blocking call", blocked),
        Step::Load {
            to: (1..BLOCKED).map(To::Server).collect(),
            load: load.clone(),
        },
        Step::Load {
            to: vec![To::Server(BLOCKED)],
            load,
        },
    ]);
    steps
}

/// `iterative 503 ms (1 thread)`.
fn told(name: &str, crowd: Crowd<'_>, last_ms: f64) -> String {
    let (threads, processes) = crowd.workers();
    let workers = match (threads, processes) {
        (0, 0) => String::new(),
        (0 | 1, 0 | 1) => " (1 thread)".to_owned(),
        (threads, 0 | 1) => format!(" ({threads} threads)"),
        (_, processes) => format!(" ({processes} processes)"),
    };
    format!("{name} {}{workers}", ms(last_ms))
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let clients = settings.get("clients") as usize;
    let in_turn = f64::from(settings.get("work")) * clients as f64;
    let mut lasts = Vec::new();
    let mut tellings = Vec::new();
    let places = (0..5).map(|it| (0, it)).chain([(1, 0)]);
    let names = Model::ALL
        .map(Model::as_str)
        .into_iter()
        .chain(["evented with a blocking call"]);
    let mut all_done = true;
    let mut workers = Vec::new();
    for ((job, target), name) in places.zip(names) {
        let Some(crowd) = run.crowd(job, target) else {
            return Finding::nothing();
        };
        let Some(last) = crowd.last_reply_ms() else {
            return Finding::nothing();
        };
        all_done &= crowd.count(Outcome::Done) == clients;
        workers.push(crowd.workers());
        tellings.push(told(name, crowd, last));
        lasts.push(last);
    }
    let [iterative, threaded, process, select, evented, blocked] = lasts[..] else {
        return Finding::nothing();
    };
    // One after another takes the sum of all; side by side, a little more than one.
    let slow = |it: f64| it >= 0.9 * in_turn;
    let quick = |it: f64| it < 0.6 * in_turn;
    let answer = match blocked {
        _ if clients < 3 || in_turn < 100.0 => None,
        it if slow(it) => Some(1),
        it if quick(it) && workers[5].0 > 1 => Some(2),
        it if quick(it) => Some(0),
        _ => None,
    };
    Finding {
        answer,
        measured: format!(
            "The last of {clients} clients had its reply after: {}.",
            tellings.join(", ")
        ),
        holds: answer == Some(1)
            && all_done
            && slow(iterative)
            && quick(threaded)
            && quick(select)
            && quick(evented)
            // Starting processes takes its time, but they wait side by side.
            && process < iterative
            && workers[1].0 > 2
            && workers[2].1 > 2
            && [0, 3, 4, 5].iter().all(|it| workers[*it].0 <= 1 && workers[*it].1 <= 1),
    }
}
