//! Experiment 5: an empty read means two things.

use chalkwire_shared::server::{Protocol, ServerDid, ServerOptions};
use chalkwire_shared::stamp;
use chalkwire_shared::target::Kind;

use super::knob::{Knob, Range};
use super::run::Run;
use super::step::{Awaited, Step};
use super::{Answer, Experiment, Finding, PictureKind, Settings};
use crate::model::bytes_text;

pub(super) static EMPTY_READ: Experiment = Experiment {
    number: 5,
    slug: "empty-read",
    title: "An empty read means two things",
    about: "A TCP client that shuts down its side without a word, and a UDP client that sends an \
            empty datagram. Both servers' recv returns b''.",
    question: "A UDP server's recv returns no bytes, b''. What has happened?",
    answers: [
        Answer::usual("The client has closed its socket, as with TCP"),
        Answer::new("A client has sent an empty datagram"),
        Answer::new("Nothing came for a while: that is how recv tells a time-out"),
    ],
    knobs: &[
        Knob {
            key: "first",
            label: "TCP: say something first",
            hint: "Data, then the FIN: recv returns the data, and b'' only after it.",
            range: Range::Choice(&[("no", "no"), ("yes", "yes, one line")]),
            default: 0,
        },
        Knob {
            key: "bytes",
            label: "UDP: bytes in the datagram",
            hint: "Any number will do. Nothing is special about 0, but that TCP can't send it.",
            range: Range::Number {
                min: 0,
                max: 1_000,
                unit: "bytes",
            },
            default: 0,
        },
    ],
    explain: &[
        "On a TCP socket recv returns b'' when the other side has shut down its side: its FIN came, \
         and nothing can follow. It goes on returning b'' for ever; a loop that does not look for it \
         spins.",
        "A TCP send of no bytes sends nothing: a stream of bytes has no place for an empty message. So \
         b'' is free to mean “the end”.",
        "A UDP datagram may be empty: 8 bytes of UDP header and no data. recv returns b'', and the \
         server should answer it as any other. UDP has no connection, so nothing tells it that a \
         client has gone.",
    ],
    linux: false,
    pictures: &[PictureKind::Sequence, PictureKind::States],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let tcp = ServerOptions {
        protocol: Protocol::Session,
        ..ServerOptions::default()
    };
    let udp = ServerOptions {
        kind: Kind::Udp,
        ..ServerOptions::default()
    };
    let mut steps = vec![
        Step::serve(1, "TCP", tcp),
        Step::serve(2, "UDP", udp),
        Step::open_watched(1, "TCP: shut down", 1),
        Step::opened(1),
    ];
    if settings.get("first") == 1 {
        steps.extend([
            Step::send(1, "hello\n"),
            Step::wait_for(Awaited::Replies(1, 1), 2_000),
        ]);
    }
    steps.extend([
        Step::ShutDown(1),
        Step::wait_for(Awaited::Closed(1), 2_000),
        Step::open(
            2,
            match settings.get("bytes") {
                0 => "UDP: an empty datagram",
                _ => "UDP: a datagram",
            },
            2,
        ),
        Step::opened(2),
        Step::send(2, vec![b'x'; settings.get("bytes") as usize]),
        Step::wait_for(Awaited::Replies(2, 1), 2_000),
        Step::send(2, "more"),
        Step::wait_for(Awaited::Replies(2, 2), 2_000),
    ]);
    steps
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let bytes = settings.get("bytes");
    let tcp_end = run.server(1).iter().any(|(_, did)| **did == ServerDid::Eof);
    let recvs = run.recvs(2);
    let answered = run.replies(2);
    let first = answered.first().and_then(|it| stamp::read(it));
    let echoed = first.is_some_and(|it| it.data.len() == bytes as usize);
    // That the next one was answered as well shows that nobody was taken to be gone.
    let went_on = recvs == [bytes, 4] && answered.len() == 2;
    let answer = match (recvs.first(), went_on && echoed) {
        // Of an empty read was asked.
        (Some(1..), true) => None,
        (Some(_), true) => Some(1),
        (Some(_), false) => Some(0),
        (None, _) => None,
    };
    let tcp = match (tcp_end, run.recvs(1).len()) {
        (true, 0) => "TCP: recv returned b'' when you shut down your side, and the server closed.",
        (true, _) => "TCP: recv returned your line, then b'' when you shut down your side.",
        (false, _) => "TCP: the server has not told of an empty read.",
    };
    let udp = match recvs.first() {
        Some(first) => format!(
            "UDP: recv returned {}; the server answered with a datagram of {}, and answered the next \
             one as well.",
            if *first == 0 {
                "b''".to_owned()
            } else {
                bytes_text(*first as usize)
            },
            bytes_text(answered.first().map_or(0, |it| it.len()))
        ),
        None => "UDP: the server has not told of a datagram.".to_owned(),
    };
    Finding {
        answer,
        measured: format!("{tcp} {udp}"),
        holds: tcp_end && run.recvs(1).is_empty() && run.eof(1) && answer == Some(1) && bytes == 0,
    }
}
