//! A few calls of the sockets API in a row, on a thread that may block, each timed.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chalkwire_shared::job::{Call, Calls, JobEnd, Script};
use chalkwire_shared::target::Kind;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use tokio_util::sync::CancellationToken;

use super::dial::{Fresh, connect_waiting};
use super::{Place, Report, Reports, call};
use crate::clock::Clock;
use crate::core::Core;

/// What is sent.
const LINE: &[u8] = b"hello\r\n";

/// What `recv` is called with.
const RECV_BYTES: usize = 1_024;

/// How long one `poll` waits: so that a wait shows as several of them.
const POLL: Duration = Duration::from_millis(200);

/// A call that is to end is woken this often, until it has.
const WAKE: Duration = Duration::from_millis(20);

/// Makes the calls. An error says why they could not be begun.
pub(super) async fn run(
    core: &Arc<Core>,
    calls: &Calls,
    places: &[Place],
    reports: &Reports,
    cancel: &CancellationToken,
) -> Result<(), (JobEnd, String)> {
    let failed = |detail: &str| (JobEnd::Failed, detail.to_owned());
    let Some(place) = places.first() else {
        return Err(failed("There is no target."));
    };
    let url = &place.target.url;
    if calls.script.is_udp() && url.kind() != Kind::Udp {
        let detail = format!("These calls need a UDP server, and this is {}.", url.kind());
        return Err((JobEnd::BadRequest, detail));
    }
    let fresh = Fresh::open(&core.targets, url).map_err(|error| {
        tracing::warn!(%error, "a job's socket can't be had");
        failed("The system has no socket for it.")
    })?;
    let fresh = Arc::new(fresh);
    let permit = tokio::select! {
        permit = core.blocking.clone().acquire_owned() => permit,
        () = cancel.cancelled() => return Ok(()),
    };
    let mut caller = Caller {
        fresh: fresh.clone(),
        wait: Duration::from_millis(calls.wait_ms.into()),
        blocking: true,
        clock: core.clock,
        reports: reports.clone(),
        cancel: cancel.clone(),
    };
    let script = calls.script;
    let calling = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        // Ended early by an error, which was reported.
        let _ = caller.perform(script);
    });
    tokio::pin!(calling);
    let called = tokio::select! {
        called = &mut calling => called,
        () = cancel.cancelled() => loop {
            // On Linux it wakes whoever waits in a call on the socket, also where it says that the
            // socket is not connected (shutdown(2)); elsewhere the call waits for its time.
            let _ = fresh.socket.shutdown(std::net::Shutdown::Both);
            if let Ok(called) = tokio::time::timeout(WAKE, &mut calling).await {
                break called;
            }
        },
    };
    called.map_err(|_| failed("The calls could not be made."))
}

/// Whoever calls.
struct Caller {
    fresh: Arc<Fresh>,
    wait: Duration,
    /// Whether the socket blocks.
    blocking: bool,
    clock: Clock,
    reports: Reports,
    cancel: CancellationToken,
}

/// The calls end here: one failed, or the job was cancelled.
struct Ended;

impl Caller {
    fn perform(&mut self, script: Script) -> Result<(), Ended> {
        // A call that blocks waits for so long (socket(7)), `connect` included.
        let socket = &self.fresh.socket;
        let timeouts = socket.set_read_timeout(Some(self.wait));
        timeouts
            .and_then(|()| socket.set_write_timeout(Some(self.wait)))
            .map_err(|_| Ended)?;
        match script {
            Script::Blocking => {
                self.connect()?;
                self.send()?;
                self.recv()?;
            }
            Script::NonBlocking => {
                self.connect()?;
                self.set_nonblocking()?;
                self.send()?;
                let until = Instant::now() + self.wait;
                while self.recv_now()?.is_none() {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    self.poll(left.min(POLL))?;
                }
            }
            Script::UdpUnconnected => {
                for _ in 0..2 {
                    self.sendto()?;
                    self.recvfrom()?;
                }
            }
            Script::UdpConnected => {
                self.connect()?;
                // The point is what the calls say after one of them has failed.
                let _ = (self.send(), self.send(), self.recv(), self.recv());
            }
        }
        Ok(())
    }

    fn connect(&self) -> Result<(), Ended> {
        let fresh = self.fresh.clone();
        let name = format!("connect({})", call::address(&fresh.address));
        let connect = || match fresh.is_unix_stream() {
            // Nothing would wake it from outside.
            true => connect_waiting(&fresh.socket, &fresh.address, self.wait, &self.cancel),
            false => fresh.socket.connect(&fresh.address),
        };
        self.call(name, || connect().map(|()| None)).map(|_| ())
    }

