//! The process that serves one client of the model process, and how it and its parent understand
//! each other: arguments one way, a line an event the other way.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::AsFd;

use socket2::Socket;

use super::event::What;
use super::stop::Stop;
use super::time::Time;
use super::{Options, blocking};

/// The longest line that is read of a process, in bytes.
const MAX_LINE_BYTES: usize = 1024;

/// The arguments that make `chalkwire` a worker with these options.
pub(super) fn arguments(options: &Options) -> Vec<OsString> {
    [
        "timestamp",
        "--worker",
        "--protocol",
        options.protocol.as_str(),
        // One word, so that no format is taken for an option.
        &format!("--reply={}", options.reply),
        &format!("--timeout={}us", options.timeout.as_micros()),
        &format!("--recv={}", options.recv_bytes),
        &format!("--delay={}us", options.delay.as_micros()),
        &format!("--block={}us", options.block.as_micros()),
        &format!("--late={}us", options.late.as_micros()),
    ]
    .iter()
    .map(OsString::from)
    .collect()
}

/// Serves the client whose socket is this process's standard input, and tells on standard error
/// what happened.
///
/// # Errors
/// Where standard input cannot be had; what goes wrong with the client is told, too.
pub fn serve_standard_input(options: &Options) -> io::Result<()> {
    let socket = Socket::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut report = |what| {
        // A parent that does not listen any more is no reason to leave the client.
        let _ = writeln!(io::stderr(), "{}", line(&what));
    };
    let time = Time::default();
    blocking::converse_apart(&socket, options, &time, &Stop::never(), &mut report);
    Ok(())
}

fn line(what: &What) -> String {
    match what {
        What::Recv(bytes) => format!("recv {bytes}"),
        What::Eof => "eof".to_owned(),
        What::Sent(bytes) => format!("sent {bytes}"),
        What::TimedOut => "timeout".to_owned(),
        // The rest does not happen to a worker, or is the parent's to tell.
        other => format!("failed {}", other.text()),
    }
}

fn read(line: &str) -> What {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match (word, rest.parse()) {
        ("recv", Ok(bytes)) => What::Recv(bytes),
        ("sent", Ok(bytes)) => What::Sent(bytes),
        ("eof", _) => What::Eof,
        ("timeout", _) => What::TimedOut,
        ("failed", _) => What::failed(rest),
        // Another program than ours, or one that could not start.
        _ => What::failed(line),
    }
}

/// Lines put together from what was read of a process.
#[derive(Debug, Default)]
pub(super) struct Lines {
    unfinished: Vec<u8>,
}

impl Lines {
    /// Takes what was read, and gives out each line that it ends. What is over the bound is lost.
    pub(super) fn read(&mut self, bytes: &[u8], mut give: impl FnMut(What)) {
        for &byte in bytes {
            if byte == b'\n' {
                give(read(&String::from_utf8_lossy(&self.unfinished)));
                self.unfinished.clear();
            } else if self.unfinished.len() < MAX_LINE_BYTES {
                self.unfinished.push(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(bytes: &[u8], size: usize) -> Vec<What> {
        let mut lines = Lines::default();
        let mut all = Vec::new();
        for piece in bytes.chunks(size) {
            lines.read(piece, |what| all.push(what));
        }
        all
    }

    #[test]
    fn what_a_worker_tells_is_read_back_however_it_is_cut() {
        let told = [
            What::Recv(5),
            What::Eof,
            What::Sent(31),
            What::TimedOut,
            What::Failed("Broken pipe (os error 32)".to_owned()),
        ];
        let text: String = told.iter().map(|what| line(what) + "\n").collect();
        for size in [1, 3, 1000] {
            assert_eq!(read_all(text.as_bytes(), size), told);
        }
    }

    #[test]
    fn strange_words_are_reported_bounded_and_escaped() {
        let strange = [&b"\x1b[2Jhello"[..], &[b'x'; 5000], b"\nrecv 1\n"].concat();
        let told = read_all(&strange, 100);
        assert!(matches!(&told[0], What::Failed(text)
            if text.starts_with("\\u{1b}[2Jhello") && text.len() < 300));
        assert_eq!(told[1], What::Recv(1));
    }
}
