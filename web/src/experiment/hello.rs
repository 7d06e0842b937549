//! Experiment 1: hello, timestamp.

use chalkwire_shared::server::{Protocol, ServerOptions};
use chalkwire_shared::stamp;

use super::knob::{Knob, Range};
use super::run::Run;
use super::step::{Awaited, Step};
use super::words::quoted;
use super::{Answer, Experiment, Finding, PictureKind, Settings};
use crate::legs::{Part, legs};
use crate::model::{Entry, bytes_text, ms_text};

/// How long the server waits for a line, in ms.
const TIMEOUT_MS: u32 = 5_000;

pub(super) static HELLO: Experiment = Experiment {
    number: 1,
    slug: "hello",
    title: "Hello, timestamp",
    about: "One line to a timestamp server and its reply: from your browser to the gateway, from \
            there over a TCP socket to the server, and all the way back, each leg timed.",
    question: "You send hello and a line end (CR LF) to the timestamp server. What comes back?",
    answers: [
        Answer::usual("The time, and nothing else"),
        Answer::new("The time in brackets, then your line, its line end included"),
        Answer::new("Your line, without its line end"),
    ],
    knobs: &[
        Knob {
            key: "end",
            label: "Line end",
            hint: "Without a line end the server waits for the rest of the line until its time-out \
                   (5 s), and you wait with it.",
            range: Range::Choice(&[("crlf", "CR LF"), ("lf", "LF"), ("none", "none")]),
            default: 0,
        },
        Knob {
            key: "delay",
            label: "The server's time for a reply",
            hint: "A slow server: see which leg grows, and which do not.",
            range: Range::Number {
                min: 0,
                max: 3_000,
                unit: "ms",
            },
            default: 0,
        },
    ],
    explain: &[
        "A browser can't open a TCP socket. Your line went to the gateway over a WebSocket; the \
         gateway sent it on over a real TCP socket to the server, and the reply came back the same \
         way.",
        "The server reads one line, puts the time in front, sends both back and closes. The line end \
         is part of what you sent, so it is part of what comes back.",
        "The time between the gateway and the server is measured by the gateway's clock, the whole \
         way by your browser's. The two clocks differ; the picture says how well that is known.",
    ],
    linux: false,
    pictures: &[PictureKind::Sequence, PictureKind::Hex],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let end = match settings.get("end") {
        0 => "\r\n",
        1 => "\n",
        _ => "",
    };
    let options = ServerOptions {
        protocol: Protocol::Line,
        delay_ms: settings.get("delay"),
        timeout_ms: TIMEOUT_MS,
        ..ServerOptions::default()
    };
    vec![
        Step::serve(1, "reads one line", options),
        Step::open_watched(1, "one line", 1),
        Step::opened(1),
        Step::send(1, format!("hello{end}")),
        Step::wait_for(Awaited::Replies(1, 1), TIMEOUT_MS + 1_000),
        Step::wait_for(Awaited::Eof(1), 1_000),
    ]
}

fn check(_: &Settings, run: &Run) -> Finding {
    let sent: Vec<u8> = run.sends(1).into_iter().flatten().copied().collect();
    let reply = run.came_back(1);
    let whole = "hello\r\n".as_bytes();
    let stamp = stamp::read(&reply);
    let answer = match &stamp {
        Some(it) if it.data == sent => Some(1),
        Some(it) if it.data.is_empty() => Some(0),
        _ if !reply.is_empty() && sent.starts_with(&reply) => Some(2),
        _ => None,
    };
    let mut measured = match reply.is_empty() {
        true => format!(
            "You sent {} ({}), and nothing came back: the server waited for the end of the line, \
             then closed.",
            quoted(&sent),
            bytes_text(sent.len())
        ),
        false => format!(
            "You sent {} ({}); {} came back ({}).",
            quoted(&sent),
            bytes_text(sent.len()),
            quoted(&reply),
            bytes_text(reply.len())
        ),
    };
    let entries: Vec<Entry> = run.of(1).cloned().collect();
    if let Some(legs) = legs(&entries, run.clock) {
        let (connect, ways): (Vec<_>, Vec<_>) =
            legs.legs.iter().partition(|it| it.part == Part::Connect);
        if let Some(connect) = connect.first() {
            measured += &format!(" Connecting took {}.", ms_text(connect.ms));
        }
        let each: Vec<String> = ways
            .iter()
            .map(|it| format!("{} {}", it.name, ms_text(it.ms)))
            .collect();
        measured += &format!(
            " There and back took {}: {}.",
            ms_text(legs.total_ms),
            each.join(", ")
        );
    }
    Finding {
        answer,
        measured,
        holds: answer == Some(1) && sent == whole && run.recvs(1).iter().sum::<u32>() == 7,
    }
}
