use super::*;
use bytes::Bytes;

fn received(log: &mut Log, text: &'static str) -> u32 {
    let what = What::Received {
        bytes: Bytes::from_static(text.as_bytes()),
        datagram: false,
        truncated: false,
        clock_us: 1,
    };
    log.push(1.0, Some((SocketId(1), "line", Kind::Tcp)), what)
}

fn shown(log: &Log) -> Vec<u32> {
    (0..log.len()).map(|it| log.shown(it).unwrap().no).collect()
}

#[test]
fn what_a_server_saw_late_does_not_bring_a_cleared_list_back() {
    let mut log = Log::default();
    received(&mut log, "x");
    log.clear();
    let did = chalkwire_shared::server::ServerDid::Closed;
    let what = What::Server { did, clock_us: 9 };
    log.push(2.0, Some((SocketId(1), "line", Kind::Tcp)), what);
    assert!(log.is_empty());
    log.toggle_class(Class::Server);
    assert!(!log.is_empty());
    received(&mut log, "y");
    assert!(!log.is_empty());
}

#[test]
fn of_the_faults_only_what_they_changed_is_in_the_list_unasked() {
    use chalkwire_shared::fault::{Direction, FaultDid};
    let mut log = Log::default();
    for held_us in [0, 20_000] {
        let what = What::Fault {
            direction: Direction::ToTarget,
            did: FaultDid::Passed { bytes: 1, held_us },
            clock_us: 9,
        };
        log.push(1.0, Some((SocketId(1), "udp", Kind::Udp)), what);
    }
    assert_eq!(shown(&log), [2]);
}

#[test]
fn the_oldest_go_when_the_log_is_full() {
    let mut log = Log::default();
    for _ in 0..MAX_ENTRIES + 5 {
        received(&mut log, "x");
    }
    assert!(log.is_cut());
    assert_eq!((log.len(), log.shown_gone()), (MAX_ENTRIES, 5));
    assert_eq!(log.shown(0).unwrap().no, 6);
    assert_eq!(log.get(5), None);
    let big = Bytes::from(vec![0; MAX_BYTES]);
    let what = What::Sent {
        bytes: big,
        wrote_us: None,
        unknown: false,
    };
    log.push(1.0, None, what);
    assert_eq!(log.len(), 1);
}

#[test]
fn a_clear_can_be_undone_and_numbers_go_on() {
    let mut log = Log::default();
    received(&mut log, "a");
    log.clear();
    assert!(log.is_empty() && log.can_undo());
    assert_eq!(received(&mut log, "b"), 2);
    assert_eq!(shown(&log), [2]);
    log.undo_clear();
    assert_eq!(shown(&log), [1, 2]);
    assert!(!log.can_undo());
}

#[test]
fn a_paused_list_stands_still_and_counts_what_comes() {
    let mut log = Log::default();
    received(&mut log, "a");
    log.toggle_pause();
    received(&mut log, "b");
    assert_eq!((shown(&log), log.waiting()), (vec![1], 1));
    log.toggle_pause();
    assert_eq!((shown(&log), log.waiting()), (vec![1, 2], 0));
}

#[test]
fn a_paused_list_whose_rows_had_to_go_says_so() {
    let mut log = Log::default();
    received(&mut log, "a");
    log.toggle_pause();
    for _ in 0..MAX_ENTRIES {
        assert!(!log.has_lost_pause());
        received(&mut log, "x");
    }
    assert_eq!((log.has_lost_pause(), log.len()), (true, 0));
    log.toggle_pause();
    assert!(!log.has_lost_pause());
}

#[test]
fn what_is_new_is_what_came_whatever_the_filter() {
    let mut log = Log::default();
    received(&mut log, "a");
    received(&mut log, "b");
    log.set_text("a".to_owned());
    let left = log.last_no();
    log.show_all();
    assert_eq!(log.since(left), 0);
    received(&mut log, "c");
    assert_eq!(log.since(left), 1);
}

#[test]
fn the_filter_looks_at_text_and_class() {
    let mut log = Log::default();
    received(&mut log, "Hello");
    received(&mut log, "world");
    log.push(1.0, None, What::Notice("hello too".to_owned()));
    log.set_text("hello".to_owned());
    assert_eq!(shown(&log), [1, 3]);
    log.toggle_class(Class::Control);
    assert_eq!(shown(&log), [1]);
    received(&mut log, "oh hello");
    assert_eq!(shown(&log), [1, 4]);
    log.show_all();
    assert_eq!(shown(&log), [1, 2, 3, 4]);
}

#[test]
fn an_exchange_is_of_one_socket_and_never_too_long_to_be_drawn() {
    let mut log = Log::default();
    let what = || What::Sent {
        bytes: Bytes::from_static(b"x"),
        wrote_us: None,
        unknown: false,
    };
    log.push(1.0, Some((SocketId(1), "line", Kind::Tcp)), what());
    log.push(1.0, Some((SocketId(2), "line", Kind::Tcp)), what());
    let reply = received(&mut log, "x");
    let numbers = |log: &Log, no| log.exchange(no).iter().map(|it| it.no).collect::<Vec<_>>();
    assert_eq!(numbers(&log, reply), [1, 3]);
    for _ in 0..500 {
        received(&mut log, "x");
    }
    for no in [3, 250, 503] {
        let exchange = numbers(&log, no);
        assert_eq!(exchange.len(), EXCHANGE_ENTRIES);
        assert!(exchange.contains(&no));
    }
    assert_eq!(numbers(&log, 999), [0u32; 0]);
}

#[test]
fn each_gateway_has_its_own_clock() {
    let map = |zero_ms| {
        Some(ClockMap {
            zero_ms,
            plus_minus_ms: 1.0,
        })
    };
    let mut log = Log::default();
    assert_eq!(log.clock(1), None);
    log.new_clock();
    received(&mut log, "a");
    log.set_clock(map(1.0));
    log.new_clock();
    received(&mut log, "b");
    log.set_clock(map(2.0));
    assert_eq!((log.clock(1), log.clock(2)), (map(1.0), map(2.0)));
    // So has a browser whose clock was set.
    log.set_clock(map(60_000.0));
    assert_eq!((log.clock(2), log.clock(3)), (map(2.0), map(60_000.0)));
}
