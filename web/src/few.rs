//! Few things in order: the library's sort would take more room in the page than time here.

/// Sorts in place; things that are equal stay as they were.
pub fn sort<T>(few: &mut [T], is_before: impl Fn(&T, &T) -> bool) {
    for end in 1..few.len() {
        let mut at = end;
        while at > 0 && is_before(&few[at], &few[at - 1]) {
            few.swap(at - 1, at);
            at -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_library_does(
            mut few in prop::collection::vec((0u8..8, any::<u8>()), 0..40)
        ) {
            let mut by_library = few.clone();
            by_library.sort_by_key(|it| it.0);
            sort(&mut few, |a, b| a.0 < b.0);
            prop_assert_eq!(few, by_library);
        }
    }
}
