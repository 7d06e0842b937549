//! A link: one browser's many sockets, which outlive its connection.
//!
//! `Link` is what stays when the connection drops: the sockets, what the client has not
//! acknowledged, and how far the client's own messages were taken. [`connection`] is one of its
//! connections, and `carrier` what that is made of.

mod attached;
pub(crate) mod carrier;
pub mod connection;
pub(crate) mod events;
mod jobs;
mod opening;
mod outbox;
pub(crate) mod posts;
mod registry;
mod rooms;
mod servers;
mod side;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chalkwire_shared::frame::ClientFrame;
use chalkwire_shared::id::{SocketId, Token};
use chalkwire_shared::message::ClientMessage;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bridge::socket::Socket;
use crate::core::Core;
use crate::policy::guests::Place;
use crate::room::Rooms;
use crate::ws::Broken;
use attached::Attached;
use jobs::Running;
use opening::{Opening, bad_request, by_room, read_faults};
use outbox::Outbox;
pub(crate) use registry::Fresh;
pub use registry::Links;
pub(crate) use rooms::Caller;
use rooms::InRoom;
use servers::Servers;
use side::Side;

/// A link.
pub(crate) struct Link {
    pub(crate) token: Token,
    core: Arc<Core>,
    /// `None` where the gateway has none.
    rooms: Option<Arc<Rooms>>,
    state: Mutex<State>,
    /// Held from when a message's number is taken until the message is: a connection that gives way
    /// may still be at one when the next connection has the one after it.
    turn: Mutex<()>,
    /// There is something to send, or the link is full.
    pub(crate) wake: Notify,
    /// Data has to wait for room.
    full: AtomicBool,
    /// There is room again, for what a job reports.
    room: Notify,
    /// Cancelled when the link ends: its sockets' tasks return.
    pub(crate) ended: CancellationToken,
    /// Its place among the gateway's links.
    _place: OwnedSemaphorePermit,
}

struct State {
    outbox: Outbox,
    /// The last of the client's messages that was taken.
    taken: u64,
    sockets: HashMap<SocketId, Open>,
    /// The largest number a socket had.
    last_socket: u32,
    servers: Servers,
    /// The job that runs.
    job: Option<Running>,
    room: InRoom,
    caller: Caller,
    /// The present connection.
    attached: Option<Attached>,
    /// When the connection dropped, and the place that the link has since then.
    detached: Option<(Instant, Place)>,
}

/// An open socket.
#[derive(Clone)]
struct Open {
    socket: Arc<Socket<Side>>,
    /// The name that it was opened by.
    target: Arc<str>,
}

impl Link {
    pub(crate) fn new(
        token: Token,
        core: Arc<Core>,
        rooms: Option<Arc<Rooms>>,
        caller: Caller,
        place: OwnedSemaphorePermit,
    ) -> Arc<Self> {
        core.metrics.links.inc();
        Arc::new(Link {
            token,
            ended: core.tasks.stop(),
            core,
            rooms,
            state: Mutex::new(State {
                outbox: Outbox::default(),
                taken: 0,
                sockets: HashMap::new(),
                last_socket: 0,
                servers: Servers::default(),
                job: None,
                room: InRoom::default(),
                caller,
                attached: None,
                detached: None,
            }),
            turn: Mutex::default(),
            wake: Notify::new(),
            full: AtomicBool::new(false),
            room: Notify::new(),
            _place: place,
        })
    }

    /// A client that takes the link up may come from elsewhere.
    pub(crate) fn called_by(&self, caller: Caller) {
        self.lock().caller = caller;
    }

    /// Who its client is.
    pub(crate) fn caller(&self) -> Caller {
        self.lock().caller.clone()
    }

    /// Since when there is no connection.
    pub(crate) fn detached_at(&self) -> Option<Instant> {
        self.lock().detached.as_ref().map(|(at, _)| *at)
    }

    /// Whether it never had a connection.
    fn is_fresh(&self) -> bool {
        let state = self.lock();
        state.attached.is_none() && state.detached.is_none()
    }

    /// The link is over, with its sockets and servers.
    pub(crate) fn end(&self) {
        self.ended.cancel();
        let mut state = self.lock();
        state.sockets.clear();
        state.servers.clear();
        drop(state);
        self.give_up_seat();
    }

    /// Whether a client that has the gateway's messages up to `seen` can go on; then what the
    /// gateway has of the client's.
    pub(crate) fn resume(&self, seen: u64) -> Option<u64> {
        let mut state = self.lock();
        if !state.outbox.can_replay(seen) {
            return None;
        }
        state.outbox.acknowledge(seen);
        let taken = state.taken;
        self.made_room(state);
        Some(taken)
    }

    /// The last of the client's messages that was taken.
    pub(crate) fn taken(&self) -> u64 {
        self.lock().taken
    }

