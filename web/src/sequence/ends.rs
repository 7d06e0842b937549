//! How a connection begins and ends, as steps of a sequence diagram.

use chalkwire_shared::close::Reason;
use chalkwire_shared::target::Kind;

use super::step::{Effect, Ending, Life, Tone, reason_words, took, words};
use super::steps::Build;
use crate::model::Entry;

impl Build<'_> {
    pub(super) fn connected(&mut self, entry: &Entry, connect_us: u64, clock_us: u64) {
        let at = self.map(clock_us.saturating_sub(connect_us));
        let order = at
            .unwrap_or(entry.at_ms)
            .min(entry.at_ms)
            .max(self.opened_ms.unwrap_or(f64::MIN));
        let took = took(connect_us);
        let label = match entry.kind {
            Some(Kind::Udp | Kind::Unixgram) => words("connect sends nothing here", "no packet"),
            Some(Kind::Unix) => words(&format!("connected in {took}"), &took),
            _ => words(
                &format!("SYN … connected in {took}"),
                &format!("SYN {took}"),
            ),
        };
        let way = (Life::Gateway, Life::Target);
        self.there(entry.no, way, (at.is_some(), order), Tone::Control, label);
        self.last(|step| {
            step.dashed = true;
            step.effect = Effect::Opens;
        });
    }

    pub(super) fn closed(&mut self, entry: &Entry, reason: Reason, clock_us: u64) {
        use Life::{Gateway, Target, You};
        let tcp = matches!(entry.kind, Some(Kind::Tcp) | None);
        let long = reason_words(reason);
        match reason {
            Reason::Finished => {
                let (tone, text) = match self.on_purpose {
                    true => (Tone::Made, "✂ closed on purpose"),
                    false => (Tone::Control, long),
                };
                let label = words(text, "closed");
                self.here(entry, Gateway, Gateway, tone, label, text.to_owned());
            }
            Reason::ClosedByClient => {
                let at = self.map(clock_us);
                let order = at.unwrap_or(entry.at_ms).min(entry.at_ms);
                let label = words("closed by you", "close");
                self.there(
                    entry.no,
                    (Gateway, Target),
                    (at.is_some(), order),
                    Tone::Control,
                    label,
                );
                self.last(|step| step.dashed = true);
            }
            _ => {
                match reason {
                    // Then the target had no part in it.
                    _ if self.on_purpose => {}
                    Reason::Reset => {
                        self.of_target(entry, clock_us, Tone::Error, words("✕ RST", "✕ RST"))
                    }
                    Reason::Refused => {
                        let text = if tcp { "SYN" } else { "connect" };
                        self.attempt(entry, text, text, Ending::Arrives);
                        let answer = match entry.kind {
                            Some(Kind::Udp) => words("✕ ICMP: port unreachable", "✕ ICMP"),
                            Some(Kind::Unix | Kind::Unixgram) => {
                                words("✕ nobody listens", "✕ refused")
                            }
                            _ => words("✕ RST: nothing listens", "✕ RST"),
                        };
                        self.of_target(entry, clock_us, Tone::Error, answer);
                    }
                    Reason::ConnectTimeout => {
                        let text = if tcp {
                            "SYN … no answer"
                        } else {
                            "no answer"
                        };
                        self.attempt(entry, text, "no answer", Ending::Lost);
                    }
                    Reason::Unreachable => {
                        self.attempt(entry, "no way there", "no way there", Ending::Lost);
                    }
                    _ => {}
                }
                let short = long.trim_start_matches("connection ");
                let label = words(&format!("✕ {long}"), &format!("✕ {short}"));
                self.here(entry, Gateway, You, Tone::Error, label, long.to_owned());
            }
        }
        self.last(|step| step.effect = Effect::Ends);
    }

    /// The try to connect that came to nothing; the gateway reports no time for it.
    fn attempt(&mut self, entry: &Entry, text: &str, short: &str, ending: Ending) {
        if self.connected {
            return;
        }
        let order = self.opened_ms.unwrap_or(entry.at_ms);
        let way = (Life::Gateway, Life::Target);
        self.there(
            entry.no,
            way,
            (false, order),
            Tone::Control,
            words(text, short),
        );
        self.last(|step| {
            step.dashed = true;
            step.ending = ending;
        });
    }
}
