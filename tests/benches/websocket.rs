//! A WebSocket for little: one write for a frame, one read for what is there, nothing copied.

use anyhow::{Context, ensure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::frames::{CLOSE, Frame, Parser, Part};

/// The key and its answer in RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What one read takes at most: the load must not be what is measured.
pub(crate) const INPUT: usize = 4096;

/// What was read, and how far it was looked at.
pub(crate) struct Input {
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    parser: Parser,
}

impl Input {
    pub(crate) fn new(bytes: usize) -> Self {
        Input {
            buffer: vec![0; bytes],
            at: 0,
            end: 0,
            parser: Parser::default(),
        }
    }

    /// Room for more with one read, as bulk has it.
    pub(crate) fn enlarge(&mut self, bytes: usize) {
        self.buffer.resize(bytes, 0);
    }

    async fn fill(&mut self, from: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<()> {
        self.at = 0;
        self.end = from.read(&mut self.buffer).await?;
        ensure!(self.end > 0, "closed in the middle");
        Ok(())
    }

    /// The next part of a message.
    pub(crate) async fn part(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
    ) -> anyhow::Result<Part> {
        loop {
            let input = &self.buffer[..self.end];
            if let Some(part) = self.parser.next(input, &mut self.at)? {
                return Ok(part);
            }
            self.fill(from).await?;
        }
    }

    /// The next bytes as they are, with no frames.
    pub(crate) async fn plain(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
    ) -> anyhow::Result<(usize, usize)> {
        self.fill(from).await?;
        Ok((0, self.end))
    }

    pub(crate) fn bytes(&self, from: usize, to: usize) -> &[u8] {
        &self.buffer[from..to]
    }

    /// Reads the head of an HTTP response and leaves what comes after it.
    async fn head(&mut self, from: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<String> {
        self.end = 0;
        loop {
            let n = from.read(&mut self.buffer[self.end..]).await?;
            ensure!(n > 0, "closed, or too long, in the handshake");
            self.end += n;
            let read = &self.buffer[..self.end];
            if let Some(at) = read.windows(4).position(|it| it == b"\r\n\r\n") {
                self.at = at + 4;
                return Ok(String::from_utf8(read[..at].to_vec())?);
            }
        }
    }
}

/// Connects over TCP.
pub(crate) async fn tcp(address: &str) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("connect to {address}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Connects a WebSocket, with a subprotocol or none.
pub(crate) async fn connect(
    address: &str,
    path: &str,
    protocol: Option<&str>,
) -> anyhow::Result<(TcpStream, Input)> {
    let mut stream = tcp(address).await?;
    let protocol = protocol.map_or_else(String::new, |it| {
        format!("Sec-WebSocket-Protocol: {it}\r\n")
    });
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{protocol}\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut input = Input::new(INPUT);
    let head = input.head(&mut stream).await?;
    ensure!(
        head.starts_with("HTTP/1.1 101") && head.contains(ACCEPT),
        "no WebSocket: {head}"
    );
    Ok((stream, input))
}

/// Says goodbye.
pub(crate) async fn goodbye(stream: &mut TcpStream) -> anyhow::Result<()> {
    let goodbye = Frame::new(CLOSE, &1000_u16.to_be_bytes());
    Ok(stream.write_all(goodbye.bytes()).await?)
}

/// Waits until the other side has said goodbye, too: RFC 6455, section 7.1.2.
pub(crate) async fn answered(mut stream: TcpStream, mut input: Input) -> anyhow::Result<()> {
    while input.part(&mut stream).await?.opcode != CLOSE {}
    Ok(())
}
