//! The names of all tags of the process.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::boxed::Box;

/// Names at most, besides the empty one and [`OTHER`].
const MOST: usize = 4094;

/// What further names are.
const OTHER: &str = "(other)";

/// A name that has a number. It never goes away.
struct Name(&'static str);

/// Numbers of names: 0 that of the empty one, then as they come, then one for all that have no room.
///
/// N1: each entry is null or a name that lives for ever; behind a null there are nulls alone. An
/// entry is written once.
pub(super) struct Names<const MOST: usize>([AtomicPtr<Name>; MOST]);

/// Those of the process.
pub(super) static NAMES: Names<MOST> = Names::new();

impl<const MOST: usize> Names<MOST> {
    const fn new() -> Self {
        Self([const { AtomicPtr::new(ptr::null_mut()) }; MOST])
    }

    /// The number of a name, which is entered if it is new. Compares names one by one.
    pub(super) fn number(&self, name: &'static str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        let (mut fresh, mut number) = (None, 0);
        for entry in &self.0 {
            number += 1;
            if known(entry).or_else(|| enter(entry, &mut fresh, name)) == Some(name) {
                return number;
            }
        }
        number + 1
    }

    /// The name of a number.
    pub(super) fn name(&self, number: u32) -> Option<&'static str> {
        let Some(index) = (number as usize).checked_sub(1) else {
            return Some("");
        };
        if index == MOST {
            return Some(OTHER);
        }
        known(self.0.get(index)?)
    }
}

/// What an entry holds.
fn known(entry: &AtomicPtr<Name>) -> Option<&'static str> {
    // Acquire: pairs with the Release in `enter`, so that the name is seen as it was written.
    // SAFETY: N1.
    unsafe { entry.load(Ordering::Acquire).as_ref() }.map(|name| name.0)
}

/// Enters a name, and returns it, or the one that another thread entered there before.
///
/// `fresh` is memory for it, once it was needed.
#[cold]
fn enter(
    entry: &AtomicPtr<Name>,
    fresh: &mut Option<Box<Name>>,
    name: &'static str,
) -> Option<&'static str> {
    let place = fresh.take().unwrap_or_else(|| Box::new(Name(name)));
    let place = Box::into_raw(place);
    // Release: pairs with the Acquire in `known`. Acquire: as there.
    let entered =
        entry.compare_exchange(ptr::null_mut(), place, Ordering::Release, Ordering::Acquire);
    match entered {
        Ok(_) => Some(name),
        Err(other) => {
            // SAFETY: from `into_raw` above, and nobody else knows it.
            *fresh = Some(unsafe { Box::from_raw(place) });
            // SAFETY: N1: not null, or the exchange would have succeeded.
            unsafe { other.as_ref() }.map(|name| name.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::vec::Vec;

    const WORDS: [&str; 3] = ["a", "b", "c"];

    #[test]
    fn names_have_numbers_whichever_thread_asks_first() {
        static NAMES: Names<5> = Names::new();
        let numbers = || WORDS.map(|word| NAMES.number(word));
        let all: Vec<_> = (0..4).map(|_| thread::spawn(numbers)).collect();
        for thread in all {
            assert_eq!(thread.join().unwrap(), numbers());
        }
        for (word, number) in WORDS.into_iter().zip(numbers()) {
            assert_eq!(NAMES.name(number), Some(word));
        }
        assert_eq!(NAMES.name(4), None);
    }

    #[test]
    fn what_has_no_room_shares_a_number() {
        static NAMES: Names<2> = Names::new();
        assert_eq!(WORDS.map(|word| NAMES.number(word)), [1, 2, 3]);
        assert_eq!(NAMES.number("d"), 3);
        let all = [0, 1, 2, 3, 4].map(|number| NAMES.name(number));
        assert_eq!(all, [Some(""), Some("a"), Some("b"), Some(OTHER), None]);
        assert_eq!((NAMES.number(""), NAMES.number("b")), (0, 2));
    }
}
