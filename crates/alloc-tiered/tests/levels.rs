//! Which level serves what, what stays and what moves, and what becomes of memory.
//!
//! Not under Miri, which takes a second to make 64 pools; the laws pass through the same code there.
#![cfg(all(feature = "alloc", not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::ptr::NonNull;
use std::thread;

use alloc_conformance::Upstream;
use alloc_core::{Allocator, Layout, boxed::Box, vec::Vec};
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;
use alloc_tiered::{SizedPool, SyncTiered, Tiered};

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// Blocks in use of each class that has some, by their size.
fn in_use<const N: usize, P: SizedPool<Upstream>>(
    memory: &Tiered<Upstream, N, P>,
) -> std::vec::Vec<(usize, usize)> {
    let used = memory.classes().filter(|class| class.in_use != 0);
    used.map(|class| (class.block.size(), class.in_use))
        .collect()
}

#[test]
fn small_ones_are_of_their_class_and_large_ones_of_the_upstream() {
    let upstream = Upstream::new();
    let memory = Tiered::<_, 64>::new_in(upstream.clone());
    assert_eq!(Tiered::<Upstream, 64>::THRESHOLD, 8192);
    let blocks = [(1, 1), (8, 8), (9, 1), (24, 16), (129, 1), (8192, 128)];
    for (size, align) in blocks {
        let block = memory.allocate(layout(size, align)).unwrap();
        assert_eq!(
            block.len(),
            memory.block_for(layout(size, align)).unwrap().size()
        );
        assert_eq!(block.cast::<u8>().addr().get() % align, 0);
    }
    let expected = [(8, 2), (16, 1), (32, 1), (144, 1), (8192, 1)];
    assert_eq!(in_use(&memory), expected);

    let before = (upstream.calls(), upstream.frees());
    for (size, align) in [(8193, 1), (8, 256), (1 << 20, 8)] {
        assert_eq!(memory.block_for(layout(size, align)), None);
        let block = memory.allocate(layout(size, align)).unwrap();
        // SAFETY: just allocated, with this layout.
        unsafe { memory.deallocate(block.cast(), layout(size, align)) };
    }
    assert_eq!(
        (upstream.calls(), upstream.frees()),
        (before.0 + 3, before.1 + 3),
        "each went to the upstream and came back"
    );
    assert_eq!(in_use(&memory), expected);
    drop(memory);
    upstream.assert_all_returned();
}

/// Takes a block of each class: it is as long as the class says, so that no layout that fits it is of another one.
fn blocks_are_as_long_as_their_class<P: SizedPool<Upstream>>() {
    let memory = Tiered::<Upstream, 64, P>::new_in(Upstream::new());
    for class in memory.classes() {
        let block = memory.allocate(class.block).unwrap();
        assert_eq!(block.len(), class.block.size());
        assert!(
            block
                .cast::<u8>()
                .addr()
                .get()
                .is_multiple_of(class.block.align())
        );
        // SAFETY: just allocated, with this layout.
        unsafe { memory.deallocate(block.cast(), class.block) };
    }
}

#[test]
fn blocks_of_both_pools_are_as_long_as_their_class() {
    blocks_are_as_long_as_their_class::<Pool<Upstream>>();
    blocks_are_as_long_as_their_class::<SyncPool<Upstream>>();
}

#[test]
fn nothing_is_nobodys() {
    let upstream = Upstream::new();
    let memory = Tiered::<_, 64>::new_in(upstream.clone());
    for align in [1, 64, 4096] {
        let block = memory.allocate(layout(0, align)).unwrap();
        assert_eq!((block.len(), block.cast::<u8>().addr().get()), (0, align));
        // SAFETY: just allocated, with this layout.
        unsafe { memory.deallocate(block.cast(), layout(0, align)) };
    }
    assert_eq!(upstream.calls(), 0);
}

#[test]
fn a_block_stays_within_its_class_and_moves_beyond() {
    let upstream = Upstream::new();
    let memory = Tiered::<_, 64>::new_in(upstream);
    let block: NonNull<u8> = memory.allocate(layout(130, 1)).unwrap().cast();
    // SAFETY: allocated above.
    unsafe { block.write_bytes(7, 130) };
    // SAFETY: allocated with the old layout, and the new one is larger.
    let same = unsafe { memory.grow(block, layout(130, 1), layout(144, 1)) }.unwrap();
    assert_eq!((same.cast(), same.len()), (block, 144));
    // SAFETY: as above, and smaller.
    let same = unsafe { memory.shrink(same.cast(), layout(144, 1), layout(129, 1)) }.unwrap();
    assert_eq!(same.cast(), block);

    // SAFETY: as above; its bytes are kept, so that they can be read.
    let moved =
        unsafe { memory.grow_zeroed(same.cast(), layout(129, 1), layout(10_000, 1)) }.unwrap();
    assert_ne!(moved.cast(), block);
    // SAFETY: the first bytes were written, and the others are zero.
    let bytes = unsafe { moved.as_ref() };
    assert!(
        bytes[..129].iter().all(|&byte| byte == 7) && bytes[129..].iter().all(|&byte| byte == 0)
    );
    assert_eq!(in_use(&memory), []);

    // SAFETY: allocated by this allocator, and the new layout is smaller.
    let back = unsafe { memory.shrink(moved.cast(), layout(10_000, 1), layout(3, 1)) }.unwrap();
    // SAFETY: its bytes were kept.
    assert_eq!(unsafe { back.cast::<[u8; 3]>().read() }, [7; 3]);
    assert_eq!(in_use(&memory), [(8, 1)]);
    // SAFETY: allocated above.
    unsafe { memory.deallocate(back.cast(), layout(3, 1)) };
}

