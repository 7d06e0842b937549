//! From the entries of one socket to the steps of its sequence diagram, in one order of time.

use chalkwire_shared::target::Kind;

use chalkwire_shared::fault::{Direction, FaultDid};

use super::clocks::agreeing;
use super::doings::{recv_words, with_recv};
use super::pairs::Pairs;
use super::step::{Effect, Ending, Label, Life, Step, Steps, Tone, payload, size, took, words};
use crate::few;
use crate::model::{ClockMap, Entry, What, Whose, bytes_text};

/// Entries that are drawn unless more are asked for: half of them from the beginning, half from the
/// end; what lies between is only counted.
pub const MOST: usize = 40;

/// The steps of one socket's entries.
///
/// Moments of the gateway's clock are set into the browser's by `clock`, never before what caused
/// them and never after what they caused: the clocks are compared only to some ms.
pub fn steps(entries: &[Entry], clock: Option<ClockMap>) -> Steps {
    steps_within(entries, clock, MOST)
}

/// The steps of one socket's entries, of which at most so many are drawn.
pub fn steps_within(entries: &[Entry], clock: Option<ClockMap>, most: usize) -> Steps {
    let pairs = Pairs::new(entries);
    let on_purpose = entries.iter().any(|entry| match &entry.what {
        What::Fault { did, .. } => {
            matches!(did, FaultDid::Refused | FaultDid::Reset | FaultDid::Limited)
        }
        _ => false,
    });
    // The kernel's view has a picture of its own, and what is an arrow's end takes no row, nor what a
    // datagram's arrow tells already.
    let draws = |entry: &&Entry| match entry.what {
        What::Kernel { .. } => false,
        What::Fault { direction, .. } => {
            direction != Direction::ToTarget || !entry.kind.is_some_and(Kind::is_datagram)
        }
        _ => !pairs.used(entry.no),
    };
    let drawn: Vec<&Entry> = entries.iter().filter(draws).collect();
    let omitted = drawn.len().saturating_sub(most);
    let (head, tail) = if omitted > 0 {
        (&drawn[..most / 2], &drawn[drawn.len() - most / 2..])
    } else {
        (&drawn[..], &[][..])
    };
    let mut build = Build {
        clock: clock.map(|clock| agreeing(entries, &pairs, clock)),
        pairs: &pairs,
        on_purpose,
        cuts: Vec::new(),
        held: Vec::new(),
        steps: Vec::new(),
        opened_ms: None,
        wrote_ms: f64::MIN,
        connected: entries
            .iter()
            .any(|e| matches!(e.what, What::Connected { .. })),
    };
    for entry in head {
        build.entry(entry);
    }
    let mut omitted_before = build.steps.len();
    for entry in tail {
        build.entry(entry);
    }
    let mut steps = build.steps;
    // Stable: what comes of one entry, or in one moment, stays in the order of cause.
    let (head, tail) = steps.split_at_mut(omitted_before);
    for part in [head, tail] {
        few::sort(part, |a, b| a.order_ms < b.order_ms);
    }
    if omitted == 0 {
        omitted_before = steps.len();
    }
    let first = steps.first().map_or(0.0, |step| step.order_ms);
    let mut latest = first;
    for step in &mut steps {
        // The tail may begin a little before the head ends.
        latest = latest.max(step.order_ms);
        step.order_ms = latest;
        if let Some(when) = &mut step.when_ms {
            *when = latest - first;
        }
        if let Some(lands) = &mut step.lands_ms {
            *lands = lands.max(latest);
        }
    }
    Steps {
        steps,
        omitted,
        omitted_before,
    }
}

pub(super) struct Build<'a> {
    clock: Option<ClockMap>,
    pub(super) pairs: &'a Pairs,
    /// Whether a fault ended the connection.
    pub(super) on_purpose: bool,
    /// Cuts that were told and whose bytes have not passed yet: whether on the way back, and the size.
    pub(super) cuts: Vec<(bool, u32)>,
    /// What passed late on the way back and was not received yet: its size, and how long it was held.
    pub(super) held: Vec<(u32, u64)>,
    steps: Vec<Step>,
    pub(super) opened_ms: Option<f64>,
    pub(super) wrote_ms: f64,
    pub(super) connected: bool,
}

