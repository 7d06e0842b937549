//! What the log says of an entry: sign, word, sentence, figures.

use std::borrow::Cow;

use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::kernel::{End, View};
use chalkwire_shared::server::ServerDid;

use crate::model::{Class, Entry, What};

/// Every class, in the order in which the filter offers them.
pub const CLASSES: [Class; 7] = [
    Class::Sent,
    Class::Received,
    Class::Control,
    Class::Error,
    Class::Made,
    Class::Server,
    Class::Kernel,
];

/// The sign that stands beside the colour.
pub fn sign(class: Class) -> &'static str {
    match class {
        Class::Sent => "▶",
        Class::Received => "◀",
        Class::Control => "●",
        Class::Error => "✕",
        Class::Made => "✂",
        Class::Server => "◆",
        Class::Kernel => "◇",
    }
}

/// The class's name, in the filter and in style sheets.
pub fn class_name(class: Class) -> &'static str {
    match class {
        Class::Sent => "sent",
        Class::Received => "received",
        Class::Control => "control",
        Class::Error => "error",
        Class::Made => "made",
        Class::Server => "server",
        Class::Kernel => "kernel",
    }
}

/// What happened, in a word or two.
pub fn word(what: &What) -> &'static str {
    match what {
        What::Connecting => "connecting",
        What::Connected { .. } => "connected",
        What::Sent { unknown: true, .. } => "sent?",
        What::Sent { .. } => "sent",
        What::Received { .. } => "received",
        What::ShutDown => "shut down",
        What::Eof { .. } => "end of data",
        What::Closed { reason, .. } => match reason {
            Reason::Reset => "reset",
            Reason::Refused => "refused",
            Reason::ConnectTimeout => "timed out",
            Reason::Unreachable => "unreachable",
            Reason::Blocked => "blocked",
            _ => "closed",
        },
        What::Server { .. } => "server",
        What::Fault {
            did: FaultDid::Passed { held_us: 0, .. },
            ..
        } => "passed",
        What::Fault { .. } => "made",
        What::Kernel { .. } => "kernel",
        What::Notice(_) => "notice",
        What::Trouble(_) => "trouble",
    }
}

/// What a built-in server did.
pub fn server(did: &ServerDid) -> String {
    match did {
        ServerDid::Accepted => "accept() returned the connection".to_owned(),
        ServerDid::Recv { bytes } => format!("recv() returned {bytes} B"),
        ServerDid::RecvCut { bytes, of } => {
            format!("recv() returned {bytes} B of a datagram of {of} B; the tail is gone")
        }
        ServerDid::Eof => "recv() returned b'': the client is done sending".to_owned(),
        ServerDid::Sent { bytes } => format!("send() took {bytes} B"),
        ServerDid::TimedOut => "Time Out: the client was silent for too long".to_owned(),
        ServerDid::Ignored { detail } => format!("not answered: {detail}"),
        ServerDid::Failed { detail } => format!("failed: {detail}"),
        ServerDid::Closed => "closed the connection".to_owned(),
    }
}

/// What a fault did.
pub fn fault(direction: Direction, did: &FaultDid) -> String {
    let way = match direction {
        Direction::ToTarget => "to the server",
        Direction::FromTarget => "from the server",
        Direction::Both => "both ways",
    };
    let ms = |us: u64| crate::model::ms_text(us as f64 / 1000.0);
    match did {
        FaultDid::Passed { bytes, held_us: 0 } => format!("passed {bytes} B on, {way}"),
        FaultDid::Passed { bytes, held_us } => {
            format!("held {bytes} B back for {}, {way}", ms(*held_us))
        }
        FaultDid::Cut { bytes } => format!("cut here by Chalkwire after {bytes} B, {way}"),
        FaultDid::Dropped { bytes } => format!("lost {bytes} B on purpose, {way}"),
        FaultDid::Duplicated { bytes } => format!("doubled a datagram of {bytes} B, {way}"),
        FaultDid::Reordered { bytes } => {
            format!("let the next datagram overtake {bytes} B, {way}")
        }
        FaultDid::Corrupted { bytes, at } => {
            // Counted from 1, as in the picture.
            format!("flipped a bit in byte {} of {bytes} B, {way}", at + 1)
        }
        FaultDid::Truncated { bytes, of } => {
            format!("cut a datagram of {of} B to {bytes} B, {way}")
        }
        FaultDid::ClosedLate { held_us } => {
            format!("held the end (FIN) back for {}, {way}", ms(*held_us))
        }
        FaultDid::Limited => format!("closed the connection at its limit, {way}"),
        FaultDid::Reset => "reset the connection on purpose".to_owned(),
        FaultDid::Refused => "refused the connection on purpose".to_owned(),
    }
}

/// How one end of a socket is.
pub fn kernel(end: End, view: Option<&View>) -> String {
    let whose = match end {
        End::Gateway => "gateway's end",
        End::Server => "server's end",
        End::Listener => "listener",
    };
    match view {
        None => format!("{whose}: gone"),
        Some(view) => {
            let mut out = format!("{whose}: {}", view.state.as_str());
            let queues = [
                (view.unread_bytes(), " waiting in"),
                (view.unacknowledged_bytes(), " waiting out"),
            ];
            for (bytes, way) in queues {
                if let Some(bytes) = bytes {
                    out = out + ", " + &bytes.to_string() + way;
                }
            }
            out
        }
    }
}

