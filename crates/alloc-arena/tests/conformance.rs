//! The laws of `alloc-conformance`, one line per configuration.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::mem::MaybeUninit;
use std::sync::Mutex;
use std::sync::atomic::AtomicPtr;

use alloc_arena::{Arena, ArenaBuilder, FixedArena};
use alloc_conformance::{Limits, suite};
use alloc_core::ArcHandle;

#[rustfmt::skip]
mod always {
    use super::*;

    suite!(packed, Arena::<_, 1>::with_min_align_in, [owns, reset, eq, send]);
    suite!(small_chunks, |up| tiny().build_in(up), [owns, reset]);
    suite!(fixed, |_| FixedArena::new(buffer(1 << 18)), [owns, reset, eq, send],
        limits = Limits::any().bytes(1 << 17));
}

/// What Miri would take too long for; the three above go through the same code.
#[cfg(not(miri))]
#[rustfmt::skip]
mod at_full_speed {
    use super::*;
    use alloc_core::RcHandle;

    suite!(arena, Arena::new_in, [owns, reset, eq, send]);
    suite!(rounded_16, Arena::<_, 16>::with_min_align_in, [owns, reset]);
    suite!(rounded_64, Arena::<_, 64>::with_min_align_in, [owns, reset]);
    suite!(with_capacity, |up| Arena::with_capacity_in(100_000, up), [owns, reset]);
    suite!(limited, |up| ArenaBuilder::new().limit(1 << 20).build_in(up), [owns, reset],
        limits = Limits::any().bytes(64 << 10));
    suite!(by_handle, |up| RcHandle::new(Arena::new_in(up)), [owns, clones, eq]);
    suite!(over_an_arena, |up| Arena::new_in(RcHandle::new(Arena::new_in(up))), [reset]);
    suite!(fixed_16, |_| FixedArena::<16>::with_min_align(buffer(1 << 16)), [owns, reset],
        limits = Limits::any().bytes(1 << 15));
    suite!(fixed_empty, |_| FixedArena::<8>::with_min_align(&mut []), [owns, reset],
        limits = Limits::any().bytes(0));
}

/// Chunks that hold a few blocks each, so that every law crosses from one to the next.
fn tiny() -> ArenaBuilder {
    ArenaBuilder::new().chunk_size(1).max_chunk_size(200)
}

/// A buffer that lives as long as the test program.
fn buffer(bytes: usize) -> &'static mut [MaybeUninit<u8>] {
    /// Where a leak checker finds the buffers.
    static BUFFERS: Mutex<Vec<AtomicPtr<MaybeUninit<u8>>>> = Mutex::new(Vec::new());

    let buffer = Box::leak(Box::new_uninit_slice(bytes));
    BUFFERS
        .lock()
        .unwrap()
        .push(AtomicPtr::new(buffer.as_mut_ptr()));
    buffer
}

/// An `Arc` of an arena is an allocator too, if not one for several threads.
#[test]
fn arc_handles_work_within_a_thread() {
    let arena = ArcHandle::new(Arena::new());
    let values = alloc_core::vec::Vec::<u8, _>::with_capacity_in(10, arena.clone());
    assert_eq!(arena.used(), 16);
    drop(values);
    assert_eq!(arena.used(), 0);
}
