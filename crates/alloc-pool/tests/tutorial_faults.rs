//! The faults of the C++ tutorial's pool, each shown to be absent here.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::ptr::NonNull;

use alloc_conformance::Upstream;
use alloc_pool::alloc_core::{AllocatorExt, RcHandle, boxed::Box, vec::Vec};
use alloc_pool::{AllocError, Allocator, InlinePool, Layout, Pool};

/// There: `PoolAllocator<int>` has slots of 4 bytes and writes links of 8 bytes into them.
#[test]
fn four_byte_slots_with_eight_byte_links_overwrite_their_neighbours() {
    fn neighbours_stay(pool: impl Allocator) {
        let layout = Layout::new::<u32>();
        let blocks: [NonNull<u32>; 3] = [(); 3].map(|()| pool.allocate(layout).unwrap().cast());
        for (n, block) in (1..).zip(blocks) {
            // SAFETY: a block in use, large enough and aligned.
            unsafe { block.write(n) };
        }
        // Freeing the one in the middle writes a link into it.
        // SAFETY: in use until now.
        unsafe { pool.deallocate(blocks[1].cast(), layout) };
        // SAFETY: in use.
        assert_eq!(unsafe { blocks[0].read() }, 1);
        // SAFETY: in use.
        assert_eq!(unsafe { blocks[2].read() }, 3);
        for block in [blocks[0], blocks[2]] {
            // SAFETY: in use until now.
            unsafe { pool.deallocate(block.cast(), layout) };
        }
    }
    let pool = Pool::for_value::<u32>();
    assert!(
        pool.block_layout()
            .is_some_and(|block| block.size() >= size_of::<*const u8>())
    );
    neighbours_stay(&pool);
    neighbours_stay(&InlinePool::<u32, 3>::new());
    // Even blocks for bytes hold a link, and so a `u32`.
    neighbours_stay(&InlinePool::<u8, 3>::new());
}

/// There: the storage is a `char` array, aligned for nothing, and links are written into it all the same.
#[test]
fn the_storage_is_not_aligned_for_the_links() -> Result<(), AllocError> {
    #[repr(C)]
    struct Odd {
        before: u8,
        pool: InlinePool<[u8; 3], 4>,
    }

    // An upstream that returns the worst address that it may.
    let up = Upstream::new().least_aligned();
    for size in 1..40 {
        let layout = Layout::from_size_align(size, 1).map_err(|_| AllocError)?;
        let pool = Pool::new_in(layout, up.clone());
        let block = pool.allocate(layout)?;
        assert!(block.cast::<*const u8>().is_aligned());
        // SAFETY: in use until now.
        unsafe { pool.deallocate(block.cast(), layout) };
    }
    let odd = Odd {
        before: 1,
        pool: InlinePool::new(),
    };
    let block = (&odd.pool).allocate(Layout::new::<[u8; 3]>())?;
    assert!(block.cast::<u32>().is_aligned() && odd.before == 1);
    Ok(())
}

/// There: a container copies its allocator for another type, and the copy is a pool of its own.
#[test]
fn each_rebound_copy_is_a_fresh_pool() -> Result<(), AllocError> {
    let up = Upstream::new();
    let pool = RcHandle::new(Pool::new_in(Layout::new::<[u64; 4]>(), up.clone()));
    let numbers = Box::try_new_in([1_u64; 4], pool.clone())?;
    let text = Box::try_new_in(*b"another type", pool.clone())?;
    let mut list = Vec::new_in(pool.clone());
    list.push('c');
    assert_eq!((numbers[0], text[0], list[0]), (1, b'a', 'c'));
    assert_eq!(up.calls(), 1, "all three are in one chunk of one pool");
    assert_eq!(pool.in_use(), 3);
    Ok(())
}

/// There: an exhausted pool calls `malloc`, checks nothing, and counts nothing.
#[test]
fn the_malloc_fallback_is_neither_checked_nor_counted() -> Result<(), AllocError> {
    let up = Upstream::new();
    let pool = Pool::fixed_in(Layout::new::<u64>(), 2, up.clone());
    let held = [
        Box::try_new_in(1_u64, &pool)?,
        Box::try_new_in(2_u64, &pool)?,
    ];
    for _ in 0..3 {
        assert_eq!(pool.allocate(Layout::new::<u64>()), Err(AllocError));
    }
    assert_eq!(
        (up.calls(), up.live_blocks()),
        (1, 1),
        "nobody else was asked for memory"
    );
    assert_eq!(
        (pool.in_use(), pool.available()),
        (2, 0),
        "a failure is not counted as a block"
    );
    // And a refusal of the upstream is an error too, not a null pointer.
    let refused = Pool::new_in(Layout::new::<u64>(), Upstream::new().failing_from(1));
    assert!(refused.allocate_array::<u64>(1).is_err());
    assert_eq!((refused.in_use(), refused.capacity()), (0, 0));
    drop(held);
    assert_eq!(pool.in_use(), 0);
    Ok(())
}
