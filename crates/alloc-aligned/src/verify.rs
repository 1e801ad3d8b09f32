//! Telling how an address is aligned.

use crate::math;

/// Tells how many bytes `ptr` lies above the nearest multiple of `align`.
///
/// Asks for the address only: no memory behind `ptr` is read, and references coerce to what it
/// takes.
///
/// # Panics
///
/// If `align` is not a power of two.
///
/// # Examples
///
/// ```
/// use alloc_aligned::{CacheAligned, misalignment};
///
/// let line = CacheAligned::new([0_u8; 8]);
/// assert_eq!(misalignment(&raw const line[0], 64), 0);
/// assert_eq!(misalignment(&raw const line[5], 64), 5);
/// ```
#[inline]
#[track_caller]
pub fn misalignment<T: ?Sized>(ptr: *const T, align: usize) -> usize {
    assert!(align.is_power_of_two(), "an alignment is a power of two");
    math::above_multiple(ptr.addr(), align)
}

/// Tells whether the address of `ptr` is a multiple of `align`.
///
/// Unlike `<*const T>::is_aligned` it takes the alignment as a value, so that an address can be
/// checked for more than its type asks for: a cache line, a vector register, a page.
///
/// # Panics
///
/// If `align` is not a power of two.
///
/// # Examples
///
/// ```
/// use alloc_aligned::{Aligned, is_aligned_to};
/// use alloc_core::{Global, vec::Vec};
///
/// let mut samples = Vec::new_in(Aligned::<64, _>::new(Global));
/// samples.extend([0.5_f32, 0.25]);
/// assert!(is_aligned_to(samples.as_ptr(), 64));
/// assert!(!is_aligned_to(&samples[1], 64));
/// ```
#[inline]
#[track_caller]
pub fn is_aligned_to<T: ?Sized>(ptr: *const T, align: usize) -> bool {
    misalignment(ptr, align) == 0
}
