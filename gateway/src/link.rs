//! A link: one browser's many sockets, which outlive its WebSocket connection.
//!
//! `Link` is what stays when the connection drops: the sockets, what the client has not
//! acknowledged, and how far the client's own messages were taken. [`connection`] is one WebSocket.

pub mod connection;
mod jobs;
mod outbox;
mod registry;
mod servers;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::{BufMut, Bytes, BytesMut};
use chalkwire_shared::close::{LinkClose, Reason};
use chalkwire_shared::fault::{Asked, Fault, FaultError};
use chalkwire_shared::frame::{ClientFrame, GATEWAY_HEADER_BYTES, gateway_header};
use chalkwire_shared::id::{SocketId, Token};
use chalkwire_shared::message::{ClientMessage, GatewayMessage, NoticeKind};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bridge::client::{Client, Told};
use crate::bridge::socket::Socket;
use crate::core::Core;
use crate::target::Failure;
use jobs::Running;
use outbox::{Item, Outbox};
pub use registry::Links;
use servers::Servers;

/// Why a client's message ends its link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Broken {
    pub(crate) close: LinkClose,
    pub(crate) detail: String,
}

impl Broken {
    fn protocol(detail: impl Into<String>) -> Self {
        Broken {
            close: LinkClose::Protocol,
            detail: detail.into(),
        }
    }
}

/// A link.
pub(crate) struct Link {
    pub(crate) token: Token,
    core: Arc<Core>,
    state: Mutex<State>,
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
    sockets: HashMap<SocketId, Arc<Socket<Side>>>,
    /// The largest number a socket had.
    last_socket: u32,
    servers: Servers,
    /// The job that runs.
    job: Option<Running>,
    /// Cancelled to make the present connection give way; `None` while there is none.
    attached: Option<CancellationToken>,
    /// When the connection dropped.
    detached_at: Option<Instant>,
}

/// How a socket is asked for, besides its number and its target: see [`ClientMessage::Open`].
struct Opening<'a> {
    credit: u32,
    trace: bool,
    kernel: bool,
    faults: &'a [Asked],
    seed: u32,
}

/// A link's side of one of its sockets.
#[derive(Clone)]
pub(crate) struct Side {
    link: Weak<Link>,
    id: SocketId,
}

impl Link {
    pub(crate) fn new(token: Token, core: Arc<Core>, place: OwnedSemaphorePermit) -> Arc<Self> {
        core.metrics.links.inc();
        Arc::new(Link {
            token,
            ended: core.tasks.stop(),
            core,
            state: Mutex::new(State {
                outbox: Outbox::default(),
                taken: 0,
                sockets: HashMap::new(),
                last_socket: 0,
                servers: Servers::default(),
                job: None,
                attached: None,
                detached_at: None,
            }),
            wake: Notify::new(),
            full: AtomicBool::new(false),
            room: Notify::new(),
            _place: place,
        })
    }

    /// A connection takes the link; one that had it before gives way.
    pub(crate) fn attach(&self, connection: CancellationToken) {
        let mut state = self.lock();
        if let Some(before) = state.attached.replace(connection) {
            before.cancel();
        }
        state.detached_at = None;
    }

    /// A connection dropped. Ignored when another one has the link already.
    pub(crate) fn detach(&self, connection: &CancellationToken, now: Instant) {
        let mut state = self.lock();
        // A connection that was made to give way finds its token cancelled.
        if !connection.is_cancelled() {
            state.attached = None;
            state.detached_at = Some(now);
        }
    }

    /// Since when there is no connection.
    pub(crate) fn detached_at(&self) -> Option<Instant> {
        self.lock().detached_at
    }

