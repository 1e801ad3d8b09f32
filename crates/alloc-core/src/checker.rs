//! What memory checkers are told: which memory is nobody's, and which was handed out.
//!
//! Miri and `AddressSanitizer` know the blocks of the heap. Of what an allocator does within a chunk they
//! know nothing: for them a block that was taken back is a part of the chunk as good as any. Three of the
//! functions here tell them, at the three moments when memory changes hands:
//!
//! ```text
//!  from the upstream ──▶ nobody's ◀── retire ──── a block
//!                           │   └───── hand_out ──▶ │
//!                           └─▶ give_back ─▶ to the upstream
//! ```
//!
//! | | Miri | `AddressSanitizer` |
//! | --- | --- | --- |
//! | [`retire`] | the bytes are uninitialised, and pointers to blocks there may not be used any more | the bytes may not be touched |
//! | [`hand_out`] | the pointer is good for these bytes alone, and older ones are not | the bytes may be touched |
//! | [`give_back`] | as `retire` | the bytes may be touched |
//!
//! What an allocator keeps for itself in nobody's memory, such as the link of a free block, it writes by [`note`] and
//! reads by [`noted`].
//!
//! In ordinary builds [`note`] and [`noted`] are a write and a read, and the other functions are empty: not an instruction of
//! an allocator changes.
//!
//! # How to turn it on
//!
//! Under Miri it is always on. For `AddressSanitizer` say so to the compiler, as stable Rust has no way to see that it
//! is there:
//!
//! ```sh
//! RUSTFLAGS="-Zsanitizer=address --cfg alloc_asan" \
//!     cargo +nightly test -Zbuild-std --target x86_64-unknown-linux-gnu
//! ```
//!
//! With the flag and without the sanitizer, programs do not link.
//!
//! # What is not seen
//!
//! - `AddressSanitizer` knows memory by units of 8 bytes, and of each how many of its first bytes may be touched.
//!   So nobody's bytes that lie before a byte in use, in the same unit, look like bytes in use. A block is never taken for
//!   nobody's.
//! - `AddressSanitizer` follows no pointers: a stale pointer to memory that was handed out again looks like a new one.
//! - Under Miri's Tree Borrows a pointer may leave its block. A *write* there to bytes that were nobody's when the block was
//!   handed out, or any use of a block that was handed out before, is not seen; Stacked Borrows see both.

use core::ptr::NonNull;

#[cfg(all(alloc_asan, not(miri)))]
use asan as told;
#[cfg(miri)]
use miri as told;
#[cfg(not(any(miri, alloc_asan)))]
use nobody as told;

/// Whether this build has a checker. Work that is done for it alone, such as a walk over chunks, belongs
/// behind this constant.
pub const WATCHED: bool = cfg!(any(miri, alloc_asan));

/// Whether the checker knows by which pointer memory is used, as Miri does, and not only which memory.
///
/// [`retire`] then ends the use of all pointers that were derived from the one it is given: an allocator
/// gives it one to the whole chunk, and not the caller's.
pub const FOLLOWS_POINTERS: bool = cfg!(miri);

/// Threads that [`retire`] and [`hand_out`] blocks of one chunk at the same time do so with blocks that begin and
/// end at multiples of this: what a checker knows of so many bytes, it keeps in one place.
///
/// Of other blocks it would take one that is in use for nobody's, and so they are not retired one by one.
pub const UNIT: usize = if cfg!(all(alloc_asan, not(miri))) {
    8
} else {
    1
};

/// Says that `len` bytes from `start` on are nobody's from now on: a fault to use, until they are handed out.
///
/// What they contain is lost. With `len == 0` nothing happens, whatever `start` is.
///
/// # Safety
///
/// The bytes are valid for writes through `start`, and nobody uses what they contain any more.
///
/// # Examples
///
/// ```
/// use alloc_core::checker;
/// use core::mem::MaybeUninit;
/// use core::ptr::NonNull;
///
/// let mut chunk = [MaybeUninit::<u64>::uninit(); 16];
/// let start = NonNull::from(&mut chunk).cast::<u8>();
/// // SAFETY: the chunk, of which nothing is in use.
/// unsafe { checker::retire(start.as_ptr(), 128) };
///
/// // SAFETY: its first 8 bytes, which are nobody's and aligned to 8.
/// let block = unsafe { checker::hand_out(start, 8, 8) }.cast::<u64>();
/// // SAFETY: within the block.
/// unsafe { block.write(1) };
/// // Here a checker reports any use of the 120 bytes after the block.
///
/// // SAFETY: nobody uses the block any more.
/// unsafe { checker::give_back(start.as_ptr(), 128) };
/// chunk[1].write(2);
/// ```
#[inline]
pub unsafe fn retire(start: *mut u8, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { told::retire(start, len) };
}

