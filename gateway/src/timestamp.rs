//! Timestamp servers: programs that answer `[ctime]data`, in several protocols and models.
//!
//! [`start`] binds before it returns, so that what is wrong with the address is an error there and
//! then; the server runs on a thread of its own until [`Server::stop`].

mod backoff;
mod blocking;
mod budget;
mod datagram;
mod error;
mod event;
mod evented;
mod iterative;
mod listen;
mod patience;
mod permit;
mod process;
mod request;
mod reserved;
mod select;
mod serving;
mod socket_file;
mod stop;
mod threaded;
mod time;
mod wire;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use chalkwire_shared::server::{Model, Protocol};
use chalkwire_shared::stamp::ReplyFormat;
use chalkwire_shared::target::TargetUrl;

use crate::clock::Clock;

pub use error::StartError;
pub use event::{Event, EventSender, Events, What, Why, events};
pub use permit::Workers;
pub use reserved::Reserved;
pub use serving::{Count, Serving};
pub use worker::serve_standard_input;

/// The most that one `recv` of a server may ask for, in bytes: a buffer of this size exists for
/// each client of a model that blocks.
pub const MAX_RECV_BYTES: usize = 65_536;

/// What a timestamp server is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 picks a free one.
    pub url: TargetUrl,
    /// What a request is; datagrams are requests by themselves.
    pub protocol: Protocol,
    /// How clients are served at the same time; datagrams have no clients.
    pub model: Model,
    /// What a reply looks like.
    pub reply: ReplyFormat,
    /// A client that is silent for this long while a request is awaited, or that does not read its
    /// reply for this long, is logged `Time Out` and closed.
    pub timeout: Duration,
    /// What `listen(2)` is called with.
    pub backlog: u32,
    /// What `recv(2)` is called with, in bytes: from 1 to [`MAX_RECV_BYTES`].
    pub recv_bytes: usize,
    /// A wait before each reply, taken as the model waits: a timer where there is an event loop, a
    /// sleep where there is none.
    pub delay: Duration,
    /// Work before each reply, which holds its thread.
    pub block: Duration,
    /// A busy program: a wait between the accept of a client and the first `recv`, taken as the
    /// model waits. Datagrams have no accept, and no such wait.
    pub late: Duration,
    /// It listens, and does not call `accept` for so long; nothing to a server of datagrams.
    pub accept_after: Duration,
    /// Places for a thread or process a client, which several servers may share.
    pub workers: Workers,
    /// The program that serves a client of the model `process`.
    pub worker: Worker,
}

impl Options {
    /// The contract's defaults, for a server at `url`.
    pub fn new(url: TargetUrl) -> Self {
        Options {
            url,
            protocol: Protocol::Basic,
            model: Model::Evented,
            reply: ReplyFormat::default(),
            timeout: Duration::from_secs(5),
            backlog: 5,
            recv_bytes: 1024,
            delay: Duration::ZERO,
            block: Duration::ZERO,
            late: Duration::ZERO,
            accept_after: Duration::ZERO,
            workers: Workers::unbounded(),
            worker: Worker::ThisProgram,
        }
    }
}

/// The program that serves one client: it is run as `PROGRAM timestamp --worker …` with the
/// client's socket as its standard input and output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worker {
    /// The program that runs now.
    ThisProgram,
    /// Another one, such as the program beside a test.
    Program(PathBuf),
}

/// What every part of a running server knows.
#[derive(Debug)]
struct Context {
    options: Options,
    reporter: Arc<event::Reporter>,
    stop: stop::Stop,
    count: Count,
    time: time::Time,
}

/// A timestamp server that runs. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    url: TargetUrl,
    count: Count,
    trigger: Option<stop::Trigger>,
    thread: Option<JoinHandle<()>>,
}

/// Binds, listens, and runs a server on a thread of its own.
///
/// # Errors
/// [`StartError`], one sentence that names what is wrong.
pub fn start(options: Options, clock: Clock, events: EventSender) -> Result<Server, StartError> {
    let mut options = options;
    options.recv_bytes = options.recv_bytes.clamp(1, MAX_RECV_BYTES);
    let failed = |said| StartError::System {
        url: options.url.to_string(),
        said,
    };
    let (trigger, stop) = stop::pair().map_err(failed)?;
    let is_datagram = options.url.kind().is_datagram();
    let program = match (&options.worker, options.model) {
        (Worker::Program(path), Model::Process) if !is_datagram => Some(path.clone()),
        (Worker::ThisProgram, Model::Process) if !is_datagram => {
            Some(std::env::current_exe().map_err(failed)?)
        }
        _ => None,
    };
    if let Some(program) = program.as_ref().filter(|program| !program.is_file()) {
        return Err(StartError::NoWorker(program.display().to_string()));
    }
    let listener = listen::bind(&options.url, options.backlog)?;
    let url = listener.url.clone();
    let runtime = match options.model {
        Model::Evented => Some(evented::runtime().map_err(failed)?),
        _ if is_datagram => Some(evented::runtime().map_err(failed)?),
        _ => None,
    };
    let count = Count::default();
    let context = Arc::new(Context {
        count: count.clone(),
        reporter: Arc::new(event::Reporter::new(url.to_string(), clock, events)),
        options: options.clone(),
        stop,
        time: time::Time::default(),
    });
    let run = move || {
        // Nobody is served yet: all models may wait for the first accept in the same way.
        if !is_datagram && context.stop.sleep(context.options.accept_after) {
            return;
        }
        match (runtime, program, context.options.model) {
            (Some(runtime), ..) if is_datagram => datagram::run(&runtime, listener, &context),
            (Some(runtime), ..) => evented::run(&runtime, listener, &context),
            (None, Some(program), _) => process::run(listener, &program, &context),
            (None, None, Model::Threaded) => threaded::run(listener, &context),
            (None, None, Model::Select) => select::run(listener, &context),
            (None, None, _) => iterative::run(listener, &context),
        }
    };
    let thread = std::thread::Builder::new()
        .name("timestamp".to_owned())
        .spawn(run)
        .map_err(failed)?;
    Ok(Server {
        url,
        count,
        trigger: Some(trigger),
        thread: Some(thread),
    })
}

impl Server {
    /// Where it listens: the address and the port that were really bound.
    pub fn url(&self) -> &TargetUrl {
        &self.url
    }

    /// How many threads and processes serve its clients; it may be asked while the server runs.
    pub fn count(&self) -> Count {
        self.count.clone()
    }

    /// Stops it: live clients are closed, and every thread and child has ended when this returns.
    ///
    /// It blocks, shortly; from async code call it by `spawn_blocking`.
    pub fn stop(self) {
        drop(self);
    }

    /// Stops it like [`Server::stop`] and keeps its address from everybody else: connecting to it
    /// is refused. `None` where there is nothing to keep (a path is gone), or it is lost.
    pub fn stop_keeping_address(self) -> Option<Reserved> {
        let url = self.url.clone();
        drop(self);
        Reserved::at(&url)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.trigger.take();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended too, and its sockets are closed.
            let _ = thread.join();
        }
    }
}
