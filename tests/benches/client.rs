//! The load's end of each way: send bytes, receive bytes.

use anyhow::Context;
use bytes::Bytes;
use chalkwire_shared::frame::{ClientFrame, GatewayFrame};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::machine::Program;

/// Credit that the load gives the gateway, given anew before it is used up.
pub(crate) const CREDIT: u32 = 1 << 30;

/// The load acknowledges after so many messages.
const ACK: u64 = 32;

async fn websocket(
    gateway: &Program,
    path: &str,
    protocol: Option<&'static str>,
) -> anyhow::Result<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(&gateway.address).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{}{path}", gateway.address).into_client_request()?;
    if let Some(protocol) = protocol {
        let value = HeaderValue::from_static(protocol);
        request
            .headers_mut()
            .insert("sec-websocket-protocol", value);
    }
    // The load must not be what is measured: a large buffer is zeroed before each read.
    let config = WebSocketConfig::default().read_buffer_size(8192);
    Ok(client_async_with_config(request, stream, Some(config))
        .await?
        .0)
}

/// One connection of a way that has a connection for each.
pub(crate) enum Connection {
    Direct(TcpStream),
    Raw(Box<WebSocketStream<TcpStream>>),
    Link(Box<Link>),
}

impl Connection {
    pub(crate) async fn direct(echo: &Program) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(&echo.address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection::Direct(stream))
    }

    pub(crate) async fn raw(gateway: &Program) -> anyhow::Result<Self> {
        Ok(Connection::Raw(Box::new(
            websocket(gateway, "/raw/echo", None).await?,
        )))
    }

    pub(crate) async fn link(gateway: &Program) -> anyhow::Result<Self> {
        let mut link = Link::connect(gateway).await?;
        link.open(1).await?;
        Ok(Connection::Link(Box::new(link)))
    }

    pub(crate) async fn send(&mut self, bytes: &Bytes) -> anyhow::Result<()> {
        match self {
            Connection::Direct(stream) => Ok(stream.write_all(bytes).await?),
            Connection::Raw(ws) => Ok(ws.send(Message::Binary(bytes.clone())).await?),
            Connection::Link(link) => link.send(1, bytes.clone()).await,
        }
    }

    /// Receives what is there, at least a byte, and passes it to `take`.
    pub(crate) async fn receive(&mut self, buffer: &mut [u8]) -> anyhow::Result<usize> {
        let bytes = match self {
            Connection::Direct(stream) => return Ok(stream.read(buffer).await?),
            Connection::Raw(ws) => loop {
                match ws.next().await.context("closed")?? {
                    Message::Binary(bytes) => break bytes,
                    Message::Ping(_) | Message::Pong(_) => {}
                    other => anyhow::bail!("{other:?}"),
                }
            },
            Connection::Link(link) => link.receive().await?.1,
        };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    pub(crate) async fn close(self) -> anyhow::Result<()> {
        match self {
            Connection::Direct(_) => {}
            Connection::Raw(mut ws) => ws.as_mut().close(None).await?,
            Connection::Link(mut link) => link.ws.close(None).await?,
        }
        Ok(())
    }
}

/// A link and its sockets.
pub(crate) struct Link {
    pub(crate) ws: WebSocketStream<TcpStream>,
    seq: u64,
    seen: u64,
    acked: u64,
}

impl Link {
    pub(crate) async fn connect(gateway: &Program) -> anyhow::Result<Self> {
        let mut ws = websocket(gateway, "/ws", Some(SUBPROTOCOL)).await?;
        ws.next().await.context("no welcome")??;
        Ok(Link {
            ws,
            seq: 0,
            seen: 0,
            acked: 0,
        })
    }

    fn next(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    pub(crate) async fn say(&mut self, message: &ClientMessage) -> anyhow::Result<()> {
        Ok(self.ws.send(Message::text(message.encode())).await?)
    }

    pub(crate) async fn open(&mut self, socket: u32) -> anyhow::Result<()> {
        let open = ClientMessage::Open {
            seq: self.next(),
            socket: SocketId(socket),
            target: "echo".to_owned(),
            credit: CREDIT,
            trace: false,
            kernel: false,
            faults: Vec::new(),
            seed: 0,
            run: None,
        };
        self.say(&open).await
    }

    pub(crate) async fn close(&mut self, socket: u32) -> anyhow::Result<()> {
        let close = ClientMessage::Close {
            seq: self.next(),
            socket: SocketId(socket),
        };
        self.say(&close).await
    }

    pub(crate) async fn send(&mut self, socket: u32, payload: Bytes) -> anyhow::Result<()> {
        let frame = ClientFrame {
            socket: SocketId(socket),
            seq: self.next(),
            payload,
        };
        Ok(self.ws.send(Message::Binary(frame.encode())).await?)
    }

    /// The next data that came, and its socket. Acknowledges as it goes.
    pub(crate) async fn receive(&mut self) -> anyhow::Result<(u32, Bytes)> {
        loop {
            let (seq, data) = match self.ws.next().await.context("closed")?? {
                Message::Binary(bytes) => {
                    let frame = GatewayFrame::decode(bytes)?;
                    (Some(frame.seq), Some((frame.socket.0, frame.payload)))
                }
                Message::Text(text) => (GatewayMessage::decode(&text)?.seq(), None),
                Message::Ping(_) | Message::Pong(_) => continue,
                other => anyhow::bail!("{other:?}"),
            };
            self.seen = seq.unwrap_or(self.seen);
            if self.seen - self.acked >= ACK {
                self.acked = self.seen;
                self.say(&ClientMessage::Ack { seen: self.seen }).await?;
            }
            if let Some(data) = data {
                return Ok(data);
            }
        }
    }
}
