//! WebSocket connections to a gateway, whichever of its paths they lead to.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::deadline::within;

/// A WebSocket over a plain TCP connection.
pub type WebSocket = WebSocketStream<TcpStream>;

/// Opens a WebSocket; the answer's subprotocol comes with it.
///
/// # Errors
/// What the gateway answered instead.
///
/// # Panics
/// When the gateway can't be reached.
pub async fn connect(
    address: SocketAddr,
    path: &str,
    subprotocol: Option<&str>,
) -> Result<(WebSocket, Option<String>), Box<Error>> {
    let stream = TcpStream::connect(address).await.expect("the gateway");
    stream.set_nodelay(true).expect("TCP_NODELAY");
    connect_over(stream, path, subprotocol).await
}

/// The same over a connection that is there already.
///
/// # Errors
/// What the gateway answered instead.
///
/// # Panics
/// When nothing is answered.
pub async fn connect_over(
    stream: TcpStream,
    path: &str,
    subprotocol: Option<&str>,
) -> Result<(WebSocket, Option<String>), Box<Error>> {
    let protocol = subprotocol.map(|name| ("sec-websocket-protocol", name));
    let (socket, response) = connect_with(stream, path, protocol.as_slice()).await?;
    let chosen = response.headers().get("sec-websocket-protocol");
    let chosen = chosen.and_then(|v| v.to_str().ok()).map(str::to_owned);
    Ok((socket, chosen))
}

/// The same with headers of the caller's; the whole answer comes with it.
///
/// # Errors
/// What the gateway answered instead.
///
/// # Panics
/// When nothing is answered.
pub async fn connect_with(
    stream: TcpStream,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<(WebSocket, Response), Box<Error>> {
    // A gateway that was killed meanwhile has no address any more.
    let address = stream.peer_addr().map_err(Error::Io)?;
    let mut request = format!("ws://{address}{path}")
        .into_client_request()
        .expect("a WebSocket URL");
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).expect("a header's value");
        request.headers_mut().insert(*name, value);
    }
    // A larger one is zeroed before each read, which hundreds of members would feel.
    let config = Some(WebSocketConfig::default().read_buffer_size(8_192));
    let handshake = client_async_with_config(request, stream, config);
    within("the WebSocket's handshake", handshake)
        .await
        .map_err(Box::new)
}

/// Ends the TCP connection with a reset and without a word, as a cable that is pulled.
///
/// # Panics
/// When the socket does not take the option.
pub fn abort(socket: WebSocket) {
    let stream = socket.get_ref();
    let linger = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
    linger.expect("SO_LINGER");
}

/// How a WebSocket ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By a close frame with this code and reason.
    Closed(u16, String),
    /// Without a close frame.
    Lost,
}

/// The next text or binary message, or how the WebSocket ended. Pings are answered on the way.
pub async fn next(socket: &mut WebSocket) -> Result<Message, Ended> {
    loop {
        match within("a WebSocket message", socket.next()).await {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => return Ok(message),
            Some(Ok(Message::Close(frame))) => {
                // Reads on until the gateway has the answer and ends the connection.
                let _ = within("the connection's end", socket.next()).await;
                return Err(frame.map_or(Ended::Lost, |frame| {
                    Ended::Closed(frame.code.into(), frame.reason.to_string())
                }));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(Ended::Lost),
        }
    }
}

/// Reads to the end: every byte of every message, and how it ended.
pub async fn drain(socket: &mut WebSocket) -> (Vec<u8>, Ended) {
    let mut bytes = Vec::new();
    loop {
        match next(socket).await {
            Ok(message) => bytes.extend_from_slice(&message.into_data()),
            Err(ended) => return (bytes, ended),
        }
    }
}
