//! What a server did with one client of a load, put beside the client's messages.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chalkwire_shared::job::ClientRun;
use tokio::sync::Notify;

use crate::timestamp::{Event, What};

/// How long a server's reports of a connection that is over are waited for: they come by another
/// way, and a process tells its parent first.
const PATIENCE: Duration = Duration::from_millis(250);

/// A server's side of one connection. The client sends its next message when it has the reply to
/// the one before, so what is received belongs to the first message that is not answered.
#[derive(Debug, Default)]
struct Seen {
    accepted_us: Option<u64>,
    messages: Vec<Answer>,
    /// The first message that is not answered.
    next: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Answer {
    recv_us: Option<u64>,
    answered_us: Option<u64>,
}

impl Seen {
    fn take(&mut self, event: &Event) {
        let at = event.clock_us;
        match event.what {
            What::Accepted => self.accepted_us = Some(at),
            // An empty read is answered, too, by a server of the protocol basic.
            What::Recv(_) | What::RecvCut { .. } => {
                if let Some(message) = self.messages.get_mut(self.next) {
                    message.recv_us.get_or_insert(at);
                }
            }
            What::Sent(_) => {
                if let Some(message) = self.messages.get_mut(self.next) {
                    message.answered_us = Some(at);
                    self.next += 1;
                }
            }
            What::Ignored(_) => self.next += 1,
            What::Eof | What::TimedOut | What::Failed(_) | What::Closed => {}
        }
    }

    /// Puts what was seen into the record. Whether the server's side of all that the client knows
    /// to have happened is there.
    fn fill(&self, run: &mut ClientRun, accepts: bool) -> bool {
        run.accepted_us = self.accepted_us;
        let mut answered = true;
        for (message, answer) in run.messages.iter_mut().zip(&self.messages) {
            message.recv_us = answer.recv_us;
            message.answered_us = answer.answered_us;
            answered &= message.reply_us.is_none() || answer.answered_us.is_some();
        }
        let replies = run.messages.iter().any(|m| m.reply_us.is_some());
        answered && (self.accepted_us.is_some() || !accepts || !replies)
    }
}

/// What hears a server's reports of one connection.
#[derive(Debug)]
pub(super) struct Ear {
    seen: Mutex<Seen>,
    heard: Notify,
}

impl Ear {
    /// For a connection of so many messages.
    pub(super) fn new(messages: u8) -> Self {
        let seen = Seen {
            messages: vec![Answer::default(); messages.into()],
            ..Seen::default()
        };
        Ear {
            seen: Mutex::new(seen),
            heard: Notify::new(),
        }
    }

    /// Takes a report.
    pub(super) fn hear(&self, event: &Event) {
        self.lock().take(event);
        self.heard.notify_one();
    }

    /// Completes a record by the server's side; `accepts` says whether there is an accept to hear of.
    pub(super) async fn complete(&self, run: &mut ClientRun, accepts: bool) {
        let whole = async {
            loop {
                // The notification is created before what was heard is looked at.
                let heard = self.heard.notified();
                if self.lock().fill(run, accepts) {
                    return;
                }
                heard.await;
            }
        };
        // What is not there by then was lost, or never happened.
        let _ = tokio::time::timeout(PATIENCE, whole).await;
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkwire_shared::job::{MessageRun, Outcome};

    fn event(clock_us: u64, what: What) -> Event {
        Event {
            server: "tcp://h:1".into(),
            clock_us,
            client: 1,
            peer: "a".into(),
            what,
        }
    }

    fn run(replies: &[Option<u64>]) -> ClientRun {
        let message = |reply_us: &Option<u64>| MessageRun {
            reply_us: *reply_us,
            ..MessageRun::default()
        };
        ClientRun {
            target: 0,
            client: 0,
            connection: 0,
            local: "a".to_owned(),
            start_us: 0,
            connected_us: Some(1),
            accepted_us: None,
            messages: replies.iter().map(message).collect(),
            end_us: 100,
            outcome: Outcome::Done,
        }
    }

    #[test]
    fn what_is_received_and_sent_belongs_to_the_first_unanswered_message() {
        let ear = Ear::new(2);
        for (at, what) in [
            (1, What::Accepted),
            (2, What::Recv(4)),
            (3, What::Recv(3)),
            (4, What::Sent(33)),
            (5, What::Recv(7)),
            (6, What::Sent(33)),
            (7, What::Eof),
            // More than there are messages: the empty read was answered.
            (8, What::Sent(26)),
        ] {
            ear.hear(&event(at, what));
        }
        let mut run = run(&[Some(4), Some(6)]);
        assert!(ear.lock().fill(&mut run, true));
        let times: Vec<_> = run
            .messages
            .iter()
            .map(|m| (m.recv_us, m.answered_us))
            .collect();
        assert_eq!(times, [(Some(2), Some(4)), (Some(5), Some(6))]);
        assert_eq!(run.accepted_us, Some(1));
    }

    #[test]
    fn a_record_waits_for_what_the_client_knows_to_have_happened() {
        let ear = Ear::new(1);
        ear.hear(&event(1, What::Accepted));
        ear.hear(&event(2, What::Recv(7)));
        assert!(!ear.lock().fill(&mut run(&[Some(9)]), true));
        // No reply came: nothing is missing.
        let mut silent = run(&[None]);
        assert!(ear.lock().fill(&mut silent, true));
        assert_eq!(silent.messages[0].recv_us, Some(2));
        assert!(Ear::new(1).lock().fill(&mut run(&[None]), true));
        // Datagrams are not accepted.
        let ear = Ear::new(1);
        ear.hear(&event(2, What::Sent(7)));
        assert!(!ear.lock().fill(&mut run(&[Some(3)]), true));
        assert!(ear.lock().fill(&mut run(&[Some(3)]), false));
    }
}
