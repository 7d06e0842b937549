//! What has passed the faults of one way and waits for its reader.

use std::collections::VecDeque;

use bytes::Buf;

use crate::fault::held::give_back;
use crate::fault::pipeline::{Item, Moving};

/// One way past the faults: what waits there for its reader.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) items: VecDeque<Moving>,
    pub(super) bytes: usize,
}

impl Queue {
    pub(super) fn push(&mut self, moving: Moving) {
        self.bytes += moving.cost();
        self.items.push_back(moving);
    }

    pub(super) fn pop(&mut self) -> Option<Moving> {
        let moving = self.items.pop_front()?;
        self.bytes -= moving.cost();
        give_back(&mut self.items);
        Some(moving)
    }

    /// Takes so many bytes off the first.
    fn advance(&mut self, n: usize) {
        if let Some(moving) = self.items.front_mut()
            && let Item::Bytes(bytes) = &mut moving.item
        {
            bytes.advance(n);
            self.bytes -= n;
        }
    }

    /// Fills the buffer, as a kernel would, but not past a cut or with what was held otherwise.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        let mut before_us = None;
        while let Some(moving) = self.items.front() {
            let Item::Bytes(bytes) = &moving.item else {
                break;
            };
            if before_us.is_some_and(|held_us| held_us != moving.held_us) {
                break;
            }
            before_us = Some(moving.held_us);
            let (whole, cut) = (bytes.len(), moving.cut);
            let n = whole.min(buffer.len() - filled);
            buffer[filled..filled + n].copy_from_slice(&bytes[..n]);
            filled += n;
            if n < whole {
                self.advance(n);
                break;
            }
            self.pop();
            if cut {
                break;
            }
        }
        filled
    }
}
