use chalkwire_shared::target::Kind;

use super::*;
use crate::pictures::fixture::Log;
use crate::pictures::golden::{golden, sound};
use crate::pictures::shape::Width;

fn view(state: State, recv_queue: u32, send_queue: u32) -> Option<View> {
    Some(View {
        state,
        recv_queue: Some(recv_queue),
        send_queue: Some(send_queue),
        rtt_us: Some(40),
        retransmits: Some(0),
    })
}

fn log(views: &[(End, Option<View>, u64)]) -> Vec<Entry> {
    let mut log = Log::new("session", Kind::Tcp);
    for (end, view, clock_us) in views {
        log.push(What::Kernel {
            end: *end,
            view: view.clone(),
            clock_us: *clock_us,
        });
    }
    log.entries
}

/// A half-close: the gateway's end is done first, the server answers a second later.
fn half_close() -> Vec<Entry> {
    use End::{Gateway, Listener, Server};
    log(&[
        (Listener, view(State::Listen, 0, 5), 400),
        (Gateway, view(State::Established, 0, 0), 500),
        (Listener, view(State::Listen, 1, 5), 500),
        (Server, view(State::Established, 0, 0), 620),
        (Listener, view(State::Listen, 0, 5), 620),
        (Server, view(State::Established, 3, 0), 2_300),
        (Gateway, view(State::FinWait2, 0, 0), 2_420),
        (Server, view(State::CloseWait, 0, 0), 2_420),
        (Server, view(State::LastAck, 0, 0), 1_002_400),
        (Gateway, view(State::TimeWait, 0, 0), 1_002_500),
        (Server, None, 1_002_500),
    ])
}

#[test]
fn a_half_close_is_drawn_as_it_always_was() {
    let states = states(&half_close());
    let story = story(&states);
    assert_eq!(
        story.summary,
        "gateway: ESTABLISHED from 0.10 ms, then FIN-WAIT-2 from 2.0 ms, then TIME-WAIT from 1.00 s. \
         listener: LISTEN from 0 ms. server: ESTABLISHED from 0.22 ms, then CLOSE-WAIT from 2.0 ms, \
         then LAST-ACK from 1.00 s, gone after 1.00 s."
    );
    golden("states", &story, |width| draw(&states, width));
}

#[test]
fn a_view_that_changes_nothing_is_no_step() {
    let same = || view(State::Established, 0, 0);
    let entries = log(&[
        (End::Gateway, same(), 1),
        (End::Gateway, same(), 9),
        (End::Server, None, 9),
    ]);
    let states = states(&entries);
    assert_eq!(states.moments, [0.0]);
    assert_eq!(
        states.strips.len(),
        1,
        "an end that was never seen has no strip"
    );
}

#[test]
fn a_fin_that_is_not_acknowledged_or_not_read_is_no_byte() {
    let entries = log(&[
        (End::Gateway, view(State::FinWait1, 0, 1), 1),
        (End::Server, view(State::CloseWait, 1, 0), 1),
        (End::Server, view(State::CloseWait, 0, 0), 9),
        (End::Server, view(State::LastAck, 0, 8), 20),
    ]);
    let story = story(&states(&entries));
    let queues: Vec<_> = story.table.rows.iter().map(|it| it[3].as_str()).collect();
    assert_eq!(queues, ["", "", "7 B not acknowledged"]);
}

#[test]
fn of_what_the_kernel_counts_no_bytes_nothing_is_said() {
    let datagrams = View {
        recv_queue: None,
        send_queue: None,
        ..view(State::Close, 0, 0).unwrap()
    };
    let story = story(&states(&log(&[(End::Server, Some(datagrams), 1)])));
    assert_eq!(story.table.rows[0][3], "");
}

#[test]
fn thousands_of_changes_are_bounded_and_counted() {
    let views: Vec<_> = (0..5000u32)
        .map(|i| {
            (
                End::Server,
                view(State::Established, i % 2 * 7, 0),
                u64::from(i) * 1000,
            )
        })
        .collect();
    let states = states(&log(&views));
    assert_eq!(states.omitted, 4900);
    sound(&draw(&states, Width::Narrow), &story(&states));
}

#[test]
fn without_the_kernels_view_there_is_a_sentence() {
    let states = states(&[]);
    assert!(story(&states).summary.contains("not known"));
    sound(&draw(&states, Width::Wide), &story(&states));
}
