//! The end of a server, as something that every wait of its threads can be woken by.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Dropping it stops the server: the pipe's other end hangs up, and whoever polls it wakes.
#[derive(Debug)]
pub(super) struct Trigger {
    _writer: PipeWriter,
}

/// What the server's threads wait on beside their sockets.
#[derive(Debug)]
pub(super) struct Stop {
    /// Never written to; `None` where nothing will come.
    reader: Option<PipeReader>,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// The socket is ready, or has failed (the next call on it says how).
    Ready,
    /// The time is over.
    TimedOut,
    /// The server is being stopped.
    Stopped,
}

/// A stop and what triggers it.
pub(super) fn pair() -> io::Result<(Trigger, Stop)> {
    let (reader, writer) = io::pipe()?;
    let stop = Stop {
        reader: Some(reader),
    };
    Ok((Trigger { _writer: writer }, stop))
}

impl Stop {
    /// A stop that never comes: a worker process is ended from outside.
    pub(super) fn never() -> Self {
        Stop { reader: None }
    }

    /// The pipe's reading end, for an event loop: it is readable once the server is to stop.
    pub(super) fn try_clone(&self) -> io::Result<Option<OwnedFd>> {
        let clone = self
            .reader
            .as_ref()
            .map(PipeReader::try_clone)
            .transpose()?;
        Ok(clone.map(OwnedFd::from))
    }

    /// Waits until `fd` is ready, for at most `timeout`. It holds the calling thread.
    pub(super) fn wait(
        &self,
        fd: Option<(BorrowedFd<'_>, PollFlags)>,
        timeout: Option<Duration>,
    ) -> io::Result<Woken> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let mut fds = Vec::with_capacity(2);
            fds.extend(
                self.reader
                    .as_ref()
                    .map(|reader| PollFd::from_borrowed_fd(reader.as_fd(), PollFlags::IN)),
            );
            fds.extend(fd.map(|(fd, flags)| PollFd::from_borrowed_fd(fd, flags)));
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let timespec = left.and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut fds, timespec.as_ref()) {
                Ok(0) if left.is_none_or(|left| left.is_zero()) => return Ok(Woken::TimedOut),
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) if self.reader.is_some() && !fds[0].revents().is_empty() => {
                    return Ok(Woken::Stopped);
                }
                Ok(_) => return Ok(Woken::Ready),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the server is to be stopped.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.wait(None, Some(Duration::ZERO)), Ok(Woken::Stopped))
    }

    /// Sleeps; true if the server is to be stopped. It holds the calling thread, as `sleep` would,
    /// but lets go of it when the server is stopped.
    pub(super) fn sleep(&self, time: Duration) -> bool {
        if time.is_zero() {
            return false;
        }
        // A poll that fails is out of memory: going on early is the better wrong.
        matches!(self.wait(None, Some(time)), Ok(Woken::Stopped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_by_readiness_by_time_or_by_stop() {
        let (trigger, stop) = pair().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        let readable = Some((reader.as_fd(), PollFlags::IN));
        let short = Some(Duration::from_millis(1));
        assert_eq!(stop.wait(readable, short).unwrap(), Woken::TimedOut);
        assert!(!stop.sleep(Duration::from_millis(1)));
        drop(writer);
        assert_eq!(stop.wait(readable, None).unwrap(), Woken::Ready);
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| stop.sleep(Duration::from_secs(60)));
            drop(trigger);
            assert!(sleeper.join().unwrap());
        });
        assert_eq!(stop.wait(readable, None).unwrap(), Woken::Stopped);
    }
}
