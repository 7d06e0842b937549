use chalkwire_shared::fault::ABOUT;
use chalkwire_shared::server::ServerDid::{self, Accepted, Recv};

use super::*;
use crate::faults::{Edit, Faults};
use crate::pictures::fixture::{Log, server, to_target};
use crate::pictures::golden::{golden, sound};
use crate::pictures::shape::{Form, Width};

fn golden_of(name: &str, ruler: &Ruler) {
    golden(name, &story(ruler), |width| draw(ruler, width));
}

/// Three sends of 1,000 bytes to a server that calls `recv(1024)`.
fn three_thousand() -> Vec<Entry> {
    let mut log = Log::new("basic", Kind::Tcp);
    for (i, word) in ["one ", "two ", "six "].into_iter().enumerate() {
        log.at(
            i as f64,
            Log::sent(word.repeat(250).as_bytes(), 100 * i as u64),
        );
    }
    log.at(3.0, server(Accepted, 400));
    for bytes in [1024, 1024, 952] {
        log.push(server(Recv { bytes }, 500));
    }
    log.entries
}

#[test]
fn three_sends_of_a_thousand_bytes_are_drawn_as_they_always_were() {
    let ruler = ruler(&three_thousand(), Direction::Both);
    assert_eq!(
        story(&ruler).summary,
        "3000 bytes sent by you in 3 sends: 1000 + 1000 + 1000, received by the server in 3 recvs: \
         1024 + 1024 + 952."
    );
    golden_of("ruler-stream", &ruler);
}

#[test]
fn three_short_lines_show_each_byte_and_the_reply_is_a_track_of_its_own() {
    let mut log = Log::new("basic", Kind::Tcp);
    for line in ["one\n", "two\n", "three\n"] {
        log.push(Log::sent(line.as_bytes(), 10));
    }
    log.push(server(Recv { bytes: 14 }, 20));
    log.push(server(ServerDid::Sent { bytes: 40 }, 30));
    log.push(Log::received(
        b"[Sun Nov 22 12:04:05 2026]one\ntwo\nthree\n",
        40,
    ));
    golden_of("ruler-lines", &ruler(&log.entries, Direction::Both));
}

#[test]
fn cuts_made_on_purpose_are_hatched_and_named() {
    let mut log = Log::new("basic", Kind::Tcp);
    log.push(Log::sent(&[b'a'; 500], 0))
        .push(Log::sent(&[b'b'; 500], 0));
    for bytes in [300, 200, 300, 200] {
        if bytes == 300 {
            log.push(to_target(FaultDid::Cut { bytes }, 1));
        }
        log.push(to_target(FaultDid::Passed { bytes, held_us: 0 }, 1));
        log.push(server(Recv { bytes }, 2));
    }
    let ruler = ruler(&log.entries, Direction::ToTarget);
    assert_eq!(
        ruler.tracks[0].made,
        [300, 800],
        "500 is where the first send ended"
    );
    assert!(story(&ruler).summary.ends_with("2 cuts made by Chalkwire."));
    golden_of("ruler-made", &ruler);
}

#[test]
fn cuts_made_from_the_middle_of_a_socket_on_are_laid_to_what_was_sent_then() {
    let mut log = Log::new("session", Kind::Tcp);
    log.push(Log::sent(b"AAAA\r\n", 0));
    let mut faults = Faults::default();
    let record = |faults: &Faults| What::Notice(faults.record(false, true));
    let slice = ABOUT.iter().position(|it| it.kind == "slice").unwrap();
    faults.edit(Edit::Add(slice)).unwrap();
    log.push(record(&faults));
    log.push(Log::sent(b"BBBBBB\r\n", 1));
    for bytes in [3, 3, 2] {
        if bytes == 3 {
            log.push(to_target(FaultDid::Cut { bytes }, 2));
        }
        log.push(to_target(FaultDid::Passed { bytes, held_us: 0 }, 2));
    }
    // Off for a line, and on again.
    log.push(record(&Faults::default()));
    log.push(Log::sent(b"C\r\n", 3));
    log.push(record(&faults));
    log.push(Log::sent(b"DD\r\n", 4));
    log.push(to_target(FaultDid::Cut { bytes: 3 }, 5));
    for bytes in [3, 1] {
        log.push(to_target(FaultDid::Passed { bytes, held_us: 0 }, 5));
    }
    let ruler = ruler(&log.entries, Direction::ToTarget);
    let track = &ruler.tracks[0];
    assert_eq!(track.made, [9, 12, 20]);
    assert_eq!(track.gateway.as_ref().unwrap().parts, [6, 3, 3, 2, 3, 3, 1]);
}

#[test]
fn the_lost_tail_of_a_datagram_is_struck_out() {
    let mut log = Log::new("udp", Kind::Udp);
    log.push(Log::sent(&[b'x'; 3000], 5));
    log.push(Log::sent(b"hello", 6));
    log.push(server(
        ServerDid::RecvCut {
            bytes: 1024,
            of: 3000,
        },
        10,
    ));
    log.push(server(Recv { bytes: 5 }, 11));
    let ruler = ruler(&log.entries, Direction::ToTarget);
    assert_eq!(
        story(&ruler).summary,
        "Datagram 1: 3000 bytes sent by you, received by the server: 1024 bytes; 1976 bytes gone: \
         did not fit into recv. Datagram 2: 5 bytes sent by you, received by the \
         server: 5 bytes."
    );
    golden_of("ruler-datagram", &ruler);
}

#[test]
fn a_datagram_lost_on_purpose_is_not_taken_for_one_that_the_network_lost() {
    let mut log = Log::new("udp", Kind::Udp);
    log.push(Log::sent(b"one", 0)).push(Log::sent(b"two", 0));
    log.push(to_target(FaultDid::Dropped { bytes: 3 }, 5));
    log.push(to_target(
        FaultDid::Passed {
            bytes: 3,
            held_us: 0,
        },
        6,
    ));
    log.push(server(Recv { bytes: 3 }, 7));
    let ruler = ruler(&log.entries, Direction::ToTarget);
    assert_eq!(ruler.tracks[0].lost, Lost::Made);
    assert_eq!(
        (ruler.tracks[0].lost_from(), ruler.tracks[1].lost_from()),
        (Some(0), None)
    );
}

#[test]
fn without_a_servers_word_nothing_is_drawn_below() {
    let mut log = Log::new("elsewhere", Kind::Tcp);
    log.push(Log::sent(b"hello", 5));
    let ruler = ruler(&log.entries, Direction::Both);
    assert_eq!(ruler.tracks[0].below, None);
    assert!(story(&ruler).notes[0].contains("not known"));
}

#[test]
fn ten_thousand_sends_are_drawn_as_what_can_be_seen_of_them() {
    let mut log = Log::new("basic", Kind::Tcp);
    for _ in 0..10_000 {
        log.push(Log::sent(b"x\n", 1))
            .push(server(Recv { bytes: 2 }, 2));
    }
    let ruler = ruler(&log.entries, Direction::Both);
    let (story, picture) = (story(&ruler), draw(&ruler, Width::Wide));
    assert!(picture.shapes.len() < 2000, "{}", picture.shapes.len());
    assert_eq!(story.table.rows.len() + story.table.more, 20_000);
    assert_eq!(story.items.len(), super::super::story::MOST);
    let says = |it: &super::super::shape::Shape| matches!(&it.form, Form::Text { text, .. } if text.starts_with("you: 10000 × send, too narrow"));
    assert!(picture.shapes.iter().any(says));
    sound(&picture, &story);
}
