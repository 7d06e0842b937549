//! What happens next on a socket: a pure state machine.
//!
//! Each way of a socket ends by itself (half-close, RFC 9293, section 3.6): the client's by
//! `shutdown`, the target's by an empty read. When both have ended the socket is finished.

use chalkwire_shared::close::Reason;

/// Where a socket is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting,
    Open,
    /// The client closed; what it sent before is still being written.
    Closing,
    Closed,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The target accepted.
    Connected,
    /// The client has no more to send.
    Shutdown,
    /// The client wants no more of it.
    Close,
    /// All that the client sent is written.
    Flushed,
    /// The target has no more to send.
    Eof,
    /// Something ended it, wherever it was.
    Failed(Reason),
}

/// What to do now, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    /// Tell the client that it is connected.
    pub tell_opened: bool,
    /// Send the target a FIN.
    pub shutdown_write: bool,
    /// Tell the client that the target sent one.
    pub tell_eof: bool,
    /// Tell the client that it is over, and drop the socket.
    pub tell_closed: Option<Reason>,
}

/// A socket's state.
#[derive(Clone, Debug)]
pub struct Machine {
    phase: Phase,
    /// The client asked to shut down its side.
    shutdown_wanted: bool,
    /// The client closed before it was connected, with something to send.
    close_wanted: bool,
    /// Its FIN went out.
    fin_sent: bool,
    /// The target's FIN came in.
    eof_seen: bool,
    /// Bytes of the client wait to be written.
    unwritten: bool,
}

impl Default for Machine {
    fn default() -> Self {
        Machine {
            phase: Phase::Connecting,
            shutdown_wanted: false,
            close_wanted: false,
            fin_sent: false,
            eof_seen: false,
            unwritten: false,
        }
    }
}

impl Machine {
    /// Whether the target is to be read.
    pub fn reads(&self) -> bool {
        self.phase == Phase::Open && !self.eof_seen
    }

