//! Experiment 2: a stream has no boundaries.

use bytes::Bytes;
use chalkwire_shared::server::{Protocol, ServerOptions};

use super::knob::{Knob, Range};
use super::run::Run;
use super::step::{Awaited, Step};
use super::words::{quoted, sum};
use super::{Answer, Experiment, Finding, PictureKind, Settings};

/// How long the server is busy before its first `recv`, in ms: longer than three sends take.
const LATE_MS: u32 = 300;

/// Bytes of each of the three long sends.
const LONG: usize = 1_000;

pub(super) static STREAM: Experiment = Experiment {
    number: 2,
    slug: "stream",
    title: "A stream has no boundaries",
    about: "Three sends of 1,000 bytes to a server that is busy for a moment and then reads with \
            recv(1024); and three short lines, sent one by one, to a server that calls recv once.",
    question: "You call send three times with 1,000 bytes each. The server calls recv(1024) until \
               it has all. How many bytes does each recv return?",
    answers: [
        Answer::usual("1000, 1000, 1000: one recv for each send"),
        Answer::new("1024, 1024, 952: as much as fits, wherever the sends were cut"),
        Answer::new("3000 at once: recv waits for everything"),
    ],
    knobs: &[
        Knob {
            key: "recv",
            label: "The server's recv size",
            hint: "With recv(4096) all three sends fit into one recv. With recv(16) even one send \
                   takes many.",
            range: Range::Number {
                min: 16,
                max: 8_192,
                unit: "bytes",
            },
            default: 1_024,
        },
        Knob {
            key: "gap",
            label: "Pause between the sends",
            hint: "Pause longer than the server is busy, and each send seems to be one recv. That is \
                   luck, not a promise: it is how programs come to work on the desk and fail in use.",
            range: Range::Number {
                min: 0,
                max: 2_000,
                unit: "ms",
            },
            default: 0,
        },
    ],
    explain: &[
        "TCP carries a stream of bytes. send puts bytes into the kernel's buffer; recv takes out what \
         has arrived, up to the number that it is given. Nothing in the stream says where a send \
         ended.",
        "The server was busy while your three sends arrived, so 3,000 bytes lay ready. recv(1024) \
         took 1,024 of them, then 1,024, then the 952 that were left. Your cuts at 1,000 and 2,000 \
         are gone.",
        "A program that needs messages must mark them itself: a line end, a length in front, or a \
         connection for each. Experiment 4 does that with lines.",
    ],
    linux: false,
    pictures: &[PictureKind::Ruler, PictureKind::Sequence],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let gap = settings.get("gap");
    let late = |protocol| ServerOptions {
        protocol,
        recv_bytes: settings.get("recv"),
        late_ms: LATE_MS,
        ..ServerOptions::default()
    };
    let mut steps = vec![
        Step::serve(1, "reads until a line is whole", late(Protocol::Session)),
        Step::serve(2, "calls recv once", late(Protocol::Basic)),
    ];
    let long = ['a', 'b', 'c'].map(|letter| {
        // The line's end is the last byte of all, so that the server has one request to answer.
        let mut bytes = vec![letter as u8; LONG];
        if letter == 'c' {
            bytes[LONG - 1] = b'\n';
        }
        Bytes::from(bytes)
    });
    let short = ["one\n", "two\n", "three\n"].map(|it| Bytes::from_static(it.as_bytes()));
    let sockets = [
        (1, "three sends of 1,000 bytes", long),
        (2, "three lines", short),
    ];
    for (slot, title, sends) in sockets {
        steps.extend([Step::open(slot, title, slot), Step::opened(slot)]);
        for (no, bytes) in sends.into_iter().enumerate() {
            if no > 0 && gap > 0 {
                steps.push(Step::Wait(gap));
            }
            steps.push(Step::Send(slot, bytes));
        }
        steps.push(Step::wait_for(Awaited::Replies(slot, 1), 5_000));
    }
    steps
}

/// Where parts end, counted in bytes from the first; without the end of all.
fn cuts(parts: &[u32]) -> Vec<u32> {
    let mut at = 0;
    let mut cuts: Vec<u32> = parts
        .iter()
        .map(|it| {
            at += it;
            at
        })
        .collect();
    cuts.pop();
    cuts
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let recvs = run.recvs(1);
    let sends: Vec<u32> = run.sends(1).iter().map(|it| it.len() as u32).collect();
    let ends = cuts(&recvs);
    let (kept, gone): (Vec<u32>, Vec<u32>) =
        cuts(&sends).into_iter().partition(|it| ends.contains(it));
    // Whoever reads at once has each send alone, and may have luck.
    let paused = settings.get("gap") > 0;
    let (answer, why) = match (&kept[..], &gone[..]) {
        _ if recvs.iter().sum::<u32>() != sends.iter().sum::<u32>() => (
            None,
            "not all that you sent was seen by the server.".to_owned(),
        ),
        _ if recvs.len() == 1 => (
            None,
            "it fitted, so one recv returned what you sent in three.".to_owned(),
        ),
        (_, []) if recvs == sends && paused && settings.get("recv") > LONG as u32 => (
            Some(0),
            "this time each send was one recv, since the server read faster than you sent."
                .to_owned(),
        ),
        (_, []) => (
            (!paused && recvs != sends).then_some(1),
            format!(
                "your cuts at 1000 and 2000 are ends of a recv as well, by {}.",
                if paused { "your pauses" } else { "its size" }
            ),
        ),
        ([], _) => (Some(1), "your cuts at 1000 and 2000 are gone.".to_owned()),
        ([kept, ..], [gone, ..]) => (
            Some(1),
            format!("your cut at {gone} is gone; at {kept} a recv ended as well."),
        ),
    };
    let mut measured = format!("{}: {why}", sum(&recvs));
    let reply = run.came_back(2);
    let data = chalkwire_shared::stamp::read(&reply).map(|it| it.data);
    if let (Some(data), Some(first)) = (data, run.recvs(2).first()) {
        let sends = run.sends(2).len();
        measured += &format!(
            " Of the {sends} lines, one recv returned {} ({first} bytes).",
            quoted(data)
        );
    }
    Finding {
        answer,
        measured,
        holds: recvs == [1_024, 1_024, 952] && data == Some(b"one\ntwo\nthree\n"),
    }
}
