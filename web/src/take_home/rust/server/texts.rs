//! The texts of the servers, with gaps for what a run decides.

pub(super) const STAMP: &str = "\
/// `[ctime]` and the data. std has no calendar; the program `date` has.
fn stamped(data: &[u8]) -> std::io::Result<Vec<u8>> {
    let now = Command::new(\"date\").arg(\"+%a %b %e %T %Y\").output()?.stdout;
    Ok([b\"[\", now.trim_ascii_end(), b\"]\", data].concat())
}
";

pub(super) const BLOCKING: &str = "\
@head@
@imports@

const ADDRESS: &str = @address@;

fn main() -> std::io::Result<()> {
    @worker@
    @unlinked@
    let server = @listener@::bind(ADDRESS)?;
    println!(\"listening on {}\", @shown@);
    @accept_after@
    @children@
    for number in 1.. {
        let (client, _) = server.accept()?;
        let name = format!(\"client {number}\");
        println!(\"{name}: accepted\");
        @serve@
    }
    Ok(())
}

fn serve(mut client: @stream@, name: &str) {
    match converse(&mut client, name) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            println!(\"{name}: Time Out\");
        }
        Err(error) => println!(\"{name}: {error}\"),
        Ok(()) => {}
    }
    leave(client, name);
}

/// @request@
fn converse(client: &mut @stream@, name: &str) -> std::io::Result<()> {
    client.set_read_timeout(Some(@timeout@))?;
    @late@
    let mut buffer = [0; @recv@];
    @converse@
}

fn recv(client: &mut @stream@, buffer: &mut [u8], name: &str) -> std::io::Result<usize> {
    let n = client.read(buffer)?;
    println!(\"{name}: recv {n} bytes\");
    Ok(n)
}

fn answer(client: &mut @stream@, name: &str, data: &[u8]) -> std::io::Result<()> {
    @work@
    let reply = stamped(data)?;
    client.write_all(&reply)?;
    println!(\"{name}: sent {} bytes\", reply.len());
    Ok(())
}

@stamp@

/// Closes. With bytes unread that would send RST, and the reply might be lost with it.
fn leave(mut client: @stream@, name: &str) {
    let _ = client.shutdown(Shutdown::Write);
    let _ = client.set_nonblocking(true);
    while matches!(client.read(&mut [0; 4096]), Ok(1..)) {}
    println!(\"{name}: closed\");
}
";

pub(super) const POLLED: &str = "\
@head@
@imports@

const ADDRESS: &str = @address@;
const LATE: Duration = Duration::from_millis(@late_ms@);
const DELAY: Duration = Duration::from_millis(@delay_ms@);
const TIMEOUT: Duration = @timeout@;

fn main() -> io::Result<()> {
    @unlinked@
    let server = @listener@::bind(ADDRESS)?;
    println!(\"listening on {}\", @shown@);
    @accept_after@
    server.set_nonblocking(true)?;
    let mut clients = Vec::new();
    let mut number = 0;
    loop {
        while let Ok((socket, _)) = server.accept() {
            number += 1;
            println!(\"client {number}: accepted\");
            clients.push(Client::new(socket, number)?);
        }
        clients.retain_mut(|client| {
            let stays = client.turn().unwrap_or_else(|error| {
                println!(\"client {}: {error}\", client.number);
                false
            });
            if !stays {
                client.leave();
            }
            stays
        });
        thread::sleep(Duration::from_millis(1));
    }
}

struct Client {
    socket: @stream@,
    number: u32,
    data: Vec<u8>,
    /// A request, and when it is answered.
    waiting: Option<(Instant, Vec<u8>)>,
    /// Nothing is read before this.
    from: Instant,
    until: Instant,
    ended: bool,
    last: bool,
}

impl Client {
    fn new(socket: @stream@, number: u32) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let from = Instant::now() + LATE;
        Ok(Client {
            socket,
            number,
            data: Vec::new(),
            waiting: None,
            from,
            until: from + TIMEOUT,
            ended: false,
            last: false,
        })
    }

    /// Does what can be done without waiting; false when nothing is left to be done.
    fn turn(&mut self) -> io::Result<bool> {
        loop {
            if let Some((due, request)) = &self.waiting {
                if Instant::now() < *due {
                    return Ok(true);
                }
                @block@
                let reply = stamped(request)?;
                self.socket.write_all(&reply)?;
                println!(\"client {}: sent {} bytes\", self.number, reply.len());
                self.waiting = None;
                self.until = Instant::now() + TIMEOUT;
            }
            if self.last {
                return Ok(false);
            }
            if let Some(request) = self.next() {
                self.waiting = Some((Instant::now() + DELAY, request));
                continue;
            }
            if self.ended {
                return Ok(false);
            }
            if Instant::now() < self.from {
                return Ok(true);
            }
            let mut buffer = [0; @recv@];
            match self.socket.read(&mut buffer) {
                Ok(n) => {
                    println!(\"client {}: recv {n} bytes\", self.number);
                    self.data.extend_from_slice(&buffer[..n]);
                    self.ended = n == 0;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let in_time = Instant::now() < self.until;
                    if !in_time {
                        println!(\"client {}: Time Out\", self.number);
                    }
                    return Ok(in_time);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// @request@
    fn next(&mut self) -> Option<Vec<u8>> {
        @next@
    }

    /// With bytes unread the close would send RST, and the reply might be lost with it.
    fn leave(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Write);
        while matches!(self.socket.read(&mut [0; 4096]), Ok(1..)) {}
        println!(\"client {}: closed\", self.number);
    }
}

@stamp@
";

pub(super) const DATAGRAM: &str = "\
@head@
@import@
use std::process::Command;
@threads@

const ADDRESS: &str = @address@;

fn main() -> std::io::Result<()> {
    @unlinked@
    let socket = @socket@::bind(ADDRESS)?;
    println!(\"listening on {:?}\", socket.local_addr()?);
    let mut buffer = [0; @recv@];
    loop {
        // What does not fit is gone, and std does not tell.
        let (n, sender) = socket.recv_from(&mut buffer)?;
        println!(\"recv {n} bytes: one datagram\");
        // Two such servers must not answer each other for ever.
        if buffer[..n].starts_with(b\"[\") {
            continue;
        }
        @work@
        let reply = stamped(&buffer[..n])?;
        @reply@
        println!(\"answered {} bytes\", reply.len());
    }
}

@stamp@
";
