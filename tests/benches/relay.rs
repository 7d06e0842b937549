//! A plain TCP relay, with no WebSocket at all: what a bridge can honestly be expected to reach.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

use crate::echo::accepting;

/// Relays to `target`, on one thread, until its standard input ends.
pub(crate) fn serve(target: &str) -> anyhow::Result<()> {
    let target: SocketAddr = target.parse()?;
    accepting(move |client| relay(client, target))
}

async fn relay(mut client: TcpStream, target: SocketAddr) -> std::io::Result<()> {
    let mut server = TcpStream::connect(target).await?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
