//! What an arena holds at a moment.

/// The memory of an [`Arena`](crate::Arena) at a moment.
///
/// Computed when asked for, in time linear in the number of chunks: counting costs the allocations
/// nothing.
///
/// # Examples
///
/// ```
/// use alloc_arena::Arena;
///
/// let mut arena = Arena::new();
/// arena.alloc([0_u64; 100]);
/// let stats = arena.stats();
/// assert_eq!((stats.used, stats.chunks), (800, 1));
/// assert!(stats.reserved > stats.used);
///
/// arena.reset();
/// assert_eq!(arena.stats().used, 0);
/// assert_eq!(arena.stats().reserved, stats.reserved);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes in blocks, with the padding before them and the rounding of their sizes.
    pub used: usize,
    /// Bytes taken from the upstream, with the headers of the chunks.
    pub reserved: usize,
    /// Chunks taken from the upstream, in use or kept.
    pub chunks: usize,
}