    /// Takes a text message of the client, `ping`, `subscribe` and `resume` excepted: those are
    /// the connection's.
    pub(crate) fn take_message(self: &Arc<Self>, message: ClientMessage) -> Result<(), Broken> {
        let _turn = self.take_turn();
        if let Some(seq) = message.seq()
            && !self.lock().in_turn(seq)?
        {
            return Ok(());
        }
        match message {
            ClientMessage::Open {
                socket,
                target,
                credit,
                trace,
                kernel,
                faults,
                seed,
                run,
                ..
            } => {
                let opening = Opening {
                    credit,
                    trace,
                    kernel,
                    faults: &faults,
                    seed,
                    run,
                };
                return self.open(socket, &target, opening);
            }
            ClientMessage::Faults {
                socket,
                faults,
                seed,
                ..
            } => {
                let open = self.lock().opened(socket)?.cloned();
                if let Some(Open { socket, target }) = open {
                    let may = self.may_send(&target, !faults.is_empty());
                    match (may, read_faults(&faults)) {
                        (Ok(()), Ok(faults)) => {
                            socket.client().faulted(!faults.is_empty());
                            socket.set_faults(faults, seed);
                        }
                        (Err(refusal), _) => socket.fail(by_room(refusal)),
                        (_, Err(error)) => socket.fail(bad_request(&error)),
                    }
                }
            }
            ClientMessage::Job { job, work, .. } => self.job(job, work),
            ClientMessage::Cancel { job, .. } => self.cancel(job),
            ClientMessage::Serve {
                server, options, ..
            } => return self.serve(server, &options),
            ClientMessage::Stop { server, .. } => return self.stop_server(server),
            ClientMessage::Shutdown { socket, .. } => {
                if let Some(socket) = self.socket(socket)? {
                    socket.shutdown();
                }
            }
            ClientMessage::Close { socket, .. } => {
                if let Some(socket) = self.socket(socket)? {
                    socket.close();
                }
            }
            ClientMessage::Credit { socket, bytes, .. } => {
                if let Some(socket) = self.socket(socket)? {
                    socket.add_credit(bytes);
                }
            }
            ClientMessage::Ack { seen } => {
                let mut state = self.lock();
                if !state.outbox.acknowledge(seen) {
                    return Err(Broken::protocol("ack of a message that was never sent"));
                }
                self.made_room(state);
            }
            ClientMessage::Enter {
                key, name, client, ..
            } => self.enter(key, name, client),
            ClientMessage::Tell { no, command, .. } => self.tell_room(no, command),
            ClientMessage::Leave { .. } => self.leave(),
            ClientMessage::Resume { .. } => {
                return Err(Broken::protocol("resume must be the first message"));
            }
            ClientMessage::Ping { .. } | ClientMessage::Subscribe { .. } => {}
        }
        Ok(())
    }

    /// Takes a data frame of the client from where it lies.
    pub(crate) fn take_data(&self, bytes: &[u8]) -> Result<(), Broken> {
        let frame = ClientFrame::parse(bytes);
        let frame = frame.map_err(|error| Broken::protocol(error.to_string()))?;
        let _turn = self.take_turn();
        let mut state = self.lock();
        if !state.in_turn(frame.seq)? {
            return Ok(());
        }
        let Some(Open { socket, target }) = state.opened(frame.socket)? else {
            return Ok(());
        };
        let socket = socket.clone();
        let in_room = state
            .room
            .seat
            .as_ref()
            .map(|seat| (seat.clone(), target.clone()));
        drop(state);
        // What was opened before the room's rules changed is no way round them.
        let may = in_room.map_or(Ok(()), |(seat, target)| seat.may_send(&target, false));
        match may {
            Ok(()) => socket.send(frame.payload),
            Err(refusal) => socket.fail(by_room(refusal)),
        }
        Ok(())
    }

    /// An open socket; `None` for one that is closed already (its message crossed ours).
    fn socket(&self, id: SocketId) -> Result<Option<Arc<Socket<Side>>>, Broken> {
        let state = self.lock();
        Ok(state.opened(id)?.map(|open| open.socket.clone()))
    }

    /// Room was made: data that waited for it may go on.
    fn made_room(&self, state: MutexGuard<'_, State>) {
        if !self.full.load(Ordering::Relaxed) || !self.has_room(&state) {
            return;
        }
        self.full.store(false, Ordering::Relaxed);
        self.room.notify_one();
        for open in state.sockets.values() {
            open.socket.room();
        }
    }

    /// Data waits from half of the bound on; the rest is for control messages.
    fn has_room(&self, state: &State) -> bool {
        state.outbox.bytes() < self.core.config.limits.link_queue_bytes / 2
    }

    fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What the lock protects is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a sequenced message is the next one; `false` for one that was taken before.
    fn in_turn(&mut self, seq: u64) -> Result<bool, Broken> {
        let expected = self.taken + 1;
        if seq > expected {
            let detail = format!("message {seq} came where {expected} was due");
            return Err(Broken::protocol(detail));
        }
        if seq == expected {
            self.taken = seq;
        }
        Ok(seq == expected)
    }

    /// An open socket; `None` for one that is closed already (its message crossed ours).
    fn opened(&self, id: SocketId) -> Result<Option<&Open>, Broken> {
        if id.0 == 0 || id.0 > self.last_socket {
            let detail = format!("socket {} was never opened", id.0);
            return Err(Broken::protocol(detail));
        }
        Ok(self.sockets.get(&id))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.core.metrics.links.dec();
    }
}

/// A message from the client, or why it is none.
fn message_of(text: &str) -> Result<ClientMessage, Broken> {
    ClientMessage::decode(text).map_err(|error| Broken::protocol(error.to_string()))
}
