//! An HTTP client that hides nothing: a request as text, a response as it came.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::deadline::within;

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// The header lines, with names in lower case.
    headers: Vec<(String, String)>,
    /// What follows the header.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(n, value)| (n == name).then_some(value.as_str()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

/// `GET path`.
pub async fn get(address: SocketAddr, path: &str) -> Response {
    request(address, "GET", path, &[], b"").await
}

/// The same; `None` where the connection is closed without a response.
pub async fn try_get(address: SocketAddr, path: &str) -> Option<Response> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    within("a response", try_read(&mut stream)).await
}

/// One request on a connection of its own; `headers` come after Host, and may name another.
///
/// # Panics
/// When there is no response.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    let given = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if !given("host") {
        text += &format!("Host: {address}\r\n");
    }
    if !given("connection") {
        text += "Connection: close\r\n";
    }
    if !body.is_empty() {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    within("an HTTP response", async {
        let mut stream = TcpStream::connect(address).await.expect("the gateway");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(body);
        // A server that refuses early may close before it has read a large body.
        let _ = stream.write_all(&bytes).await;
        read(&mut stream).await
    })
    .await
}

/// Reads a response from a connection: to its length where it states one, or else to the end.
///
/// # Panics
/// When there is none.
pub async fn read(stream: &mut TcpStream) -> Response {
    let (mut response, rest) = read_head(stream).await;
    response.body = rest;
    finish(stream, response).await
}

/// The same where there may be none.
pub async fn try_read(stream: &mut TcpStream) -> Option<Response> {
    let (mut response, rest) = head(stream).await.ok()?;
    response.body = rest;
    Some(finish(stream, response).await)
}

/// Reads a response's header, and what came with it of what follows.
///
/// # Panics
/// When there is none.
pub async fn read_head(stream: &mut TcpStream) -> (Response, Vec<u8>) {
    let refused = |bytes: Vec<u8>| panic!("no response but {}", bytes.escape_ascii());
    head(stream).await.unwrap_or_else(refused)
}

async fn head(stream: &mut TcpStream) -> Result<(Response, Vec<u8>), Vec<u8>> {
    let mut bytes = Vec::new();
    let end = loop {
        if bytes.ends_with(b"\r\n\r\n") {
            break bytes.len() - 4;
        }
        // Not a byte more: what follows may be frames.
        match stream.read_u8().await {
            Ok(byte) => bytes.push(byte),
            Err(_) => return Err(bytes),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status
        .and_then(|status| status.parse().ok())
        .expect("a status line");
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let response = Response {
        status,
        headers,
        body: Vec::new(),
    };
    Ok((response, bytes.split_off(end + 4)))
}

async fn finish(stream: &mut TcpStream, mut response: Response) -> Response {
    let length = response.header("content-length");
    let length = length
        .and_then(|value| value.parse().ok())
        .unwrap_or(match response.status {
            101 | 204 | 304 => 0,
            _ => usize::MAX,
        });
    let body = &mut response.body;
    while body.len() < length && matches!(stream.read_buf(body).await, Ok(1..)) {}
    response
}
