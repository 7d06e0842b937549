//! One connection of the load: open, exchange a line, close.

use anyhow::ensure;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::frames::Frame;
use crate::manner::{CREDIT, Manner, Target};
use crate::receiver::Receiver;
use crate::speech::{self, Sender};
use crate::websocket::{self, INPUT, Input};

/// How to get to the server on one way.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) manner: Manner,
    /// `HOST:PORT` to connect to.
    pub(crate) address: String,
    /// Of the WebSocket.
    pub(crate) path: String,
    pub(crate) target: Target,
    /// Whether a goodbye is ever answered. If not, the connection just ends.
    pub(crate) answers_close: bool,
}

/// One connection with one socket, the number 1.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) sender: Sender,
    pub(crate) receiver: Receiver,
    is_websocket: bool,
    answers_close: bool,
}

const SOCKET: u32 = 1;

/// A line of so many bytes; an end of line is its last.
pub(crate) fn line(bytes: usize) -> Vec<u8> {
    let words = b"the quick brown fox jumps over the lazy dog, twelve times a day ";
    let mut line: Vec<u8> = words.iter().copied().cycle().take(bytes).collect();
    if let Some(last) = line.last_mut() {
        *last = b'\n';
    }
    line
}

impl Route {
    /// The line, as this way carries it: built once for all that is sent on a connection.
    pub(crate) fn letter(&self, line: &[u8]) -> Frame {
        self.manner.wrap(SOCKET, line)
    }

    /// Connects, without a socket yet.
    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        let protocol = match self.manner {
            Manner::Link => Some(chalkwire_shared::limits::SUBPROTOCOL),
            _ => None,
        };
        let (mut stream, input) = match self.manner {
            Manner::Plain => (websocket::tcp(&self.address).await?, Input::new(INPUT)),
            _ => websocket::connect(&self.address, &self.path, protocol).await?,
        };
        let (sender, mut receiver) = speech::both(self.manner, input);
        receiver.greeting(&mut stream).await?;
        Ok(Connection {
            stream,
            sender,
            receiver,
            is_websocket: self.manner != Manner::Plain,
            answers_close: self.answers_close,
        })
    }

    /// Connects, and opens the socket with so much credit for what comes.
    pub(crate) async fn open_with(&self, credit: u32) -> anyhow::Result<Connection> {
        let mut connection = self.connect().await?;
        let opening = connection.sender.opening(SOCKET, &self.target, credit)?;
        if !opening.is_empty() {
            connection.stream.write_all(&opening).await?;
        }
        Ok(connection)
    }

    pub(crate) async fn open(&self) -> anyhow::Result<Connection> {
        self.open_with(CREDIT).await
    }
}

impl Connection {
    /// One line there and back, each byte compared.
    pub(crate) async fn exchange(&mut self, letter: &mut Frame, line: &[u8]) -> anyhow::Result<()> {
        while !self.sender.may(line.len()) {
            let early = self.receiver.payload(&mut self.stream).await?;
            ensure!(early.from == early.to, "bytes before their time");
        }
        self.sender.number(letter, line.len());
        self.stream.write_all(letter.bytes()).await?;
        let mut got = 0;
        while got < line.len() {
            let payload = self.receiver.payload(&mut self.stream).await?;
            let bytes = self.receiver.input.bytes(payload.from, payload.to);
            let expected = line.get(got..got + bytes.len());
            ensure!(expected == Some(bytes), "other bytes came back");
            got += bytes.len();
        }
        self.sender.attend(&mut self.stream).await
    }

    /// Ends the connection: a WebSocket with a goodbye, and its answer where there is one.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        if self.is_websocket {
            websocket::goodbye(&mut self.stream).await?;
        }
        if self.answers_close {
            websocket::answered(self.stream, self.receiver.input).await?;
        }
        Ok(())
    }
}
