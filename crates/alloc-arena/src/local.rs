//! A cursor that a hot loop keeps in registers.

use core::alloc::Layout;
use core::fmt;
use core::mem;
use core::ptr::NonNull;

use alloc_core::{AllocError, Allocator, DefaultUpstream, checker};

use crate::arena::{Arena, Lease};
use crate::chunk::Chunk;
use crate::edge::Edge;
use crate::math;
use crate::values::exhausted;

/// The free room of an arena's chunk, lent to one loop: what [`Arena::local_cursor`] returns.
///
/// An arena keeps its cursor in memory, where each allocation loads and stores it. A loop that puts
/// one value after the other waits for that store each time. This is the cursor as a local variable,
/// which the compiler keeps in registers; what it has not used goes back to the arena when it is
/// dropped.
///
/// Other allocations in the arena, meanwhile, take another chunk, and their order in memory is their
/// own. What is allocated here lives as long as the arena is borrowed, and longer than the cursor.
///
/// # Examples
///
/// ```
/// use alloc_arena::Arena;
///
/// let arena = Arena::new();
/// let mut cursor = arena.local_cursor();
/// let mut last: Option<&mut (u64, Option<&mut _>)> = None;
/// for number in 0..1000 {
///     last = Some(cursor.alloc((number, None::<&mut ()>)));
/// }
/// drop(cursor);
/// assert_eq!(last.map(|node| node.0), Some(999));
/// assert_eq!(arena.used(), 1000 * 16);
/// ```
pub struct LocalCursor<'a, A: Allocator = DefaultUpstream, const MIN_ALIGN: usize = 8> {
    /// **R1** A lease of `arena`: the bytes from its cursor to its limit are in no block, and nobody
    /// else hands them out.
    lease: Lease,
    arena: &'a Arena<A, MIN_ALIGN>,
}

impl<'a, A: Allocator, const MIN_ALIGN: usize> LocalCursor<'a, A, MIN_ALIGN> {
    pub(crate) fn new(arena: &'a Arena<A, MIN_ALIGN>) -> Self {
        let lease = arena.lease();
        Self { lease, arena }
    }

    /// Moves `value` into the arena. Its destructor does not run.
    ///
    /// # Panics
    ///
    /// If there is no room, as [`Arena::alloc`] does.
    #[inline]
    pub fn alloc<T>(&mut self, value: T) -> &'a mut T {
        match self.try_alloc(value) {
            Ok(value) => value,
            Err(AllocError) => exhausted(Some(Layout::new::<T>())),
        }
    }

    /// Moves `value` into the arena.
    ///
    /// # Errors
    ///
    /// If there is no room; the value is dropped then.
    #[inline]
    pub fn try_alloc<T>(&mut self, value: T) -> Result<&'a mut T, AllocError> {
        let place = self.take(Layout::new::<T>())?.cast::<T>();
        // SAFETY: a fresh block of this layout, or for a size of zero an aligned pointer.
        unsafe { place.write(value) };
        // SAFETY: initialised just now, nobody else's (R1), and as long-lived as the borrow.
        Ok(unsafe { &mut *place.as_ptr() })
    }

    /// Copies a slice into the arena.
    ///
    /// # Panics
    ///
    /// If there is no room.
    #[inline]
    pub fn alloc_slice_copy<T: Copy>(&mut self, source: &[T]) -> &'a mut [T] {
        match self.try_alloc_slice_copy(source) {
            Ok(slice) => slice,
            Err(AllocError) => exhausted(Some(Layout::for_value(source))),
        }
    }

    /// Copies a slice into the arena.
    ///
    /// # Errors
    ///
    /// If there is no room.
    #[inline]
    pub fn try_alloc_slice_copy<T: Copy>(
        &mut self,
        source: &[T],
    ) -> Result<&'a mut [T], AllocError> {
        let place = self.take(Layout::for_value(source))?.cast::<T>();
        // SAFETY: a fresh block for so many values, which overlaps nothing.
        unsafe { place.copy_from_nonoverlapping(NonNull::from(source).cast(), source.len()) };
        let mut copy = NonNull::slice_from_raw_parts(place, source.len());
        // SAFETY: initialised just now, nobody else's (R1), and as long-lived as the borrow.
        Ok(unsafe { copy.as_mut() })
    }

    /// Takes a block.
    #[inline]
    fn take(&mut self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let (start, end) = self.lease.cur.bump(layout, MIN_ALIGN);
        if end.exceeds(self.lease.lim) {
            // Away from here, should the upstream unwind although it must not.
            let Lease { cur, lim, chunk } = mem::replace(&mut self.lease, Lease::none(MIN_ALIGN));
            end_lease(self.arena, cur, lim, chunk);
            let block = take_elsewhere(self.arena, layout);
            self.lease = self.arena.lease();
            return block;
        }
        self.lease.cur = end;
        // SAFETY: between the cursor, which is not null, and the limit.
        let start = unsafe { NonNull::new_unchecked(start) };
        let extent = math::round_up(layout.size(), MIN_ALIGN);
        // SAFETY: R1: nobody's until now.
        Ok(unsafe { checker::hand_out(start, extent, layout.align()) })
    }
}

/// Takes a block while nothing is leased.
#[cold]
#[inline(never)]
fn take_elsewhere<A: Allocator, const MIN_ALIGN: usize>(
    arena: &Arena<A, MIN_ALIGN>,
    layout: Layout,
) -> Result<NonNull<u8>, AllocError> {
    crate::cursor::allocate(arena, layout).map(NonNull::cast)
}

/// Ends the lease that has these parts.
///
/// Words and no value of more than two, which would go by its address: that would keep a cursor in
/// memory, even if it happens only where the loop ends or unwinds.
#[inline(never)]
fn end_lease<A: Allocator, const MIN_ALIGN: usize>(
    arena: &Arena<A, MIN_ALIGN>,
    cur: Edge,
    lim: Edge,
    chunk: Option<Chunk>,
) {
    arena.end_lease(Lease { cur, lim, chunk });
}

impl<A: Allocator, const MIN_ALIGN: usize> Drop for LocalCursor<'_, A, MIN_ALIGN> {
    #[inline]
    fn drop(&mut self) {
        let Lease { cur, lim, chunk } = self.lease;
        end_lease(self.arena, cur, lim, chunk);
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> fmt::Debug for LocalCursor<'_, A, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let room = self.lease.cur.bytes_to(self.lease.lim);
        f.debug_struct("LocalCursor")
            .field("room", &room)
            .field("arena", self.arena)
            .finish_non_exhaustive()
    }
}