/// Says that `len` bytes from `start` on are a block from now on, aligned to `align`, and returns the pointer
/// for whoever gets it.
///
/// The bytes stay as they are, so that a block which grows or shrinks in place is handed out once more,
/// with its new length. With `len == 0` nothing happens to memory, whatever `start` is.
///
/// # Safety
///
/// The bytes are valid for reads and writes through `start`, and whoever had them before does not use
/// pointers from then any more. `start` is a multiple of `align`, a power of two.
#[inline]
#[must_use = "under Miri, this is the pointer that may be used"]
pub unsafe fn hand_out(start: NonNull<u8>, len: usize, align: usize) -> NonNull<u8> {
    // SAFETY: the caller's promise.
    unsafe { told::hand_out(start, len, align) }
}

/// Says that `len` bytes from `start` on are whose they were before the allocator had them: its upstream's, or
/// those of the owner of a buffer.
///
/// To be called before memory goes there, whatever is there: nobody else can know that these bytes are not to be touched.
/// What they contain is lost. With `len == 0` nothing happens, whatever `start` is.
///
/// # Safety
///
/// As for [`retire`].
#[inline]
pub unsafe fn give_back(start: *mut u8, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { told::give_back(start, len) };
}

/// Writes `value` into nobody's memory, which it stays: a fault to use for all but [`noted`].
///
/// # Safety
///
/// As for [`NonNull::write`]; and the place is nobody's, as a checker takes it for that afterwards.
///
/// # Examples
///
/// ```
/// use alloc_core::checker;
/// use core::mem::MaybeUninit;
/// use core::ptr::NonNull;
///
/// let mut chunk = [MaybeUninit::<u64>::uninit(); 16];
/// let start = NonNull::from(&mut chunk).cast::<u8>();
/// // SAFETY: the chunk, of which nothing is in use.
/// unsafe { checker::retire(start.as_ptr(), 128) };
///
/// let link = start.cast::<usize>();
/// // SAFETY: the first word of the chunk.
/// unsafe { checker::note(link, 64) };
/// // SAFETY: written just now.
/// assert_eq!(unsafe { checker::noted(link) }, 64);
///
/// // SAFETY: nobody uses the chunk any more.
/// unsafe { checker::give_back(start.as_ptr(), 128) };
/// ```
#[inline]
pub unsafe fn note<T>(place: NonNull<T>, value: T) {
    // SAFETY: the caller's promise.
    unsafe { told::note(place, value) };
}

/// Reads what [`note`] wrote into nobody's memory.
///
/// # Safety
///
/// As for [`NonNull::read`]; and as for [`note`], the place is nobody's.
#[inline]
#[must_use]
pub unsafe fn noted<T>(place: NonNull<T>) -> T {
    // SAFETY: the caller's promise.
    unsafe { told::noted(place) }
}

/// No checker.
#[cfg(not(any(miri, alloc_asan)))]
mod nobody {
    use core::ptr::NonNull;

    pub(super) use super::open::{note, noted};

    #[inline]
    pub(super) unsafe fn retire(_: *mut u8, _: usize) {}

    #[inline]
    pub(super) unsafe fn hand_out(start: NonNull<u8>, _: usize, _: usize) -> NonNull<u8> {
        start
    }

    #[inline]
    pub(super) unsafe fn give_back(_: *mut u8, _: usize) {}
}

/// What is noted where nobody's memory may be touched.
#[cfg(not(all(alloc_asan, not(miri))))]
mod open {
    use core::ptr::NonNull;

    #[inline]
    pub(super) unsafe fn note<T>(place: NonNull<T>, value: T) {
        // SAFETY: the caller's promise.
        unsafe { place.write(value) };
    }

    #[inline]
    pub(super) unsafe fn noted<T>(place: NonNull<T>) -> T {
        // SAFETY: the caller's promise.
        unsafe { place.read() }
    }
}

