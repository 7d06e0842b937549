//! The model select: one thread, readiness by mio, our own loop and our own timers.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use socket2::Socket;

use super::backoff::Backoff;
use super::event::{Client, What};
use super::listen::Listener;
use super::request::{Next, Requests};
use super::{Context, Options, wire};

/// Clients at once; who comes after them waits in the backlog. Each may hold a line of 64 KiB.
const MAX_CLIENTS: usize = 4096;

/// Steps that a client makes in its turn before the others have theirs.
const MAX_STEPS: usize = 32;

const STOP: Token = Token(0);
const LISTENER: Token = Token(1);
const FIRST_CLIENT: usize = 2;

/// Serves all clients on the calling thread.
pub(super) fn run(listener: Listener, context: &Arc<Context>) {
    let done = Loop::new(listener, context).and_then(|mut server| server.run());
    if let Err(error) = done {
        context.reporter.server(What::failed(error));
    }
}

struct Loop<'a> {
    poll: Poll,
    context: &'a Context,
    clients: HashMap<Token, Conversation>,
    /// Each client's deadline.
    timers: BTreeSet<(Instant, Token)>,
    next_token: usize,
    /// Readiness is told once (the edge): whether somebody may wait in the backlog still.
    acceptable: bool,
    backoff: Backoff,
    /// No accept before this.
    rest_until: Option<Instant>,
    listener: Listener,
}

impl<'a> Loop<'a> {
    fn new(listener: Listener, context: &'a Context) -> io::Result<Self> {
        let poll = Poll::new()?;
        let fd = listener.socket.as_raw_fd();
        let registry = poll.registry();
        registry.register(&mut SourceFd(&fd), LISTENER, Interest::READABLE)?;
        Ok(Loop {
            poll,
            context,
            clients: HashMap::new(),
            timers: BTreeSet::new(),
            next_token: FIRST_CLIENT,
            acceptable: true,
            backoff: Backoff::new(),
            rest_until: None,
            listener,
        })
    }

    fn run(&mut self) -> io::Result<()> {
        let stop = self.context.stop.try_clone()?;
        if let Some(stop) = &stop {
            let fd = stop.as_raw_fd();
            let registry = self.poll.registry();
            registry.register(&mut SourceFd(&fd), STOP, Interest::READABLE)?;
        }
        let mut events = Events::with_capacity(256);
        // Clients whose turn it is.
        let mut ready = Vec::new();
        loop {
            self.accept(&mut ready);
            let timeout = self.timeout(!ready.is_empty());
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in &events {
                match event.token() {
                    STOP => return Ok(()),
                    LISTENER => self.acceptable = true,
                    client => ready.push(client),
                }
            }
            let now = Instant::now();
            let due = self.timers.iter().take_while(|(due, _)| *due <= now);
            ready.extend(due.map(|(_, client)| *client));
            ready.sort_unstable();
            ready.dedup();
            // Whoever has more to do comes again, after all the others.
            ready.retain(|client| self.turn(*client));
        }
    }

