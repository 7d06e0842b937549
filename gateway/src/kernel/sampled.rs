//! What one socket's client has been told of each end, and what of a new sample it has not.

use chalkwire_shared::kernel::{End, View};

/// The ends in the order in which they are told.
pub(super) const ENDS: [End; 3] = [End::Listener, End::Gateway, End::Server];

/// One socket's samples, as far as they were told.
#[derive(Debug, Default)]
pub(super) struct Sampled {
    told: [Option<View>; 3],
    gone: [bool; 3],
}

impl Sampled {
    /// Whether an end is still to be looked at: one that was there and is gone does not come back.
    pub(super) fn wants(&self, end: End) -> bool {
        !self.gone[place(end)]
    }

    /// Takes what was seen of an end. `tell` says whether the client took it; if not, it is told the
    /// next time.
    pub(super) fn see(
        &mut self,
        end: End,
        view: Option<View>,
        tell: impl FnOnce(Option<View>) -> bool,
    ) {
        let told = &mut self.told[place(end)];
        if is_same(told.as_ref(), view.as_ref()) || !tell(view.clone()) {
            return;
        }
        self.gone[place(end)] = view.is_none();
        *told = view;
    }
}

/// The round-trip time changes with each segment, and is no news by itself.
fn is_same(before: Option<&View>, now: Option<&View>) -> bool {
    let news = |view: &View| {
        (
            view.state,
            view.recv_queue,
            view.send_queue,
            // TIME-WAIT has none any more, which is no news either.
            view.retransmits.unwrap_or(0),
        )
    };
    before.map(news) == now.map(news)
}

fn place(end: End) -> usize {
    match end {
        End::Listener => 0,
        End::Gateway => 1,
        End::Server => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkwire_shared::kernel::State;

    fn view(state: State, recv_queue: u32, rtt_us: u32) -> Option<View> {
        Some(View {
            state,
            recv_queue: Some(recv_queue),
            send_queue: Some(0),
            rtt_us: Some(rtt_us),
            retransmits: Some(0),
        })
    }

    #[test]
    fn only_changes_are_told_and_a_gone_socket_is_told_once() {
        let mut sampled = Sampled::default();
        let mut told = Vec::new();
        for now in [
            None,
            view(State::Established, 0, 10),
            view(State::Established, 0, 20),
            view(State::Established, 7, 20),
            view(State::CloseWait, 7, 30),
            None,
            None,
        ] {
            sampled.see(End::Gateway, now, |view| {
                told.push(view);
                true
            });
        }
        let expected = [
            view(State::Established, 0, 10),
            view(State::Established, 7, 20),
            view(State::CloseWait, 7, 30),
            None,
        ];
        assert_eq!(told, expected);
        assert!(!sampled.wants(End::Gateway) && sampled.wants(End::Server));
    }

    #[test]
    fn what_found_no_room_is_told_the_next_time() {
        let mut sampled = Sampled::default();
        let now = view(State::Listen, 1, 1);
        sampled.see(End::Listener, now.clone(), |_| false);
        let mut told = 0;
        for _ in 0..2 {
            sampled.see(End::Listener, now.clone(), |_| {
                told += 1;
                true
            });
        }
        assert_eq!(told, 1);
    }
}