#[test]
fn growth_of_a_vector_ends_in_the_upstream() {
    let upstream = Upstream::new();
    let memory = SyncTiered::<_>::new_in(upstream.clone());
    let mut numbers = Vec::new_in(&memory);
    for number in 0..5_000_u64 {
        numbers.push(number);
    }
    assert!(numbers.iter().copied().eq(0..5_000));
    assert_eq!(in_use(&memory), []);
    numbers.truncate(3);
    numbers.shrink_to_fit();
    assert_eq!(
        (&numbers[..], in_use(&memory)),
        (&[0, 1, 2][..], vec![(24, 1)])
    );
    drop(numbers);
    drop(memory);
    upstream.assert_all_returned();
}

#[test]
fn chunks_without_a_block_go_back() {
    let upstream = Upstream::new();
    let memory = Tiered::<_>::new_in(upstream.clone());
    let kept = Box::new_in([0_u8; 40], &memory);
    drop((
        Box::new_in([0_u8; 16], &memory),
        Box::new_in([0_u64; 500], &memory),
    ));
    assert!(memory.release_empty_chunks() >= 4096);
    let left: std::vec::Vec<_> = memory
        .classes()
        .filter(|class| class.capacity != 0)
        .collect();
    assert_eq!(
        left.iter()
            .map(|class| class.block.size())
            .collect::<std::vec::Vec<_>>(),
        [40]
    );
    drop(kept);
    assert!(memory.release_empty_chunks() > 0);
    upstream.assert_all_returned();
    assert_eq!(*Box::new_in(7, &memory), 7, "and it serves on");
}

#[test]
fn a_refusal_leaves_everything_as_it_was() {
    let upstream = Upstream::new();
    let memory = Tiered::<_>::new_in(upstream.clone());
    let block: NonNull<u8> = memory.allocate(layout(8, 8)).unwrap().cast();
    // SAFETY: allocated above.
    unsafe { block.cast::<u64>().write(0x5EED) };
    upstream.fail_from(0);
    for new in [layout(16, 8), layout(100_000, 8), layout(8, 4096)] {
        assert!(memory.allocate(new).is_err());
        // SAFETY: allocated with the old layout, and the new one is not smaller.
        assert!(unsafe { memory.grow(block, layout(8, 8), new) }.is_err());
        // SAFETY: as it was.
        assert_eq!(unsafe { block.cast::<u64>().read() }, 0x5EED);
    }
    assert_eq!(in_use(&memory), [(8, 1)]);
    // SAFETY: allocated above.
    unsafe { memory.deallocate(block, layout(8, 8)) };
}

#[test]
fn threads_free_what_others_allocated() {
    let upstream = Upstream::new();
    let memory = SyncTiered::<_>::new_in(upstream.clone());
    let rounds: usize = 200;
    thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::channel();
        scope.spawn(|| {
            for (number, text) in receiver {
                let text: Vec<u8, &SyncTiered<Upstream>> = text;
                assert!(text.iter().all(|&byte| usize::from(byte) == number % 251));
            }
        });
        let memory = &memory;
        for number in 0..rounds {
            for size in [1, 30, 200, 3_000, 20_000] {
                let mut text = Vec::with_capacity_in(size, memory);
                text.resize(size, u8::try_from(number % 251).unwrap());
                sender.send((number, text)).unwrap();
            }
        }
        drop(sender);
    });
    assert_eq!(in_use(&memory), []);
    drop(memory);
    upstream.assert_all_returned();
}

#[test]
fn debug_shows_the_classes_in_use() {
    let memory = Tiered::<_>::new_in(Upstream::new());
    let boxed = Box::new_in([0_u8; 40], &memory);
    let shown = format!("{memory:?}");
    assert!(
        shown.contains("threshold: 8192") && shown.contains("in_use: 1"),
        "{shown}"
    );
    drop(boxed);
}
