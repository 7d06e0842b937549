//! Faults, done to real sockets: what each does to a stream, and what both sides see of it.

mod datagrams;
mod held;
mod ways_in;

use std::time::{Duration, Instant};

use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::link::Link;
use chalkwire_tests::target::{Target, assert_numbered, closed_port, numbered};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

/// What a target's read came to, and when.
type Heard = (Result<Vec<u8>, std::io::ErrorKind>, Instant);

/// A target that tells each of its reads and replies to nothing, with a gateway and a link.
struct Ear {
    heard: mpsc::Receiver<Heard>,
    link: Link,
    /// Kept alive.
    _gateway: Gateway,
    _target: Target,
}

impl Ear {
    async fn new() -> Self {
        let (tell, heard) = mpsc::channel(1_000);
        let target = Target::tcp(move |mut stream| {
            let tell = tell.clone();
            async move {
                let mut buffer = [0; 65_536];
                loop {
                    let read = stream.read(&mut buffer).await;
                    let end = !matches!(read, Ok(1..));
                    let read = read.map(|n| buffer[..n].to_vec()).map_err(|e| e.kind());
                    let told = tell.send((read, Instant::now())).await;
                    if end || told.is_err() {
                        return;
                    }
                }
            }
        })
        .await;
        let gateway = Gateway::with_target("t", &target.url).await;
        Ear {
            heard,
            link: Link::connect(gateway.address()).await,
            _gateway: gateway,
            _target: target,
        }
    }

    async fn next(&mut self) -> Heard {
        let heard = within("the target to hear something", self.heard.recv()).await;
        heard.expect("the target runs")
    }

    /// What the target hears until its connection ends, and how it ends.
    async fn rest(&mut self) -> (Vec<u8>, Result<(), std::io::ErrorKind>) {
        let mut all = Vec::new();
        loop {
            match self.next().await.0 {
                Ok(bytes) if bytes.is_empty() => return (all, Ok(())),
                Ok(bytes) => all.extend(bytes),
                Err(error) => return (all, Err(error)),
            }
        }
    }
}

#[tokio::test]
async fn latency_holds_each_way_back_and_says_for_how_long() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let faults = [
        "latency,direction=to_target,ms=120",
        "latency,direction=from_target,ms=80",
    ];
    let socket = link.opened_faulted("t", &faults, 0).await;
    let start = Instant::now();
    link.send(socket, b"there and back").await;
    assert_eq!(link.expect_bytes(socket, 14).await, b"there and back");
    assert!(start.elapsed() >= Duration::from_millis(200));
    for (way, held_us) in [
        (Direction::ToTarget, 120_000),
        (Direction::FromTarget, 80_000),
    ] {
        let passed = FaultDid::Passed { bytes: 14, held_us };
        assert_eq!(link.did(socket).await, (way, passed));
    }
    // The end is late as well, and everything comes before it.
    link.send(socket, b"last").await;
    link.shutdown(socket).await;
    let rest = link.rest(socket).await;
    assert_eq!(
        (&rest.bytes[..], rest.eof, rest.reason),
        (&b"last"[..], true, Reason::Finished)
    );
}

#[tokio::test]
async fn a_line_is_cut_into_slices_that_the_target_reads_one_by_one() {
    let mut ear = Ear::new().await;
    let socket = ear
        .link
        .opened_faulted("t", &["slice,bytes=4,gap_ms=60"], 0)
        .await;
    ear.link.send(socket, b"0123456789").await;
    for part in [&b"0123"[..], b"4567", b"89"] {
        assert_eq!(ear.next().await.0.unwrap(), part);
    }
    let cut = (Direction::ToTarget, FaultDid::Cut { bytes: 4 });
    let passed = |bytes, held_us| (Direction::ToTarget, FaultDid::Passed { bytes, held_us });
    let told = [
        cut.clone(),
        passed(4, 0),
        cut,
        passed(4, 60_000),
        passed(2, 120_000),
    ];
    for expected in told {
        assert_eq!(ear.link.did(socket).await, expected);
    }
}

#[tokio::test]
async fn a_narrow_line_takes_the_time_that_its_bytes_take() {
    let mut ear = Ear::new().await;
    let faults = ["bandwidth,bytes_per_s=40000"];
    let socket = ear.link.opened_faulted("t", &faults, 0).await;
    let start = Instant::now();
    let sent = numbered(0, 1_500);
    ear.link.send(socket, &sent).await;
    ear.link.shutdown(socket).await;
    let (all, end) = ear.rest().await;
    assert!(
        start.elapsed() >= Duration::from_millis(300),
        "12,000 B at 40,000 B/s"
    );
    assert_eq!((all, end), (sent, Ok(())));
}

