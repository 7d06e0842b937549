//! The server behind the gateway: a plain TCP echo in a process of its own.

use std::io::Write;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Echoes until its standard input ends, so that it ends with the bench.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpSocket::new_v4()?;
        listener.bind("127.0.0.1:0".parse()?)?;
        let listener: TcpListener = listener.listen(1024)?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", listener.local_addr()?)?;
        out.flush()?;
        let parent = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
        let accept = async {
            loop {
                let (stream, _) = listener.accept().await?;
                tokio::spawn(echo(stream));
            }
            #[allow(unreachable_code)]
            std::io::Result::Ok(())
        };
        tokio::select! {
            _ = parent => Ok(()),
            failed = accept => Ok(failed?),
        }
    })
}

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 65_536];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..n]).await?;
    }
}
