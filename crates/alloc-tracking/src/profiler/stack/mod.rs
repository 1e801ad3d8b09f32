//! Call stacks as raw return addresses, by frame pointers, or else by the tables that [`unwind`] reads.
//!
//! A function that keeps a frame pointer begins by saving its caller's, and so builds a list:
//!
//! ```text
//! frame pointer ──▶ ┌─────────────────┐  ┌──▶ ┌─────────────────┐  ┌──▶ ... up to the end
//!                   │ caller's frame ─┼──┘    │ caller's frame ─┼──┘         of the stack
//!                   │ return address  │       │ return address  │
//!                   └─────────────────┘       └─────────────────┘
//! ```
//!
//! To follow it takes about a nanosecond a frame, and no table of any file. But a compiler keeps
//! frame pointers only if it is told to (`-C force-frame-pointers=yes`), and where it does not, the
//! register holds anything. So nothing is believed:
//!
//! - Once per process a function of this module asks whether its own frame is what it must be. If
//!   not, no stack is ever taken, and [`available`] says so.
//! - Each frame must lie on the stack of the calling thread, beyond the frame before it, and be
//!   aligned: everything between the stack pointer and the end of that stack is mapped, and a walk
//!   ends because it goes one way. Code that keeps no frame pointers, a stack of another kind (of a
//!   signal handler, of a coroutine) and a damaged one all end the walk.

mod bounds;
mod unwind;
mod walk;

use core::fmt;

use bounds::Bounds;
#[cfg(feature = "unwind")]
pub use unwind::learn_libraries;
pub(super) use unwind::{Registers, Unwinding};
pub(super) use walk::Frames;

/// How many return addresses a call stack has at most.
pub(super) const MAX_DEPTH: usize = 32;

/// Whether this program keeps frame pointers, so that there are stacks to be taken.
pub(super) fn available() -> bool {
    walk::probe()
}

/// The frames of the calling function and of its callers, the innermost first.
///
/// The calling function is the one that this is inlined into, or a caller of it where the compiler
/// saw fit to leave out a frame. Empty if nothing can be known.
#[inline(always)]
#[allow(
    clippy::inline_always,
    reason = "the frame must be the one of a function that does not return before the walk ends"
)]
pub(super) fn frames(depth: usize) -> Frames {
    let here = walk::here();
    match Bounds::of_thread() {
        bounds if bounds.contain(here.stack) && available() => {
            // SAFETY: the stack of this thread, on which it is now; the walk ends before the function does that this
            // is inlined into.
            unsafe { Frames::new(here, bounds.end(), depth) }
        }
        _ => Frames::NONE,
    }
}

/// A number for a sequence of return addresses.
///
/// Different sequences have the same one with a probability of 2⁻⁶⁴.
#[inline]
pub(super) fn hash(frames: impl Iterator<Item = usize>) -> u64 {
    frames.fold(0x9E37_79B9_7F4A_7C15, |hash: u64, address| {
        (hash.rotate_left(23) ^ address as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93)
    })
}

/// The return addresses of a call stack, the innermost first. Empty if none was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CallStack {
    frames: [usize; MAX_DEPTH],
    depth: usize,
}

impl CallStack {
    /// Of no stack.
    pub(super) const EMPTY: Self = Self {
        frames: [0; MAX_DEPTH],
        depth: 0,
    };

    /// The addresses that a walk meets.
    pub(super) fn of(frames: impl Iterator<Item = usize>) -> Self {
        let mut stack = Self::EMPTY;
        for address in frames.take(MAX_DEPTH) {
            stack.push(address);
        }
        stack
    }

    /// Adds the address of the next frame. There are fewer than [`MAX_DEPTH`].
    fn push(&mut self, address: usize) {
        self.frames[self.depth] = address;
        self.depth += 1;
    }

    /// The return addresses, the innermost first.
    pub fn addresses(&self) -> &[usize] {
        &self.frames[..self.depth]
    }

    /// Whether there is no address: nobody asked for call stacks, or this program has none.
    pub fn is_empty(&self) -> bool {
        self.depth == 0
    }
}

/// The addresses in hexadecimal, separated by spaces.
impl fmt::Display for CallStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, address) in self.addresses().iter().enumerate() {
            let space = if i > 0 { " " } else { "" };
            write!(f, "{space}{address:#x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for CallStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

#[cfg(test)]
mod tests {
    use super::{Frames, available, frames, hash};
    use std::vec::Vec;

    #[test]
    fn a_walk_ends_and_says_the_same_twice() {
        let walk = frames(8);
        let addresses: Vec<_> = walk.clone().collect();
        assert!(addresses.len() <= 8);
        assert_eq!(
            addresses.is_empty(),
            !available() || Frames::NONE.eq(walk.clone())
        );
        assert!(walk.clone().eq(addresses.iter().copied()));
        assert_eq!(hash(walk.clone()), hash(walk));
        assert_eq!(frames(0).count(), 0);
    }

    /// Wherever the first frame is said to be, the walk stays on the stack.
    #[test]
    #[cfg(not(miri))]
    fn nonsense_in_the_register_does_no_harm() {
        use super::bounds::Bounds;
        use super::walk::{Here, here};

        let end = Bounds::of_thread().end();
        let stack = here().stack;
        let words = (stack..end).step_by(size_of::<usize>());
        let outside = [
            0,
            1,
            8,
            stack - 8,
            end - 8,
            end,
            end + 8,
            usize::MAX & !7,
            usize::MAX,
        ];
        for frame in words.take(20_000).chain(outside) {
            for skew in [0, 1, 4] {
                let frame = frame.wrapping_add(skew);
                // SAFETY: the stack of this thread, from here on.
                let walk = unsafe { Frames::new(Here { frame, stack }, end, 64) };
                assert!(walk.count() <= 64);
            }
        }
        for frame in outside {
            // SAFETY: as above.
            let walk = unsafe { Frames::new(Here { frame, stack }, end, 64) };
            assert_eq!(walk.count(), 0, "{frame:#x}");
        }
    }

    /// A frame that leads to itself, or back.
    #[test]
    #[cfg(not(miri))]
    fn a_walk_goes_one_way() {
        use super::walk::Here;

        let mut frames = [[0, 0x5000]; 4];
        let addresses = [0, 1, 2, 3].map(|i: usize| (&raw const frames[i]).addr());
        for (from, to) in [(0, 1), (1, 3), (3, 3)] {
            frames[from][0] = addresses[to];
        }
        // The array is all there is of this stack.
        let (stack, end) = (addresses[0], addresses[3] + size_of_val(&frames[3]));
        let walk = |first: usize| {
            let frame = addresses[first];
            // SAFETY: of the array.
            unsafe { Frames::new(Here { frame, stack }, end, 64) }.count()
        };
        std::hint::black_box(&mut frames);
        assert_eq!([walk(0), walk(1), walk(3)], [3, 2, 1]);
        frames[3][0] = addresses[0];
        std::hint::black_box(&mut frames);
        assert_eq!(walk(0), 3);
        // What is no address of code ends it as well.
        frames[1][1] = 7;
        std::hint::black_box(&mut frames);
        assert_eq!(walk(0), 1);
        frames[1][1] = usize::MAX / 2;
        std::hint::black_box(&mut frames);
        assert_eq!(walk(0), 1);
    }
}
