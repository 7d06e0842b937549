//! What the connection test's findings mean, and what to do, for a learner and for an administrator.

use std::fmt::Write as _;

use super::{Ask, Probe, State};

impl Ask {
    /// The question, as a heading.
    pub fn title(self) -> &'static str {
        match self {
            Ask::Http => "The gateway answers HTTP",
            Ask::Open => "A WebSocket opens",
            Ask::Text => "A text message comes back",
            Ask::Binary => "16 KiB of binary come back",
            Ask::Times => "There and back, ten times",
            Ask::Silence => "It survives a silence",
        }
    }

    /// What a failure means, and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Ask::Http => {
                "The page is here, but the gateway behind it does not answer: it is stopped, it is \
                 restarting, or a proxy answers in its place. Reload the page; if that does not help, \
                 ask whoever runs the gateway."
            }
            Ask::Open => {
                "HTTP passes, the WebSocket does not. Most often a proxy or a firewall on the way does \
                 not let the upgrade through (RFC 6455: a GET with “Upgrade: websocket”). Chalkwire \
                 goes over HTTP then, a little slower. Ask for WebSockets to this host to be allowed; \
                 over https proxies meddle less."
            }
            Ask::Text => {
                "The WebSocket opens, but what is sent does not come back as it was: something on the \
                 way takes messages and does not pass them on, or changes them. A content filter that \
                 inspects traffic looks like this; ask for this host to be left out of it."
            }
            Ask::Binary => {
                "Short text passes, 16 KiB of binary do not: something on the way blocks binary or \
                 larger messages. Chalkwire carries bytes as binary messages, so most of it will not \
                 work here. Ask for this host to be left out of inspection."
            }
            Ask::Times => {
                "Messages passed, and then one was lost. The network drops the connection under load, or \
                 it broke just now. Try once more; if it happens again, try a cable or another network."
            }
            Ask::Silence => {
                "The connection is cut when nothing is said for a few seconds. Chalkwire connects again \
                 by itself and goes on where it was, but you will see it happen often. Ask for a longer \
                 idle timeout for WebSockets to this host: 60 s or more."
            }
        }
    }
}

/// How the test came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether Chalkwire works here.
    pub works: bool,
    /// In a sentence or two.
    pub sentence: String,
}

/// The verdict, once the test is over.
pub fn verdict(probe: &Probe) -> Option<Verdict> {
    if !probe.is_over() {
        return None;
    }
    let failed = probe
        .steps()
        .find(|(_, state)| matches!(state, State::Failed(_)));
    let Some((ask, _)) = failed else {
        let slow = probe.times_ms().is_some_and(|(_, middle)| middle > 300.0);
        let sentence = if slow {
            "Everything works, slowly: a message takes long there and back, so times on the page show \
             your network more than the servers."
        } else {
            "Everything works: your network lets Chalkwire through."
        };
        return Some(Verdict {
            works: true,
            sentence: sentence.to_owned(),
        });
    };
    let short = match ask {
        Ask::Http => "Chalkwire does not work right now: the gateway does not answer.",
        Ask::Open => "WebSockets are blocked on this network: Chalkwire goes over HTTP instead.",
        Ask::Text => "Chalkwire does not work on this network: messages do not pass.",
        Ask::Binary => "Chalkwire does not work on this network: binary messages do not pass.",
        Ask::Times => "Chalkwire may work here, but the connection is not steady.",
        Ask::Silence => "Chalkwire works here, with interruptions: silent connections are cut.",
    };
    Some(Verdict {
        works: matches!(ask, Ask::Open | Ask::Silence),
        sentence: short.to_owned(),
    })
}

/// The test as text, to send to a teacher or an administrator.
///
/// `page` is the page's address without query and fragment (they may hold secrets), `when` a moment
/// with date and zone, `browser` what the browser calls itself.
pub fn report_text(probe: &Probe, page: &str, when: &str, browser: &str) -> String {
    let mut out = format!("Chalkwire connection test\n{when}\n{page}\n{browser}\n\n");
    for (ask, state) in probe.steps() {
        let (sign, found) = match state {
            State::Ok(found) => ("ok     ", found.as_str()),
            State::Failed(happened) => ("FAILED ", happened.as_str()),
            State::Skipped => ("skipped", "not asked"),
            State::Waiting | State::Running => ("…      ", "not over yet"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{sign} {}: {found}", ask.title());
        if matches!(state, State::Failed(_)) {
            let _ = writeln!(out, "        {}", ask.advice());
        }
    }
    if let Some(verdict) = verdict(probe) {
        let _ = writeln!(out, "\n{}", verdict.sentence);
    }
    out
}
