//! Black hole: after so many bytes nothing passes any more, and nobody is told.

use bytes::Bytes;
use chalkwire_shared::fault::FaultDid;

use super::pipeline::{Item, Moving, Out};

/// Passes so many bytes, and swallows the rest.
#[derive(Debug)]
pub(super) struct BlackHole {
    left: usize,
    /// The end fell in. It is passed on when the hole is taken away: whoever ended has ended.
    end: Option<Moving>,
}

impl BlackHole {
    pub(super) fn new(after_bytes: u32) -> Self {
        BlackHole {
            left: after_bytes as usize,
            end: None,
        }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        let swallowed = match &moving.item {
            _ if self.left == 0 => self.swallow(moving),
            Item::End(_) => {
                out.passed.push(moving);
                0
            }
            // Its bytes go in order: the first that fall in are the first that are missing.
            Item::Bytes(bytes) if bytes.len() > self.left => {
                let part = Bytes::copy_from_slice(&bytes[..self.left]);
                let swallowed = bytes.len() - self.left;
                let mut moved = moving.with(Item::Bytes(part));
                moved.cut = false;
                out.passed.push(moved);
                self.left = 0;
                swallowed
            }
            // Whole, or not at all.
            Item::Datagram(bytes) if bytes.len() > self.left => {
                self.left = 0;
                self.swallow(moving)
            }
            Item::Bytes(bytes) | Item::Datagram(bytes) => {
                self.left -= bytes.len();
                out.passed.push(moving);
                0
            }
        };
        if swallowed > 0 {
            let bytes = u32::try_from(swallowed).unwrap_or(u32::MAX);
            out.did.push(FaultDid::Dropped { bytes });
        }
    }

    /// How many bytes fell in.
    fn swallow(&mut self, moving: Moving) -> usize {
        match &moving.item {
            Item::Bytes(bytes) | Item::Datagram(bytes) => bytes.len(),
            Item::End(_) => {
                self.end = Some(moving);
                0
            }
        }
    }

    /// Passes on the end that fell in.
    pub(super) fn interrupt(&mut self, now_us: u64, out: &mut Out) {
        let end = self.end.take();
        out.passed.extend(end.map(|end| end.held_until(now_us)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::pipeline::Ending;
    use super::super::testing::*;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn so_many_bytes_pass_and_the_rest_is_swallowed_with_the_end(
            sent in vec(any::<u8>(), 1..2_000),
            sizes in vec(1usize..900, 1..9),
            most in 0u32..2_500,
        ) {
            let out = stream(&[&format!("black_hole,after_bytes={most}")], 0, &sent, &sizes);
            let kept = sent.len().min(most as usize);
            prop_assert_eq!(bytes(&out.passed), &sent[..kept]);
            let open = sent.len() >= most as usize;
            prop_assert_eq!(ends(&out.passed).is_empty(), open);
            let dropped: usize = out.did.iter().map(|did| match did {
                FaultDid::Dropped { bytes } => *bytes as usize,
                other => panic!("{other:?}"),
            }).sum();
            prop_assert_eq!(dropped, sent.len() - kept);
        }
    }

    #[test]
    fn a_datagram_passes_whole_or_not_at_all_and_none_after_one_that_fell_in() {
        let sent = [vec![0; 4], vec![0; 4], vec![0; 1], Vec::new()];
        let passed = datagrams(&["black_hole,after_bytes=7"], 0, &sent).passed;
        assert_eq!(contents(&passed), [vec![0; 4]]);
        assert_eq!(
            contents(&datagrams(&["black_hole"], 0, &sent).passed).len(),
            0
        );
    }

    #[test]
    fn the_end_that_fell_in_comes_out_when_the_hole_is_taken_away() {
        let mut pipeline = pipeline(&["black_hole"], 0);
        pipeline.push(Item::Bytes(Bytes::from_static(b"gone")), 0);
        pipeline.push(Item::End(Ending::Fin), 0);
        assert_eq!(taken(&mut pipeline).passed, []);
        pipeline.change(Vec::new(), 5);
        let passed = taken(&mut pipeline).passed;
        assert_eq!(
            (bytes(&passed), ends(&passed)),
            (Vec::new(), vec![(Ending::Fin, 5)])
        );
    }
}
