//! What a client says.

use serde::{Deserialize, Serialize};

use super::MessageError;
use crate::fault::Asked;
use crate::id::{SocketId, Token};
use crate::job::{Job, JobId};
use crate::room::{Command, Key, RunId};
use crate::server::{ServerId, ServerOptions};

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// Connect a new socket to a target; the answer is `opened` or `closed`.
    Open {
        /// Place in the client's sequence.
        seq: u64,
        /// The new socket's number, larger than all before it.
        socket: SocketId,
        /// The name of the target.
        target: String,
        /// Credit for the gateway: how much it may send before it needs more, in bytes of data
        /// frames with their headers.
        credit: u32,
        /// Report each write to the target with a `wrote` message, and what a built-in server did
        /// with `server` messages.
        #[serde(default, skip_serializing_if = "is_false")]
        trace: bool,
        /// Report the kernel's view of the socket with `kernel` messages, where the target is built
        /// in and the system tells.
        #[serde(default, skip_serializing_if = "is_false")]
        kernel: bool,
        /// Wrongs to be done to the socket's traffic, in this order; what they do is reported with
        /// `fault` messages.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        faults: Vec<Asked>,
        /// Where the faults' chance begins: the same seed and the same bytes give the same run.
        #[serde(default, skip_serializing_if = "is_zero")]
        seed: u32,
        /// The "everyone send now" of the link's room that the socket belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
    },
    /// Other faults for an open socket, from here on; an empty list for none. What the faults before
    /// hold back is passed on first.
    Faults {
        /// Place in the client's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// Wrongs to be done, in this order.
        faults: Vec<Asked>,
        /// Where their chance begins.
        #[serde(default)]
        seed: u32,
    },
    /// Start a timestamp server for this link alone; the answer is `serving` or `stopped`. It can
    /// then be opened as the target `#1` (its number), and ends with the link.
    Serve {
        /// Place in the client's sequence.
        seq: u64,
        /// The new server's number, larger than all before it.
        server: ServerId,
        /// What it is to be.
        options: ServerOptions,
    },
    /// Stop a server of this link. Its name stays: dialling it is then refused by the kernel.
    Stop {
        /// Place in the client's sequence.
        seq: u64,
        /// Which server.
        server: ServerId,
    },
    /// Do a job; its reports follow, and `job_done` at the end.
    Job {
        /// Place in the client's sequence.
        seq: u64,
        /// The new job's number.
        job: JobId,
        /// What is to be done.
        #[serde(rename = "do")]
        work: Job,
    },
    /// Give a job up.
    Cancel {
        /// Place in the client's sequence.
        seq: u64,
        /// Which job.
        job: JobId,
    },
    /// No more data from this side (`shutdown(SHUT_WR)`, a FIN for TCP).
    Shutdown {
        /// Place in the client's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
    },
    /// Close the socket, both ways.
    Close {
        /// Place in the client's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
    },
    /// The gateway may send so much more on this socket.
    Credit {
        /// Place in the client's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// Bytes of data frames with their headers.
        bytes: u32,
    },
    /// Come into a room; the answer is `room_entered` or `room_not_entered`.
    Enter {
        /// Place in the client's sequence.
        seq: u64,
        /// By what.
        key: Key,
        /// The name that others shall see; it is cleaned, and numbered where somebody has it already.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        name: String,
        /// This page's number among its member's, chosen at random and kept for as long as the page is.
        client: u32,
    },
    /// Tell the room; the answer is `room_done` or `room_refused`. Said again with the same `no` it is
    /// not done again.
    Tell {
        /// Place in the client's sequence.
        seq: u64,
        /// The command's number, larger than all before it of this page.
        no: u64,
        /// What.
        command: Command,
    },
    /// Leave the room: a student's place is given up.
    Leave {
        /// Place in the client's sequence.
        seq: u64,
    },
    /// Send the room's events from here on, on this connection: those after `offset`, of which the
    /// client saw the ones before in `epoch`. The answer is `room_subscribed`.
    Subscribe {
        /// From the last event that the client has; 0 for none.
        epoch: u32,
        /// Its place; 0 for none.
        offset: u64,
    },
    /// Take up the link of this token, of which the client saw the gateway's messages up to `seen`.
    /// The first message on its connection, if it is sent at all.
    Resume {
        /// From the `welcome` of the link's first connection.
        token: Token,
        /// The last `seq` of the gateway that the client has.
        seen: u64,
    },
    /// The client has the gateway's messages up to `seen`.
    Ack {
        /// The last `seq` of the gateway that the client has.
        seen: u64,
    },
    /// Answer this with `pong`: for the time there and back, and the clocks' difference.
    Ping {
        /// Comes back in the answer.
        id: u32,
    },
}

