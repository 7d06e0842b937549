//! The model evented: one thread, tokio.

use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::unix::pipe;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use chalkwire_shared::target::Kind;

use super::Context;
use super::backoff::Backoff;
use super::event::{Client, What};
use super::listen::Listener;
use super::request::{Next, Requests};
use super::stop::Stop;
use super::wire;

/// Clients at once; who comes after them waits in the backlog. Each may hold a line of 64 KiB.
const MAX_CLIENTS: usize = 4096;

/// A runtime for one thread, which a blocking call holds as a whole.
pub(super) fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Ends when the server is to stop.
pub(super) async fn stopped(stop: &Stop) -> io::Result<()> {
    match stop.try_clone()? {
        Some(reader) => pipe::Receiver::from_owned_fd(reader)?.readable().await,
        None => pending().await,
    }
}

enum Accept {
    Tcp(TcpListener),
    Unix(UnixListener),
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Serves all clients on the calling thread; returns when they are closed.
pub(super) fn run(runtime: &Runtime, listener: Listener, context: &Arc<Context>) {
    // Until after the socket's last use, which is in `serve`.
    let Listener { file, socket, url } = listener;
    let done = runtime.block_on(async {
        let accept = match url.kind() {
            Kind::Tcp => Accept::Tcp(TcpListener::from_std(socket.into())?),
            _ => Accept::Unix(UnixListener::from_std(OwnedFd::from(socket).into())?),
        };
        serve(&accept, context).await?;
        drop(file);
        io::Result::Ok(())
    });
    if let Err(error) = done {
        context.reporter.server(What::failed(error));
    }
}

async fn serve(accept: &Accept, context: &Arc<Context>) -> io::Result<()> {
    let mut stopped = std::pin::pin!(stopped(&context.stop));
    let mut clients = JoinSet::new();
    let mut backoff = Backoff::new();
    let mut rest = Duration::ZERO;
    loop {
        // Each of these is cancel-safe; a rest that is cut short starts again.
        tokio::select! {
            done = &mut stopped => {
                clients.shutdown().await;
                return done;
            }
            Some(_) = clients.join_next() => {}
            () = sleep(rest), if !rest.is_zero() => rest = Duration::ZERO,
            stream = accept.accept(), if rest.is_zero() && clients.len() < MAX_CLIENTS => {
                match stream {
                    Ok(stream) => {
                        backoff.reset();
                        let client = context.reporter.accepted(|| stream.peer());
                        let context = Arc::clone(context);
                        clients.spawn(async move { converse(client, stream, &context).await });
                    }
                    Err(error) => {
                        if let Some(time) = backoff.after(&error) {
                            let failed = What::failed(format_args!("accept: {error}"));
                            context.reporter.server(failed);
                            rest = time;
                        }
                    }
                }
            }
        }
    }
}

async fn converse(client: Client, stream: Stream, context: &Context) {
    // Into here, so that it is dropped before the client: see `Client`.
    let stream = stream;
    if let Err(error) = exchange(&client, &stream, context).await {
        client.report(What::failed(error));
    }
    stream.leave();
}

async fn exchange(client: &Client, stream: &Stream, context: &Context) -> io::Result<()> {
    let options = &context.options;
    let mut requests = Requests::new(options.protocol);
    if !options.late.is_zero() {
        sleep(options.late).await;
    }
    loop {
        match requests.next() {
            Next::Read => match timeout(options.timeout, stream.recv(options.recv_bytes)).await {
                Ok(bytes) => {
                    let bytes = bytes?;
                    client.report(match bytes.len() {
                        0 => What::Eof,
                        length => What::Recv(length),
                    });
                    requests.read(&bytes);
                }
                Err(_) => {
                    client.report(What::TimedOut);
                    return Ok(());
                }
            },
            Next::Answer(data) => {
                if !options.delay.is_zero() {
                    sleep(options.delay).await;
                }
                // On purpose: it holds the thread, and with it every other client.
                if context.stop.sleep(options.block) {
                    return Ok(());
                }
                let reply = options.reply.reply(wire::now(), &data);
                let mut sent = 0;
                while sent < reply.len() {
                    match timeout(options.timeout, stream.send(&reply[sent..])).await {
                        Ok(bytes) => sent += bytes?,
                        Err(_) => {
                            client.report(What::TimedOut);
                            return Ok(());
                        }
                    }
                }
                client.report(What::Sent(sent));
            }
            Next::Close => return Ok(()),
        }
    }
}

impl Accept {
    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Accept::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // As in `Listener::accept`.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream))
            }
            Accept::Unix(listener) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }
}

impl Stream {
    /// A buffer for each read, and none while there is nothing: a silent client costs little.
    async fn recv(&self, most: usize) -> io::Result<Vec<u8>> {
        match self {
            Stream::Tcp(s) => s.async_io(Interest::READABLE, || read(s, most)).await,
            Stream::Unix(s) => s.async_io(Interest::READABLE, || read(s, most)).await,
        }
    }

    async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(s) => {
                s.async_io(Interest::WRITABLE, || wire::send(s, bytes))
                    .await
            }
            Stream::Unix(s) => {
                s.async_io(Interest::WRITABLE, || wire::send(s, bytes))
                    .await
            }
        }
    }

    fn leave(&self) {
        match self {
            Stream::Tcp(stream) => wire::leave(stream),
            Stream::Unix(stream) => wire::leave(stream),
        }
    }

    fn peer(&self) -> String {
        match self {
            Stream::Tcp(stream) => wire::peer_of(stream),
            Stream::Unix(stream) => wire::peer_of(stream),
        }
    }
}

fn read(socket: impl std::os::fd::AsFd, most: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; most];
    let bytes = wire::recv(socket, &mut buffer)?;
    buffer.truncate(bytes);
    Ok(buffer)
}
