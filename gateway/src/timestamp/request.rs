//! What a client's bytes ask for, by protocol: pure, the one piece that all models share.

use chalkwire_shared::server::Protocol;
use memchr::memchr;

use super::wire;

/// A line longer than this is answered at this bound; in a session the rest is the next line.
pub(super) const MAX_LINE_BYTES: usize = 65_536;

/// What the server does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// Read once more.
    Read,
    /// Reply to these bytes.
    Answer(&'a [u8]),
    /// Nothing is left to be answered.
    Close,
}

/// The requests of one client.
#[derive(Debug)]
pub(super) struct Requests {
    protocol: Protocol,
    received: Vec<u8>,
    /// How much of `received` is answered: the rest begins here.
    answered: usize,
    /// How much of that rest is known to hold no `\n`.
    searched: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was read since the start.
    Fresh,
    /// Something was read.
    Fed,
    /// The client is done sending.
    Ended,
    /// The one answer was given.
    Answered,
}

impl Requests {
    pub(super) fn new(protocol: Protocol) -> Self {
        Requests {
            protocol,
            received: Vec::new(),
            answered: 0,
            searched: 0,
            state: State::Fresh,
        }
    }

    /// Takes what one `recv` returned; nothing at all is the end, as for Python's `recv`.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.state = State::Ended;
        } else {
            if self.answered == self.received.len() {
                wire::empty(&mut self.received);
            } else {
                self.received.drain(..self.answered);
            }
            self.answered = 0;
            self.received.extend_from_slice(bytes);
            self.state = State::Fed;
        }
    }

    /// What to do next; a request is given out once.
    pub(super) fn next(&mut self) -> Next<'_> {
        let ended = self.state == State::Ended;
        match (self.protocol, self.state) {
            (_, State::Answered) => Next::Close,
            (Protocol::Basic, State::Fresh) => Next::Read,
            // The end without data is answered too, as the chapter's server does.
            (Protocol::Basic, _) => self.answer_last(self.unanswered().len()),
            (Protocol::Line, _) => match self.line() {
                Some(length) => self.answer_last(length),
                // At the end what there is, even nothing, is the line: Python's `readline`.
                None if ended => self.answer_last(self.unanswered().len()),
                None => Next::Read,
            },
            (Protocol::Session, _) => match self.line() {
                Some(length) => self.answer(length),
                None if !ended => Next::Read,
                None if self.unanswered().is_empty() => Next::Close,
                None => self.answer_last(self.unanswered().len()),
            },
        }
    }

    fn unanswered(&self) -> &[u8] {
        &self.received[self.answered..]
    }

    /// The length of the first line, its `\n` counted.
    fn line(&mut self) -> Option<usize> {
        let end = self.unanswered().len().min(MAX_LINE_BYTES);
        let from = self.searched.min(end);
        let found = memchr(b'\n', &self.unanswered()[from..end]).map(|at| from + at + 1);
        self.searched = end;
        found.or_else(|| (end == MAX_LINE_BYTES).then_some(end))
    }

    fn answer(&mut self, length: usize) -> Next<'_> {
        self.searched = 0;
        let from = self.answered;
        self.answered += length;
        Next::Answer(&self.received[from..self.answered])
    }

    fn answer_last(&mut self, length: usize) -> Next<'_> {
        self.state = State::Answered;
        self.answer(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every answer to `bytes`, read in pieces of these sizes (the last one again and again), and
    /// then the end.
    fn answers(protocol: Protocol, bytes: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
        let mut requests = Requests::new(protocol);
        let mut answers = Vec::new();
        let mut rest = bytes;
        let mut sizes = sizes.iter();
        let mut size = 1;
        loop {
            match requests.next() {
                Next::Read => {
                    size = *sizes.next().unwrap_or(&size);
                    let (piece, after) = rest.split_at(size.min(rest.len()));
                    requests.read(piece);
                    rest = after;
                }
                Next::Answer(answer) => answers.push(answer.to_vec()),
                Next::Close => return answers,
            }
        }
    }

    #[test]
    fn basic_answers_one_recv_whatever_it_holds() {
        for (bytes, first) in [(&b"one\ntwo"[..], &b"one\ntwo"[..]), (b"", b"")] {
            assert_eq!(answers(Protocol::Basic, bytes, &[1024]), [first.to_vec()]);
        }
        assert_eq!(answers(Protocol::Basic, b"hello", &[2]), [b"he".to_vec()]);
    }

    #[test]
    fn line_answers_one_line_or_what_there_is_at_the_end() {
        for (bytes, line) in [
            (&b"one\r\ntwo\r\n"[..], &b"one\r\n"[..]),
            (b"\n", b"\n"),
            (b"no newline", b"no newline"),
            (b"", b""),
        ] {
            assert_eq!(answers(Protocol::Line, bytes, &[3]), [line.to_vec()]);
        }
    }

    #[test]
    fn a_session_answers_each_line_and_then_what_is_left() {
        let lines = |lines: &[&str]| {
            lines
                .iter()
                .map(|l| l.as_bytes().to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            answers(Protocol::Session, b"a\r\n\nb", &[2]),
            lines(&["a\r\n", "\n", "b"])
        );
        assert_eq!(answers(Protocol::Session, b"a\n", &[1]), lines(&["a\n"]));
        assert_eq!(answers(Protocol::Session, b"", &[1]), lines(&[]));
    }

    #[test]
    fn a_line_without_end_is_answered_at_the_bound() {
        let long = vec![b'x'; MAX_LINE_BYTES + 10];
        let (head, tail) = long.split_at(MAX_LINE_BYTES);
        assert_eq!(answers(Protocol::Line, &long, &[1000]), [head.to_vec()]);
        assert_eq!(
            answers(Protocol::Session, &long, &[1000]),
            [head.to_vec(), tail.to_vec()]
        );
    }

    proptest! {
        #[test]
        fn any_chunking_of_the_same_bytes_gives_the_same_answers(
            lines in prop::collection::vec("[a-z\r]{0,9}\n?", 0..20),
            sizes in prop::collection::vec(1usize..40, 1..20),
        ) {
            let bytes = lines.concat().into_bytes();
            for protocol in [Protocol::Line, Protocol::Session] {
                prop_assert_eq!(
                    answers(protocol, &bytes, &sizes),
                    answers(protocol, &bytes, &[bytes.len() + 1])
                );
            }
        }

        #[test]
        fn a_session_loses_nothing_and_adds_nothing(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..300),
            size in 1usize..50,
        ) {
            let answers = answers(Protocol::Session, &bytes, &[size]);
            prop_assert!(answers.iter().rev().skip(1).all(|line| line.ends_with(b"\n")));
            prop_assert_eq!(answers.concat(), bytes);
        }
    }
}
