//! Experiment 13: AF_UNIX and AF_INET.

use chalkwire_shared::job::{Load, Outcome};
use chalkwire_shared::server::{Model, ServerOptions};
use chalkwire_shared::target::Kind;

use super::knob::{Knob, Range};
use super::run::Run;
use super::run::load::{Crowd, median};
use super::step::{Step, To};
use super::words::ms;
use super::{Answer, Experiment, Finding, PictureKind, Settings};

pub(super) static UNIX: Experiment = Experiment {
    number: 13,
    slug: "unix",
    title: "AF_UNIX and AF_INET",
    about: "Twenty clients with non-blocking sockets connect at once to an iterative server (50 ms \
            each, listen(5)): first over AF_UNIX, a path, then over AF_INET, a port.",
    question: "The server's queue is full. A client with a non-blocking socket calls connect. What does \
               it hear, over AF_UNIX and over AF_INET?",
    answers: [
        Answer::usual("The same on both: that the connection is in progress"),
        Answer::new("AF_UNIX: at once EAGAIN, try again. AF_INET: in progress, and it waits"),
        Answer::new("Both: connection refused"),
    ],
    knobs: &[
        Knob {
            key: "backlog",
            label: "The number given to listen",
            hint: "With room for all, nobody hears EAGAIN.",
            range: Range::Number {
                min: 0,
                max: 30,
                unit: "",
            },
            default: 5,
        },
        Knob {
            key: "clients",
            label: "Clients",
            hint: "Six fit into the queue of listen(5), and one is being served.",
            range: Range::Number {
                min: 1,
                max: 25,
                unit: "clients",
            },
            default: 20,
        },
    ],
    explain: &[
        "AF_UNIX sockets have a path in the file system for an address, and stay inside one machine: no \
         ports, no handshake, no packets. The rest of the API is the same: connect, send, recv, close.",
        "Over AF_INET the other end may be far away. If its queue is full, the SYN is thrown away; \
         connect can't know, so it goes on trying.",
        "Over AF_UNIX both ends are in one kernel, which sees that the queue is full. A connect that \
         blocks waits for room; one on a non-blocking socket says EAGAIN at once. A program that takes \
         that for a failure loses clients whenever many come together: it should try again.",
    ],
    linux: true,
    pictures: &[PictureKind::Histogram, PictureKind::Gantt],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let options = |kind| ServerOptions {
        kind,
        model: Model::Iterative,
        backlog: settings.get("backlog"),
        delay_ms: 50,
        ..ServerOptions::default()
    };
    vec![
        Step::serve(1, "AF_UNIX", options(Kind::Unix)),
        Step::serve(2, "AF_INET", options(Kind::Tcp)),
        Step::Load {
            to: vec![To::Server(1), To::Server(2)],
            load: Load {
                clients: settings.get("clients") as u8,
                // All within the first one's turn, and after the server has taken that one.
                stagger_ms: 1,
                connect_ms: 15_000,
                nonblocking: true,
                ..Load::default()
            },
        },
    ]
}

/// `20 were served`, and what became of the others that did not hear EAGAIN.
fn served(crowd: Crowd<'_>) -> String {
    let runs = crowd.runs().len();
    let done = crowd.count(Outcome::Done);
    let mut text = format!("{done} were served");
    match runs - done - crowd.count(Outcome::WouldBlock) {
        0 => {}
        others => text += &format!(", {others} gave up waiting"),
    }
    text
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let (Some(unix), Some(inet)) = (run.crowd(0, 0), run.crowd(0, 1)) else {
        return Finding::nothing();
    };
    let clients = settings.get("clients") as usize;
    let again = unix.count(Outcome::WouldBlock);
    let inet_again = inet.count(Outcome::WouldBlock);
    let refused = unix.count(Outcome::Refused) + inet.count(Outcome::Refused);
    let answer = match (again, inet_again, refused) {
        (_, _, 1..) => Some(2),
        (1.., 0, 0) => Some(1),
        // Where there was room for all, nothing is shown.
        _ if unix.count(Outcome::Done) == clients => None,
        _ => Some(0),
    };
    let slowest = inet.connects_ms().into_iter().fold(0.0, f64::max);
    let gave_up: Vec<f64> = unix
        .runs()
        .into_iter()
        .filter(|it| it.outcome == Outcome::WouldBlock)
        .map(|it| it.end_us.saturating_sub(it.start_us) as f64 / 1_000.0)
        .collect();
    let at_once = match median(&gave_up) {
        Some(it) => format!(" after {} (median)", ms(it)),
        None => String::new(),
    };
    Finding {
        answer,
        measured: format!(
            "AF_UNIX: {again} of {clients} heard EAGAIN{at_once}, {}. AF_INET: {inet_again} heard EAGAIN, \
             {}; of those that connected, the slowest did after {}.",
            served(unix),
            served(inet),
            ms(slowest)
        ),
        // Thirteen where all come before the second is served; on a busy machine some come later.
        holds: answer == Some(1)
            && (10..=14).contains(&again)
            && unix.count(Outcome::Done) == clients - again
            && inet.count(Outcome::Done) == clients
            && slowest > 500.0,
    }
}