    fn send(&self) -> Result<Option<u32>, Ended> {
        let name = format!("send({})", call::bytes(LINE));
        self.call(name, || {
            let sent = rustix::net::send(&self.fresh.socket, LINE, SendFlags::NOSIGNAL)?;
            Ok(Some(sent))
        })
    }

    fn sendto(&self) -> Result<Option<u32>, Ended> {
        let address = call::address(&self.fresh.address);
        let name = format!("sendto({}, {address})", call::bytes(LINE));
        self.call(name, || {
            let sent = self.fresh.socket.send_to(LINE, &self.fresh.address)?;
            Ok(Some(sent))
        })
    }

    fn recv(&self) -> Result<Option<u32>, Ended> {
        self.recv_as("recv")
    }

    /// The socket is not connected: whoever sends is heard.
    fn recvfrom(&self) -> Result<(), Ended> {
        // That nothing came is what the script shows.
        let _ = self.recv_as("recvfrom");
        self.go_on()
    }

    fn recv_as(&self, name: &str) -> Result<Option<u32>, Ended> {
        let socket = &self.fresh.socket;
        self.call(format!("{name}({RECV_BYTES})"), || {
            let mut buffer = [0; RECV_BYTES];
            let (_, bytes) = rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty())?;
            Ok(Some(bytes))
        })
    }

    /// `recv` on a socket that does not block: `None` where there is nothing.
    fn recv_now(&self) -> Result<Option<u32>, Ended> {
        match self.timed(format!("recv({RECV_BYTES})"), || {
            let mut buffer = [0; RECV_BYTES];
            let socket = &self.fresh.socket;
            let (_, bytes) = rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty())?;
            Ok(Some(bytes))
        })? {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(_) => Err(Ended),
        }
    }

    fn set_nonblocking(&mut self) -> Result<(), Ended> {
        self.call("setblocking(False)".to_owned(), || {
            self.fresh.socket.set_nonblocking(true)?;
            Ok(None)
        })?;
        self.blocking = false;
        Ok(())
    }

    fn poll(&self, time: Duration) -> Result<(), Ended> {
        // At least 1 ms, or it would not wait.
        let time = Duration::from_millis(time.as_millis().max(1) as u64);
        let name = format!("poll({} ms)", time.as_millis());
        // It waits whatever the socket does.
        let polled = self.timed_as(true, name, || {
            let socket = self.fresh.socket.as_fd();
            let mut fds = [PollFd::from_borrowed_fd(socket, PollFlags::IN)];
            let timespec = Timespec::try_from(time).ok();
            match poll(&mut fds, timespec.as_ref()) {
                Ok(ready) => Ok(Some(ready)),
                Err(Errno::INTR) => Ok(Some(0)),
                Err(error) => Err(error.into()),
            }
        })?;
        polled.map(|_| ()).map_err(|_| Ended)
    }

    fn go_on(&self) -> Result<(), Ended> {
        match self.cancel.is_cancelled() {
            true => Err(Ended),
            false => Ok(()),
        }
    }

    /// A call whose error ends the script, or is to be looked at by whoever calls.
    fn call(
        &self,
        name: String,
        call: impl FnOnce() -> io::Result<Option<usize>>,
    ) -> Result<Option<u32>, Ended> {
        self.timed(name, call)?.map_err(|_| Ended)
    }

    /// Calls, and reports the call with its times.
    fn timed(
        &self,
        name: String,
        call: impl FnOnce() -> io::Result<Option<usize>>,
    ) -> Result<io::Result<Option<u32>>, Ended> {
        self.timed_as(self.blocking, name, call)
    }

    /// The same of a call of which it is known whether it may wait.
    fn timed_as(
        &self,
        blocking: bool,
        name: String,
        call: impl FnOnce() -> io::Result<Option<usize>>,
    ) -> Result<io::Result<Option<u32>>, Ended> {
        self.go_on()?;
        let start_us = self.clock.now_us();
        let returned = call();
        let end_us = self.clock.now_us();
        // Woken so that it ends: what it said then is nothing of the network.
        self.go_on()?;
        let returned =
            returned.map(|bytes| bytes.map(|bytes| u32::try_from(bytes).unwrap_or(u32::MAX)));
        self.reports.tell_blocking(Report::Call(Call {
            call: name,
            blocking,
            start_us,
            end_us,
            bytes: returned.as_ref().ok().copied().flatten(),
            error: returned
                .as_ref()
                .err()
                .map(|error| call::error(error, blocking)),
        }));
        Ok(returned)
    }
}
