//! The texts of the clients, with gaps for what a run decides.

pub(super) const STEPS: &str = "\
@head@
@imports@

const ADDRESS: &str = @address@;

fn main() {
    if let Err(error) = run() {
        println!(\"{error}\");
    }
}

fn run() -> std::io::Result<()> {
    let start = Instant::now();
    let say = |text: &str| println!(\"{:8.1} ms  {text}\", start.elapsed().as_secs_f64() * 1e3);
    @connect@
    @patience@
    say(\"connected\");
    @buffer@
    @steps@
    @unnamed@
    Ok(())
}
";

pub(super) const ASK: &str = "\
socket.set_read_timeout(Some(@wait@))?;
for (number, text) in (1..).zip(@texts@) {
    let message = format!(\"{number} {text}\");
    'tries: for attempt in 1..=@tries@ {
        socket.send(message.as_bytes())?;
        say(&format!(\"sent {message}, try {attempt}\"));
        // A reply that comes late, or twice, has another number.
        while let Ok(n) = socket.recv(&mut buffer) {
            say(&format!(\"recv {}\", buffer[..n].escape_ascii()));
            if buffer[..n].ends_with(format!(\"]{message}\").as_bytes()) {
                break 'tries;
            }
        }
        say(\"no reply in time\");
    }
}
@patience@
";

pub(super) const MANY: &str = "\
@head@
@imports@

const ADDRESS: &str = @address@;
const CLIENTS: u32 = @clients@;
const LINE: &[u8] = @line@;

fn main() {
    let start = Instant::now();
    let mut clients = Vec::new();
    for number in 1..=CLIENTS {
        clients.push(thread::spawn(move || {
            let mut told = format!(\"client {number:2}: start {}\", ms(start));
            if let Err(error) = client(number, start, &mut told) {
                told += &format!(\", {error} {}\", ms(start));
            }
            println!(\"{told} ms\");
        }));
        @stagger@
    }
    for client in clients {
        client.join().expect(\"no client panics\");
    }
}

fn ms(start: Instant) -> String {
    format!(\"{:.1}\", start.elapsed().as_secs_f64() * 1e3)
}

fn client(@number@: u32, start: Instant, told: &mut String) -> std::io::Result<()> {
    @body@
    Ok(())
}
";

pub(super) const MANY_STREAM: &str = "\
@connect@
*told += &format!(\", connected {}\", ms(start));
socket.set_read_timeout(Some(@reply@))?;
@idle@
// A stream has no messages: read up to the line's end.
let mut replies = BufReader::new(socket.try_clone()?);
@messages@
";

pub(super) const MANY_DATAGRAM: &str = "\
@connect@
socket.set_read_timeout(Some(@reply@))?;
let mut buffer = [0; 65535];
@messages@
@unnamed@
";

pub(super) const ONE_STREAM: &str = "\
socket.write_all(LINE)?;
if replies.read_until(b'\\n', &mut Vec::new())? == 0 {
    *told += \", closed without a reply\";
}
*told += &format!(\", reply {}\", ms(start));
";

pub(super) const ONE_DATAGRAM: &str = "\
socket.send(LINE)?;
socket.recv(&mut buffer)?;
*told += &format!(\", reply {}\", ms(start));
";

pub(super) const CALLS: &str = "\
@head@
@imports@

const ADDRESS: &str = @address@;

/// Makes a call, and says what it returned and how long that took.
fn call<T: std::fmt::Debug>(text: &str, make: impl FnOnce() -> std::io::Result<T>) -> Option<T> {
    let before = Instant::now();
    let result = make();
    let ms = before.elapsed().as_secs_f64() * 1e3;
    match &result {
        Ok(value) => println!(\"{ms:8.1} ms  {text}: {value:?}\"),
        Err(error) => println!(\"{ms:8.1} ms  {text}: {error}\"),
    }
    result.ok()
}

fn main() -> std::io::Result<()> {
    let mut buffer = [0; 1024];
    @calls@
    Ok(())
}
";