/// The sentence of an entry that carries no bytes.
pub fn sentence(entry: &Entry) -> Cow<'_, str> {
    match &entry.what {
        What::Connecting if entry.kind.is_some_and(|kind| kind.is_datagram()) => format!(
            "A datagram socket for {}; nothing is sent yet.",
            entry.target
        )
        .into(),
        What::Connecting => format!("Asked the gateway to connect to {}.", entry.target).into(),
        What::Connected { local, peer, .. } => match local.is_empty() {
            true => format!("to {peer}").into(),
            false => format!("{local} → {peer}").into(),
        },
        What::ShutDown => "You shut down your side (FIN): no more data from here.".into(),
        What::Eof { .. } => {
            "The server shut down its side (FIN): it has nothing more to say.".into()
        }
        What::Closed { reason, detail, .. } => match detail.is_empty() {
            true => reason.sentence().into(),
            false => detail.as_str().into(),
        },
        What::Server { did, .. } => server(did).into(),
        What::Fault { direction, did, .. } => fault(*direction, did).into(),
        What::Kernel { end, view, .. } => kernel(*end, view.as_ref()).into(),
        What::Notice(text) | What::Trouble(text) => text.as_str().into(),
        What::Sent { .. } | What::Received { .. } => "".into(),
    }
}

/// The figure at the end of the line: a size, or how long connecting took.
pub fn figure(what: &What) -> String {
    match what {
        What::Sent { bytes, .. } | What::Received { bytes, .. } => size(bytes.len() as u64),
        What::Connected { connect_us, .. } => micros(*connect_us),
        _ => String::new(),
    }
}

/// A number of bytes.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// A time in µs.
pub fn micros(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..100_000 => format!("{:.1} ms", us as f64 / 1000.0),
        _ => millis(us as f64 / 1000.0),
    }
}

/// A time in ms.
pub fn millis(ms: f64) -> String {
    match ms {
        ms if ms < 9.95 => format!("{ms:.1} ms"),
        ms if ms < 999.5 => format!("{ms:.0} ms"),
        ms if ms < 99_950.0 => format!("{:.1} s", ms / 1000.0),
        ms if ms < 999_500.0 => format!("{:.0} s", ms / 1000.0),
        ms if ms < 6_000_000.0 => format!("{:.0} min", ms / 60_000.0),
        ms => format!("{:.1} h", ms / 3_600_000.0),
    }
}

/// A difference in ms, with its sign.
pub fn difference(ms: f64) -> String {
    // A clock that was set back shows as it is.
    match ms < 0.0 {
        true => format!("−{}", millis(-ms)),
        false => format!("+{}", millis(ms)),
    }
}

/// The time of day of a moment in ms since 1970, `offset_min` minutes east of UTC.
pub fn clock(at_ms: f64, offset_min: i32) -> String {
    let ms = (at_ms + f64::from(offset_min) * 60_000.0).rem_euclid(86_400_000.0) as u32;
    let (s, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
}

/// Whether an entry has a text in it, whatever the case of its ASCII letters.
pub fn contains(entry: &Entry, text: &str) -> bool {
    let has = |bytes: &[u8]| {
        bytes
            .windows(text.len())
            .any(|it| it.eq_ignore_ascii_case(text.as_bytes()))
    };
    if text.is_empty() {
        return true;
    }
    let in_payload = match &entry.what {
        What::Sent { bytes, .. } | What::Received { bytes, .. } => has(bytes),
        _ => has(sentence(entry).as_bytes()),
    };
    in_payload
        || has(entry.target.as_bytes())
        || has(word(&entry.what).as_bytes())
        || entry
            .socket
            .is_some_and(|id| has(id.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(size(33), "33 B");
        assert_eq!(size(65_536), "64.0 KiB");
        assert_eq!(micros(58), "58 µs");
        assert_eq!(micros(1_234), "1.2 ms");
        assert_eq!(millis(100_000.0), "100 s");
        assert_eq!(millis(150_000.0), "150 s");
        assert_eq!(millis(1_200_000.0), "20 min");
        assert_eq!(difference(1.94), "+1.9 ms");
        assert_eq!(difference(-20.0), "−20 ms");
        assert_eq!(difference(61_000.0), "+61.0 s");
    }

    #[test]
    fn a_byte_with_a_flipped_bit_is_counted_from_one() {
        let did = FaultDid::Corrupted { bytes: 5, at: 0 };
        let said = fault(Direction::ToTarget, &did);
        assert_eq!(said, "flipped a bit in byte 1 of 5 B, to the server");
    }

    #[test]
    fn the_time_of_day_knows_the_zone() {
        assert_eq!(clock(1_000.0, 0), "00:00:01.000");
        assert_eq!(clock(0.0, -60), "23:00:00.000");
        assert_eq!(clock(43_445_123.9, 120), "14:04:05.123");
    }

    proptest! {
        #[test]
        fn any_moment_has_a_time_of_day(at_ms in -1e15f64..1e15, offset in -900i32..900) {
            prop_assert_eq!(clock(at_ms, offset).len(), 12);
        }
    }
}
