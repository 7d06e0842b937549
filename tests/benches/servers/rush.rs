//! The load: clients on one thread, by epoll and plain calls, so that it costs less than what it measures.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chalkwire_shared::stamp;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;

/// A line of 64 bytes.
const LINE: &[u8; 64] = b"the quick brown fox jumps over the lazy dog, twelve times a day\n";

/// `[ctime]` and the line.
const REPLY_BYTES: usize = 2 + stamp::CTIME_BYTES + LINE.len();

/// A source of datagrams has a budget at our server (1,024 at once): after so many, another speaks.
const DATAGRAMS_A_SOURCE: usize = 1_000;

/// A server that says nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came out of a run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) count: usize,
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// Every exchange's time, the shortest first.
    times_us: Vec<u32>,
}

/// The clients' sockets, by number, and which of them have something to read.
struct Clients<S> {
    epoll: OwnedFd,
    flags: epoll::EventFlags,
    sockets: Vec<S>,
    sent: Vec<Instant>,
    times_us: Vec<u32>,
    started: Instant,
}

impl<S: AsFd> Clients<S> {
    /// Clients that wait for this.
    fn waiting_for(flags: epoll::EventFlags) -> anyhow::Result<Self> {
        Ok(Clients {
            flags,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            sockets: Vec::new(),
            sent: Vec::new(),
            times_us: Vec::new(),
            started: Instant::now(),
        })
    }

    fn add(&mut self, socket: S) -> anyhow::Result<()> {
        self.watch(&socket, self.sockets.len())?;
        self.sockets.push(socket);
        self.sent.push(Instant::now());
        Ok(())
    }

    /// Puts another socket in a client's place; closing the old one ends the watch on it.
    fn replace(&mut self, client: usize, socket: S) -> anyhow::Result<()> {
        self.watch(&socket, client)?;
        self.sockets[client] = socket;
        Ok(())
    }

    fn watch(&self, socket: &S, client: usize) -> anyhow::Result<()> {
        let data = epoll::EventData::new_u64(client as u64);
        Ok(epoll::add(&self.epoll, socket, data, self.flags)?)
    }

    /// An exchange of this client is done.
    fn done(&mut self, client: usize) {
        let us = self.sent[client].elapsed().as_micros();
        self.times_us.push(u32::try_from(us).unwrap_or(u32::MAX));
    }

    /// Calls `turn` for each client that has something to read, until `each` is over.
    fn run(
        mut self,
        each: Duration,
        mut turn: impl FnMut(&mut Self, usize) -> anyhow::Result<()>,
    ) -> anyhow::Result<Run> {
        self.started = Instant::now();
        self.sent.fill(self.started);
        let mut events = Vec::with_capacity(self.sockets.len());
        while self.started.elapsed() < each {
            let patience = PATIENCE.try_into()?;
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&patience))?;
            ensure!(!events.is_empty(), "the server is silent");
            for event in events.drain(..) {
                let data = event.data;
                turn(&mut self, data.u64() as usize)?;
            }
        }
        let seconds = self.started.elapsed().as_secs_f64();
        Run::of(self.times_us, seconds)
    }
}

impl Run {
    fn of(mut times_us: Vec<u32>, seconds: f64) -> anyhow::Result<Self> {
        times_us.sort_unstable();
        ensure!(!times_us.is_empty(), "nothing was answered");
        let at = |share: f64| f64::from(times_us[(times_us.len() as f64 * share) as usize]);
        Ok(Run {
            count: times_us.len(),
            per_second: times_us.len() as f64 / seconds,
            p50_us: at(0.50),
            p99_us: at(0.99),
            times_us,
        })
    }
}

/// That a reply is `[ctime]` and the line. All of it is looked at once a client, for this is not what is
/// to be measured.
fn check(reply: &[u8], closely: bool) -> anyhow::Result<()> {
    let fine = reply.len() == REPLY_BYTES && reply.ends_with(LINE);
    let fine = fine && (!closely || stamp::read(reply).is_some());
    ensure!(fine, "another reply came: {}", reply.escape_ascii());
    Ok(())
}

