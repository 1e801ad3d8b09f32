//! Tags: names for what a part of the program allocates.
//!
//! ```text
//! thread ──▶ current tag (a number)          names: 1 "parser", 2 "cache", ...
//! ```
//!
//! The tag of a thread is a number in a thread-local with a constant value and no destructor, so that
//! an allocator can read it at any time. Names are kept for ever, in a table that is only added to.

mod future;
mod names;

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;

pub use future::Tagged;
use names::NAMES;

std::thread_local! {
    /// The number of the current tag.
    static CURRENT: Cell<u32> = const { Cell::new(0) };
}

/// A name for what a part of the program allocates: a parser, a request, a task.
///
/// A thread has one tag at a time, and what it allocates then belongs to that tag, on whichever
/// thread it is freed. A tag is entered for a scope, for a call, or for each poll of a future. Scopes
/// nest: the tag of the innermost one counts, and it is no part of the outer one's.
///
/// A thread that is spawned begins without a tag. Work that shall have the tag of whoever hands it
/// over takes it along:
///
/// ```
/// use alloc_tracking::{Tag, tag};
///
/// let _parsing = tag("parser");
/// let tag = Tag::current();
/// std::thread::spawn(move || {
///     assert_eq!(Tag::current(), Tag::NONE);
///     tag.run(|| assert_eq!(Tag::current().name(), "parser"));
/// })
/// # .join().unwrap();
/// ```
///
/// # Complexity
///
/// To enter and to leave is a few instructions. Names are compared one by one when a tag is
/// [made](Self::new): where that is felt, keep the `Tag`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    /// G1: 0, or the number of a name in the table.
    number: u32,
}

impl Tag {
    /// The tag of what has none.
    pub const NONE: Self = Self { number: 0 };

    /// The tag of this name; the same one each time.
    ///
    /// There are up to 4,095 names. What is tagged by further ones has the tag `(other)`.
    pub fn new(name: &'static str) -> Self {
        Self {
            number: NAMES.number(name),
        }
    }

    /// The tag of this thread.
    ///
    /// While a thread ends, when its thread-locals are gone, it has none.
    #[inline]
    pub fn current() -> Self {
        Self {
            number: CURRENT.try_with(Cell::get).unwrap_or(0),
        }
    }

    /// Its name; empty for [`NONE`](Self::NONE).
    pub fn name(self) -> &'static str {
        NAMES.name(self.number).unwrap_or_default()
    }

    /// Its number: 0 for [`NONE`](Self::NONE), and from 1 in the order in which names came.
    #[inline]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// The tag of this number, if there is one.
    pub fn from_number(number: u32) -> Option<Self> {
        (number == 0 || NAMES.name(number).is_some()).then_some(Self { number })
    }

    /// Makes this the tag of the thread until the guard is dropped, which makes it what it was again.
    pub fn enter(self) -> TagGuard {
        TagGuard {
            before: self.swap(),
            _thread: PhantomData,
        }
    }

    /// Calls `work` with this as the tag of the thread.
    pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
        let _guard = self.enter();
        work()
    }

    /// A future that has this tag whenever it is polled, on whichever thread that is.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::Tag;
    /// # use std::{future::Future, pin::pin, task::{Context, Waker}};
    ///
    /// let work = Tag::new("request").wrap(async { Tag::current().name() });
    /// assert_eq!(Tag::current(), Tag::NONE);
    /// # let mut context = Context::from_waker(Waker::noop());
    /// # assert!(pin!(work).poll(&mut context).map(|name| assert_eq!(name, "request")).is_ready());
    /// ```
    pub const fn wrap<F>(self, future: F) -> Tagged<F> {
        Tagged::new(self, future)
    }

    /// Makes this the tag of the thread, and returns the one that was.
    #[inline]
    fn swap(self) -> Self {
        let before = CURRENT.try_with(|current| current.replace(self.number));
        Self {
            number: before.unwrap_or(0),
        }
    }
}

/// The tag without one.
impl Default for Tag {
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tag").field(&self.name()).finish()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Makes `name` the tag of the thread until the guard is dropped: [`Tag::new`] and [`Tag::enter`].
///
/// # Examples
///
/// ```
/// use alloc_tracking::{Tag, tag};
///
/// let _work = tag("index");
/// {
///     let _part = tag("index: words");
///     assert_eq!(Tag::current().name(), "index: words");
/// }
/// assert_eq!(Tag::current().name(), "index");
/// ```
pub fn tag(name: &'static str) -> TagGuard {
    Tag::new(name).enter()
}

/// Gives a thread the tag back that it had. Made by [`Tag::enter`] and [`tag`].
///
/// Guards that are dropped in another order than the reverse of that in which they were made leave
/// the tag that the last one dropped has kept.
#[must_use = "the tag ends when the guard is dropped"]
#[derive(Debug)]
pub struct TagGuard {
    before: Tag,
    /// It belongs to its thread.
    _thread: PhantomData<*const ()>,
}

impl Drop for TagGuard {
    fn drop(&mut self) {
        self.before.swap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic;
    use std::thread;

    #[test]
    fn scopes_nest_and_end() {
        assert_eq!(Tag::current(), Tag::NONE);
        let outer = tag("tests: outer");
        let inner = Tag::new("tests: inner");
        assert_eq!(inner.run(Tag::current), inner);
        assert_eq!(Tag::current().name(), "tests: outer");
        drop(outer);
        assert_eq!((Tag::current(), Tag::current().name()), (Tag::NONE, ""));
    }

    #[test]
    fn a_scope_ends_with_a_panic_too() {
        let caught = panic::catch_unwind(|| {
            let _guard = tag("tests: panics");
            panic!("on purpose");
        });
        assert!(caught.is_err());
        assert_eq!(Tag::current(), Tag::NONE);
    }

    #[test]
    fn a_thread_has_its_own() {
        let _guard = tag("tests: here");
        let there = thread::spawn(|| Tag::current().number()).join().unwrap();
        assert_eq!(there, Tag::NONE.number());
    }

    #[test]
    fn a_number_leads_back_to_its_tag() {
        let tag = Tag::new("tests: number");
        assert_eq!(Tag::from_number(tag.number()), Some(tag));
        assert_eq!(Tag::from_number(0), Some(Tag::NONE));
        assert_eq!(Tag::from_number(u32::MAX), None);
        assert_eq!(
            std::format!("{tag:>15}{tag:?}"),
            "  tests: numberTag(\"tests: number\")"
        );
    }
}