    fn timeout(&self, at_once: bool) -> Option<Duration> {
        if at_once {
            return Some(Duration::ZERO);
        }
        let first = self.timers.first().map(|(due, _)| *due);
        let due = first.into_iter().chain(self.rest_until).min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    fn accept(&mut self, ready: &mut Vec<Token>) {
        if self.rest_until.is_some_and(|until| until > Instant::now()) {
            return;
        }
        self.rest_until = None;
        while self.acceptable && self.clients.len() < MAX_CLIENTS {
            let accepted = self
                .listener
                .accept(self.context)
                .and_then(|(client, socket)| self.admit(client, socket));
            match accepted {
                Ok(token) => {
                    self.backoff.reset();
                    ready.push(token);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.acceptable = false,
                Err(error) => {
                    if let Some(rest) = self.backoff.after(&error) {
                        let failed = What::failed(format_args!("accept: {error}"));
                        self.context.reporter.server(failed);
                        self.rest_until = Some(Instant::now() + rest);
                        return;
                    }
                }
            }
        }
    }

    fn admit(&mut self, client: Client, socket: Socket) -> io::Result<Token> {
        let token = Token(self.next_token);
        // 2^64 clients do not come.
        self.next_token += 1;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let fd = socket.as_raw_fd();
        self.poll
            .registry()
            .register(&mut SourceFd(&fd), token, interest)?;
        let conversation = Conversation::new(client, socket, &self.context.options);
        self.timers.insert((conversation.until, token));
        self.clients.insert(token, conversation);
        Ok(token)
    }

    /// Gives a client its turn; true if it has more to do at once.
    fn turn(&mut self, token: Token) -> bool {
        // An event may be told of a client that has gone in the same round.
        let Some(conversation) = self.clients.get_mut(&token) else {
            return false;
        };
        self.timers.remove(&(conversation.until, token));
        let turn = conversation.turn(self.context);
        match turn {
            Turn::Wait | Turn::More => {
                self.timers.insert((conversation.until, token));
            }
            Turn::Gone => {
                wire::leave(&conversation.socket);
                let fd = conversation.socket.as_raw_fd();
                // The close that follows takes it out in any case.
                let _ = self.poll.registry().deregister(&mut SourceFd(&fd));
                self.clients.remove(&token);
            }
        }
        turn == Turn::More
    }
}

/// How a client's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It waits for readiness, or for its deadline.
    Wait,
    /// It has used up its steps.
    More,
    /// It is to be closed.
    Gone,
}

/// What a client is being waited for.
#[derive(Debug)]
enum State {
    /// Until the program is there for it.
    Late,
    Reading,
    /// Until the delay before the reply is over.
    Pausing(Vec<u8>),
    Writing {
        reply: Vec<u8>,
        sent: usize,
    },
}

struct Conversation {
    socket: Socket,
    requests: Requests,
    state: State,
    /// When the state's time is over.
    until: Instant,
    /// After the socket, so that it is dropped last: see [`Client`].
    client: Client,
}

impl Conversation {
    fn new(client: Client, socket: Socket, options: &Options) -> Self {
        Conversation {
            socket,
            requests: Requests::new(options.protocol),
            state: State::Late,
            until: after(options.late),
            client,
        }
    }

    fn turn(&mut self, context: &Context) -> Turn {
        for _ in 0..MAX_STEPS {
            match self.step(context) {
                Ok(None) => {}
                Ok(Some(turn)) => return turn,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if Instant::now() < self.until {
                        return Turn::Wait;
                    }
                    self.client.report(What::TimedOut);
                    return Turn::Gone;
                }
                Err(error) => {
                    self.client.report(What::failed(error));
                    return Turn::Gone;
                }
            }
        }
        Turn::More
    }

    /// One step; `None` if another may follow at once.
    fn step(&mut self, context: &Context) -> io::Result<Option<Turn>> {
        let options = &context.options;
        match &mut self.state {
            State::Late if Instant::now() < self.until => Ok(Some(Turn::Wait)),
            State::Late => {
                self.state = State::Reading;
                self.until = after(options.timeout);
                Ok(None)
            }
            State::Reading => {
                let mut buffer = vec![0; options.recv_bytes];
                let bytes = wire::recv(&self.socket, &mut buffer)?;
                self.client.report(match bytes {
                    0 => What::Eof,
                    _ => What::Recv(bytes),
                });
                self.requests.read(&buffer[..bytes]);
                Ok(self.go_on(options))
            }
            State::Pausing(_) if Instant::now() < self.until => Ok(Some(Turn::Wait)),
            State::Pausing(data) => {
                // On purpose: it holds the thread, and with it every other client.
                if context.stop.sleep(options.block) {
                    return Ok(Some(Turn::Gone));
                }
                let mut reply = Vec::new();
                context.time.reply(&options.reply, &mut reply, data);
                self.state = State::Writing { reply, sent: 0 };
                self.until = after(options.timeout);
                Ok(None)
            }
            State::Writing { reply, sent } => {
                *sent += wire::send(&self.socket, &reply[*sent..])?;
                self.until = after(options.timeout);
                if *sent < reply.len() {
                    return Ok(None);
                }
                self.client.report(What::Sent(*sent));
                // A line that held the thread was a whole turn.
                let more = (!options.block.is_zero()).then_some(Turn::More);
                Ok(self.go_on(options).or(more))
            }
        }
    }

    /// Does what the protocol asks for next.
    fn go_on(&mut self, options: &Options) -> Option<Turn> {
        match self.requests.next() {
            Next::Read => {
                self.state = State::Reading;
                self.until = after(options.timeout);
                None
            }
            Next::Answer(data) => {
                self.state = State::Pausing(data.to_vec());
                self.until = after(options.delay);
                None
            }
            Next::Close => Some(Turn::Gone),
        }
    }
}

/// The time from now on; a time that has no end is a year.
fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time)
        .unwrap_or(now + Duration::from_secs(365 * 86_400))
}
