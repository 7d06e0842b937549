//! `chalkwire timestamp`: the timestamp server alone.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::Context;
use chalkwire_shared::server::{Model, Protocol};
use chalkwire_shared::stamp::ReplyFormat;
use chalkwire_shared::target::TargetUrl;
use chrono::{DateTime, Local};
use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use tokio::signal::unix::{SignalKind, signal};

use crate::clock::Clock;
use crate::duration;
use crate::timestamp::{self, Events, MAX_RECV_BYTES, Options, Worker, Workers};

/// Events that may wait to be logged; more are dropped, and the log says how many.
const MAX_EVENTS: usize = 1024;

/// What a line of the log takes at least: nobody reads 5,000 a second, and more would cost the servers
/// their speed.
const LINE_TIME: Duration = Duration::from_micros(200);

/// How long the log may take to be written at the end.
const LOG_DEADLINE: Duration = Duration::from_secs(1);

/// Run timestamp servers: they answer `[ctime]data`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen: tcp://HOST:PORT, udp://HOST:PORT, unix:///PATH or unixgram:///PATH
    #[arg(value_name = "URL", default_values = ["tcp://127.0.0.1:21567", "udp://127.0.0.1:21567"])]
    urls: Vec<TargetUrl>,

    /// What a stream server takes as a request
    #[arg(long, default_value = "basic", value_parser = protocols())]
    protocol: Protocol,

    /// How a stream server serves several clients
    #[arg(long, default_value = "evented", value_parser = models())]
    model: Model,

    /// The reply, with %s for the time and %s for the data
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "[%s]%s",
        allow_hyphen_values = true
    )]
    reply: ReplyFormat,

    /// How long a client may be silent
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration::parse_positive)]
    timeout: Duration,

    /// What listen() is called with
    #[arg(long, value_name = "NUMBER", default_value = "5",
          value_parser = RangedU64ValueParser::<u32>::new().range(0..=65_535))]
    backlog: u32,

    /// What recv() is called with
    #[arg(long, value_name = "BYTES", default_value = "1024",
          value_parser = RangedU64ValueParser::<u32>::new().range(1..=MAX_RECV_BYTES as u64))]
    recv: u32,

    /// A wait before each reply, taken as the model waits
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = duration::parse)]
    delay: Duration,

    /// Work before each reply, which holds its thread
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = duration::parse)]
    block: Duration,

    /// A wait before the first recv: how a worker is told of it
    #[arg(long, hide = true, default_value = "0ms", value_parser = duration::parse)]
    late: Duration,

    /// Serve the client on standard input, and end: how the model process runs this program
    #[arg(long, hide = true)]
    worker: bool,
}

fn protocols() -> impl TypedValueParser<Value = Protocol> {
    PossibleValuesParser::new(Protocol::ALL.map(Protocol::as_str))
        .try_map(|name| name.parse::<Protocol>())
}

fn models() -> impl TypedValueParser<Value = Model> {
    PossibleValuesParser::new(Model::ALL.map(Model::as_str)).try_map(|name| name.parse::<Model>())
}

impl Args {
    fn options(&self, url: &TargetUrl) -> Options {
        Options {
            url: url.clone(),
            protocol: self.protocol,
            model: self.model,
            reply: self.reply.clone(),
            timeout: self.timeout,
            backlog: self.backlog,
            recv_bytes: self.recv as usize,
            delay: self.delay,
            block: self.block,
            late: self.late,
            accept_after: Duration::ZERO,
            workers: Workers::unbounded(),
            worker: Worker::ThisProgram,
        }
    }
}

pub(super) fn run(args: Args) -> anyhow::Result<()> {
    // A worker listens nowhere; the URLs, which have a default, stand for the rest of the options.
    if let (true, Some(url)) = (args.worker, args.urls.first()) {
        return Ok(timestamp::serve_standard_input(&args.options(url))?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the program's event loop")?;
    runtime.block_on(async {
        // Before the first line is printed: whoever reads it may send a signal at once.
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
        let (sender, events) = timestamp::events(MAX_EVENTS);
        let (clock, started) = (Clock::start(), Local::now());
        let mut servers = Vec::new();
        for url in &args.urls {
            servers.push(timestamp::start(args.options(url), clock, sender.clone())?);
        }
        drop(sender);
        let (log_ends, log_ended) = tokio::sync::oneshot::channel::<()>();
        // A thread, since a terminal that is held (Ctrl-S) must hold neither servers nor signals.
        let log = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                log(events, started);
                drop(log_ends);
            })
            .context("a thread for the log")?;
        let mut stdout = io::stdout().lock();
        for server in &servers {
            writeln!(stdout, "timestamp server listening on {}", server.url())
                .and_then(|()| stdout.flush())
                .context("standard output")?;
        }
        drop(stdout);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        // The clients' last events are logged still; they end the log.
        drop(servers);
        if tokio::time::timeout(LOG_DEADLINE, log_ended).await.is_ok() {
            let _ = log.join();
        }
        Ok(())
    })
}

/// Writes events to standard error, until there are no more.
fn log(mut events: Events, started: DateTime<Local>) {
    let mut dropped = 0;
    let mut time = TimeOfDay::starting(started);
    while let Some(first) = events.blocking_recv() {
        // What has come meanwhile goes out in the same write.
        let (mut lines, mut count) = (String::new(), 0);
        let rest = std::iter::from_fn(|| events.try_recv()).take(MAX_EVENTS);
        for event in std::iter::once(first).chain(rest) {
            time.write(&mut lines, event.clock_us);
            // Writing to a String cannot fail.
            let _ = writeln!(lines, " {event}");
            count += 1;
        }
        let lost = events.dropped() - dropped;
        if lost > 0 {
            dropped += lost;
            time.write_again(&mut lines);
            let _ = writeln!(lines, " {lost} events were not logged");
        }
        // Nothing is left to be done where stderr is closed; the servers go on.
        let _ = io::stderr().write_all(lines.as_bytes());
        std::thread::sleep(LINE_TIME * count);
    }
}

/// The local time of lines that come close together: its seconds are put into words once.
struct TimeOfDay {
    started_us: i64,
    us: i64,
    second: Option<i64>,
    /// `HH:MM:SS`
    text: String,
}

impl TimeOfDay {
    fn starting(started: DateTime<Local>) -> Self {
        TimeOfDay {
            started_us: started.timestamp_micros(),
            us: 0,
            second: None,
            text: String::new(),
        }
    }

    /// Adds the time so many µs after the start.
    fn write(&mut self, line: &mut String, since_us: u64) {
        let since_us = i64::try_from(since_us).unwrap_or(i64::MAX);
        self.us = self.started_us.saturating_add(since_us);
        let second = self.us.div_euclid(1_000_000);
        if self.second != Some(second) {
            self.second = Some(second);
            let at = DateTime::from_timestamp(second, 0).unwrap_or_default();
            self.text = at.with_timezone(&Local).format("%H:%M:%S").to_string();
        }
        self.write_again(line);
    }

    /// Adds the same time again.
    fn write_again(&self, line: &mut String) {
        let _ = write!(line, "{}.{:06}", self.text, self.us.rem_euclid(1_000_000));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_own_local_time_to_the_microsecond() {
        let started = Local::now();
        let mut time = TimeOfDay::starting(started);
        for since_us in [0, 1, 999_999, 1_000_000, 7_200_000_003] {
            let mut line = String::new();
            time.write(&mut line, since_us);
            let since = chrono::TimeDelta::microseconds(since_us.try_into().unwrap());
            let at = started + since;
            assert_eq!(line, at.format("%H:%M:%S%.6f").to_string());
        }
    }
}