    /// The link is over, with its sockets and servers.
    pub(crate) fn end(&self) {
        self.ended.cancel();
        let mut state = self.lock();
        state.sockets.clear();
        state.servers.clear();
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

    /// The next message after number `sent`, and whether more is queued than a link may have.
    pub(crate) fn next(&self, sent: u64) -> Result<Option<Item>, Broken> {
        let state = self.lock();
        if state.outbox.bytes() > self.core.config.limits.link_queue_bytes {
            return Err(Broken {
                close: LinkClose::Slow,
                detail: "too much waits for this client to read or acknowledge it".to_owned(),
            });
        }
        Ok(state.outbox.after(sent).cloned())
    }

    /// Takes a text message of the client, `ping` and `resume` excepted: those are the connection's.
    pub(crate) fn take_message(self: &Arc<Self>, message: ClientMessage) -> Result<(), Broken> {
        if let Some(seq) = message.seq()
            && !self.in_turn(seq)?
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
                ..
            } => {
                let opening = Opening {
                    credit,
                    trace,
                    kernel,
                    faults: &faults,
                    seed,
                };
                return self.open(socket, &target, opening);
            }
            ClientMessage::Faults {
                socket,
                faults,
                seed,
                ..
            } => {
                if let Some(socket) = self.socket(socket)? {
                    match read_faults(&faults) {
                        Ok(faults) => socket.set_faults(faults, seed),
                        Err(error) => socket.fail(bad_request(&error)),
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
            ClientMessage::Resume { .. } => {
                return Err(Broken::protocol("resume must be the first message"));
            }
            ClientMessage::Ping { .. } => {}
        }
        Ok(())
    }

    /// Takes a data frame of the client.
    pub(crate) fn take_data(&self, frame: ClientFrame) -> Result<(), Broken> {
        if self.in_turn(frame.seq)?
            && let Some(socket) = self.socket(frame.socket)?
        {
            socket.send(&frame.payload);
        }
        Ok(())
    }

    /// Whether a sequenced message is the next one; `false` for one that was taken before.
    fn in_turn(&self, seq: u64) -> Result<bool, Broken> {
        let mut state = self.lock();
        let expected = state.taken + 1;
        if seq > expected {
            let detail = format!("message {seq} came where {expected} was due");
            return Err(Broken::protocol(detail));
        }
        if seq == expected {
            state.taken = seq;
        }
        Ok(seq == expected)
    }

    /// An open socket; `None` for one that is closed already (its message crossed ours).
    fn socket(&self, id: SocketId) -> Result<Option<Arc<Socket<Side>>>, Broken> {
        let state = self.lock();
        if id.0 > state.last_socket {
            return Err(Broken::protocol(format!(
                "socket {} was never opened",
                id.0
            )));
        }
        Ok(state.sockets.get(&id).cloned())
    }

    fn open(
        self: &Arc<Self>,
        id: SocketId,
        name: &str,
        opening: Opening<'_>,
    ) -> Result<(), Broken> {
        let Opening {
            credit,
            trace,
            kernel,
            faults,
            seed,
        } = opening;
        let core = &self.core;
        let mut state = self.lock();
        if id.0 <= state.last_socket {
            let detail = format!("socket {} was used before: numbers must grow", id.0);
            return Err(Broken::protocol(detail));
        }
        state.last_socket = id.0;
        let open = state.sockets.len();
        let refuse = |state: MutexGuard<'_, State>, reason: Reason, detail: String| {
            drop(state);
            core.metrics.refuse(reason.as_str());
            tracing::info!(socket = %id, %reason, "socket refused");
            self.tell(
                id,
                core.clock.now_us(),
                Told::Closed(Failure { reason, detail }),
            );
            Ok(())
        };
        let target = match state.servers.target(name, &core.targets) {
            Ok(target) => target,
            Err(failure) => return refuse(state, failure.reason, failure.detail),
        };
        let plan = read_faults(faults).and_then(|faults| core.plan(&target, faults, seed));
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                let Failure { reason, detail } = bad_request(&error);
                return refuse(state, reason, detail);
            }
        };
        let permit = match core.sockets.clone().try_acquire_owned() {
            Ok(permit) if open < core.config.limits.sockets_per_link => permit,
            _ => return refuse(state, Reason::Limit, Reason::Limit.sentence().to_owned()),
        };
        let side = Side {
            link: Arc::downgrade(self),
            id,
        };
        let socket = Arc::new(Socket::new(
            side,
            &target,
            core.context(),
            trace,
            credit,
            plan,
        ));
        state.sockets.insert(id, socket.clone());
        drop(state);

