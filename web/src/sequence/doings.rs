//! What the server did and what faults did, as steps of a sequence diagram.

use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::server::ServerDid;
use chalkwire_shared::target::Kind;

use super::step::{Effect, Ending, Label, Life, Tone, took, words};
use super::steps::Build;
use crate::model::{Entry, bytes_text};
use crate::pictures::datagrams::{Fate, Recv};

/// What was held for less was not held on purpose, in µs.
const HELD_US: u64 = 1_000;

/// Words for a size, after what was done to it on purpose.
fn made(what: &str, bytes: usize) -> Label {
    let size = bytes.to_string() + " B";
    words(&["✂ ", what, " · ", &size].concat(), &["✂ ", what].concat())
}

/// The label of bytes that the server's `recv` returned in one.
pub(super) fn with_recv(label: Label, recv: Option<Recv>, sent: usize) -> Label {
    let Some(recv) = recv else {
        return label;
    };
    let got = recv.bytes.to_string();
    let long = if (recv.bytes as usize) < sent {
        [&label.lead, " · recv ", &got, ", the rest is gone"].concat()
    } else {
        [&label.lead, " · recv ", &got].concat()
    };
    Label {
        lead: long,
        ..label
    }
}

/// The same as a sentence's end.
pub(super) fn recv_words(recv: Option<Recv>, sent: usize) -> String {
    match recv {
        None => String::new(),
        Some(recv) if (recv.bytes as usize) < sent => {
            let got = bytes_text(recv.bytes as usize);
            [
                "; the server’s recv returned ",
                &got,
                " of it, the rest is gone",
            ]
            .concat()
        }
        Some(_) => "; the server’s recv returned them in one".to_owned(),
    }
}

