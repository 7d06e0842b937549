//! The model evented: one thread, tokio.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::io;
use std::os::fd::OwnedFd;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};

use socket2::{SockAddr, SockRef};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::unix::pipe;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

use chalkwire_shared::target::Kind;

use super::backoff::{Backoff, Rest};
use super::event::{Client, What};
use super::listen::Listener;
use super::patience::Patience;
use super::request::{Next, Requests};
use super::stop::Stop;
use super::wire;
use super::{Context, MAX_RECV_BYTES};

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
    let mut stopped = pin!(stopped(&context.stop));
    let mut clients = JoinSet::new();
    let mut backoff = Backoff::new();
    let mut rest = Rest::default();
    loop {
        // Each of these is cancel-safe.
        tokio::select! {
            done = &mut stopped => {
                clients.shutdown().await;
                return done;
            }
            Some(_) = clients.join_next() => {}
            () = rest.end(), if rest.is_on() => {}
            stream = accept.accept(), if !rest.is_on() && clients.len() < MAX_CLIENTS => {
                match stream {
                    Ok((stream, address)) => {
                        backoff.reset();
                        let client = context.reporter.accepted(address);
                        let context = Arc::clone(context);
                        clients.spawn(async move { converse(client, stream, &context).await });
                    }
                    Err(error) => {
                        if let Some(time) = backoff.after(&error) {
                            let failed = What::failed(format_args!("accept: {error}"));
                            context.reporter.server(failed);
                            rest.begin(time);
                        }
                    }
                }
            }
        }
    }
}

async fn converse(client: Client, stream: Stream, context: &Context) {
    // Into here, so that it is dropped before the client: see `Client`.
    let mut stream = stream;
    if let Err(error) = exchange(&client, &mut stream, context).await {
        client.report(What::failed(error));
    }
    stream.leave();
}

async fn exchange(client: &Client, stream: &mut Stream, context: &Context) -> io::Result<()> {
    let options = &context.options;
    let mut requests = Requests::new(options.protocol);
    let mut patience = Patience::new(options.timeout);
    let mut reply = Vec::new();
    if !options.late.is_zero() {
        sleep(options.late).await;
    }
    loop {
        match requests.next() {
            Next::Read => {
                let recv = stream.recv(options.recv_bytes, |bytes| {
                    client.report(match bytes.len() {
                        0 => What::Eof,
                        length => What::Recv(length),
                    });
                    requests.read(bytes);
                });
                match patience.wait(recv).await {
                    Some(done) => done?,
                    None => {
                        client.report(What::TimedOut);
                        return Ok(());
                    }
                }
            }
            Next::Answer(data) => {
                if !options.delay.is_zero() {
                    sleep(options.delay).await;
                }
                // On purpose: it holds the thread, and with it every other client.
                if context.stop.sleep(options.block) {
                    return Ok(());
                }
                context.time.reply(&options.reply, &mut reply, data);
                let mut sent = 0;
                while sent < reply.len() {
                    match patience.wait(stream.send(&reply[sent..])).await {
                        Some(bytes) => sent += bytes?,
                        None => {
                            client.report(What::TimedOut);
                            return Ok(());
                        }
                    }
                }
                client.report(What::Sent(sent));
                wire::empty(&mut reply);
                // One whose lines are here already has had its turn.
                if !options.block.is_zero() {
                    yield_now().await;
                }
            }
            Next::Close => return Ok(()),
        }
    }
}

impl Accept {
    async fn accept(&self) -> io::Result<(Stream, SockAddr)> {
        match self {
            Accept::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok((Stream::Tcp(stream), address.into()))
            }
            Accept::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                // tokio's has no way to become one of ours.
                let address = SockRef::from(&stream).peer_addr()?;
                Ok((Stream::Unix(stream), address))
            }
        }
    }
}

impl Stream {
    /// Receives once, and passes on what came: it lies in a buffer that all clients share, so that a
    /// silent one costs little.
    ///
    /// tokio's own read knows that one which does not fill the buffer has emptied the socket, and waits
    /// for the next readiness without another call.
    async fn recv(&mut self, most: usize, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        poll_fn(|cx| {
            with_buffer(|buffer| {
                let mut read = ReadBuf::new(&mut buffer[..most]);
                ready!(match self {
                    Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, &mut read),
                    Stream::Unix(stream) => Pin::new(stream).poll_read(cx, &mut read),
                })?;
                take(read.filled());
                Poll::Ready(Ok(()))
            })
        })
        .await
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes).await,
            Stream::Unix(stream) => stream.write(bytes).await,
        }
    }

    fn leave(&self) {
        match self {
            Stream::Tcp(stream) => wire::leave(stream),
            Stream::Unix(stream) => wire::leave(stream),
        }
    }
}

/// Lends this thread's buffer: it is needed only between a read and the copy of what came.
fn with_buffer<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; MAX_RECV_BYTES].into());
    }
    BUFFER.with_borrow_mut(|buffer| read(buffer))
}
