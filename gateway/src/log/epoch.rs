//! Which offsets that a client saw are still those of the log.

/// The number that a room's events have while no epoch of theirs is on the disk. There it never is, so
/// that nobody takes what one gateway did not save for what another one has.
pub const UNSAVED: u32 = u32::MAX;

/// A time in which a room's offsets were given by one gateway without a break.
///
/// What was live and not yet saved when a gateway died is lost, and its offsets are given again. The
/// epoch tells the old ones from the new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Its number, from 1; each is greater than the one before it.
    pub epoch: u32,
    /// The last offset that was saved before it began; 0 if none was.
    pub last: u64,
    /// The first offset that may be in it: the one after `last`, unless events were lost between
    /// them (see [`Transcript::restart`](super::Transcript::restart)).
    pub first: u64,
}

impl Epoch {
    /// What takes the place of one that can't be begun after `last`.
    pub(super) fn unsaved(last: u64) -> Self {
        Epoch {
            epoch: UNSAVED,
            last,
            first: last + 1,
        }
    }

    /// Whether the log goes on from the one before it without a gap.
    fn continues(self) -> bool {
        self.first == self.last + 1
    }
}

/// Whether a client that saw all up to `offset` in `epoch` can be told the rest from there on.
///
/// It can if all that it saw was saved before the next epoch began, and nothing was lost since.
/// `epochs` are the room's, in order. That the events after `offset` are still kept, and not pruned,
/// is another question: the `prev` of the first one that is read answers it.
pub fn can_resume(epochs: &[Epoch], epoch: u32, offset: u64) -> bool {
    let found = epochs.iter().position(|e| e.epoch == epoch);
    // It may be an earlier gateway's, which lost it.
    let Some(at) = found.filter(|_| epoch != UNSAVED) else {
        return false;
    };
    let mut later = epochs[at + 1..].iter();
    later.all(|next| offset <= next.last && next.continues())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn epoch(epoch: u32, last: u64, first: u64) -> Epoch {
        Epoch { epoch, last, first }
    }

    #[test]
    fn the_current_epoch_goes_on_from_anywhere() {
        let epochs = [epoch(1, 0, 1)];
        assert!(can_resume(&epochs, 1, 0));
        assert!(can_resume(&epochs, 1, 99));
    }

    #[test]
    fn what_was_live_and_never_saved_is_not_taken_for_what_has_its_offset_now() {
        let epochs = [epoch(1, 0, 1), epoch(2, 10, 11)];
        assert!(can_resume(&epochs, 1, 10));
        assert!(!can_resume(&epochs, 1, 11));
        assert!(can_resume(&epochs, 2, 11));
    }

    #[test]
    fn every_epoch_since_must_have_had_what_the_client_saw() {
        let epochs = [
            epoch(1, 0, 1),
            epoch(2, 20, 21),
            epoch(5, 20, 21),
            epoch(6, 30, 31),
        ];
        assert!(can_resume(&epochs, 1, 20));
        assert!(!can_resume(&epochs, 2, 21));
        assert!(can_resume(&epochs, 5, 30));
        assert!(!can_resume(&epochs, 5, 31));
    }

    #[test]
    fn nobody_resumes_across_a_gap() {
        let epochs = [epoch(1, 0, 1), epoch(2, 10, 41), epoch(3, 50, 51)];
        assert!(!can_resume(&epochs, 1, 5));
        assert!(!can_resume(&epochs, 1, 10));
        assert!(can_resume(&epochs, 2, 45));
    }

    #[test]
    fn nobody_resumes_from_what_is_in_no_epoch_and_nobody_into_it_beyond_what_is_saved() {
        let epochs = [epoch(1, 0, 1), Epoch::unsaved(10)];
        assert!(!can_resume(&epochs, UNSAVED, 12));
        assert!(!can_resume(&epochs, 1, 12));
        assert!(can_resume(&epochs, 1, 10));
    }

    #[test]
    fn an_epoch_that_never_was_resumes_nothing() {
        assert!(!can_resume(&[epoch(1, 0, 1)], 2, 0));
        assert!(!can_resume(&[], 1, 0));
    }
}
