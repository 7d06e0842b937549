//! The protocols and concurrency models by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a stream server takes as a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// One `recv`, one reply, close.
    #[default]
    Basic,
    /// One line (to `\n`, terminator kept), one reply, close.
    Line,
    /// A reply for each line until the client shuts down its side; then what is left is answered
    /// and the server closes.
    Session,
}

/// How a stream server serves several clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// One client at a time; the kernel's backlog is the only queue.
    Iterative,
    /// A thread a client.
    Threaded,
    /// A process a client, the socket handed over as its standard input and output.
    Process,
    /// One thread, readiness by `mio`, our own loop.
    Select,
    /// One thread, tokio.
    #[default]
    Evented,
}

/// A name that is none of those there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is no {what}: it must be one of {choices}")]
pub struct UnknownName {
    what: &'static str,
    name: String,
    choices: String,
}

impl UnknownName {
    fn new(what: &'static str, name: &str, choices: &[&str]) -> Self {
        UnknownName {
            what,
            name: name.escape_debug().to_string(),
            choices: choices.join(", "),
        }
    }
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Protocol; 3] = [Protocol::Basic, Protocol::Line, Protocol::Session];

    /// The protocol as it stands in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Basic => "basic",
            Protocol::Line => "line",
            Protocol::Session => "session",
        }
    }
}

impl Model {
    /// Every model.
    pub const ALL: [Model; 5] = [
        Model::Iterative,
        Model::Threaded,
        Model::Process,
        Model::Select,
        Model::Evented,
    ];

    /// The model as it stands in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Model::Iterative => "iterative",
            Model::Threaded => "threaded",
            Model::Process => "process",
            Model::Select => "select",
            Model::Evented => "evented",
        }
    }
}

impl FromStr for Protocol {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.as_str() == text)
            .ok_or_else(|| UnknownName::new("protocol", text, &Self::ALL.map(Self::as_str)))
    }
}

impl FromStr for Model {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|model| model.as_str() == text)
            .ok_or_else(|| UnknownName::new("model", text, &Self::ALL.map(Self::as_str)))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_went() {
        for protocol in Protocol::ALL {
            assert_eq!(protocol.to_string().parse(), Ok(protocol));
        }
        for model in Model::ALL {
            assert_eq!(model.to_string().parse(), Ok(model));
            // On the wire they are the same.
            let wire = serde_json::to_string(&model).unwrap();
            assert_eq!(wire, format!("\"{model}\""));
        }
        assert_eq!(
            "forked".parse::<Model>().unwrap_err().to_string(),
            "'forked' is no model: it must be one of iterative, threaded, process, select, evented"
        );
    }
}
