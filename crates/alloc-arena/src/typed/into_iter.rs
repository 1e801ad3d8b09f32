//! The values of a typed arena, by value.

use core::fmt;
use core::iter::FusedIterator;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use alloc_core::{Allocator, DefaultUpstream};

use super::{DropRuns, TypedArena, aligned_run};
use crate::Arena;
use crate::chunk::Chunk;

/// The values of a [`TypedArena`], in the order in which they were allocated.
///
/// Values that are not asked for are dropped with the iterator, which gives the memory back as well.
/// If a destructor panics, the others run all the same, unless a second one panics too: that aborts,
/// as in a `Vec`.
///
/// # Examples
///
/// ```
/// use alloc_arena::TypedArena;
///
/// let names = TypedArena::new();
/// names.alloc(String::from("Ada"));
/// names.alloc_extend(["Charles", "Mary"].map(String::from));
///
/// let mut names = names.into_iter();
/// assert_eq!(names.len(), 3);
/// assert_eq!(names.next().as_deref(), Some("Ada"));
/// let rest: Vec<String> = names.collect();
/// assert_eq!(rest, ["Charles", "Mary"]);
/// ```
pub struct IntoIter<T, A: Allocator = DefaultUpstream> {
    /// **I1** The first `run` values from here on are initialised, belong to the iterator and are
    /// followed, in the runs of the chunks in use after `chunk`, by the others: `left` in all.
    front: NonNull<T>,
    run: usize,
    left: usize,
    /// The chunk that `front` is in, or `None` before the first one. If `T` has no size, there is
    /// none, and all values are in one run.
    chunk: Option<Chunk>,
    /// Holds the memory, and gives it back.
    arena: Arena<A, 1>,
}

impl<T, A: Allocator> IntoIter<T, A> {
    fn new(typed: TypedArena<T, A>) -> Self {
        let typed = ManuallyDrop::new(typed);
        let left = typed.len.get();
        Self {
            front: NonNull::dangling(),
            run: if size_of::<T>() == 0 { left } else { 0 },
            left,
            chunk: None,
            // SAFETY: `typed` is not used any more, and not dropped. By T1 and T2 I1 holds.
            arena: unsafe { ptr::read(&raw const typed.arena) },
        }
    }

    /// Goes to the next run that has values, if this one has none.
    fn advance(&mut self) -> Option<()> {
        while self.run == 0 {
            let (chunk, bytes) = self.arena.run_after(self.chunk)?;
            self.chunk = Some(chunk);
            (self.front, self.run) = aligned_run(bytes);
        }
        Some(())
    }

    /// Takes what is left of the current run, or else the next one.
    fn take_run(&mut self) -> Option<(NonNull<T>, usize)> {
        self.advance()?;
        let run = (self.front, self.run);
        self.left -= self.run;
        self.run = 0;
        Some(run)
    }
}

impl<T, A: Allocator> Iterator for IntoIter<T, A> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.advance()?;
        let front = self.front;
        // SAFETY: I1: `run` is not zero, so this is within the run or at its end.
        self.front = unsafe { front.add(1) };
        self.run -= 1;
        self.left -= 1;
        // SAFETY: a value by I1, and no longer counted among them.
        Some(unsafe { front.read() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T, A: Allocator> ExactSizeIterator for IntoIter<T, A> {}

impl<T, A: Allocator> FusedIterator for IntoIter<T, A> {}

impl<T, A: Allocator> Drop for IntoIter<T, A> {
    fn drop(&mut self) {
        // The memory goes with the field `arena`, also when a destructor unwinds.
        drop(DropRuns(core::iter::from_fn(|| self.take_run())));
    }
}

// SAFETY: the iterator owns its values and its memory.
unsafe impl<T: Send, A: Allocator + Send> Send for IntoIter<T, A> {}

impl<T, A: Allocator> fmt::Debug for IntoIter<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoIter")
            .field("len", &self.left)
            .field("arena", &self.arena)
            .finish_non_exhaustive()
    }
}

impl<T, A: Allocator> IntoIterator for TypedArena<T, A> {
    type Item = T;
    type IntoIter = IntoIter<T, A>;

    /// Takes the values out, in the order in which they were allocated.
    fn into_iter(self) -> IntoIter<T, A> {
        IntoIter::new(self)
    }
}
