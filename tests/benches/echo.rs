//! The servers behind the bridges, each in a process of its own: echoes, and one that floods.

use std::io::Write;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};

use crate::machine::until_the_end;

/// What a server does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Sends back what it reads.
    Echo,
    /// Sends as fast as it can, and reads nothing.
    Flood,
    /// Sends back each datagram.
    EchoDatagrams,
}

impl Habit {
    const ALL: [Habit; 3] = [Habit::Echo, Habit::Flood, Habit::EchoDatagrams];

    /// What the program is started with.
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Habit::Echo => "--echo-server",
            Habit::Flood => "--flood-server",
            Habit::EchoDatagrams => "--udp-echo-server",
        }
    }

    pub(crate) fn asked_for(argument: &str) -> Option<Self> {
        Habit::ALL.into_iter().find(|it| it.argument() == argument)
    }
}

/// Serves until its standard input ends, so that it ends with the bench.
pub(crate) fn serve(habit: Habit) -> anyhow::Result<()> {
    match habit {
        Habit::Echo => accepting(echo),
        Habit::Flood => accepting(flood),
        Habit::EchoDatagrams => datagrams(),
    }
}

/// Listens, says where, and gives each connection a task on the one thread.
pub(crate) fn accepting<F>(serve: impl Fn(TcpStream) -> F) -> anyhow::Result<()>
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    until_the_end(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind("127.0.0.1:0".parse()?)?;
        let listener: TcpListener = socket.listen(4096)?;
        say(&listener.local_addr()?.to_string())?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(serve(stream));
        }
    })
}

fn datagrams() -> anyhow::Result<()> {
    until_the_end(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        say(&socket.local_addr()?.to_string())?;
        let mut buffer = vec![0; 65_536];
        loop {
            let (n, from) = socket.recv_from(&mut buffer).await?;
            socket.send_to(&buffer[..n], from).await?;
        }
    })
}

fn say(address: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{address}")?;
    out.flush()
}

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 65_536];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..n]).await?;
    }
}

async fn flood(mut stream: TcpStream) -> std::io::Result<()> {
    let buffer = vec![b'~'; 65_536];
    loop {
        stream.write_all(&buffer).await?;
    }
}
