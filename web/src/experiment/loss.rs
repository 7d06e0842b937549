//! Experiment 12: loss, duplication, reorder.

use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Direction, Fault, FaultDid};
use chalkwire_shared::server::ServerOptions;
use chalkwire_shared::stamp;
use chalkwire_shared::target::Kind;

use super::knob::{Knob, Range};
use super::run::Run;
use super::step::{Awaited, Step, To};
use super::{Answer, Experiment, Finding, PictureKind, Settings};

/// Datagrams of each part.
const COUNT: usize = 10;

/// A pause between two, in ms, so that only the hop puts them out of order.
const GAP_MS: u32 = 30;

/// How long a reply is waited for before a message is sent again, in ms.
const AGAIN_MS: u32 = 250;

/// How likely a datagram comes twice or is overtaken, in percent.
const STRANGE_PERCENT: u8 = 20;

pub(super) static LOSS: Experiment = Experiment {
    number: 12,
    slug: "loss",
    title: "Loss, duplication, reorder",
    about: "Ten datagrams to a UDP server over a hop that loses, doubles and reorders some: made on \
            purpose, by the seed, so that everyone with this seed sees the same. Then ten more, with \
            numbers and retry.",
    question: "Ten datagrams go over a hop that loses some, doubles some, and lets some overtake others. \
               Who tells your program what became of them?",
    answers: [
        Answer::usual("UDP: a send that is lost returns an error"),
        Answer::new("Nobody: only numbers in the messages and replies to them can show it"),
        Answer::new("Nobody needs to: UDP sends lost ones again"),
    ],
    knobs: &[
        Knob {
            key: "loss",
            label: "Loss",
            hint: "At 0 nothing is ever lost. At 100 no retry helps.",
            range: Range::Number {
                min: 0,
                max: 100,
                unit: "%",
            },
            default: 30,
        },
        Knob {
            key: "tries",
            label: "Tries for a message",
            hint: "One try is no retry: what is lost is lost.",
            range: Range::Number {
                min: 1,
                max: 10,
                unit: "tries",
            },
            default: 8,
        },
    ],
    explain: &[
        "A datagram is sent and forgotten. send says that the kernel took it, no more. On the way it \
         may be lost, arrive twice, or be overtaken, and no call returns an error for that.",
        "A program that needs to know numbers its messages and waits for a reply to each. No reply in \
         time: send it again. A number seen before: a copy. A smaller number after a larger one: \
         overtaken. With that, a message \
         of the second part is answered as soon as one of its tries gets through.",
        "If a reply is missing, was the message lost or the reply? Nobody can tell. The server may do \
         the same thing twice, so a request that is sent again must be one that does no harm twice, or \
         the server must remember the numbers.",
        "TCP does all of this for you, and more. That is why there is no “loss” to set for TCP here: \
         what a program sees of it is delay.",
    ],
    linux: false,
    pictures: &[PictureKind::Sequence],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let options = ServerOptions {
        kind: Kind::Udp,
        ..ServerOptions::default()
    };
    let direction = Direction::ToTarget;
    let faults = vec![
        Fault::Loss {
            direction,
            percent: settings.get("loss") as u8,
        },
        Fault::Duplicate {
            direction,
            percent: STRANGE_PERCENT,
        },
        Fault::Reorder {
            direction,
            percent: STRANGE_PERCENT,
        },
    ];
    let open = |socket, title| Step::Open {
        socket,
        title,
        to: To::Server(1),
        faults: faults.clone(),
        kernel: false,
    };
    let mut steps = vec![
        Step::serve(1, "UDP", options),
        open(1, "sent and forgotten"),
        Step::opened(1),
    ];
    for number in 1..=COUNT {
        steps.push(Step::send(1, format!("{number} hello")));
        steps.push(Step::Wait(GAP_MS));
    }
    steps.extend([
        Step::wait_for(Awaited::Replies(1, COUNT), 300),
        open(2, "numbers and retry"),
        Step::opened(2),
        Step::SendWithRetry {
            socket: 2,
            messages: vec!["hello".to_owned(); COUNT],
            timeout_ms: AGAIN_MS,
            tries: settings.get("tries"),
        },
    ]);
    steps
}

/// The numbers of the messages that were answered, in the order of the replies.
fn numbers(run: &Run) -> Vec<usize> {
    let replies = run.replies(1);
    let stamps = replies.iter().filter_map(|it| stamp::read(it));
    stamps
        .filter_map(|it| {
            let text = std::str::from_utf8(it.data).ok()?;
            text.split_once(' ')?.0.parse().ok()
        })
        .collect()
}

fn check(_: &Settings, run: &Run) -> Finding {
    let numbers = numbers(run);
    let lost = (1..=COUNT).filter(|it| !numbers.contains(it)).count();
    let twice = (1..=COUNT)
        .filter(|it| numbers.iter().filter(|n| *n == it).count() > 1)
        .count();
    let overtaken = numbers.windows(2).filter(|it| it[0] > it[1]).count();
    let made = run
        .faults(1)
        .filter(|it| matches!(it, FaultDid::Dropped { .. }))
        .count();
    let answered = run.retried.iter().filter(|it| it.answered).count();
    let tries: u32 = run.retried.iter().map(|it| it.tries).sum();
    let sent = run.sends(1).len();
    // Ten sends and no error: what was lost, nobody told.
    let told = run.closed(1).is_some_and(|it| it != Reason::ClosedByClient);
    let answer = match (lost + twice + overtaken, told) {
        (_, true) => Some(0),
        (1.., false) => Some(1),
        (0, false) if made > 0 => Some(2),
        _ => None,
    };
    let order: Vec<String> = numbers.iter().map(usize::to_string).collect();
    Finding {
        answer,
        measured: format!(
            "{sent} sent, no error; replies came to {}: {lost} lost, {twice} came twice, {overtaken} \
             overtaken. With numbers and retry {answered} of {COUNT} were answered, in {tries} sends.",
            if order.is_empty() {
                "none".to_owned()
            } else {
                order.join(", ")
            }
        ),
        holds: answer == Some(1)
            && sent == COUNT
            // What is missing is what the hop threw away, and nothing else.
            && lost > 0
            && lost == made
            && answered == COUNT,
    }
}
