//! A recipe as lines for a POSIX shell with `socat`, as far as they go.

use bytes::Bytes;
use chalkwire_shared::job::{Load, Script};
use chalkwire_shared::server::{Model, Protocol, ServerOptions};
use chalkwire_shared::target::{Kind, TargetUrl};

use super::literal::{bracketed, printf, quote, repeated, socat_path};
use super::recipe::{self, Client, Recipe, Step, seconds};
use super::template::{comment, fill};

/// How long our side is held open for a reply, in ms, beyond what the server takes: many servers
/// drop their reply when they see our FIN.
const HOLD_MS: u32 = 1_000;

/// A pause after which two writes to a pipe are two reads of `socat`, in ms.
const APART_MS: u32 = 100;

/// The client.
pub fn client(recipe: &Recipe) -> String {
    let mut head = recipe.client_head();
    let mut short = Vec::new();
    let text = match &recipe.client {
        Client::Steps(steps) => by_steps(recipe, steps, &mut short),
        Client::Load(load) => many(recipe, load, &mut short),
        Client::Calls { script, .. } => calls(recipe, *script, &mut short),
    };
    if text.contains("socat -v ") {
        head.push("socat -v tells on stderr what it read and sent, how much and when.".to_owned());
    }
    head.append(&mut short);
    comment("#", &head) + &text
}

/// The address for socat's client side.
fn peer(recipe: &Recipe) -> String {
    match &recipe.address {
        TargetUrl::Inet { kind, host, port } => {
            let scheme = if *kind == Kind::Udp { "UDP" } else { "TCP" };
            quote(&format!("{scheme}:{}:{port}", bracketed(host)))
        }
        TargetUrl::Path { kind, path } if kind.is_datagram() => {
            quote(&format!("UNIX-SENDTO:{}", socat_path(path))) + ",bind=/tmp/client.$$"
        }
        TargetUrl::Path { path, .. } => quote(&format!("UNIX-CONNECT:{}", socat_path(path))),
    }
}

/// `printf`, short for what repeats itself. A datagram has to be one write.
fn print(bytes: &[u8], datagram: bool) -> String {
    match repeated(bytes) {
        Some((part, times, tail)) if tail.is_empty() || !datagram => {
            let format = printf(part);
            // %.0s takes an argument and prints nothing of it.
            let many = format!("{}%.0s' $(seq {times})", format.trim_end_matches('\''));
            match tail {
                [] => many,
                tail => format!("{many}; {}", printf(tail)),
            }
        }
        _ => printf(bytes),
    }
}

fn hold_ms(recipe: &Recipe) -> u32 {
    let slow = recipe.server.as_ref().map_or(0, |it| {
        it.delay_ms + it.block_ms + it.late_ms + it.accept_after_ms
    });
    slow + HOLD_MS
}

/// How long our side is held open after these steps: where the line is not whole and we do not say that
/// it ends, for the server's time-out.
fn held_ms(recipe: &Recipe, steps: &[Step]) -> u32 {
    let waits = |it: &&ServerOptions| it.protocol != Protocol::Basic && !it.kind.is_datagram();
    let whole = steps.iter().any(|it| match it {
        Step::Send(bytes) => bytes.contains(&b'\n'),
        step => matches!(step, Step::ShutDown),
    });
    let more = match recipe.server.as_ref().filter(waits) {
        Some(server) if !whole => server.timeout_ms,
        _ => 0,
    };
    hold_ms(recipe) + more
}