    /// Whether what the client sent is to be written.
    pub fn writes(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Closing) && !self.fin_sent
    }

    /// Whether the client may send more.
    pub fn takes_data(&self) -> bool {
        let takes = matches!(self.phase, Phase::Connecting | Phase::Open);
        takes && !self.shutdown_wanted && !self.close_wanted
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Whether the client closed, and what it sent before is still being written.
    pub fn is_closing(&self) -> bool {
        self.phase == Phase::Closing
    }

    /// The client sent something that could not be written at once.
    pub fn queued(&mut self) {
        self.unwritten = true;
    }

    /// What follows from an event. Nothing follows once the socket is closed.
    pub fn on(&mut self, event: Event) -> Actions {
        let mut actions = Actions::default();
        if self.phase == Phase::Closed {
            return actions;
        }
        match event {
            Event::Connected if self.phase == Phase::Connecting => {
                self.phase = match self.close_wanted {
                    true => Phase::Closing,
                    false => Phase::Open,
                };
                actions.tell_opened = true;
            }
            Event::Connected => {}
            Event::Shutdown => self.shutdown_wanted = true,
            // What was sent before is still to be delivered; else the attempt is given up.
            Event::Close if self.phase == Phase::Connecting && self.unwritten => {
                self.close_wanted = true;
            }
            Event::Close if self.phase == Phase::Connecting => {
                self.close(Reason::ClosedByClient, &mut actions)
            }
            Event::Close => self.phase = Phase::Closing,
            Event::Flushed => self.unwritten = false,
            Event::Eof if self.eof_seen => {}
            Event::Eof => {
                self.eof_seen = true;
                actions.tell_eof = true;
            }
            Event::Failed(reason) => self.close(reason, &mut actions),
        }
        self.settle(&mut actions);
        actions
    }

    /// What the state itself calls for, whatever the event was.
    fn settle(&mut self, actions: &mut Actions) {
        if self.phase == Phase::Open && self.shutdown_wanted && !self.unwritten && !self.fin_sent {
            self.fin_sent = true;
            actions.shutdown_write = true;
        }
        if self.phase == Phase::Open && self.fin_sent && self.eof_seen {
            self.close(Reason::Finished, actions);
        }
        if self.phase == Phase::Closing && !self.unwritten {
            self.close(Reason::ClosedByClient, actions);
        }
    }

    fn close(&mut self, reason: Reason, actions: &mut Actions) {
        self.phase = Phase::Closed;
        actions.tell_closed = Some(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn open() -> Machine {
        let mut machine = Machine::default();
        assert!(machine.on(Event::Connected).tell_opened);
        machine
    }

    #[test]
    fn each_side_ends_by_itself_and_both_finish_the_socket() {
        let mut machine = open();
        assert!(machine.on(Event::Shutdown).shutdown_write);
        assert!(machine.reads(), "the late reply must still be read");
        let actions = machine.on(Event::Eof);
        assert!(actions.tell_eof);
        assert_eq!(actions.tell_closed, Some(Reason::Finished));
    }

    #[test]
    fn after_the_targets_fin_the_client_may_still_send() {
        let mut machine = open();
        assert!(machine.on(Event::Eof).tell_eof);
        assert!(machine.takes_data() && machine.writes() && !machine.reads());
        assert_eq!(
            machine.on(Event::Shutdown).tell_closed,
            Some(Reason::Finished)
        );
    }

    #[test]
    fn a_fin_waits_for_what_was_sent_before_it() {
        let mut machine = open();
        machine.queued();
        assert!(!machine.on(Event::Shutdown).shutdown_write);
        assert!(machine.on(Event::Flushed).shutdown_write);
    }

    #[test]
    fn a_close_waits_for_what_was_sent_before_it() {
        let mut machine = open();
        machine.queued();
        assert_eq!(machine.on(Event::Close).tell_closed, None);
        assert_eq!(
            machine.on(Event::Flushed).tell_closed,
            Some(Reason::ClosedByClient)
        );
    }

    #[test]
    fn what_is_asked_while_connecting_happens_once_connected() {
        let mut machine = Machine::default();
        machine.queued();
        assert_eq!(machine.on(Event::Shutdown), Actions::default());
        assert!(machine.on(Event::Connected).tell_opened);
        assert!(machine.on(Event::Flushed).shutdown_write);
    }

    #[test]
    fn a_close_before_it_is_connected_waits_for_what_was_sent_and_for_nothing_else() {
        let mut machine = Machine::default();
        machine.queued();
        assert_eq!(machine.on(Event::Close), Actions::default());
        assert!(!machine.takes_data());
        let actions = machine.on(Event::Connected);
        assert!(actions.tell_opened && machine.writes() && !machine.reads());
        assert_eq!(
            machine.on(Event::Flushed).tell_closed,
            Some(Reason::ClosedByClient)
        );
        let nothing_sent = Machine::default().on(Event::Close);
        assert_eq!(nothing_sent.tell_closed, Some(Reason::ClosedByClient));
    }

    fn event() -> impl Strategy<Value = Option<Event>> {
        prop_oneof![
            Just(None), // the client sent something
            Just(Some(Event::Connected)),
            Just(Some(Event::Shutdown)),
            Just(Some(Event::Close)),
            Just(Some(Event::Flushed)),
            Just(Some(Event::Eof)),
            Just(Some(Event::Failed(Reason::Reset))),
        ]
    }

    proptest! {
        #[test]
        fn whatever_happens_each_thing_is_told_once_and_the_close_last(
            events in proptest::collection::vec(event(), 0..20)
        ) {
            let mut machine = Machine::default();
            let (mut opened, mut eof, mut fin, mut closed) = (0, 0, 0, 0);
            for event in events {
                let Some(event) = event else {
                    if machine.takes_data() {
                        machine.queued();
                    }
                    continue;
                };
                let actions = machine.on(event);
                if closed > 0 {
                    prop_assert_eq!(actions, Actions::default());
                }
                opened += u32::from(actions.tell_opened);
                eof += u32::from(actions.tell_eof);
                fin += u32::from(actions.shutdown_write);
                closed += u32::from(actions.tell_closed.is_some());
                prop_assert_eq!(machine.is_closed(), closed > 0);
                prop_assert!(!(machine.is_closed() && (machine.reads() || machine.writes())));
            }
            prop_assert!(opened <= 1 && eof <= 1 && fin <= 1 && closed <= 1);
        }
    }
}
