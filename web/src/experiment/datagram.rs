//! Experiment 3: a datagram has boundaries.

use chalkwire_shared::server::{ServerDid, ServerOptions};
use chalkwire_shared::target::Kind;

use super::knob::{Knob, Range};
use super::run::Run;
use super::step::{Awaited, Step};
use super::words::sum;
use super::{Answer, Experiment, Finding, PictureKind, Settings};
use crate::model::bytes_text;

/// The datagram after the one that is too large.
const NEXT: &str = "next";

pub(super) static DATAGRAM: Experiment = Experiment {
    number: 3,
    slug: "datagram",
    title: "A datagram has boundaries",
    about: "One UDP datagram of 3,000 bytes to a server that reads with recv(1024), then a short one.",
    question: "You send one datagram of 3,000 bytes. The server calls recv(1024). What becomes of \
               the other 1,976 bytes?",
    answers: [
        Answer::usual("The next recv returns them"),
        Answer::new("They are gone: one recv, one datagram, and what does not fit is thrown away"),
        Answer::new("Nothing arrives: the datagram is too large"),
    ],
    knobs: &[
        Knob {
            key: "size",
            label: "The datagram's size",
            hint: "Up to the server's recv size all of it arrives. An empty datagram is one as well.",
            range: Range::Number {
                min: 0,
                max: 60_000,
                unit: "bytes",
            },
            default: 3_000,
        },
        Knob {
            key: "recv",
            label: "The server's recv size",
            hint: "Make it as large as the datagram, and nothing is lost.",
            range: Range::Number {
                min: 1,
                max: 65_536,
                unit: "bytes",
            },
            default: 1_024,
        },
    ],
    explain: &[
        "UDP carries datagrams: each send is one datagram, and each recv returns one, never two and \
         never a part now and the rest later.",
        "Where the program's buffer is smaller than the datagram, the kernel fills the buffer and \
         throws the rest away. recv reports no error; only a program that asks for it (MSG_TRUNC) \
         learns how long the datagram was.",
        "So a datagram's receiver must know the largest datagram it can get, and a stream's receiver \
         must find the messages' ends by itself. Compare experiment 2.",
    ],
    linux: false,
    pictures: &[PictureKind::Ruler, PictureKind::Sequence],
    script,
    check,
};

fn script(settings: &Settings) -> Vec<Step> {
    let size = settings.get("size") as usize;
    let options = ServerOptions {
        kind: Kind::Udp,
        recv_bytes: settings.get("recv"),
        ..ServerOptions::default()
    };
    vec![
        Step::serve(1, "UDP", options),
        Step::open(1, "two datagrams", 1),
        Step::opened(1),
        Step::send(1, vec![b'x'; size]),
        Step::wait_for(Awaited::Replies(1, 1), 1_500),
        Step::send(1, NEXT),
        Step::wait_for(Awaited::Replies(1, 2), 1_500),
    ]
}

fn check(settings: &Settings, run: &Run) -> Finding {
    let (size, most) = (settings.get("size"), settings.get("recv"));
    let recvs = run.recvs(1);
    let cut = run.server(1).into_iter().find_map(|(_, did)| match did {
        ServerDid::RecvCut { bytes, of } if *of == size => Some((*bytes, *of)),
        _ => None,
    });
    // The next recv returns the next datagram, as much of it as fits.
    let next = NEXT.len().min(most as usize) as u32;
    let (answer, measured) = match (recvs.as_slice(), cut) {
        ([first, second], Some((bytes, of))) if bytes == *first && *second == next => (
            Some(1),
            format!(
                "recv returned {bytes} of {of} bytes; the rest ({}) is gone: the next recv returned the \
                 next datagram ({}).",
                bytes_text((of - bytes) as usize),
                bytes_text(*second as usize)
            ),
        ),
        ([0, _], None) if size == 0 => (
            None,
            "recv returned b'': an empty datagram is one as well.".to_owned(),
        ),
        ([first, _], None) if *first == size => (
            None,
            format!(
                "recv returned all of it ({}): the datagram fitted. Nothing was left over.",
                bytes_text(*first as usize)
            ),
        ),
        ([only], None) if *only == next => (
            Some(2),
            format!(
                "The datagram of {} did not arrive; the next one did.",
                bytes_text(size as usize)
            ),
        ),
        (recvs, _) => {
            let rest = size.saturating_sub(recvs.first().copied().unwrap_or_default());
            let later = recvs.len() > 2 && recvs.get(1) == Some(&rest);
            (
                later.then_some(0),
                format!("The server's recv returned {}.", sum(recvs)),
            )
        }
    };
    Finding {
        answer,
        measured,
        holds: cut == Some((1_024, 3_000)) && recvs == [1_024, 4],
    }
}
