//! A link's connection over plain HTTP: reads the stream of events, and POSTs.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::post::{
    self, BYTES_EVENT, END_EVENT, Kind, NUMBER_HEADER, PING_EVENT, STREAM_EVENT, STREAM_HEADER,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::deadline::within;
use crate::http::{self, Response};
use crate::websocket::Ended;

/// The path of a link over HTTP.
pub fn path() -> String {
    format!("/sse/{SUBPROTOCOL}")
}

/// A connection: one for the events, and one for POSTs, which is kept alive.
#[derive(Debug)]
pub struct Events {
    address: SocketAddr,
    /// Where a proxy has the gateway.
    prefix: &'static str,
    reply: TcpStream,
    /// What came of the reply's body, as it travelled: in chunks.
    chunks: Vec<u8>,
    /// What of the body has no whole event in it yet.
    text: Vec<u8>,
    posts: Option<TcpStream>,
    /// The stream's secret.
    pub stream: String,
    /// The number of the last POST.
    pub number: u64,
}

impl Events {
    /// Opens a stream.
    ///
    /// # Errors
    /// What the gateway answered instead.
    ///
    /// # Panics
    /// When it can't be reached, or the first event does not name the stream.
    pub async fn connect(address: SocketAddr) -> Result<Self, Response> {
        Events::connect_below("", address).await
    }

    /// Opens a stream where a proxy has the gateway under a prefix.
    ///
    /// # Errors
    /// What was answered instead.
    ///
    /// # Panics
    /// As [`Events::connect`].
    pub async fn connect_below(
        prefix: &'static str,
        address: SocketAddr,
    ) -> Result<Self, Response> {
        let mut reply = TcpStream::connect(address).await.expect("the gateway");
        let request = format!(
            "GET {prefix}{} HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n",
            path()
        );
        reply.write_all(request.as_bytes()).await.expect("a GET");
        let (head, chunks) = within("an answer", http::read_head(&mut reply)).await;
        if head.status != 200 {
            return Err(head);
        }
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
        assert_eq!(head.header("cache-control"), Some("no-store"));
        // nginx keeps it to itself.
        let told = prefix.is_empty().then_some("no");
        assert_eq!(head.header("x-accel-buffering"), told);
        let mut events = Events {
            address,
            prefix,
            reply,
            chunks,
            text: Vec::new(),
            posts: None,
            stream: String::new(),
            number: 0,
        };
        let (name, stream) = within("the first event", events.event())
            .await
            .expect("an event");
        assert_eq!((name.as_str(), stream.len()), (STREAM_EVENT, 32));
        events.stream = stream;
        Ok(events)
    }

    /// The next event: its name and its data; `None` where the stream has ended.
    pub async fn event(&mut self) -> Option<(String, String)> {
        loop {
            if let Some(at) = self.text.windows(2).position(|two| two == b"\n\n") {
                let rest = self.text.split_off(at + 2);
                let event = String::from_utf8(std::mem::replace(&mut self.text, rest));
                let event = event.expect("text");
                let (mut name, mut data) = (String::new(), String::new());
                for line in event.lines() {
                    match line.split_once(':') {
                        Some(("event", it)) => name = it.to_owned(),
                        Some(("data", it)) => data += it,
                        _ => assert!(line.is_empty(), "no line of an event: {line}"),
                    }
                }
                return Some((name, data));
            }
            self.chunk().await?;
        }
    }

    /// Reads one chunk of the body (RFC 9112, section 7.1).
    async fn chunk(&mut self) -> Option<()> {
        loop {
            if let Some(at) = self.chunks.windows(2).position(|two| two == b"\r\n") {
                let length = str::from_utf8(&self.chunks[..at]).expect("a length");
                let length = usize::from_str_radix(length, 16).expect("a length");
                let (from, to) = (at + 2, at + 2 + length);
                if length == 0 {
                    return None;
                }
                if self.chunks.len() >= to + 2 {
                    self.text.extend_from_slice(&self.chunks[from..to]);
                    self.chunks.drain(..to + 2);
                    return Some(());
                }
            }
            if !matches!(self.reply.read_buf(&mut self.chunks).await, Ok(1..)) {
                return None;
            }
        }
    }

    /// The next text or binary message, or how the connection ended. Pings are answered on the way.
    pub async fn next(&mut self) -> Result<Message, Ended> {
        loop {
            let Some((name, data)) = within("an event", self.event()).await else {
                return Err(Ended::Lost);
            };
            match name.as_str() {
                "" => return Ok(Message::text(data)),
                BYTES_EVENT => return Ok(Message::binary(STANDARD.decode(data).expect("base64"))),
                PING_EVENT => {
                    self.post(&[(Kind::Pong, b"")]).await;
                }
                END_EVENT => {
                    let (code, reason) = data.split_once(' ').expect("a code and a reason");
                    let code = code.parse().expect("a code");
                    let ended = within("the stream's end", self.event()).await;
                    assert_eq!(ended, None, "nothing comes after the end");
                    return Err(Ended::Closed(code, reason.to_owned()));
                }
                other => panic!("an event of no known name: {other}"),
            }
        }
    }

    /// Sends a message in a POST of its own: whether it was taken.
    pub async fn send(&mut self, message: &Message) -> bool {
        let code;
        let (kind, payload) = match message {
            Message::Text(text) => (Kind::Text, text.as_bytes()),
            Message::Binary(bytes) => (Kind::Binary, &bytes[..]),
            Message::Close(frame) => {
                code = frame
                    .as_ref()
                    .map(|frame| u16::from(frame.code).to_be_bytes());
                (
                    Kind::Close,
                    code.as_ref().map_or(&b""[..], |code| &code[..]),
                )
            }
            other => panic!("not sent by clients: {other:?}"),
        };
        self.post(&[(kind, payload)]).await
    }

    /// Sends messages in one POST: whether it was taken.
    pub async fn post(&mut self, messages: &[(Kind, &[u8])]) -> bool {
        let mut body = Vec::new();
        for (kind, payload) in messages {
            post::put(&mut body, *kind, payload);
        }
        self.number += 1;
        self.post_as(self.number, &body).await == 204
    }

    /// POSTs anything under any number: the answer's status, or 0 where there was none.
    pub async fn post_as(&mut self, number: u64, body: &[u8]) -> u16 {
        let number = number.to_string();
        let mut request = format!(
            "POST {}{} HTTP/1.1\r\nHost: {}\r\n{STREAM_HEADER}: {}\r\n{NUMBER_HEADER}: {number}\r\n\
             Content-Length: {}\r\n\r\n",
            self.prefix,
            path(),
            self.address,
            self.stream,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        // A connection that was kept alive may have ended meanwhile: then on a new one, once.
        for _ in 0..2 {
            if self.posts.is_none() {
                self.posts = TcpStream::connect(self.address).await.ok();
            }
            let Some(posts) = &mut self.posts else {
                return 0;
            };
            let answered = async {
                posts.set_nodelay(true).ok()?;
                posts.write_all(&request).await.ok()?;
                http::try_read(posts).await
            };
            match within("the answer to a POST", answered).await {
                Some(answer) => {
                    if answer.header("connection") == Some("close") {
                        self.posts = None;
                    }
                    return answer.status;
                }
                None => self.posts = None,
            }
        }
        0
    }

    /// Ends both connections with a reset and without a word, as a cable that is pulled.
    ///
    /// # Panics
    /// When a socket does not take the option.
    pub fn abort(self) {
        for stream in [Some(self.reply), self.posts].into_iter().flatten() {
            let linger = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            linger.expect("SO_LINGER");
        }
    }
}