impl ClientMessage {
    /// The message as it travels.
    pub fn encode(&self) -> String {
        // Maps with text keys and no failing Serialize: serde_json has nothing to refuse.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`MessageError`] says where the text stops being a message.
    pub fn decode(text: &str) -> Result<Self, MessageError> {
        // serde would take an array of the same values for a message.
        if !text.trim_start().starts_with('{') {
            let error =
                <serde_json::Error as serde::de::Error>::custom("a message is a JSON object");
            return Err(error.into());
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The place in the client's sequence, for a sequenced message.
    pub fn seq(&self) -> Option<u64> {
        match self {
            ClientMessage::Open { seq, .. }
            | ClientMessage::Faults { seq, .. }
            | ClientMessage::Serve { seq, .. }
            | ClientMessage::Stop { seq, .. }
            | ClientMessage::Job { seq, .. }
            | ClientMessage::Cancel { seq, .. }
            | ClientMessage::Shutdown { seq, .. }
            | ClientMessage::Close { seq, .. }
            | ClientMessage::Credit { seq, .. }
            | ClientMessage::Enter { seq, .. }
            | ClientMessage::Tell { seq, .. }
            | ClientMessage::Leave { seq } => Some(*seq),
            ClientMessage::Subscribe { .. }
            | ClientMessage::Resume { .. }
            | ClientMessage::Ack { .. }
            | ClientMessage::Ping { .. } => None,
        }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// Anything that JSON can say, up to the ends of its numbers.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (0u32..200).prop_map(Value::from),
            Just(json!(u64::MAX)),
            ".{0,9}".prop_map(Value::from),
            Just(json!("latency")),
            Just(json!("load")),
            Just(json!("both")),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::from),
                vec((key(), inner), 0..6).prop_map(|fields| fields.into_iter().collect()),
            ]
        })
    }

    fn key() -> impl Strategy<Value = String> {
        let words = "type seq socket target credit trace kernel faults seed server options job do what \
                     script wait_ms targets clients kind direction ms bytes percent key name client no command \
                     by room secret epoch offset on up member plan";
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        prop_oneof![9 => proptest::sample::select(words), 1 => ".{0,5}"]
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reading_panic_and_what_is_read_is_written_so(
            name in proptest::sample::select(vec![
                "open", "faults", "serve", "stop", "job", "cancel", "shutdown", "resume", "enter",
                "tell", "subscribe", "x",
            ]),
            fields in vec((key(), value()), 0..9),
            cut in 0usize..400,
        ) {
            let mut message: serde_json::Map<String, Value> = fields.into_iter().collect();
            message.insert("type".to_owned(), name.into());
            let text = Value::from(message).to_string();
            for text in [&*text, &text[..text.floor_char_boundary(cut)]] {
                let Ok(read) = ClientMessage::decode(text) else { continue };
                if let ClientMessage::Job { work, .. } = &read {
                    let _ = work.check();
                }
                prop_assert_eq!(ClientMessage::decode(&read.encode()).ok(), Some(read));
            }
        }

        #[test]
        fn nor_does_a_whole_message_with_anything_for_faults_options_or_work(
            (seq, number) in any::<(u64, u32)>(),
            asked in vec(value(), 0..9),
            (options, work) in (value(), value()),
        ) {
            let faults = json!({"type": "faults", "seq": seq, "socket": number, "faults": asked});
            let serve = json!({"type": "serve", "seq": seq, "server": number, "options": options});
            let job = json!({"type": "job", "seq": seq, "job": number, "do": work});
            for text in [faults, serve, job].map(|message| message.to_string()) {
                match ClientMessage::decode(&text) {
                    Ok(ClientMessage::Faults { faults, .. }) => {
                        let read = faults.iter().map(Asked::read).filter_map(Result::ok);
                        let read: Vec<_> = read.collect();
                        let _ = crate::fault::check_list(&read, number % 2 == 0);
                    }
                    Ok(ClientMessage::Serve { options, .. }) => drop(options.check()),
                    Ok(ClientMessage::Job { work, .. }) => drop(work.check()),
                    _ => {}
                }
            }
        }
    }
}
