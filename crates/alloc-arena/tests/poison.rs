//! What memory checkers see of an arena: one faulty program per case, which the checker must end.
//!
//! `cargo xtask miri` and `cargo xtask asan` run each of the ignored tests in a process of its own, and fail unless
//! the checker reports the fault. The same things done right are in `checked.rs`.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use alloc_arena::{Allocator, Arena, FixedArena, Layout, TypedArena};
use alloc_conformance::{
    faulty,
    poison::{read, write},
};
use alloc_core::{AllocatorExt, Global};

/// A block of so many bytes, all initialised.
fn block(arena: &impl Allocator, len: usize) -> *mut u8 {
    let block = arena.allocate_array::<u8>(len).expect("there is room");
    let start = block.cast::<u8>();
    // SAFETY: a fresh block of this length.
    unsafe { start.write_bytes(7, len) };
    start.as_ptr()
}

/// The layout and the address of such a block.
fn parts(byte: *mut u8, len: usize) -> (NonNull<u8>, Layout) {
    let layout = Layout::array::<u8>(len).expect("a small layout");
    (NonNull::new(byte).expect("a block"), layout)
}

/// Frees a block of so many bytes of this arena.
fn free(arena: &impl Allocator, byte: *mut u8, len: usize) {
    let (block, layout) = parts(byte, len);
    // SAFETY: the block has this layout.
    unsafe { arena.deallocate(block, layout) };
}

/// Grows or shrinks a block of so many bytes of this arena.
fn resize(arena: &impl Allocator, byte: *mut u8, old: usize, new: usize) -> *mut u8 {
    let ((block, old), (_, new)) = (parts(byte, old), parts(byte, new));
    let resized = if new.size() > old.size() {
        // SAFETY: the block has the one layout, and the other one is larger.
        unsafe { arena.grow(block, old, new) }
    } else {
        // SAFETY: the block has the one layout, and the other one is smaller.
        unsafe { arena.shrink(block, old, new) }
    };
    resized.expect("there is room").cast().as_ptr()
}

// What is taken back at once.
faulty! {
    fn read_after_reset() {
        let mut arena = Arena::new();
        let byte: *const u8 = arena.alloc(1_u8);
        arena.reset();
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn write_after_reset() {
        let mut arena = Arena::new();
        let byte: *mut u8 = arena.alloc(1_u8);
        arena.reset();
        // SAFETY: a fault.
        unsafe { write(byte) };
    }

    fn read_of_an_older_chunk_after_reset() {
        let mut arena = Arena::new();
        let byte = block(&&arena, 100);
        arena.alloc_uninit_slice::<u8>(10_000);
        arena.alloc_uninit_slice::<u8>(40_000);
        arena.reset();
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn read_after_release_to_an_arena() {
        let outer = Arena::new();
        let mut inner = Arena::new_in(&outer);
        let byte: *const u8 = inner.alloc(1_u8);
        inner.release();
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn read_after_a_scope() {
        let mut arena = Arena::new();
        arena.alloc(0_u8);
        let byte: *const u8 = arena.scope(|scope| &raw const *scope.alloc(1_u8));
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn write_after_a_scope_in_a_later_chunk() {
        let mut arena = Arena::new();
        arena.alloc(0_u8);
        let byte = arena.scope(|scope| &raw mut scope.alloc([1_u8; 10_000])[9_999]);
        // SAFETY: a fault.
        unsafe { write(byte) };
    }

    fn read_after_rewind_to_a_checkpoint() {
        let arena = Arena::new();
        arena.alloc(0_u64);
        let moment = arena.checkpoint();
        let byte = block(&&arena, 1);
        // SAFETY: the only checkpoint; the block is used, which is the fault.
        unsafe { arena.rewind_to(&moment) };
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn read_after_clear_of_a_typed_arena() {
        let mut arena = TypedArena::new();
        let byte: *const u8 = arena.alloc(1_u8);
        arena.clear();
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    #[cfg(feature = "std")]
    fn read_after_reset_of_a_pool_of_arenas() {
        let mut pool = alloc_arena::ArenaPool::new();
        let byte: *const u8 = pool.get().alloc(1_u8);
        pool.reset();
        // SAFETY: a fault.
        unsafe { read(byte) };
    }
}

// Single blocks.
faulty! {
    fn read_after_the_last_block_was_freed() {
        let arena = &Arena::new();
        let byte = block(&arena, 24);
        free(&arena, byte, 24);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn read_after_a_block_in_the_middle_was_freed() {
        let arena = &Arena::new();
        let (byte, _last) = (block(&arena, 24), block(&arena, 24));
        free(&arena, byte, 24);
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(23)) };
    }

    fn write_after_a_block_in_the_middle_was_freed() {
        let arena = &Arena::new();
        let (byte, _last) = (block(&arena, 24), block(&arena, 24));
        free(&arena, byte, 24);
        // SAFETY: a fault.
        unsafe { write(byte) };
    }

    fn write_after_a_block_of_an_older_chunk_was_freed() {
        let arena = &Arena::new();
        let byte = block(&arena, 24);
        arena.alloc_uninit_slice::<u8>(10_000);
        arena.alloc_uninit_slice::<u8>(40_000);
        free(&arena, byte, 24);
        // SAFETY: a fault.
        unsafe { write(byte) };
    }

    fn read_after_growth_moved_the_block() {
        let arena = &Arena::new();
        let (byte, _last) = (block(&arena, 24), block(&arena, 24));
        assert_ne!(resize(&arena, byte, 24, 48), byte);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn read_of_the_tail_that_the_last_block_lost() {
        let arena = &Arena::new();
        let byte = block(&arena, 64);
        let kept = resize(&arena, byte, 64, 16);
        // SAFETY: a fault.
        unsafe { read(kept.wrapping_add(16)) };
    }

    fn read_of_the_tail_that_a_block_in_the_middle_lost() {
        let arena = &Arena::new();
        let (byte, _last) = (block(&arena, 64), block(&arena, 8));
        let kept = resize(&arena, byte, 64, 16);
        // SAFETY: a fault.
        unsafe { read(kept.wrapping_add(63)) };
    }
}

// What was never handed out.
faulty! {
    fn read_behind_the_last_block() {
        let arena = Arena::new();
        let byte = block(&&arena, 8);
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(8)) };
    }

    fn write_out_of_its_block_behind_the_last_one() {
        let arena = Arena::new();
        let byte = block(&&arena, 8);
        // SAFETY: a fault. (For Tree Borrows it is none: a pointer may leave its block there.)
        unsafe { write(byte.wrapping_add(8)) };
    }

    fn read_behind_the_last_byte_of_a_packed_arena() {
        let arena = Arena::<_, 1>::with_min_align_in(Global);
        let (_, byte) = (block(&&arena, 5), block(&&arena, 6));
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(6)) };
    }

    fn read_of_the_padding_before_a_block() {
        let arena = Arena::new();
        arena.alloc(0_u64);
        let page: *mut u8 = arena.alloc(Page([0; 64])).0.as_mut_ptr();
        // SAFETY: a fault.
        unsafe { read(page.wrapping_sub(8)) };
    }

    fn read_of_the_rest_of_a_full_chunk() {
        let arena = Arena::new();
        let byte = block(&&arena, 3000);
        // The block is larger than what is left, and the cursor goes on in its chunk.
        arena.alloc([0_u8; 5000]);
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(3000)) };
    }

    fn read_of_the_room_that_a_local_cursor_has() {
        let arena = Arena::new();
        let mut cursor = arena.local_cursor();
        cursor.alloc(0_u64);
        let byte = cursor.alloc_slice_copy(&[1_u8; 8]).as_mut_ptr();
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(8)) };
    }

    fn read_of_a_slice_of_a_local_cursor_after_reset() {
        let mut arena = Arena::new();
        let mut cursor = arena.local_cursor();
        cursor.alloc(0_u64);
        let byte: *const u8 = cursor.alloc_slice_copy(&[1; 8]).as_ptr();
        drop(cursor);
        arena.reset();
        // SAFETY: a fault.
        unsafe { read(byte) };
    }
}

