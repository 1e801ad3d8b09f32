//! The fast path as machine code: `cargo xtask asm` shows it and counts its instructions.
//!
//! Above each function stands what a call may take at most on x86-64 if the chunk has room, the
//! stores of the value and the return included.
#![allow(
    clippy::no_mangle_with_rust_abi,
    reason = "called from Rust; the name is for the assembly"
)]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_arena::{AllocError, Allocator, Arena, Layout, alloc_core::Global};
use std::ptr::NonNull;

/// An arena that packs bytes tightly.
type Packed = Arena<Global, 1>;

/// A value of the default minimum alignment.
// at most 7 instructions
#[unsafe(no_mangle)]
pub fn put_u64(arena: &Arena, value: u64) -> &mut u64 {
    arena.alloc(value)
}

/// A value of less than the minimum alignment: rounded up, and not aligned.
// at most 7 instructions
#[unsafe(no_mangle)]
pub fn put_u8(arena: &Arena, value: u8) -> &mut u8 {
    arena.alloc(value)
}

/// A value of three words, which are copied into the block.
// at most 12 instructions
#[unsafe(no_mangle)]
pub fn put_three_words(arena: &Arena, value: [u64; 3]) -> &mut [u64; 3] {
    arena.alloc(value)
}

/// A block of any size and alignment, as a container asks for it.
///
/// # Errors
///
/// If the arena cannot grow.
// at most 11 instructions
#[unsafe(no_mangle)]
pub fn allocate_dynamic(arena: &Arena, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    arena.allocate(layout)
}

/// The same where bytes are packed tightly: of any alignment, and not rounded.
///
/// # Errors
///
/// If the arena cannot grow.
// at most 8 instructions
#[unsafe(no_mangle)]
pub fn allocate_packed(arena: &Packed, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    arena.allocate(layout)
}

/// The end of a block whose layout is known.
///
/// # Safety
///
/// The block is one of this arena, and nobody uses it any more.
// at most 4 instructions
#[unsafe(no_mangle)]
pub unsafe fn free_four_words(arena: &Arena, block: NonNull<u8>) {
    // SAFETY: the caller's promise.
    unsafe { arena.deallocate(block, Layout::new::<[u64; 4]>()) };
}

fn main() -> Result<(), AllocError> {
    let arena = Arena::new();
    let block = allocate_dynamic(&arena, Layout::new::<[u16; 5]>())?;
    assert_eq!(block.len(), 16);
    let (byte, word, words) = (
        put_u8(&arena, 1),
        put_u64(&arena, 2),
        put_three_words(&arena, [3, 4, 5]),
    );
    println!("{byte} {word} {words:?} in {arena:?}");
    let packed = Packed::with_min_align_in(Global);
    assert_eq!(allocate_packed(&packed, Layout::new::<[u8; 5]>())?.len(), 5);
    let scratch = arena.allocate(Layout::new::<[u64; 4]>())?;
    // SAFETY: the block was allocated just now.
    unsafe { free_four_words(&arena, scratch.cast()) };
    assert_eq!(arena.used(), 16 + 8 + 8 + 24);
    Ok(())
}
