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
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let read = stream.read_buf(&mut bytes).await;
        assert!(
            matches!(read, Ok(1..)),
            "no response but {:?}",
            bytes.escape_ascii().to_string()
        );
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status
        .and_then(|status| status.parse().ok())
        .expect("a status line");
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = bytes.split_off(end + 4);
    let length = headers
        .iter()
        .find_map(|(name, value)| (name == "content-length").then(|| value.parse().ok()))
        .flatten()
        .unwrap_or(match status {
            101 | 204 | 304 => 0,
            _ => usize::MAX,
        });
    while body.len() < length && matches!(stream.read_buf(&mut body).await, Ok(1..)) {}
    Response {
        status,
        headers,
        body,
    }
}