/// A type with more alignment than blocks have anyway.
#[repr(align(64))]
struct Page([u8; 64]);

// The buffer of a fixed arena.
faulty! {
    fn read_behind_the_last_block_of_a_buffer() {
        let mut buffer = [MaybeUninit::uninit(); 256];
        let arena = FixedArena::<8>::with_min_align(&mut buffer);
        let byte = block(&&arena, 8);
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(8)) };
    }

    fn read_after_reset_of_a_buffer() {
        let mut buffer = [MaybeUninit::uninit(); 256];
        let mut arena = FixedArena::new(&mut buffer);
        let byte = block(&&arena, 40);
        arena.reset();
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn write_to_a_block_of_a_buffer_that_was_freed() {
        let mut buffer = [MaybeUninit::uninit(); 256];
        let arena = &FixedArena::<8>::with_min_align(&mut buffer);
        let (byte, _last) = (block(&arena, 24), block(&arena, 24));
        free(&arena, byte, 24);
        // SAFETY: a fault.
        unsafe { write(byte) };
    }
}

// Memory that is somebody else's now: for checkers that know by which pointer it is used.
#[cfg(miri)]
faulty! {
    fn stale_pointer_to_memory_that_was_handed_out_again() {
        let mut arena = Arena::new();
        let stale: *mut u8 = arena.alloc(1_u8);
        arena.reset();
        let fresh: *mut u8 = arena.alloc(2_u8);
        assert_eq!(fresh, stale);
        // SAFETY: a fault.
        unsafe { write(stale) };
    }

    fn stale_pointer_to_a_block_that_grew_in_place() {
        let arena = &Arena::new();
        let stale = block(&arena, 24);
        assert_eq!(resize(&arena, stale, 24, 48), stale);
        // SAFETY: a fault.
        unsafe { read(stale) };
    }

    fn read_through_a_block_into_the_next_one() {
        let arena = Arena::new();
        let (first, second) = (block(&&arena, 8), block(&&arena, 8));
        assert_eq!(first.wrapping_add(8), second);
        // SAFETY: a fault.
        unsafe { read(first.wrapping_add(8)) };
    }

    fn read_of_a_buffer_after_its_arena() {
        let mut buffer = [MaybeUninit::uninit(); 256];
        let arena = FixedArena::new(&mut buffer);
        let byte = block(&&arena, 40);
        drop(arena);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }
}
