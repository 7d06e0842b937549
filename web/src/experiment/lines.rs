//! Experiment 4: lines out of a stream.

use chalkwire_shared::server::{Protocol, ServerOptions};
use chalkwire_shared::stamp;

use super::knob::{Knob, Range};
use super::run::Run;
use super::step::{Awaited, Step};
use super::words::{quoted, sum};
use super::{Answer, Experiment, Finding, PictureKind, Settings};
use crate::model::What;

/// What is sent, a send each: a line in two parts whose end sits in the second with the next line's
/// beginning, a letter of two bytes (é) that is cut in the middle, and a last line without its end.
const PARTS: [&[u8]; 6] = [
    b"hel",
    b"lo\r\nwor",
    b"ld\ncaf\xc3",
    b"\xa9\n",
    b"the e",
    b"nd",
];

/// The lines in it.
const LINES: [&[u8]; 4] = [b"hello\r\n", b"world\n", "café\n".as_bytes(), b"the end"];

/// How long is waited whether the line without an end is answered, in ms.
const PATIENCE_MS: u32 = 600;

/// The stamp in front of a line, in bytes.
const STAMP_BYTES: usize = 26;

pub(super) static LINES_EXPERIMENT: Experiment = Experiment {
    number: 4,
    slug: "lines",
    title: "Lines out of a stream",
    about: "Four lines, cut where no line ends: inside of a word, between a line end and the next \
            line, in the middle of the letter é. The last has no line end. The server answers lines.",
    question: "The last line, “the end”, has no line end. You wait. When does the server answer it?",
    answers: [
        Answer::usual("At once, as the others"),
        Answer::new("When you shut down your side: then what is left is the last line"),
        Answer::new("Never"),
    ],
    knobs: &[
        Knob {
            key: "recv",
            label: "The server's recv size",
            hint: "With recv(1) the server gets a byte at a time. The lines stay the same.",
            range: Range::Number {
                min: 1,
                max: 4_096,
                unit: "bytes",
            },
            default: 1_024,
        },
        Knob {
            key: "gap",
            label: "Pause between the sends",
            hint: "Without a pause several sends arrive as one. The lines stay the same.",
            range: Range::Number {
                min: 0,
                max: 500,
                unit: "ms",
            },
            default: 60,
        },
    ],
    explain: &[
        "A stream has no lines: a program makes them. It adds what recv returns to a buffer and looks \
         for a line end (\\n). While there is none, it calls recv again. What stands after a line end \
         stays in the buffer: it is the next line's beginning.",
        "So it does not matter where the stream was cut. “CR LF” and “LF” both end in \\n; the \
         program decides whether the CR belongs to the line.",
        "The letter é is two bytes in UTF-8, C3 A9, and a cut fell between them. Who makes text of \
         each recv by itself gets two broken letters. First find the line, then make text of it.",
        "A line without its end is not a line yet. Only when the other side is done (recv returns \
         b'') is it sure that nothing more comes.",
    ],
    linux: false,
    pictures: &[PictureKind::Hex, PictureKind::Ruler, PictureKind::Sequence],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let options = ServerOptions {
        protocol: Protocol::Session,
        recv_bytes: settings.get("recv"),
        ..ServerOptions::default()
    };
    let mut steps = vec![
        Step::serve(1, "answers each line", options),
        Step::open(1, "four lines", 1),
        Step::opened(1),
    ];
    for (no, part) in PARTS.into_iter().enumerate() {
        if no > 0 && settings.get("gap") > 0 {
            steps.push(Step::Wait(settings.get("gap")));
        }
        steps.push(Step::send(1, part));
    }
    let whole: usize = LINES[..3].iter().map(|it| it.len() + STAMP_BYTES).sum();
    steps.extend([
        Step::wait_for(Awaited::Bytes(1, whole), 3_000),
        Step::Wait(PATIENCE_MS),
        Step::ShutDown(1),
        Step::wait_for(Awaited::Closed(1), 3_000),
    ]);
    steps
}

/// The lines in a stream of replies, without their stamps. A line ends with `\n`, or where the next
/// stamp could begin.
fn lines(mut replies: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    while !replies.is_empty() {
        let end = replies.iter().position(|it| *it == b'\n');
        let (line, rest) = replies.split_at(end.map_or(replies.len(), |it| it + 1));
        let data = stamp::read(line).map_or(line, |it| it.data);
        lines.push(data.to_vec());
        replies = rest;
    }
    lines
}

fn check(_: &Settings, run: &Run) -> Finding {
    let mut before = Vec::new();
    let mut after = Vec::new();
    let mut shut_down = false;
    for entry in run.of(1) {
        match &entry.what {
            What::ShutDown => shut_down = true,
            What::Received { bytes, .. } if shut_down => after.extend_from_slice(bytes),
            What::Received { bytes, .. } => before.extend_from_slice(bytes),
            _ => {}
        }
    }
    let (before, after) = (lines(&before), lines(&after));
    let last = |lines: &[Vec<u8>]| lines.iter().any(|it| it.starts_with(b"the"));
    let answer = match (last(&before), last(&after)) {
        (true, _) => Some(0),
        (false, true) => Some(1),
        (false, false) => Some(2),
    };
    let shown: Vec<String> = before.iter().map(|it| quoted(it)).collect();
    let mut measured = format!(
        "recv returned {} bytes; out of them the server made the lines {}.",
        sum(&run.recvs(1)),
        shown.join(", ")
    );
    measured += &match after.first() {
        Some(line) => format!(
            " {} was answered only after you had shut down your side.",
            quoted(line)
        ),
        None => " Nothing more came after you had shut down your side.".to_owned(),
    };
    Finding {
        answer,
        measured,
        holds: before == LINES[..3] && after == LINES[3..],
    }
}