impl Build<'_> {
    /// A mark at a lifeline, with words beside it.
    fn mark(
        &mut self,
        entry: &Entry,
        life: Life,
        clock_us: u64,
        tone: Tone,
        label: Label,
        say: String,
    ) {
        let at = self.map(clock_us);
        let order = at.unwrap_or(entry.at_ms);
        self.there(entry.no, (life, life), (at.is_some(), order), tone, label);
        self.last(|step| {
            step.mark = true;
            step.say = say;
        });
    }

    pub(super) fn server(&mut self, entry: &Entry, did: &ServerDid, clock_us: u64) {
        if self.pairs.used(entry.no) {
            return;
        }
        let size = |bytes: u32| bytes.to_string() + " B";
        let (tone, text, say) = match did {
            ServerDid::Accepted => (
                Tone::Control,
                "accept".to_owned(),
                "the server accepted the connection".to_owned(),
            ),
            ServerDid::Recv { bytes } => (
                Tone::Sent,
                "recv ".to_owned() + &size(*bytes),
                "the server’s recv returned ".to_owned() + &bytes_text(*bytes as usize),
            ),
            ServerDid::RecvCut { bytes, of } => (
                Tone::Error,
                ["✕ recv ", &bytes.to_string(), " of ", &size(*of)].concat(),
                [
                    "the server’s recv returned ",
                    &bytes.to_string(),
                    " of ",
                    &bytes_text(*of as usize),
                    "; the rest is gone",
                ]
                .concat(),
            ),
            ServerDid::Eof => (
                Tone::Control,
                "recv b''".to_owned(),
                "the server’s recv returned nothing: you are done sending".to_owned(),
            ),
            ServerDid::Sent { bytes } => (
                Tone::Received,
                "send ".to_owned() + &size(*bytes),
                "the server sent ".to_owned() + &bytes_text(*bytes as usize),
            ),
            ServerDid::TimedOut => (
                Tone::Error,
                "✕ Time Out".to_owned(),
                "the server waited too long: Time Out".to_owned(),
            ),
            ServerDid::Ignored { detail } => (
                Tone::Control,
                "no answer".to_owned(),
                "the server does not answer: ".to_owned() + detail,
            ),
            ServerDid::Failed { detail } => (
                Tone::Error,
                "✕ failed".to_owned(),
                "the server failed: ".to_owned() + detail,
            ),
            ServerDid::Closed => (
                Tone::Control,
                "close".to_owned(),
                "the server closed the connection".to_owned(),
            ),
        };
        self.mark(
            entry,
            Life::Target,
            clock_us,
            tone,
            words(&text, &text),
            say,
        );
    }

    /// The arrows of a datagram to the target: none, one or two.
    pub(super) fn datagram(&mut self, entry: &Entry, fate: &Fate) {
        let way = (Life::Gateway, Life::Target);
        let size = fate.bytes.len();
        if let Some(dropped_us) = fate.dropped_us {
            let at = self.map(dropped_us);
            let order = at.unwrap_or(entry.at_ms).max(entry.at_ms);
            self.there(
                entry.no,
                way,
                (at.is_some(), order),
                Tone::Made,
                made("lost", size),
            );
            self.last(|step| {
                step.ending = Ending::Lost;
                step.say = [
                    "Chalkwire lost the datagram of ",
                    &bytes_text(size),
                    " on purpose",
                ]
                .concat();
            });
        }
        for (i, pass) in fate.passed.iter().enumerate() {
            let what = match fate {
                _ if i > 0 => "again".to_owned(),
                _ if pass.overtaken => "overtaken".to_owned(),
                _ if pass.waited_us.is_some() => {
                    ["held ", &took(pass.held_us), ", nobody came"].concat()
                }
                Fate {
                    corrupted: Some(at),
                    ..
                } => "bit flipped in byte ".to_owned() + &(at + 1).to_string(),
                Fate {
                    truncated: Some(left),
                    ..
                } => "cut to ".to_owned() + &left.to_string() + " B",
                _ if pass.held_us >= HELD_US => "held ".to_owned() + &took(pass.held_us),
                _ => String::new(),
            };
            let (tone, label) = if what.is_empty() {
                let long = "datagram, ".to_owned() + &size.to_string() + " B";
                (Tone::Sent, words(&long, &(size.to_string() + " B")))
            } else {
                (Tone::Made, made(&what, size))
            };
            let recv = fate.recv.get(i).copied();
            let label = with_recv(label, recv, fate.leaves());
            let from_us = pass
                .waited_us
                .unwrap_or(pass.us.saturating_sub(pass.held_us));
            // The gateway looks at its clock after the write: the server may have had it before.
            let from_us = recv.map_or(from_us, |it| from_us.min(it.clock_us));
            let at = self.map(from_us);
            let order = at.unwrap_or(entry.at_ms).max(entry.at_ms);
            self.there(entry.no, way, (at.is_some(), order), tone, label);
            let lands = self.map(recv.map_or(pass.us, |it| it.clock_us));
            let say_recv = recv_words(recv, fate.leaves());
            self.last(|step| {
                // Without a recv, the arrow ends when it is known to have gone.
                step.lands_ms = lands.filter(|_| recv.is_some() || from_us < pass.us);
                step.say = "the gateway wrote the datagram of ".to_owned() + &bytes_text(size);
                if !what.is_empty() {
                    step.say += " (";
                    step.say += &what;
                    step.say += ", on purpose)";
                }
                step.say += &say_recv;
            });
        }
    }

    pub(super) fn fault(
        &mut self,
        entry: &Entry,
        direction: Direction,
        did: &FaultDid,
        clock_us: u64,
    ) {
        let datagram = entry.kind.is_some_and(Kind::is_datagram);
        let back = direction == Direction::FromTarget;
        match did {
            FaultDid::Limited | FaultDid::Reset | FaultDid::Refused => {
                let say = match did {
                    FaultDid::Limited => "✂ Chalkwire’s limit is reached: closed on purpose",
                    FaultDid::Reset => "✂ Chalkwire resets the connection on purpose",
                    _ => "✂ Chalkwire refuses the connection on purpose",
                };
                let at = self.map(clock_us);
                let way = (Life::Gateway, Life::Gateway);
                self.there(
                    entry.no,
                    way,
                    (at.is_some(), at.unwrap_or(entry.at_ms)),
                    Tone::Made,
                    words(say, say),
                );
                return;
            }
            // Each datagram to the target has its arrow already.
            _ if datagram && !back => return,
            FaultDid::Cut { bytes } => {
                self.cuts.push((back, *bytes));
                return;
            }
            _ => {}
        }
        let at = self.map(clock_us);
        let order = at.unwrap_or(entry.at_ms);
        let way = if back {
            (Life::Gateway, Life::You)
        } else {
            (Life::Gateway, Life::Target)
        };
        match did {
            FaultDid::Passed { bytes, held_us } => {
                let cut = self.cuts.iter().position(|it| *it == (back, *bytes));
                let cut = cut.map(|at| self.cuts.remove(at)).is_some();
                if back {
                    // The arrow to you is drawn with what came; here is why it came late.
                    if *held_us >= HELD_US {
                        self.held.push((*bytes, *held_us));
                    }
                    return;
                }
                let size = *bytes as usize;
                let what = match (cut, *held_us >= HELD_US) {
                    (true, _) => "cut here".to_owned(),
                    (false, true) => "held ".to_owned() + &took(*held_us),
                    (false, false) => String::new(),
                };
                let (tone, label) = if what.is_empty() {
                    let size = size.to_string() + " B";
                    (Tone::Sent, words(&size, &size))
                } else {
                    (Tone::Made, made(&what, size))
                };
                let recv = self.pairs.recv(entry.no);
                let start = self.map(clock_us.saturating_sub(*held_us)).unwrap_or(order);
                self.there(
                    entry.no,
                    way,
                    (at.is_some(), start),
                    tone,
                    with_recv(label, recv, size),
                );
                let lands = self.map(recv.map_or(clock_us, |it| it.clock_us));
                self.last(|step| {
                    step.lands_ms = lands.filter(|_| recv.is_some() || *held_us >= HELD_US);
                    step.say = "the gateway wrote ".to_owned() + &bytes_text(size);
                    if !what.is_empty() {
                        step.say += " (";
                        step.say += &what;
                        step.say += ", on purpose)";
                    }
                    step.say += &recv_words(recv, size);
                });
                self.wrote_ms = self.wrote_ms.max(order);
            }
            FaultDid::Dropped { bytes } => {
                let size = *bytes as usize;
                self.there(
                    entry.no,
                    way,
                    (at.is_some(), order),
                    Tone::Made,
                    made("lost", size),
                );
                self.last(|step| {
                    step.ending = Ending::Lost;
                    step.say = ["Chalkwire lost ", &bytes_text(size), " on purpose"].concat();
                });
            }
            FaultDid::ClosedLate { held_us } => {
                let held = took(*held_us);
                let text = "✂ FIN held ".to_owned() + &held;
                let start = self.map(clock_us.saturating_sub(*held_us)).unwrap_or(order);
                self.there(
                    entry.no,
                    way,
                    (at.is_some(), start),
                    Tone::Made,
                    words(&text, &text),
                );
                let eof = self.pairs.eof.filter(|it| it.0 == entry.no && !back);
                let lands = self.map(eof.map_or(clock_us, |it| it.1));
                self.last(|step| {
                    step.lands_ms = lands;
                    step.effect = Effect::None;
                    step.say = ["Chalkwire held the end (FIN) for ", &held, " on purpose"].concat();
                });
            }
            FaultDid::Duplicated { bytes }
            | FaultDid::Reordered { bytes }
            | FaultDid::Corrupted { bytes, .. }
            | FaultDid::Truncated { bytes, .. } => {
                let what = match did {
                    FaultDid::Duplicated { .. } => "twice",
                    FaultDid::Reordered { .. } => "waits for the next",
                    FaultDid::Corrupted { .. } => "bit flipped",
                    _ => "cut short",
                };
                let say = [
                    "a datagram of ",
                    &bytes_text(*bytes as usize),
                    " on its way back: ",
                    what,
                    ", on purpose",
                ]
                .concat();
                self.mark(
                    entry,
                    Life::Gateway,
                    clock_us,
                    Tone::Made,
                    made(what, *bytes as usize),
                    say,
                );
            }
            FaultDid::Cut { .. } | FaultDid::Limited | FaultDid::Reset | FaultDid::Refused => {}
        }
    }
}