fn by_steps(recipe: &Recipe, steps: &[Step], short: &mut Vec<String>) -> String {
    let datagram = recipe.kind().is_datagram();
    let mut peer = peer(recipe);
    let mut lines: Vec<String> = Vec::new();
    let mut sent = false;
    let sleep = |ms: u32| format!("sleep {}", seconds(ms));
    let is_send = |step: &Step| matches!(step, Step::Send(_) | Step::SendWithRetry { .. });
    let last_send = steps.iter().rposition(is_send);
    // Once is enough of one kind of reading, however often it is asked for.
    let mut held = false;
    for (at, step) in steps.iter().enumerate() {
        if is_send(step) && sent {
            lines.push(sleep(APART_MS) + "  # apart, or socat would read both at once");
        }
        sent = is_send(step);
        match step {
            Step::Send(what) if what.is_empty() && datagram => {
                if last_send == Some(at) && recipe.kind() == Kind::Udp {
                    short.push(
                        "A pipe carries no empty datagram; shut-null sends one at its end."
                            .to_owned(),
                    );
                    peer += ",shut-null";
                } else {
                    short.push(
                        "A pipe carries no empty datagram, so that one is left out: see the \
                         Python program."
                            .to_owned(),
                    );
                }
            }
            Step::Send(what) => {
                held = false;
                lines.push(print(what, datagram));
            }
            Step::SendWithRetry {
                messages,
                timeout_ms,
                ..
            } => {
                short.push(
                    "A pipe can't send again what was not answered: each message goes once here."
                        .to_owned(),
                );
                for (number, text) in (1..).zip(messages) {
                    let message = Bytes::from(format!("{number} {text}"));
                    lines.push(print(&message, datagram));
                    lines.push(sleep(*timeout_ms));
                }
            }
            Step::Wait(ms) => lines.push(sleep(*ms)),
            Step::Recv(_) | Step::RecvBytes(_) | Step::ReadToEnd => {
                // After a FIN of ours socat waits by itself.
                if !held {
                    lines.push(sleep(held_ms(recipe, steps)) + "  # the reply comes meanwhile");
                    held = true;
                }
            }
            // The end of the group is the end of the pipe, on which socat shuts down.
            Step::ShutDown | Step::Close => break,
        }
    }
    if lines.is_empty() {
        lines.push(sleep(hold_ms(recipe)));
    }
    let block: String = lines.iter().map(|it| format!("  {it}\n")).collect();
    let bound = if recipe.kind() == Kind::Unixgram {
        "; rm -f /tmp/client.$$"
    } else {
        ""
    };
    // Whoever closes reads no more. Where our side stays open in the run, all has been waited for.
    let shut_down = steps.iter().any(|it| matches!(it, Step::ShutDown));
    let closed = steps.iter().any(|it| matches!(it, Step::Close));
    let wait = match closed || (held && !shut_down && !datagram) {
        true => "0".to_owned(),
        false => seconds(hold_ms(recipe) + HOLD_MS),
    };
    format!("{{\n{block}}} | socat -v -b 65536 -t {wait} - {peer}{bound}\n")
}

const MANY: &str = "\
for i in $(seq @clients@); do
  (
    from=$(date +%s%N)
    @one@
    echo \" client $i: $((($(date +%s%N) - from) / 1000000)) ms\"
  ) &
  @stagger@
done
wait
";

fn many(recipe: &Recipe, load: &Load, short: &mut Vec<String>) -> String {
    let message = printf(&recipe::line(load));
    let datagram = recipe.kind().is_datagram();
    // Nothing ends a conversation of datagrams but that nobody says any more.
    let timeout = match datagram {
        true => seconds(hold_ms(recipe)),
        false => seconds(u32::from(load.reply_ms)),
    };
    let mut peer = peer(recipe);
    if load.nonblocking {
        short.push(
            "socat waits in connect, so what a non-blocking socket is told can't be seen here: \
             see the Python program."
                .to_owned(),
        );
    }
    if recipe.kind() == Kind::Tcp {
        peer += &format!(",connect-timeout={}", seconds(u32::from(load.connect_ms)));
    }
    // In a subshell $$ is the shell's own number, the same for all.
    let peer = peer.replace("/tmp/client.$$", "/tmp/client.$$.$i");
    let mut one = if load.messages > 1 && !load.one_shot {
        short.push("All messages go at once here: a pipe can't wait for each reply.".to_owned());
        format!(
            "for m in $(seq {}); do {message}; done | socat -t {timeout} - {peer}",
            load.messages
        )
    } else {
        format!("{message} | socat -t {timeout} - {peer}")
    };
    if load.messages > 1 && load.one_shot {
        one = format!("for m in $(seq {}); do\n  {one}\ndone", load.messages);
    }
    if load.idle_clients > 0 {
        let idle = load.idle_clients;
        one = format!(
            "if [ $i -le {idle} ]; then\n  sleep {timeout} | socat -t 0 - {peer}  # connects, and \
             sends nothing\nelse\n  {}\nfi",
            one.replace('\n', "\n  ")
        );
    }
    if recipe.kind() == Kind::Unixgram {
        one += "\nrm -f /tmp/client.$$.$i";
    }
    let stagger = match load.stagger_ms {
        0 => String::new(),
        ms => format!("sleep {}", seconds(u32::from(ms))),
    };
    fill(
        MANY,
        &[
            ("clients", &load.clients.to_string()),
            ("one", &one),
            ("stagger", &stagger),
        ],
    )
}

fn calls(recipe: &Recipe, script: Script, short: &mut Vec<String>) -> String {
    let mut peer = peer(recipe);
    let twice = match script {
        Script::Blocking => false,
        Script::NonBlocking => {
            short.push(
                "socat waits until there is something to read, so EWOULDBLOCK can't be seen here: \
                 see the Python program."
                    .to_owned(),
            );
            false
        }
        Script::UdpUnconnected => {
            peer = peer.replacen("UDP:", "UDP-SENDTO:", 1);
            true
        }
        Script::UdpConnected => true,
    };
    let hold = seconds(hold_ms(recipe));
    let hello = printf(b"hello\r\n");
    let lines = if twice {
        format!("  {hello}\n  sleep {hold}\n  {hello}\n  sleep {hold}\n")
    } else {
        format!("  {hello}\n  sleep {hold}\n")
    };
    format!("{{\n{lines}}} | socat -v -t {hold} - {peer}\n")
}

