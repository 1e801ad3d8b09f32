//! What the tests of pools share.

use std::ptr::NonNull;

use alloc_pool::alloc_core::vec::Vec;
use alloc_pool::{AllocError, Allocator, Layout};

/// Blocks enough for some chunks, or for an interpreter.
pub(crate) const MANY: usize = if cfg!(miri) { 20 } else { 300 };

pub(crate) type Result = std::result::Result<(), AllocError>;

pub(crate) fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// Allocates `n` blocks of `request`.
pub(crate) fn take(pool: &impl Allocator, request: Layout, n: usize) -> Vec<NonNull<u8>> {
    let mut blocks = Vec::new();
    blocks.extend((0..n).map(|_| pool.allocate(request).unwrap().cast()));
    blocks
}

/// Frees blocks of `request`.
pub(crate) fn give(
    pool: &impl Allocator,
    request: Layout,
    blocks: impl IntoIterator<Item = NonNull<u8>>,
) {
    for block in blocks {
        // SAFETY: from `take` with the same pool and layout, and not used any more.
        unsafe { pool.deallocate(block, request) };
    }
}
