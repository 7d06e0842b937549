//! Limit: after so many bytes the connection is closed.

use bytes::Bytes;
use chalkwire_shared::close::Reason;

use super::pipeline::{Ending, Item, Moving, Out};
use crate::target::Failure;

/// Passes so many bytes, and then the end.
#[derive(Debug)]
pub(super) struct Limit {
    bytes: u32,
    budget: Budget,
}

impl Limit {
    pub(super) fn new(bytes: u32) -> Self {
        Limit {
            bytes,
            budget: Budget::new(bytes),
        }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        self.budget
            .push(moving, Ending::Limited(self.bytes), &mut out.passed);
    }
}

/// What the client is told when a limit was reached.
pub(super) fn limited(bytes: u32) -> Failure {
    Failure {
        reason: Reason::Finished,
        detail: format!(
            "Closed, on purpose: Chalkwire did it (the fault limit), after {bytes} bytes. Both \
             sides got a FIN."
        ),
    }
}

/// So many bytes, and then an ending once; nothing after that.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
    spent: bool,
}

impl Budget {
    pub(super) fn new(bytes: u32) -> Self {
        Budget {
            left: bytes as usize,
            spent: false,
        }
    }

    pub(super) fn push(&mut self, moving: Moving, ending: Ending, passed: &mut Vec<Moving>) {
        if self.spent {
            return;
        }
        let Item::Bytes(bytes) = &moving.item else {
            return passed.push(moving);
        };
        let most = bytes.len().min(self.left);
        self.left -= most;
        self.spent = self.left == 0;
        if most == bytes.len() && most > 0 {
            passed.push(moving.clone());
        } else if most > 0 {
            // A copy: the rest of what it was cut from need not stay in memory.
            let part = Bytes::copy_from_slice(&bytes[..most]);
            let mut moved = moving.with(Item::Bytes(part));
            moved.cut = false;
            passed.push(moved);
        }
        if self.spent {
            let mut end = moving.with(Item::End(ending));
            end.cut = false;
            passed.push(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn so_many_bytes_pass_to_the_byte_and_then_the_end_once(
            sent in vec(any::<u8>(), 1..2_000),
            sizes in vec(1usize..900, 1..9),
            most in 0u32..2_500,
        ) {
            for (fault, ending) in [
                (format!("limit,bytes={most}"), Ending::Limited(most)),
                (format!("reset,after_bytes={most}"), Ending::Reset),
            ] {
                let run = stream(&[&fault], 0, &sent, &sizes).passed;
                let reached = sent.len() >= most as usize;
                let kept = sent.len().min(most as usize);
                prop_assert_eq!(bytes(&run), &sent[..kept]);
                let ends: Vec<_> = ends(&run).into_iter().map(|(ending, _)| ending).collect();
                let end = if reached { ending } else { Ending::Fin };
                prop_assert_eq!(ends, vec![end]);
            }
        }
    }
}