const SERVER: &str = "\
cat > reply.sh <<'END'
@late@
@reply@
END

socat -v -b @recv@ -T @timeout@ -t @wait@ @listen@ \\
  EXEC:'sh reply.sh'
";

/// The server; `None` where nothing is to listen.
pub fn server(recipe: &Recipe) -> Option<String> {
    let options = recipe.server.as_ref()?;
    let mut head = vec![
        format!("{}: the server.", recipe.title),
        "socat starts a process for each client. A shell can't carry a byte 0.".to_owned(),
    ];
    let datagram = recipe.kind().is_datagram();
    if options.accept_after_ms > 0 {
        head.push("It can't listen without accepting: see the Python program.".to_owned());
    }
    if !datagram
        && matches!(
            options.model,
            Model::Threaded | Model::Select | Model::Evented
        )
    {
        head.push("The run's model is another one: see the Python program.".to_owned());
    }
    let late = pause(options.late_ms);
    let listen = listen(&recipe.address, options);
    let text = fill(
        SERVER,
        &[
            ("late", &late),
            ("reply", &reply(options, datagram)),
            ("recv", &options.recv_bytes.to_string()),
            ("timeout", &seconds(options.timeout_ms)),
            ("wait", &seconds(hold_ms(recipe))),
            ("listen", &listen),
        ],
    );
    Some(comment("#", &head) + &text)
}

fn pause(ms: u32) -> String {
    match ms {
        0 => String::new(),
        ms => format!("sleep {}\n", seconds(ms)),
    }
}

/// What answers one client, or one datagram.
fn reply(options: &ServerOptions, datagram: bool) -> String {
    let work = pause(options.delay_ms + options.block_ms);
    let stamp = "printf '[%s]%s' \"$(date '+%a %b %e %T %Y')\"";
    let once = format!(
        "data=$(dd bs={} count=1 2>/dev/null; echo x)  # one read; the x keeps line ends\n\
         {work}{stamp} \"${{data%x}}\"\n",
        options.recv_bytes
    );
    if datagram {
        return once;
    }
    match options.protocol {
        Protocol::Basic => once,
        Protocol::Line => format!("IFS= read -r line\n{work}{stamp} \"$line\n\"\n"),
        Protocol::Session => {
            let work: String = work.lines().map(|it| format!("  {it}\n")).collect();
            format!(
                "while IFS= read -r line || [ \"$line\" ]; do\n{work}  {stamp} \"$line\n\"\ndone\n"
            )
        }
    }
}

/// The address for socat's server side.
fn listen(address: &TargetUrl, options: &ServerOptions) -> String {
    let mut more = ",fork".to_owned();
    if !address.kind().is_datagram() {
        more += &format!(",backlog={}", options.backlog);
        if options.model == Model::Iterative {
            more += ",max-children=1";
        }
    }
    match address {
        TargetUrl::Inet { kind, host, port } => {
            let version = if host.contains(':') { '6' } else { '4' };
            let host = quote(&bracketed(host));
            if *kind == Kind::Udp {
                format!("UDP{version}-RECVFROM:{port},bind={host}{more}")
            } else {
                format!("TCP{version}-LISTEN:{port},bind={host},reuseaddr{more}")
            }
        }
        TargetUrl::Path { kind, path } => {
            let kind = if kind.is_datagram() {
                "UNIX-RECVFROM"
            } else {
                "UNIX-LISTEN"
            };
            quote(&format!("{kind}:{}", socat_path(path))) + ",unlink-early" + &more
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recipe::recipes_of;
    use super::*;
    use crate::experiment::Settings;

    fn of(fragment: &str) -> String {
        let (experiment, settings) = Settings::from_fragment(fragment).unwrap();
        client(&recipes_of(experiment, &settings)[0])
    }

    #[test]
    fn whoever_closes_or_lets_the_server_wait_does_not_read_on() {
        let closes = of("/experiments/half-close?end=close");
        assert!(closes.contains("-t 0 -"), "{closes}");
        let shuts_down = of("/experiments/half-close");
        assert!(shuts_down.contains("-t 2.4 -"), "{shuts_down}");
        let unfinished = of("/experiments/hello?end=none");
        assert!(unfinished.contains("sleep 6 "), "{unfinished}");
        assert!(unfinished.contains("-t 0 -"), "{unfinished}");
        let whole = of("/experiments/hello");
        assert!(whole.contains("sleep 1 "), "{whole}");
    }
}
