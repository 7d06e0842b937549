//! Experiment 7: `listen(5)` is not five.

use chalkwire_shared::job::{Load, Outcome};
use chalkwire_shared::server::{Model, ServerOptions};

use super::knob::{Knob, Range};
use super::run::Run;
use super::step::{Step, To};
use super::words::ms;
use super::{Answer, Experiment, Finding, PictureKind, Settings};

/// How long the first server listens without calling `accept`, in ms.
const ACCEPT_AFTER_MS: u32 = 3_500;

/// How long the clients of the first server try to connect, in ms: past two more SYNs, and given up
/// before anybody calls `accept`.
const CONNECT_MS: u16 = 2_500;

/// A pause between the clients of the first server, in ms, so that they come one after another.
const STAGGER_MS: u16 = 20;

/// So many more clients than the backlog try the first server.
const MORE: u32 = 4;

/// A connect that takes so long had to send its SYN again, in ms.
const SLOW_MS: f64 = 500.0;

pub(super) static LISTEN_FIVE: Experiment = Experiment {
    number: 7,
    slug: "listen-five",
    title: "listen(5) is not five",
    about: "A server calls listen(5) and does not call accept for 3.5 s. Nine clients connect. Then twenty \
            come at once to a server that does accept, one at a time, 50 ms each.",
    question: "The server has called listen(5) and does not call accept for 3.5 s. Nine clients call connect, \
               one after another, and wait for 2.5 s. What do they get?",
    answers: [
        Answer::usual("Five are connected, the other four are refused"),
        Answer::new("Six are connected, the other three hang: no answer at all"),
        Answer::new("All hang: nobody is connected before accept"),
    ],
    knobs: &[
        Knob {
            key: "backlog",
            label: "The number given to listen",
            hint: "Four more clients than this connect. Try 0, and 20.",
            range: Range::Number {
                min: 0,
                max: 30,
                unit: "",
            },
            default: 5,
        },
        Knob {
            key: "clients",
            label: "Clients at the accepting server",
            hint: "Fewer clients than fit into the queue, and nobody has to try again.",
            range: Range::Number {
                min: 1,
                max: 40,
                unit: "clients",
            },
            default: 20,
        },
    ],
    explain: &[
        "The kernel answers SYNs by itself: a client is connected when the handshake is done, and then \
         stands in the listener's queue until the program calls accept. It can send already; the \
         bytes wait in the kernel.",
        "The backlog limits that queue. Linux lets one more in than the number says (it asks whether \
         the queue is longer than it, not whether it is as long): listen(5) is six.",
        "When the queue is full, Linux throws the next SYN away and says nothing. The client can't tell \
         that from a lost packet, so it sends its SYN again, after 1 s, and again. A refusal would be \
         quicker, but wrong: in a second there may be room.",
        "That is why some of the twenty took a second or more to connect while the server worked: their \
         SYN came when the queue was full, and they waited for their own timer, not for the server.",
        "Some of those were connected, as they saw it, and still not in the queue: room was there when \
         their SYN came, and gone when the handshake's last step came. Linux drops that step as well, \
         and what they send is repeated until there is room.",
    ],
    linux: true,
    pictures: &[PictureKind::Gantt, PictureKind::Histogram],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let backlog = settings.get("backlog");
    let listening = ServerOptions {
        model: Model::Iterative,
        backlog,
        accept_after_ms: ACCEPT_AFTER_MS,
        ..ServerOptions::default()
    };
    let accepting = ServerOptions {
        model: Model::Iterative,
        backlog,
        delay_ms: 50,
        ..ServerOptions::default()
    };
    vec![
        Step::serve(1, "listens, accepts after 3.5 s", listening),
        Step::Load {
            to: vec![To::Server(1)],
            load: Load {
                clients: (backlog + MORE) as u8,
                stagger_ms: STAGGER_MS,
                connect_ms: CONNECT_MS,
                ..Load::default()
            },
        },
        Step::serve(2, "accepts, one at a time", accepting),
        Step::Load {
            to: vec![To::Server(2)],
            load: Load {
                clients: settings.get("clients") as u8,
                connect_ms: 15_000,
                ..Load::default()
            },
        },
    ]
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let (Some(queue), Some(busy)) = (run.crowd(0, 0), run.crowd(1, 0)) else {
        return Finding::nothing();
    };
    let backlog = settings.get("backlog") as usize;
    let all = backlog + MORE as usize;
    let connected = queue.connects_ms().len();
    let hung = queue.count(Outcome::ConnectTimeout);
    let refused = queue.count(Outcome::Refused);
    let answer = match (connected, hung, refused) {
        (0, 1.., 0) => Some(2),
        // The other answers are about five and six.
        _ if backlog != 5 => None,
        (_, _, 1..) => Some(0),
        (6, 1.., 0) => Some(1),
        _ => None,
    };
    let connects = busy.connects_ms();
    let slow = connects.iter().filter(|it| **it > SLOW_MS).count();
    let slowest = connects.iter().copied().fold(0.0, f64::max);
    let mut measured = format!(
        "listen({backlog}), no accept for 3.5 s: of {all} clients {connected} were connected, {hung} hung, \
         {refused} {} refused.",
        if refused == 1 { "was" } else { "were" }
    );
    if let Some(waiting) = queue.most_waiting() {
        measured += &format!(" The kernel had {waiting} in the queue.");
    }
    measured += &format!(
        " One at a time, 50 ms each: of {} clients {slow} took over 0.5 s to connect, the slowest {}.",
        settings.get("clients"),
        ms(slowest)
    );
    Finding {
        answer,
        measured,
        holds: (connected, hung, refused) == (6, 3, 0)
            && busy.count(Outcome::Done) == settings.get("clients") as usize
            && slow >= 5
            // The first SYN that is sent again goes out after a second.
            && connects.iter().all(|it| *it < SLOW_MS || *it > 950.0),
    }
}
