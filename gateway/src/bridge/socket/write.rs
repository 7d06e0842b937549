//! From the client to the target: at once where the kernel takes it, or queued within credit.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::CLIENT_HEADER_BYTES;

use super::{Socket, State, would_block};
use crate::bridge::client::{Client, Told};
use crate::bridge::machine::Event;
use crate::fault::Wire;
use crate::target::Failure;

impl<C: Client> Socket<C> {
    /// The client sends.
    pub fn send(&self, payload: &[u8]) {
        let mut state = self.lock();
        if !state.machine.takes_data() {
            if !state.machine.is_closed() {
                let detail = "Data after shutdown: this side said that it had no more to send.";
                self.end(
                    &mut state,
                    Failure {
                        reason: Reason::BadRequest,
                        detail: detail.into(),
                    },
                );
            }
            return;
        }
        let cost = (CLIENT_HEADER_BYTES + payload.len()) as u64;
        let Some(left) = state.client_credit.checked_sub(cost) else {
            self.end(&mut state, Reason::CreditExceeded.into());
            return;
        };
        state.client_credit = left;
        if payload.is_empty() && !self.datagram {
            self.give_back(&mut state, cost as u32);
            return;
        }
        let wire = self
            .wire
            .get()
            .filter(|_| state.queue.is_empty() && state.machine.writes());
        let mut written = 0;
        if let Some(wire) = wire {
            match wire.try_send(payload) {
                Ok(n) => written = n,
                Err(error) if would_block(&error) => {}
                Err(error) => {
                    state.broken = Some(Failure::of(&error));
                    self.wake.notify_one();
                    return;
                }
            }
            if written == payload.len() {
                self.wrote(&mut state, payload);
                return;
            }
        }
        state.written = if state.queue.is_empty() {
            written
        } else {
            state.written
        };
        state.queue.push_back(Bytes::copy_from_slice(payload));
        state.machine.queued();
        drop(state);
        self.wake.notify_one();
    }

    /// Writes what was queued, as far as the kernel takes it.
    pub(super) fn flush(&self, wire: &Wire) {
        let mut state = self.lock();
        while let Some(first) = state.queue.front() {
            match wire.try_send(&first[state.written..]) {
                Ok(n) => {
                    let whole = state.written + n >= first.len();
                    state.written += n;
                    if whole || self.datagram {
                        state.written = 0;
                        if let Some(whole) = state.queue.pop_front() {
                            self.wrote(&mut state, &whole);
                        }
                    } else {
                        self.active();
                    }
                }
                Err(error) if would_block(&error) => return,
                Err(error) => {
                    state.broken = Some(Failure::of(&error));
                    return;
                }
            }
        }
        let actions = state.machine.on(Event::Flushed);
        self.perform(&mut state, actions);
    }

    /// A whole message of the client is with the kernel.
    fn wrote(&self, state: &mut State, payload: &[u8]) {
        let now_us = self.active();
        self.asked_us.store(now_us.max(1), Ordering::Relaxed);
        self.context.metrics.to_target.inc_by(payload.len() as u64);
        self.client.wrote(now_us, payload);
        self.give_back(state, (CLIENT_HEADER_BYTES + payload.len()) as u32);
    }

    /// Credit for what was written, told when it is worth a message.
    fn give_back(&self, state: &mut State, bytes: u32) {
        state.to_give_back += bytes;
        if state.to_give_back >= self.context.window_bytes / 2 {
            let bytes = std::mem::take(&mut state.to_give_back);
            state.client_credit += u64::from(bytes);
            self.tell(Told::Credit { bytes });
        }
    }
}