/// `AddressSanitizer`: nobody's memory is poisoned.
#[cfg(all(alloc_asan, not(miri)))]
mod asan {
    use core::ffi::c_void;
    use core::ptr::NonNull;

    unsafe extern "C" {
        fn __asan_poison_memory_region(start: *const c_void, len: usize);
        fn __asan_unpoison_memory_region(start: *const c_void, len: usize);
    }

    pub(super) unsafe fn retire(start: *mut u8, len: usize) {
        // SAFETY: the caller's memory; nothing in it is used any more.
        unsafe { __asan_poison_memory_region(start.cast_const().cast(), len) };
    }

    pub(super) unsafe fn hand_out(start: NonNull<u8>, len: usize, _: usize) -> NonNull<u8> {
        // SAFETY: the caller's memory.
        unsafe { __asan_unpoison_memory_region(start.as_ptr().cast_const().cast(), len) };
        start
    }

    pub(super) unsafe fn give_back(start: *mut u8, len: usize) {
        // SAFETY: the caller's memory.
        unsafe { __asan_unpoison_memory_region(start.cast_const().cast(), len) };
    }

    pub(super) unsafe fn note<T>(place: NonNull<T>, value: T) {
        let start = place.as_ptr().cast();
        // SAFETY: the caller's memory.
        unsafe { give_back(start, size_of::<T>()) };
        // SAFETY: the caller's promise.
        unsafe { place.write(value) };
        // SAFETY: the caller's memory; whoever uses what it contains comes through `noted`.
        unsafe { retire(start, size_of::<T>()) };
    }

    pub(super) unsafe fn noted<T>(place: NonNull<T>) -> T {
        let start = place.as_ptr().cast();
        // SAFETY: the caller's memory.
        unsafe { give_back(start, size_of::<T>()) };
        // SAFETY: the caller's promise.
        let value = unsafe { place.read() };
        // SAFETY: as in `note`.
        unsafe { retire(start, size_of::<T>()) };
        value
    }
}

/// Miri: nobody's memory is uninitialised, and each block has a pointer of its own.
#[cfg(miri)]
mod miri {
    use core::mem::MaybeUninit;
    use core::ptr::{self, NonNull};

    pub(super) use super::open::{note, noted};

    unsafe extern "Rust" {
        /// Under `-Zmiri-symbolic-alignment-check` Miri believes no alignment beyond that of the chunk unless it
        /// is promised. It ends the program if the promise is wrong.
        fn miri_promise_symbolic_alignment(ptr: *const (), align: usize);
    }

    /// The write ends the use of what was derived from `start`, in both of Miri's models.
    pub(super) unsafe fn retire(start: *mut u8, len: usize) {
        if len == 0 {
            return;
        }
        let start = start.cast::<MaybeUninit<u8>>();
        // SAFETY: the first byte, by the caller's promise.
        unsafe { start.write(MaybeUninit::uninit()) };
        // Twice as many each time: a few steps, where single bytes would be a million.
        let mut done = 1;
        while done < len {
            let more = done.min(len - done);
            // SAFETY: less than `len`.
            let rest = unsafe { start.add(done) };
            // SAFETY: `more` bytes before `rest` and from it on are within `len`.
            unsafe { ptr::copy_nonoverlapping(start, rest, more) };
            done += more;
        }
    }

    pub(super) unsafe fn hand_out(start: NonNull<u8>, len: usize, align: usize) -> NonNull<u8> {
        let raw = start.as_ptr();
        // SAFETY: Miri provides the function.
        unsafe { miri_promise_symbolic_alignment(raw.cast_const().cast(), align) };
        if len == 0 {
            return start;
        }
        // SAFETY: the caller's promise. Onto itself: a write ends the use of older pointers, also in
        // Tree Borrows, where the borrow below does not.
        unsafe { raw.copy_from(raw, len) };
        let block = ptr::slice_from_raw_parts_mut(raw.cast::<MaybeUninit<u8>>(), len);
        // SAFETY: the caller's promise; nobody else uses these bytes.
        NonNull::from(unsafe { &mut *block }).cast()
    }

    pub(super) unsafe fn give_back(start: *mut u8, len: usize) {
        // SAFETY: the caller's promise.
        unsafe { retire(start, len) };
    }
}
