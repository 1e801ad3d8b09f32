//! What debug builds say about a broken promise of `deallocate`'s caller, before they abort.

/// Reports a block that is freed while it is free.
///
/// A function with the C calling convention cannot unwind: the message is printed and the process
/// aborts.
#[cold]
pub(crate) extern "C" fn double_free(block: usize, pool: usize) -> ! {
    panic!("double free: the block at {block:#x} of the pool at {pool:#x} is free already");
}

/// Reports a pointer to no block of the pool, and aborts as [`double_free`] does.
#[cold]
pub(crate) extern "C" fn foreign(block: usize, pool: usize) -> ! {
    panic!("foreign pointer: {block:#x} is no block of the pool at {pool:#x}");
}
