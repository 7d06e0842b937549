//! More load than the gateway can carry: the rest is turned away, at once and with a reason.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chalkwire_tests::arrivals::{Came, Clients, Door, answer, within_ms};
use chalkwire_tests::deadline::{DEADLINE, eventually, within};
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::target::Target;
use chalkwire_tests::websocket;
use futures_util::SinkExt;
use futures_util::future::join_all;
use rustix::process::Signal;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

const MIB: u64 = 1 << 20;

/// A gateway that may not be late, with target `t`, which answers a line, and `echo`. They end with
/// what comes with it.
async fn gateway() -> (Gateway, (JoinSet<()>, Target)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let mut target = JoinSet::new();
    target.spawn(answer(listener));
    let echo = Target::echo().await;
    let setup = Setup::default().target("t", &url).target("echo", &echo.url);
    (setup.start().await, (target, echo))
}

/// Exchanges on a socket that was there before, one after the other, until it is `over`: how long
/// each took in µs, in order of length.
async fn established(address: SocketAddr, over: &Cell<bool>) -> Vec<u32> {
    let connected = websocket::connect(address, "/raw/echo", None).await;
    let mut socket = connected.unwrap().0;
    let mut times = Vec::new();
    while !over.get() {
        let sent = Instant::now();
        socket
            .send(Message::binary(&b"still here"[..]))
            .await
            .unwrap();
        let reply = websocket::next(&mut socket).await.unwrap();
        assert_eq!(reply, Message::binary(&b"still here"[..]));
        times.push(u32::try_from(sent.elapsed().as_micros()).unwrap());
        sleep(Duration::from_millis(10)).await;
    }
    times.sort_unstable();
    times
}

/// Lets the program run for a fifth of the time only, so that it is late whatever the machine does:
/// stopped for 120 ms, again and again. `SIGCONT` comes last, also where this is dropped.
struct Held<'a>(&'a Gateway);

impl Held<'_> {
    async fn for_ever(&self) {
        loop {
            self.0.program.signal(Signal::STOP);
            sleep(Duration::from_millis(120)).await;
            self.0.program.signal(Signal::CONT);
            sleep(Duration::from_millis(30)).await;
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.program.signal(Signal::CONT);
    }
}

/// More than a gateway carries that is late. What the release program makes of twice its load is the
/// bench's to say, which has the machine for itself.
async fn too_much(door: Door, says: &[&str]) {
    let (gateway, _targets) = gateway().await;
    let address = gateway.address();
    let clients = Clients::at(address, door).await;
    let before = gateway.program.memory_bytes();
    let held = Held(&gateway);
    let over = Cell::new(false);
    let load = async {
        // The first 600 who find it late are let in all the same.
        let came = clients.open(400.0, DEADLINE, 100).await;
        over.set(true);
        came
    };
    let (came, stayed) = tokio::select! {
        both = async { tokio::join!(load, established(address, &over)) } => both,
        () = held.for_ever() => unreachable!("it goes on for ever"),
    };
    drop(held);
    let over = Instant::now();
    let grown = gateway.program.memory_bytes().saturating_sub(before);
    let [served, refused, stayed] = [&came.served_us, &came.refused_us, &stayed];
    eprintln!(
        "{}: {} served, p50 {:.0} p99 {:.0} ms; {} refused, p50 {:.0} p99 {:.0} ms; {} failed; before \
         them p50 {:.0} p99 {:.0} ms; memory +{} KiB",
        door.name(),
        served.len(),
        within_ms(served, 0.5),
        within_ms(served, 0.99),
        refused.len(),
        within_ms(refused, 0.5),
        within_ms(refused, 0.99),
        came.failed,
        within_ms(stayed, 0.5),
        within_ms(stayed, 0.99),
        grown / 1024,
    );
    assert!(served.len() >= 600, "{} were served", served.len());
    assert!(!refused.is_empty(), "nobody was turned away");
    assert_eq!(came.failure, None, "{} came to nothing", came.failed);
    assert_eq!(came.kept_out, 0, "the load was full");
    assert!(grown < 64 * MIB, "memory grew by {grown} bytes");
    let told = came.told.unwrap_or_default();
    for said in says {
        assert!(told.contains(said), "{said:?} is missing from {told}");
    }
    let again = Clients::at(address, door).await;
    eventually("an exchange as usual", async || {
        again.one().await.0 == Came::Served
    })
    .await;
    let normal = over.elapsed();
    assert!(normal < Duration::from_secs(10), "only after {normal:?}");

    let counted = gateway.metric("refusals_total{reason=\"overload\"}").await;
    assert!(counted >= refused.len() as u64, "{counted} are counted");
    let log = gateway.program.log();
    let lines = log.lines().filter(|it| it.contains("overload:")).count();
    assert!((1..=8).contains(&lines), "{lines} lines in the log");
}

#[tokio::test]
async fn raw_websockets_of_too_many_get_503() {
    let says = [
        "503 ",
        "\r\nretry-after: 5\r\n",
        "more to do than it can do in time",
    ];
    too_much(Door::Raw, &says).await;
}

#[tokio::test]
async fn exchanges_of_too_many_get_503() {
    let says = [
        "503 ",
        "\r\nretry-after: 5\r\n",
        "\r\nlimit: The gateway has more to do",
    ];
    too_much(Door::Exchange, &says).await;
}

#[tokio::test]
async fn sockets_on_links_of_too_many_are_closed_with_a_sentence() {
    too_much(
        Door::Open,
        &["The gateway has more to do than it can do in time"],
    )
    .await;
}

#[tokio::test]
async fn a_class_that_sends_at_one_moment_is_let_in() {
    for door in Door::ALL {
        let (gateway, _targets) = gateway().await;
        let clients = Clients::at(gateway.address(), door).await;
        let held = Held(&gateway);
        let class = within("500 exchanges", join_all((0..500).map(|_| clients.one())));
        // However slow the machine.
        let came = tokio::select! {
            came = class => came,
            () = held.for_ever() => unreachable!("it goes on for ever"),
        };
        drop(held);
        let served = came.iter().filter(|(came, _)| *came == Came::Served);
        assert_eq!(served.count(), 500, "{}", door.name());
    }
}
