//! What each kind of fault is called and does, for a learner.

use super::{Fault, KINDS};

/// A kind of fault, described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name in messages and texts.
    pub kind: &'static str,
    /// Its name on the page.
    pub label: &'static str,
    /// What it does to the traffic: a sentence.
    pub effect: &'static str,
    /// Whether it can be done to a stream (TCP, Unix).
    pub streams: bool,
    /// Whether it can be done to datagrams (UDP, Unix datagram).
    pub datagrams: bool,
}

/// Every kind, in the order of [`KINDS`].
pub const ABOUT: [About; KINDS.len()] = [
    of_both(
        0,
        "Latency",
        "Everything arrives later and in the same order, as over a long line. With jitter, each \
         line or datagram has a delay of its own.",
    ),
    of_streams(
        1,
        "Bandwidth",
        "Only so many bytes pass each second. The rest queues, and in the end the sender must wait.",
    ),
    of_streams(
        2,
        "Cut into pieces",
        "What was sent at once goes on in smaller pieces. With a pause between them recv() returns \
         each by itself; without, TCP may join them again.",
    ),
    of_streams(
        3,
        "Limit",
        "When so many bytes have passed, Chalkwire closes the connection, with a FIN each way.",
    ),
    of_streams(
        4,
        "Slow close",
        "The end (FIN) is passed on late: until then the other side waits for more.",
    ),
    of_streams(
        5,
        "Reset",
        "When so many bytes have passed, Chalkwire breaks the connection off with RST (a Unix \
         socket just ends): what is under way is lost.",
    ),
    of_both(
        6,
        "Black hole",
        "When so many bytes have passed, nothing passes any more, not even the end before you \
         close, and nobody is told: only a time-out notices.",
    ),
    of_both(
        7,
        "Refuse",
        "The connection is refused at once, as if nothing listened there. The target is not asked.",
    ),
    of_datagrams(
        8,
        "Loss",
        "Some datagrams never arrive, and nobody is told: UDP itself does not notice.",
    ),
    of_datagrams(
        9,
        "Duplicate",
        "Some datagrams arrive twice: UDP does not sort out copies.",
    ),
    of_datagrams(
        10,
        "Reorder",
        "Some datagrams are overtaken by the next one: UDP delivers them as they come.",
    ),
    of_datagrams(
        11,
        "Corrupt",
        "In some datagrams one bit is flipped: what a checksum is there to notice.",
    ),
    of_datagrams(
        12,
        "Truncate",
        "Datagrams lose what is beyond so many bytes, as with a recv() buffer that is too small.",
    ),
];

const fn about(
    index: usize,
    label: &'static str,
    effect: &'static str,
    (streams, datagrams): (bool, bool),
) -> About {
    About {
        kind: KINDS[index],
        label,
        effect,
        streams,
        datagrams,
    }
}

const fn of_both(index: usize, label: &'static str, effect: &'static str) -> About {
    about(index, label, effect, (true, true))
}

const fn of_streams(index: usize, label: &'static str, effect: &'static str) -> About {
    about(index, label, effect, (true, false))
}

const fn of_datagrams(index: usize, label: &'static str, effect: &'static str) -> About {
    about(index, label, effect, (false, true))
}

impl Fault {
    /// The description of its kind.
    pub fn about(self) -> &'static About {
        &ABOUT[self.index()]
    }

    /// Its name on the page.
    pub fn label(self) -> &'static str {
        self.about().label
    }

    /// What it does to the traffic: a sentence for a learner.
    pub fn effect(self) -> &'static str {
        self.about().effect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_described_in_its_own_place_and_words() {
        for (index, about) in ABOUT.iter().enumerate() {
            assert_eq!(about.kind, KINDS[index]);
            assert!(about.streams || about.datagrams, "{}", about.kind);
            assert!(about.effect.ends_with('.'), "{}", about.kind);
            for other in &ABOUT[..index] {
                assert_ne!(about.label, other.label);
                assert_ne!(about.effect, other.effect);
            }
        }
    }
}
