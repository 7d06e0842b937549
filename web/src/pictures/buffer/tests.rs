use chalkwire_shared::server::ServerDid::{self, Recv};
use chalkwire_shared::target::Kind;
use proptest::prelude::*;

use super::*;
use crate::pictures::fixture::{Log, server};
use crate::pictures::golden::{golden, sound};
use crate::pictures::shape::Width;

fn read(sent: &[&[u8]], recvs: &[u32], ended: bool) -> Vec<Entry> {
    let mut log = Log::new("session", Kind::Tcp);
    for bytes in sent {
        log.push(Log::sent(bytes, 1));
    }
    for bytes in recvs {
        log.push(server(Recv { bytes: *bytes }, 2));
    }
    if ended {
        log.push(server(ServerDid::Eof, 3));
    }
    log.entries
}

#[test]
fn lines_come_out_of_a_stream_as_they_always_did() {
    let entries = read(
        &["héllo\r\nw".as_bytes(), b"orld\nlast"],
        &[2, 7, 6, 3],
        true,
    );
    let buffer = buffer(&entries);
    let story = story(&buffer);
    assert_eq!(
        story.summary,
        "18 bytes in 4 recvs: 2 lines came out, a letter was cut in two 1 time, 4 bytes stayed \
         without \\n."
    );
    assert_eq!(
        story.items,
        [
            "recv 1, 2 B: no \\n yet; 2 B stay in the buffer; a letter is cut: 1 of its 2 bytes are there",
            "recv 2, 7 B: line 1 comes out: héllo\\r\\n; 1 B stay in the buffer",
            "recv 3, 6 B: line 2 comes out: world\\n; 1 B stay in the buffer",
            "recv 4, 3 B: no \\n yet; 4 B stay in the buffer",
            "recv b'': no more will come, and 4 bytes without \\n: last",
        ]
    );
    golden("buffer", &story, |width| draw(&buffer, width));
}

#[test]
fn one_recv_may_let_out_many_lines() {
    let buffer = buffer(&read(&[b"a\n\nb\n"], &[5], false));
    assert_eq!(buffer.reads[0].lines, [(0, 2), (2, 3), (3, 5)]);
    assert!(left(&buffer).is_empty());
}

#[test]
fn a_letter_is_cut_only_where_more_of_it_must_come() {
    let euro = "€".as_bytes();
    assert_eq!(
        split(euro, 1),
        Some(Split {
            at: 0,
            have: 1,
            of: 3
        })
    );
    assert_eq!(
        split(euro, 2),
        Some(Split {
            at: 0,
            have: 2,
            of: 3
        })
    );
    assert_eq!(split(euro, 3), None);
    assert_eq!(split(b"\xff", 1), None, "never a letter");
    assert_eq!(split(b"\x80\x80\x80\x80", 4), None);
    assert_eq!(split(b"", 0), None);
}

#[test]
fn without_a_servers_word_there_is_a_sentence() {
    let buffer = buffer(&read(&[b"hello"], &[], false));
    assert!(story(&buffer).summary.contains("not known"));
    sound(&draw(&buffer, Width::Wide), &story(&buffer));
}

proptest! {
    #[test]
    fn the_lines_and_what_is_left_are_the_bytes_that_were_read(
        bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..300),
        recvs in proptest::collection::vec(1..40u32, 0..60),
    ) {
        let buffer = buffer(&read(&[&bytes], &recvs, true));
        let mut told = Vec::new();
        for (from, to) in buffer.reads.iter().flat_map(|it| &it.lines) {
            prop_assert!(bytes[*from..*to].ends_with(b"\n"));
            told.extend_from_slice(&bytes[*from..*to]);
        }
        told.extend_from_slice(left(&buffer));
        let read = buffer.reads.last().map_or(0, |it| it.to);
        prop_assert_eq!(&told[..], &bytes[..read]);
        for width in Width::ALL {
            sound(&draw(&buffer, width), &story(&buffer));
        }
    }
}
