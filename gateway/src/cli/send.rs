//! `chalkwire send`: the client.

use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::runtime::Runtime;

use crate::client::{Destination, LineEnd, Visible, exchange};
use crate::duration;

/// The longest line that is read, and the longest reply that is kept to be stripped, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Send lines to a server and print its replies.
///
/// Each message goes over a connection of its own. Without messages, lines are asked for until an
/// empty one.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// tcp://HOST:PORT, udp://HOST:PORT, unix:///PATH, unixgram:///PATH, or ws://HOST:PORT/TARGET
    #[arg(value_name = "URL")]
    url: Destination,

    /// What to send, each as a line
    #[arg(value_name = "MESSAGE")]
    messages: Vec<OsString>,

    /// What ends a line: crlf, lf, cr, none, or escapes such as '\r\n'
    #[arg(long, value_name = "END", default_value = "crlf")]
    line_end: LineEnd,

    /// How long to wait for the connection, and for the reply to begin
    #[arg(long, value_name = "TIME", default_value = "10s",
          value_parser = duration::parse_positive)]
    timeout: Duration,
}

pub(super) fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the program's event loop")?;
    let sender = Sender {
        runtime,
        url: args.url,
        line_end: args.line_end.0,
        timeout: args.timeout,
        terminal: io::stdout().is_terminal(),
    };
    let done = if args.messages.is_empty() {
        sender.ask()
    } else {
        sender.print_each(args.messages)
    };
    // Without waiting for a resolver that is still busy.
    sender.runtime.shutdown_background();
    done
}

struct Sender {
    runtime: Runtime,
    url: Destination,
    line_end: Vec<u8>,
    timeout: Duration,
    terminal: bool,
}

impl Sender {
    /// Sends each message, and prints the replies as they come.
    fn print_each(&self, messages: Vec<OsString>) -> anyhow::Result<()> {
        for message in messages {
            let mut stdout = io::stdout().lock();
            let mut visible = Visible::default();
            let mut at_line_start = true;
            let mut print = |bytes: &[u8]| {
                if self.terminal {
                    let text = visible.piece(bytes);
                    at_line_start = text.chars().last().map_or(at_line_start, |c| c == '\n');
                    stdout.write_all(text.as_bytes())?;
                } else {
                    stdout.write_all(bytes)?;
                }
                stdout.flush()
            };
            let done = self.exchange(message.into_vec(), &mut print);
            if self.terminal {
                let rest = visible.end();
                if !(rest.is_empty() && at_line_start) {
                    writeln!(stdout, "{rest}").context("standard output")?;
                }
            }
            done?;
        }
        Ok(())
    }

    /// Asks for lines, as the chapter's client does, and prints each reply stripped.
    fn ask(&self) -> anyhow::Result<()> {
        let mut stdin = io::stdin().lock();
        loop {
            print(b"> ")?;
            let mut line = Vec::new();
            // One more than allowed, to see whether there is more.
            let mut bounded = (&mut stdin).take(MAX_BYTES as u64 + 1);
            bounded
                .read_until(b'\n', &mut line)
                .context("standard input")?;
            if line.len() > MAX_BYTES {
                bail!("a line is longer than {MAX_BYTES} bytes");
            }
            if line.is_empty() && self.terminal {
                // The end of input leaves the cursor behind the prompt.
                print(b"\n")?;
            }
            if line.ends_with(b"\n") {
                line.pop();
            }
            if line.ends_with(b"\r") {
                line.pop();
            }
            if line.is_empty() {
                return Ok(());
            }
            let mut reply = Vec::new();
            let mut keep = |bytes: &[u8]| {
                if reply.len() + bytes.len() > MAX_BYTES {
                    return Err(io::Error::other("it is longer than a mebibyte"));
                }
                reply.extend_from_slice(bytes);
                Ok(())
            };
            self.exchange(line, &mut keep)?;
            let stripped = strip(&reply);
            if self.terminal {
                let mut visible = Visible::default();
                print(visible.piece(stripped).as_bytes())?;
                print(visible.end().as_bytes())?;
            } else {
                print(stripped)?;
            }
            print(b"\n")?;
        }
    }

    fn exchange(
        &self,
        mut message: Vec<u8>,
        sink: &mut crate::client::Sink<'_>,
    ) -> anyhow::Result<()> {
        message.extend_from_slice(&self.line_end);
        let exchange = exchange(&self.url, &message, self.timeout, sink);
        self.runtime
            .block_on(exchange)
            .with_context(|| self.url.to_string())
    }
}

fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(bytes)
        .and_then(|()| stdout.flush())
        .context("standard output")
}

/// Without the white space around it, as Python's `strip` takes it.
fn strip(bytes: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let Some(start) = bytes.iter().position(|byte| !is_space(byte)) else {
        return b"";
    };
    let end = bytes
        .iter()
        .rposition(|byte| !is_space(byte))
        .unwrap_or(start);
    &bytes[start..=end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_stripped_as_python_strips_them() {
        assert_eq!(strip(b" \t[x] a b\r\n\x0b"), b"[x] a b");
        assert_eq!(strip(b"\r\n"), b"");
        assert_eq!(strip(b"x"), b"x");
        assert_eq!(strip(b""), b"");
    }
}
