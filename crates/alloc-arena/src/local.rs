//! A cursor that a hot loop keeps in registers.

use core::alloc::Layout;
use core::fmt;
use core::mem;
use core::ptr::NonNull;

use alloc_core::{AllocError, Allocator, DefaultUpstream, checker};

use crate::arena::{Arena, Lease};
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
        let cur = self.lease.cur;
        let start = cur.wrapping_add(math::skip(cur.addr(), layout.align(), MIN_ALIGN));
        let extent = math::round_up(layout.size(), MIN_ALIGN);
        let end = start.wrapping_add(extent);
        if math::exceeds(end.addr(), self.lease.lim.addr()) {
            // By value, so that the address of `self` goes nowhere and its fields stay in registers; and
            // away from here, should the upstream unwind although it must not.
            let lease = mem::replace(&mut self.lease, Lease::none(MIN_ALIGN));
            let (block, lease) = take_slow(self.arena, lease, layout);
            self.lease = lease;
            return block;
        }
        self.lease.cur = end;
        // SAFETY: between the cursor, which is not null, and the limit.
        let start = unsafe { NonNull::new_unchecked(start) };
        // SAFETY: R1: nobody's until now.
        Ok(unsafe { checker::hand_out(start, extent, layout.align()) })
    }
}

/// Takes a block for which the lease has no room, and another lease.
#[cold]
#[inline(never)]
fn take_slow<A: Allocator, const MIN_ALIGN: usize>(
    arena: &Arena<A, MIN_ALIGN>,
    lease: Lease,
    layout: Layout,
) -> (Result<NonNull<u8>, AllocError>, Lease) {
    arena.end_lease(lease);
    let block = crate::cursor::allocate(arena, layout);
    (block.map(NonNull::cast), arena.lease())
}

impl<A: Allocator, const MIN_ALIGN: usize> Drop for LocalCursor<'_, A, MIN_ALIGN> {
    #[inline]
    fn drop(&mut self) {
        self.arena.end_lease(self.lease);
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> fmt::Debug for LocalCursor<'_, A, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let room = self.lease.lim.addr() - self.lease.cur.addr();
        f.debug_struct("LocalCursor")
            .field("room", &room)
            .field("arena", self.arena)
            .finish_non_exhaustive()
    }
}
