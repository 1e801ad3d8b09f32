//! A value that has its cache lines to itself.

use core::ops::{Deref, DerefMut};

/// The length of a cache line on this target, in bytes: 64 on x86-64.
///
/// 128 on 64-bit Arm (some of its cores have lines of 64, Apple's and other large ones of 128) and
/// on 64-bit PowerPC, 256 on s390x, 64 on all others. It is the longest line of the architecture's
/// processors, not what the running one reports: a block that is aligned to it starts a line on
/// each of them.
pub const CACHE_LINE: usize = align_of::<CacheAligned<u8>>();

/// A value that starts a cache line and fills whole ones.
///
/// Its alignment is [`CACHE_LINE`] or that of `T`, whichever is higher, and its size is a multiple
/// of that. Use it for what must not straddle two lines, or share one: a hot header, a lane buffer,
/// the counter of one thread.
///
/// # When to use `crossbeam_utils::CachePadded` instead
///
/// What differs is x86-64: `CacheAligned` is one line there, 64 bytes, and `CachePadded` of
/// crossbeam-utils two, 128. Intel's processors may fetch the other line of a pair of 128 bytes along
/// with the one that is asked for, so two threads that write to neighbouring lines can still take
/// them from each other.
///
/// | | take |
/// | --- | --- |
/// | values that different threads *write* often: heads of queues, locks, counters | `CachePadded` |
/// | values that must not straddle lines: a hot header, a vector of lanes, a table that is looked up | `CacheAligned` |
/// | many values, of which each thread writes its own and rarely | `CacheAligned`, half the memory |
/// | a whole buffer that starts a line | [`CacheLine`](crate::CacheLine), which pads no element |
///
/// On 64-bit Arm and PowerPC both are 128 bytes, on s390x 256. On 32-bit Arm and MIPS `CachePadded`
/// is the smaller one, 32 bytes against 64. The example `false_sharing` measures what the three
/// layouts of two counters cost on a machine; it needs two idle cores.
///
/// # Examples
///
/// One counter for each thread, none of them on another's line:
///
/// ```
/// use alloc_aligned::{CACHE_LINE, CacheAligned};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// static HITS: [CacheAligned<AtomicU64>; 2] = [const { CacheAligned::new(AtomicU64::new(0)) }; 2];
///
/// std::thread::scope(|s| {
///     for counter in &HITS {
///         s.spawn(|| counter.fetch_add(1, Ordering::Relaxed));
///     }
/// });
/// assert_eq!(HITS.iter().map(|c| c.load(Ordering::Relaxed)).sum::<u64>(), 2);
/// assert_eq!(size_of_val(&HITS), 2 * CACHE_LINE);
/// ```
#[derive(Clone, Copy, Debug, Default, Hash, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(target_arch = "s390x", repr(align(256)))]
#[cfg_attr(
    any(
        target_arch = "aarch64",
        target_arch = "arm64ec",
        target_arch = "powerpc64"
    ),
    repr(align(128))
)]
#[cfg_attr(
    not(any(
        target_arch = "s390x",
        target_arch = "aarch64",
        target_arch = "arm64ec",
        target_arch = "powerpc64",
    )),
    repr(align(64))
)]
pub struct CacheAligned<T> {
    value: T,
}

impl<T> CacheAligned<T> {
    /// Puts `value` on cache lines of its own.
    #[inline]
    pub const fn new(value: T) -> Self {
        Self { value }
    }

    /// Returns the value.
    #[inline]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for CacheAligned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for CacheAligned<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> From<T> for CacheAligned<T> {
    #[inline]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod layout {
    use super::{CACHE_LINE, CacheAligned};
    use memoffset::offset_of;

    // The value starts the line; what follows it is padding, so no neighbour's bytes are on it.
    const _: () = assert!(offset_of!(CacheAligned<u8>, value) == 0);
    const _: () = assert!(size_of::<CacheAligned<[u8; CACHE_LINE + 1]>>() == 2 * CACHE_LINE);
    const _: () = assert!(size_of::<CacheAligned<u8>>() == CACHE_LINE);
    const _: () = assert!(size_of::<CacheAligned<[u8; CACHE_LINE]>>() == CACHE_LINE);
    const _: () = assert!(align_of::<CacheAligned<CacheAligned<u8>>>() == CACHE_LINE);
}