        let stop = self.ended.child_token();
        let core = core.clone();
        self.core.tasks.spawn(async move {
            let account = core.account(&target);
            let views = core.views(&target, trace, kernel);
            let (reason, watched) = socket.run(&core.targets, &target, views, stop).await;
            account.closed(reason);
            socket.linger().await;
            match watched {
                Some(watched) => watched.ended(target.kind(), (socket, permit)),
                None => drop(permit),
            }
        });
        Ok(())
    }

    /// Room was made: data that waited for it may go on.
    fn made_room(&self, state: MutexGuard<'_, State>) {
        if !self.full.load(Ordering::Relaxed) || !self.has_room(&state) {
            return;
        }
        self.full.store(false, Ordering::Relaxed);
        self.room.notify_one();
        for socket in state.sockets.values() {
            socket.room();
        }
    }

    /// Data waits from half of the bound on; the rest is for control messages.
    fn has_room(&self, state: &State) -> bool {
        state.outbox.bytes() < self.core.config.limits.link_queue_bytes / 2
    }

    /// Queues a control message for the client.
    pub(crate) fn push(&self, message: impl FnOnce(u64) -> GatewayMessage) {
        let mut state = self.lock();
        let message = message(state.outbox.next_seq()).encode();
        state.outbox.push(Item::Control(message.into()));
        drop(state);
        self.wake.notify_one();
    }

    fn push_data(&self, id: SocketId, flags: u32, clock_us: u64, payload: &[u8]) {
        let mut frame = BytesMut::with_capacity(GATEWAY_HEADER_BYTES + payload.len());
        let mut state = self.lock();
        frame.put_slice(&gateway_header(
            id,
            flags,
            state.outbox.next_seq(),
            clock_us,
        ));
        frame.put_slice(payload);
        state.outbox.push(Item::Data(frame.freeze()));
        drop(state);
        self.wake.notify_one();
    }

    fn tell(&self, socket: SocketId, clock_us: u64, told: Told) {
        if matches!(told, Told::Closed(_)) {
            // Whoever is told that it is over may open another at once: its place is free by then.
            self.lock().sockets.remove(&socket);
        }
        self.push(|seq| match told {
            Told::Opened {
                local,
                peer,
                connect_us,
            } => GatewayMessage::Opened {
                seq,
                socket,
                local,
                peer,
                connect_us,
                clock_us,
            },
            Told::Wrote { bytes } => GatewayMessage::Wrote {
                seq,
                socket,
                bytes,
                clock_us,
            },
            Told::Server(did) => GatewayMessage::Server {
                seq,
                socket,
                clock_us,
                did,
            },
            Told::Kernel { end, view } => GatewayMessage::Kernel {
                seq,
                socket,
                clock_us,
                end,
                view,
            },
            Told::NoKernelView(no_view) => GatewayMessage::Notice {
                seq,
                socket: Some(socket),
                kind: NoticeKind::NoKernelView,
                detail: no_view.to_string(),
            },
            Told::Eof => GatewayMessage::Eof {
                seq,
                socket,
                clock_us,
            },
            Told::Fault { direction, did } => GatewayMessage::Fault {
                seq,
                socket,
                clock_us,
                direction,
                did,
            },
            Told::Credit { bytes } => GatewayMessage::Credit { seq, socket, bytes },
            Told::Closed(failure) => GatewayMessage::Closed {
                seq,
                socket,
                reason: failure.reason,
                detail: failure.detail,
                clock_us,
            },
            Told::FaultsUntold => GatewayMessage::Notice {
                seq,
                socket: Some(socket),
                kind: NoticeKind::FaultsUntold,
                detail: "Faults do more to this socket than can be told: some of it is not \
                         reported from here on. The bytes are not affected."
                    .to_owned(),
            },
            Told::Dropped { datagrams } => GatewayMessage::Notice {
                seq,
                socket: Some(socket),
                kind: NoticeKind::Dropped,
                detail: format!(
                    "{datagrams} datagram(s) were dropped: they came faster than this page took \
                     them. UDP has no way to slow its sender down."
                ),
            },
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What the lock protects is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.core.metrics.links.dec();
    }
}

impl Client for Side {
    fn has_room(&self) -> bool {
        self.link.upgrade().is_some_and(|link| {
            let state = link.lock();
            let room = link.has_room(&state);
            if !room {
                link.full.store(true, Ordering::Relaxed);
            }
            room
        })
    }

    fn data(&self, flags: u32, clock_us: u64, payload: &[u8]) {
        if let Some(link) = self.link.upgrade() {
            link.push_data(self.id, flags, clock_us, payload);
        }
    }

    fn tell(&self, clock_us: u64, told: Told) {
        if let Some(link) = self.link.upgrade() {
            link.tell(self.id, clock_us, told);
        }
    }
}

/// The faults that a client asks for.
fn read_faults(asked: &[Asked]) -> Result<Vec<Fault>, FaultError> {
    asked.iter().map(Asked::read).collect()
}

fn bad_request(error: &FaultError) -> Failure {
    Failure {
        reason: Reason::BadRequest,
        detail: error.to_string(),
    }
}

/// A frame from the client, or why it is none.
pub(crate) fn frame_of(bytes: Bytes) -> Result<ClientFrame, Broken> {
    ClientFrame::decode(bytes).map_err(|error| Broken::protocol(error.to_string()))
}

/// A message from the client, or why it is none.
pub(crate) fn message_of(text: &str) -> Result<ClientMessage, Broken> {
    ClientMessage::decode(text).map_err(|error| Broken::protocol(error.to_string()))
}