#[tokio::test]
async fn at_the_limit_both_sides_get_a_fin_and_not_a_byte_more() {
    let mut ear = Ear::new().await;
    let faults = ["limit,direction=to_target,bytes=5"];
    let socket = ear.link.opened_faulted("t", &faults, 0).await;
    ear.link.send(socket, b"123").await;
    ear.link.send(socket, b"4567").await;
    let (reason, detail) = ear.link.expect_closed(socket).await;
    assert_eq!(reason, Reason::Finished);
    assert!(
        detail.contains("on purpose") && detail.contains("5 bytes"),
        "{detail}"
    );
    assert_eq!(ear.rest().await, (b"12345".to_vec(), Ok(())));
    let passed = |bytes| FaultDid::Passed { bytes, held_us: 0 };
    assert_eq!(
        ear.link.all_did(socket),
        [passed(3), passed(2), FaultDid::Limited].map(|did| (Direction::ToTarget, did))
    );

    // From the target: its bytes are counted, and what it goes on sending is nobody's.
    let flood = Target::flood().await;
    let gateway = Gateway::with_target("t", &flood.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let faults = ["limit,direction=from_target,bytes=100000"];
    let socket = link.opened_faulted("t", &faults, 0).await;
    let rest = link.rest(socket).await;
    assert_eq!((rest.bytes.len(), rest.reason), (100_000, Reason::Finished));
    assert_numbered(&rest.bytes);
}

#[tokio::test]
async fn a_slow_close_is_the_end_alone_that_comes_late() {
    let mut ear = Ear::new().await;
    let socket = ear
        .link
        .opened_faulted("t", &["slow_close,ms=250"], 0)
        .await;
    let start = Instant::now();
    ear.link.send(socket, b"all").await;
    ear.link.shutdown(socket).await;
    assert_eq!(ear.next().await.0.unwrap(), b"all");
    let (end, at) = ear.next().await;
    assert_eq!(end.unwrap(), b"");
    assert!(at - start >= Duration::from_millis(250));
    let late = FaultDid::ClosedLate { held_us: 250_000 };
    assert_eq!(ear.link.did(socket).await, (Direction::ToTarget, late));
}

#[tokio::test]
async fn a_reset_is_a_real_one_for_the_target_and_said_to_be_made_for_the_client() {
    for way in ["to_target", "both"] {
        let mut ear = Ear::new().await;
        let fault = format!("reset,direction={way},after_bytes=4");
        let socket = ear.link.opened_faulted("t", &[&fault], 0).await;
        ear.link.send(socket, b"123456").await;
        let (reason, detail) = ear.link.expect_closed(socket).await;
        assert_eq!(reason, Reason::Reset);
        assert!(detail.contains("on purpose: Chalkwire did it"), "{detail}");
        let (all, end) = ear.rest().await;
        assert_eq!(end, Err(std::io::ErrorKind::ConnectionReset));
        assert_eq!(all, b"1234");
        assert_eq!(
            ear.link.all_did(socket),
            [(Direction::ToTarget, FaultDid::Reset)]
        );
    }
    // Counted on the way back, it breaks off both ways too.
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let mut link = Link::connect(gateway.address()).await;
    let faults = ["reset,direction=from_target,after_bytes=2"];
    let socket = link.opened_faulted("t", &faults, 0).await;
    link.send(socket, b"abc").await;
    let rest = link.rest(socket).await;
    assert_eq!(
        (&rest.bytes[..], rest.eof, rest.reason),
        (&b"ab"[..], false, Reason::Reset)
    );
}

#[tokio::test]
async fn a_black_hole_says_nothing_to_anybody() {
    let mut ear = Ear::new().await;
    let faults = ["black_hole,direction=to_target,after_bytes=3"];
    let socket = ear.link.opened_faulted("t", &faults, 0).await;
    ear.link.send(socket, b"12345").await;
    ear.link.send(socket, b"67").await;
    ear.link.shutdown(socket).await;
    assert_eq!(ear.next().await.0.unwrap(), b"123");
    for bytes in [2, 2] {
        let fell_in = (Direction::ToTarget, FaultDid::Dropped { bytes });
        assert_eq!(ear.link.did(socket).await, fell_in);
    }
    // The hole is taken away: what fell in is gone, and the end that fell in comes out.
    ear.link.set_faults(socket, &[], 0).await;
    assert_eq!(ear.rest().await, (Vec::new(), Ok(())));
}

#[tokio::test]
async fn a_refusal_does_not_ask_the_target() {
    let mut ear = Ear::new().await;
    let socket = ear.link.open_faulted("t", &["refuse"], 0).await;
    let (reason, detail) = ear.link.expect_closed(socket).await;
    assert_eq!(reason, Reason::Refused);
    assert!(detail.contains("on purpose: Chalkwire did it"), "{detail}");
    assert_eq!(
        ear.link.all_did(socket),
        [(Direction::ToTarget, FaultDid::Refused)]
    );
    // The next one is the first that the target hears of.
    let socket = ear.link.opened("t").await;
    ear.link.send(socket, b"first").await;
    assert_eq!(ear.next().await.0.unwrap(), b"first");
}

#[tokio::test]
async fn a_real_failure_comes_through_with_its_own_reason_after_what_came_before_it() {
    let resets = Target::tcp(|mut stream| async move {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        stream.write_all(b"so far").await.unwrap();
        // Written, and read by the hop, before it breaks off.
        let mut more = [0];
        stream.read_exact(&mut more).await.unwrap();
        socket2::SockRef::from(&stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    })
    .await;
    let setup = Setup::default()
        .target("resets", &resets.url)
        .target("refuses", &format!("tcp://{}", closed_port()))
        .target("nobody", &format!("udp://{}", closed_port()));
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let late = ["latency,direction=from_target,ms=60"];
    let socket = link.opened_faulted("resets", &late, 0).await;
    link.send(socket, b"x").await;
    assert_eq!(link.expect_bytes(socket, 6).await, b"so far");
    link.send(socket, b"y").await;
    let (reason, detail) = link.expect_closed(socket).await;
    assert_eq!(
        (reason, &detail[..]),
        (Reason::Reset, Reason::Reset.sentence())
    );

    let socket = link.open_faulted("refuses", &late, 0).await;
    let (reason, detail) = link.expect_closed(socket).await;
    assert_eq!(
        (reason, &detail[..]),
        (Reason::Refused, Reason::Refused.sentence())
    );
    let socket = link.opened_faulted("nobody", &late, 0).await;
    link.send(socket, b"anybody?").await;
    assert_eq!(link.expect_closed(socket).await.0, Reason::Refused);
}
