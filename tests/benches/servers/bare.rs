//! The limit: timestamp servers on bare tokio, with no models, options, log and timeouts.
//!
//! One thread. The time is written once a second, and not for each reply: whoever writes such a
//! server with care does so.

use std::cell::RefCell;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::Local;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

use crate::machine::until_the_end;

/// Serves until its standard input ends, so that it ends with the bench.
pub(crate) fn serve(what: &str) -> anyhow::Result<()> {
    match what {
        "udp" => until_the_end(datagrams()),
        _ => until_the_end(streams(what == "session")),
    }
}

async fn streams(is_session: bool) -> anyhow::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse()?)?;
    let listener = socket.listen(128)?;
    announce(listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A client that is gone concerns nobody else.
            let _ = lines(stream, is_session).await;
        });
    }
}

async fn lines(stream: TcpStream, is_session: bool) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(1024, stream);
    let (mut line, mut reply) = (Vec::new(), Vec::new());
    while stream.read_until(b'\n', &mut line).await? > 0 {
        stamp(&mut reply, &line);
        stream.write_all(&reply).await?;
        if !is_session {
            break;
        }
        line.clear();
    }
    Ok(())
}

async fn datagrams() -> anyhow::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    announce(socket.local_addr()?)?;
    let (mut datagram, mut reply) = ([0; 1024], Vec::new());
    loop {
        let (bytes, sender) = socket.recv_from(&mut datagram).await?;
        stamp(&mut reply, &datagram[..bytes]);
        socket.send_to(&reply, sender).await?;
    }
}

/// Puts `[ctime]data` into `reply`.
fn stamp(reply: &mut Vec<u8>, data: &[u8]) {
    thread_local! {
        /// The second that was written last, and how it was written.
        static WRITTEN: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let second = now.unwrap_or_default().as_secs();
    WRITTEN.with_borrow_mut(|(written, text)| {
        if *written != second {
            *written = second;
            *text = Local::now().format("[%a %b %e %H:%M:%S %Y]").to_string();
        }
        reply.clear();
        reply.extend_from_slice(text.as_bytes());
        reply.extend_from_slice(data);
    });
}

fn announce(address: std::net::SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on {address}")?;
    Ok(out.flush()?)
}