/// One line after the other on connections that stay open.
pub(crate) fn persistent(address: &str, connections: usize, each: Duration) -> anyhow::Result<Run> {
    let mut clients = Clients::waiting_for(epoll::EventFlags::IN)?;
    let mut reply = [0; REPLY_BYTES];
    for _ in 0..connections {
        let mut stream = TcpStream::connect(address).with_context(|| address.to_owned())?;
        stream.set_nodelay(true)?;
        stream.write_all(LINE)?;
        stream.read_exact(&mut reply)?;
        check(&reply, true)?;
        clients.add(stream)?;
    }
    for mut stream in &clients.sockets {
        stream.write_all(LINE)?;
    }
    clients.run(each, |clients, client| {
        let mut stream = &clients.sockets[client];
        // What comes in two pieces is waited for.
        stream.read_exact(&mut reply)?;
        check(&reply, false)?;
        clients.done(client);
        clients.sent[client] = Instant::now();
        let mut stream = &clients.sockets[client];
        Ok(stream.write_all(LINE)?)
    })
}

/// Connect, one line, its reply, the server's close and ours, over and over. Two threads share that: to
/// connect costs more than to be connected to, and one thread would be what is measured.
pub(crate) fn one_shot(address: &str, at_once: usize, each: Duration) -> anyhow::Result<Run> {
    let half = || connects(address, at_once / 2, each);
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(half);
        let other = half();
        (one.join(), other)
    });
    let one = one.map_err(|_| anyhow::anyhow!("the load panicked"))??;
    Run::of([one.times_us, other?.times_us].concat(), each.as_secs_f64())
}

fn connects(address: &str, at_once: usize, each: Duration) -> anyhow::Result<Run> {
    let begin = || -> anyhow::Result<TcpStream> {
        let mut stream = TcpStream::connect(address).with_context(|| address.to_owned())?;
        stream.write_all(LINE)?;
        Ok(stream)
    };
    // The server's close comes last, and the reply is there by then: one call reads it.
    let mut clients = Clients::waiting_for(epoll::EventFlags::RDHUP)?;
    for _ in 0..at_once {
        clients.add(begin()?)?;
    }
    clients.run(each, |clients, client| {
        let mut reply = [0; REPLY_BYTES + 1];
        let mut stream = &clients.sockets[client];
        let bytes = stream.read(&mut reply)?;
        check(&reply[..bytes], true)?;
        clients.done(client);
        clients.sent[client] = Instant::now();
        clients.replace(client, begin()?)
    })
}

/// One datagram after the other.
pub(crate) fn datagrams(address: &str, sockets: usize, each: Duration) -> anyhow::Result<Run> {
    let begin = || -> anyhow::Result<UdpSocket> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(address)?;
        socket.set_nonblocking(true)?;
        socket.send(LINE)?;
        Ok(socket)
    };
    let mut clients = Clients::waiting_for(epoll::EventFlags::IN)?;
    for _ in 0..sockets {
        clients.add(begin()?)?;
    }
    let mut left = vec![DATAGRAMS_A_SOURCE; sockets];
    clients.run(each, |clients, client| {
        let mut reply = [0; REPLY_BYTES + 1];
        let socket = &clients.sockets[client];
        let bytes = match socket.recv(&mut reply) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            bytes => bytes?,
        };
        left[client] -= 1;
        check(&reply[..bytes], left[client] == 0)?;
        clients.done(client);
        clients.sent[client] = Instant::now();
        if left[client] > 0 {
            clients.sockets[client].send(LINE)?;
            return Ok(());
        }
        left[client] = DATAGRAMS_A_SOURCE;
        clients.replace(client, begin()?)
    })
}
