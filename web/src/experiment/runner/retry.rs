//! Numbered messages, each sent again until there is a reply to it.

use chalkwire_shared::stamp;

use super::Runner;
use super::perform::Doing;
use crate::experiment::run::{Retried, Run};
use crate::experiment::step::{Slot, Step};
use crate::wire::{Now, Out};

impl Runner {
    /// Sends the message of that place, with its number in front.
    pub(super) fn send_numbered(&mut self, step: &Step, at: usize, now: Now, out: &mut Out) {
        let Step::SendWithRetry {
            socket, messages, ..
        } = step
        else {
            return;
        };
        let id = self.run.as_ref().and_then(|it| it.socket(*socket));
        if let (Some(id), Some(text)) = (id, messages.get(at)) {
            let bytes = format!("{} {text}", at + 1).into_bytes();
            self.wire.send(id, bytes.into(), now, out);
        }
    }

    /// Looks what became of the numbered message on its way, and sends it again, or the next one:
    /// whether all are done.
    pub(super) fn retry(&mut self, step: &Step, over: bool, now: Now, out: &mut Out) -> bool {
        let Step::SendWithRetry {
            socket,
            messages,
            timeout_ms,
            tries: most,
        } = step
        else {
            return true;
        };
        let doing = self.course.as_ref().map(|it| it.doing.clone());
        let (Some(Doing::Sending { at, tries, .. }), Some(run)) = (doing, &mut self.run) else {
            return true;
        };
        if at >= messages.len() {
            return true;
        }
        let number = at as u32 + 1;
        let answered = is_answered(run, *socket, number);
        let closed = run.closed(*socket).is_some();
        if !answered && !closed && !over {
            return false;
        }
        let again = !answered && !closed && tries < *most;
        if !again {
            run.retried.push(Retried {
                socket: *socket,
                number,
                tries,
                answered,
            });
        }
        let (at, tries) = if again { (at, tries + 1) } else { (at + 1, 1) };
        self.send_numbered(step, at, now, out);
        self.set(Doing::Sending {
            at,
            tries,
            until_ms: now.ms + f64::from(*timeout_ms),
        });
        at >= messages.len()
    }
}

/// Whether a reply came to the message of this number.
fn is_answered(run: &Run, socket: Slot, number: u32) -> bool {
    let start = format!("{number} ").into_bytes();
    run.replies(socket)
        .iter()
        .filter_map(|it| stamp::read(it))
        .any(|it| it.data.starts_with(&start))
}