/// What the word FIN is for sockets that have none.
fn fin(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Tcp) | None => "FIN",
        _ => "end of data",
    }
}

impl Build<'_> {
    /// A moment of the gateway's clock in the browser's ms.
    pub(super) fn map(&self, clock_us: u64) -> Option<f64> {
        self.clock.map(|clock| clock.browser_ms(clock_us))
    }

    /// A step on the page's side, with the entry's own time.
    pub(super) fn here(
        &mut self,
        entry: &Entry,
        from: Life,
        to: Life,
        tone: Tone,
        label: Label,
        say: String,
    ) {
        self.steps.push(Step {
            no: entry.no,
            from,
            to,
            ending: Ending::Arrives,
            tone,
            dashed: false,
            when_ms: Some(0.0),
            clock: Whose::Browser,
            label,
            say,
            effect: Effect::None,
            order_ms: entry.at_ms,
            mark: false,
            lands_ms: None,
        });
    }

    /// A step on the target's side: at `at` if that is known, drawn at `order_ms`.
    pub(super) fn there(
        &mut self,
        no: u32,
        way: (Life, Life),
        at: (bool, f64),
        tone: Tone,
        label: Label,
    ) {
        let say = format!("{}{}{}", label.lead, label.code, label.tail);
        self.steps.push(Step {
            no,
            from: way.0,
            to: way.1,
            ending: Ending::Arrives,
            tone,
            dashed: false,
            when_ms: at.0.then_some(0.0),
            clock: Whose::Gateway,
            label,
            say,
            effect: Effect::None,
            order_ms: at.1,
            mark: false,
            lands_ms: None,
        });
    }

    pub(super) fn last(&mut self, change: impl FnOnce(&mut Step)) {
        if let Some(step) = self.steps.last_mut() {
            change(step);
        }
    }

    fn entry(&mut self, entry: &Entry) {
        use Life::{Gateway, Target, You};
        match &entry.what {
            What::Connecting => {
                self.opened_ms = Some(entry.at_ms);
                let label = words(&format!("open {}", entry.target), "open");
                let say = format!("open a socket to {}", entry.target);
                self.here(entry, You, Gateway, Tone::Control, label, say);
                self.last(|step| step.effect = Effect::Asks);
            }
            What::Connected {
                connect_us,
                clock_us,
                ..
            } => self.connected(entry, *connect_us, *clock_us),
            What::Sent {
                bytes,
                wrote_us,
                unknown,
            } => {
                let say = format!("sent {}", bytes_text(bytes.len()));
                self.here(entry, You, Gateway, Tone::Sent, payload("▶ ", bytes), say);
                let pairs = self.pairs;
                let fate = pairs.fates.iter().find(|fate| fate.no == entry.no);
                if let Some(fate) = fate.filter(|_| !unknown) {
                    self.datagram(entry, fate);
                } else if let Some(wrote_us) = wrote_us.filter(|_| !pairs.faulted) {
                    let at = self.map(pairs.wrote(entry.no, wrote_us));
                    let order = at.unwrap_or(entry.at_ms).max(entry.at_ms);
                    self.wrote_ms = self.wrote_ms.max(order);
                    let recv = pairs.recv(entry.no);
                    let label = size(entry.kind, bytes.len(), false);
                    let label = with_recv(label, recv, bytes.len());
                    let lands = recv.and_then(|recv| self.map(recv.clock_us));
                    self.there(
                        entry.no,
                        (Gateway, Target),
                        (at.is_some(), order),
                        Tone::Sent,
                        label,
                    );
                    let recv = recv_words(recv, bytes.len());
                    self.last(|step| {
                        step.lands_ms = lands;
                        step.say = format!("the gateway wrote {}{recv}", bytes_text(bytes.len()));
                    });
                } else if *unknown {
                    self.last(|step| {
                        step.ending = Ending::Unknown;
                        step.say += ", and the link dropped: it is not known whether they arrived";
                    });
                }
            }
            What::Received {
                bytes,
                truncated,
                clock_us,
                ..
            } => {
                self.of_target(
                    entry,
                    *clock_us,
                    Tone::Received,
                    size(entry.kind, bytes.len(), *truncated),
                );
                let cut = if *truncated {
                    "; the datagram’s tail is cut off"
                } else {
                    ""
                };
                self.last(|step| {
                    step.say = format!("the gateway read {}{cut}", bytes_text(bytes.len()))
                });
                let say = format!("received {}", bytes_text(bytes.len()));
                let label = payload("◀ ", bytes);
                self.here(entry, Gateway, You, Tone::Received, label, say);
                let held = self.held.iter().position(|it| it.0 as usize == bytes.len());
                if let Some((_, held_us)) = held.map(|at| self.held.remove(at)) {
                    let read = self.map(*clock_us);
                    let held = took(held_us);
                    self.last(|step| {
                        step.tone = Tone::Made;
                        step.label.lead = ["✂ held ", &held, " ◀ "].concat();
                        step.say += " (held ";
                        step.say += &held;
                        step.say += " on purpose)";
                        if let Some(read) = read.filter(|read| *read < entry.at_ms) {
                            step.lands_ms = Some(entry.at_ms);
                            step.order_ms = read;
                            step.clock = Whose::Gateway;
                        }
                    });
                }
            }
            What::ShutDown => {
                let fin = fin(entry.kind);
                let label = words(&format!("shut down: {fin}"), "shut down");
                let say = format!("you shut down your side ({fin})");
                self.here(entry, You, Gateway, Tone::Control, label, say);
                self.last(|step| step.effect = Effect::YouDone);
                let late = self.pairs.eof.is_some_and(|it| it.0 != entry.no);
                if !entry.kind.is_some_and(Kind::is_datagram) && !late {
                    // After the bytes before it; when, nobody measures.
                    let order = entry.at_ms.max(self.wrote_ms);
                    self.there(
                        entry.no,
                        (Gateway, Target),
                        (false, order),
                        Tone::Control,
                        words(fin, fin),
                    );
                    let eof = self.pairs.eof.and_then(|it| self.map(it.1));
                    if let Some(eof) = eof {
                        self.last(|step| {
                            step.lands_ms = Some(eof);
                            step.label = words(&[fin, " · recv b''"].concat(), fin);
                            step.say = [fin, "; the server’s recv returned nothing"].concat();
                        });
                    }
                }
            }
            What::Eof { clock_us } => {
                let fin = fin(entry.kind);
                let label = words(&format!("{fin}: the server is done"), fin);
                self.of_target(entry, *clock_us, Tone::Control, label);
                self.last(|step| step.effect = Effect::TargetDone);
                let say = format!("the server is done ({fin}): an empty read");
                self.here(
                    entry,
                    Gateway,
                    You,
                    Tone::Control,
                    words("empty read", "b''"),
                    say,
                );
            }
            What::Closed {
                reason, clock_us, ..
            } => self.closed(entry, *reason, *clock_us),
            What::Server { did, clock_us } => self.server(entry, did, *clock_us),
            What::Fault {
                direction,
                did,
                clock_us,
            } => self.fault(entry, *direction, did, *clock_us),
            What::Kernel { .. } => {}
            What::Notice(text) => {
                self.here(
                    entry,
                    Gateway,
                    Gateway,
                    Tone::Control,
                    words(text, text),
                    text.clone(),
                );
            }
            What::Trouble(text) => {
                self.here(
                    entry,
                    Gateway,
                    Gateway,
                    Tone::Error,
                    words(text, text),
                    text.clone(),
                );
            }
        }
    }

    /// A step from the target to the gateway, before the page knows of it.
    pub(super) fn of_target(&mut self, entry: &Entry, clock_us: u64, tone: Tone, label: Label) {
        let at = self.map(clock_us);
        let order = at
            .unwrap_or(entry.at_ms)
            .min(entry.at_ms)
            .max(self.opened_ms.unwrap_or(f64::MIN));
        let way = (Life::Target, Life::Gateway);
        let left = self.pairs.left(entry.no).and_then(|us| self.map(us));
        let Some(left) = left.filter(|left| *left <= order) else {
            self.there(entry.no, way, (at.is_some(), order), tone, label);
            return;
        };
        let label = if tone == Tone::Received {
            let lead = "send ".to_owned() + &label.lead;
            Label { lead, ..label }
        } else {
            let text = "close: ".to_owned() + fin(entry.kind);
            words(&text, &text)
        };
        self.there(entry.no, way, (true, left), tone, label);
        self.last(|step| step.lands_ms = Some(order));
    }
}
