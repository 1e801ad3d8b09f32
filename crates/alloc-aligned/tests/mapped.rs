//! Pages of the operating system: what a block has, and what stays when it moves. Not under Miri,
//! which does not map pages as Linux does.
#![cfg(all(feature = "map", feature = "std", target_os = "linux", not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_aligned::{Aligned, HUGE_PAGE, Huge, Mapped, NEVER, NotTold, huge_bytes, is_aligned_to};
use alloc_core::{AllocError, Allocator, Layout, vec::Vec};
use core::ptr::NonNull;
use std::fs::read_to_string;

const PAGE: usize = 4096;
const EVERY: [Huge; 3] = [Huge::Unsaid, Huge::Advised, Huge::ReservedOrAdvised];

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// A byte of each page, so that pages are told apart.
#[allow(clippy::cast_possible_truncation)]
fn mark(at: usize) -> u8 {
    (at / PAGE % 251 + 1) as u8
}

fn write_marks(block: NonNull<u8>, len: usize) {
    for at in (0..len).step_by(PAGE) {
        // SAFETY: the blocks of the callers are that long.
        let byte = unsafe { block.add(at) };
        // SAFETY: as above.
        unsafe { byte.write(mark(at)) };
    }
}

fn has_marks(block: NonNull<u8>, len: usize) -> bool {
    (0..len).step_by(PAGE).all(|at| {
        // SAFETY: the blocks of the callers are that long.
        let byte = unsafe { block.add(at) };
        // SAFETY: as above, and pages are initialised.
        unsafe { byte.read() == mark(at) }
    })
}

fn is_zero(block: NonNull<u8>, from: usize, to: usize) -> bool {
    (from..to).all(|at| {
        // SAFETY: the blocks of the callers are that long.
        let byte = unsafe { block.add(at) };
        // SAFETY: as above, and pages are initialised.
        unsafe { byte.read() == 0 }
    })
}

/// What `smaps` says under a name about the mapping that a block is in.
fn told(block: NonNull<u8>, name: &str) -> String {
    let text = read_to_string("/proc/self/smaps").unwrap();
    let mut inside = false;
    for line in text.lines() {
        let range = line.split(' ').next().and_then(|word| word.split_once('-'));
        let ends = range.map(|(a, b)| (usize::from_str_radix(a, 16), usize::from_str_radix(b, 16)));
        if let Some((Ok(start), Ok(end))) = ends {
            inside = (start..end).contains(&block.addr().get());
        } else if inside && let Some(rest) = line.strip_prefix(name) {
            return rest.trim().to_owned();
        }
    }
    panic!("{name} of no mapping")
}

/// How many bytes of the mapping that a block is in have memory.
fn resident(block: NonNull<u8>) -> usize {
    let kib = told(block, "Rss:");
    kib.trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// Whether the system was advised about the mapping, and took the advice.
fn is_advised(block: NonNull<u8>) -> bool {
    told(block, "VmFlags:").split(' ').any(|flag| flag == "hg")
}

/// The advice is there for blocks of a huge page and more, those that become so long too.
#[test]
fn advice_reaches_the_system_where_it_can_take_it() -> Result<(), AllocError> {
    let can = std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists();
    let (old, new) = (layout(HUGE_PAGE - PAGE, 1), layout(3 * HUGE_PAGE, 1));
    for (huge, advised) in [(Huge::Unsaid, false), (Huge::Advised, can)] {
        let pages = Mapped::with_huge_pages(huge);
        let block = pages.allocate(new)?.cast();
        assert_eq!(is_advised(block), advised, "{huge:?}");
        // SAFETY: allocated above.
        unsafe { pages.deallocate(block, new) };
        let block = pages.allocate(old)?.cast();
        assert!(!is_advised(block));
        // SAFETY: allocated above; the new layout is not smaller.
        let block = unsafe { pages.grow(block, old, new) }?.cast();
        assert_eq!(is_advised(block), advised, "{huge:?}");
        // SAFETY: as returned by the call above.
        unsafe { pages.deallocate(block, new) };
    }
    Ok(())
}

#[test]
fn blocks_are_whole_pages_at_any_alignment_up_to_a_gibibyte() -> Result<(), AllocError> {
    for huge in EVERY {
        let pages = Mapped::with_huge_pages(huge);
        for align in [1, 64, PAGE, 64 << 10, HUGE_PAGE, 16 << 20, 1 << 30] {
            for size in [1, PAGE, PAGE + 1, HUGE_PAGE, HUGE_PAGE + 1] {
                let block = pages.allocate(layout(size, align))?;
                let start = block.cast::<u8>();
                assert!(is_aligned_to(start.as_ptr(), align.max(PAGE)));
                assert!(block.len() >= size && block.len().is_multiple_of(PAGE));
                if huge != Huge::Unsaid && size >= HUGE_PAGE {
                    assert!(is_aligned_to(start.as_ptr(), HUGE_PAGE));
                }
                write_marks(start, block.len());
                // SAFETY: allocated above; so long a layout fits.
                unsafe { pages.deallocate(start, layout(block.len(), align)) };
            }
        }
    }
    Ok(())
}

#[test]
fn blocks_grow_and_shrink_with_their_bytes_at_each_alignment() -> Result<(), AllocError> {
    for huge in EVERY {
        let pages = Mapped::with_huge_pages(huge);
        for align in [8, PAGE, HUGE_PAGE, 8 << 20] {
            let sizes = [
                100,
                PAGE,
                5 * PAGE,
                HUGE_PAGE + 7,
                3 * HUGE_PAGE,
                9 * HUGE_PAGE,
            ];
            let mut block: NonNull<u8> = pages.allocate(layout(sizes[0], align))?.cast();
            write_marks(block, sizes[0]);
            for pair in sizes.windows(2) {
                let (old, new) = (layout(pair[0], align), layout(pair[1], align));
                // Something stands behind it, perhaps.
                let other: NonNull<u8> = pages.allocate(old)?.cast();
                // SAFETY: as returned last; the new layout is not smaller.
                block = unsafe { pages.grow(block, old, new) }?.cast();
                assert!(is_aligned_to(block.as_ptr(), align));
                assert!(has_marks(block, old.size()), "{huge:?} {align} {pair:?}");
                write_marks(block, new.size());
                // SAFETY: allocated above.
                unsafe { pages.deallocate(other, old) };
            }
            for pair in sizes.windows(2).rev() {
                let (old, new) = (layout(pair[1], align), layout(pair[0], align));
                // SAFETY: as returned last; the new layout is not larger.
                block = unsafe { pages.shrink(block, old, new) }?.cast();
                assert!(has_marks(block, new.size()), "{huge:?} {align} {pair:?}");
            }
            // SAFETY: as returned last.
            unsafe { pages.deallocate(block, layout(sizes[0], align)) };
        }
    }
    Ok(())
}

#[test]
fn growth_to_a_higher_alignment_moves_the_pages() -> Result<(), AllocError> {
    let pages = Mapped::new();
    let (mut old, size) = (layout(10 * PAGE, 1), 10 * PAGE);
    let mut block: NonNull<u8> = pages.allocate(old)?.cast();
    write_marks(block, size);
    for align in [PAGE, 32 << 10, HUGE_PAGE, 64 << 20] {
        for longer in [0, PAGE] {
            let new = layout(old.size() + longer, align);
            // SAFETY: as returned last; the new layout is not smaller.
            block = unsafe { pages.grow(block, old, new) }?.cast();
            old = new;
            assert!(is_aligned_to(block.as_ptr(), align) && has_marks(block, size));
        }
    }
    // SAFETY: as returned last.
    unsafe { pages.deallocate(block, old) };
    Ok(())
}

/// What was written behind the end of the block, in its last page, is not zero after it grew.
#[test]
fn grown_bytes_are_zero_in_the_last_page_too() -> Result<(), AllocError> {
    for huge in EVERY {
        let pages = Mapped::with_huge_pages(huge);
        let (old, new) = (layout(PAGE + 10, 1), layout(HUGE_PAGE + PAGE, 1));
        let block = pages.allocate(old)?;
        // SAFETY: so long is the block.
        unsafe { block.cast::<u8>().write_bytes(7, block.len()) };
        // SAFETY: allocated above; the new layout is not smaller.
        let block: NonNull<u8> = unsafe { pages.grow_zeroed(block.cast(), old, new) }?.cast();
        assert!(is_zero(block, old.size(), new.size()));
        // SAFETY: as returned by the call above; the new layout is not larger.
        let block: NonNull<u8> = unsafe { pages.shrink(block, new, old) }?.cast();
        // SAFETY: as returned by the call above; the new layout is not smaller.
        let block: NonNull<u8> = unsafe { pages.grow_zeroed(block, old, new) }?.cast();
        assert!(is_zero(block, old.size(), new.size()));
        // SAFETY: as returned by the call above.
        unsafe { pages.deallocate(block, new) };
    }
    Ok(())
}

#[test]
fn zeroed_blocks_and_growth_touch_no_page() -> Result<(), AllocError> {
    let pages = Mapped::new();
    // A place of its own, so that no neighbour is counted.
    let (old, new) = (layout(64 << 20, 1 << 30), layout(128 << 20, 1 << 30));
    let block: NonNull<u8> = pages.allocate_zeroed(old)?.cast();
    let before = resident(block);
    // SAFETY: allocated above; the new layout is not smaller.
    let block: NonNull<u8> = unsafe { pages.grow_zeroed(block, old, new) }?.cast();
    assert!(
        resident(block) <= before.max(64 << 10),
        "{}",
        resident(block)
    );
    assert!(is_zero(block, 128 * PAGE, 130 * PAGE));
    // SAFETY: as returned by the call above.
    unsafe { pages.deallocate(block, new) };
    Ok(())
}

#[test]
fn what_a_block_loses_goes_back_to_the_system() -> Result<(), AllocError> {
    let pages = Mapped::new();
    // A place of its own, as above.
    let (old, new) = (layout(1000 * PAGE, 1 << 30), layout(PAGE + 1, 1 << 30));
    let block: NonNull<u8> = pages.allocate(old)?.cast();
    write_marks(block, old.size());
    assert!(resident(block) >= old.size());
    // SAFETY: allocated above; the new layout is not larger.
    let block = unsafe { pages.shrink(block, old, new) }?;
    assert_eq!(block.len(), 2 * PAGE);
    assert!(resident(block.cast()) < old.size() / 2);
    assert!(has_marks(block.cast(), new.size()));
    // SAFETY: as returned by the call above.
    unsafe { pages.deallocate(block.cast(), new) };
    Ok(())
}

#[test]
fn what_no_address_space_has_is_an_error_and_leaves_the_block() -> Result<(), AllocError> {
    let most = isize::MAX.unsigned_abs();
    for huge in EVERY {
        let pages = Mapped::with_huge_pages(huge);
        assert!(pages.allocate(layout(most, 1)).is_err());
        assert!(pages.allocate(layout(1, 1 << 62)).is_err());
        assert!(
            pages
                .allocate_zeroed(layout(most - (1 << 61), 1 << 60))
                .is_err()
        );
        let old = layout(3 * PAGE, 1);
        let block: NonNull<u8> = pages.allocate(old)?.cast();
        write_marks(block, old.size());
        for new in [
            layout(most, 1),
            layout(1 << 60, HUGE_PAGE),
            layout(4 * PAGE, 1 << 62),
        ] {
            // SAFETY: allocated above; the new layout is not smaller.
            assert!(unsafe { pages.grow(block, old, new) }.is_err());
            assert!(has_marks(block, old.size()));
        }
        // SAFETY: still allocated.
        unsafe { pages.deallocate(block, old) };
    }
    Ok(())
}

/// With pages that were set aside a block has huge pages and nothing else, or there is no block.
#[test]
fn reserved_pages_are_huge_or_an_error() -> Result<(), NotTold> {
    let pages = Mapped::with_huge_pages(Huge::Reserved);
    let set_aside = |name: &str| {
        let path = format!("/sys/kernel/mm/hugepages/hugepages-2048kB/{name}");
        read_to_string(path).map_or(0, |text| text.trim().parse::<u64>().unwrap())
    };
    let asked = layout(2 * HUGE_PAGE + 1, 1);
    match pages.allocate(asked) {
        Err(_) => assert!(set_aside("free_hugepages") < 3),
        Ok(block) => {
            assert!(set_aside("nr_hugepages") + set_aside("nr_overcommit_hugepages") > 0);
            assert_eq!(block.len(), 3 * HUGE_PAGE);
            write_marks(block.cast(), block.len());
            assert_eq!(huge_bytes(block.as_ptr())?, block.len());
            // SAFETY: allocated above.
            unsafe { pages.deallocate(block.cast(), asked) };
        }
    }
    Ok(())
}

#[test]
fn a_vector_of_huge_pages_grows() -> Result<(), NotTold> {
    let mut words = Vec::new_in(Mapped::with_huge_pages(Huge::Advised));
    for i in 0..3_000_000_u64 {
        words.push(i);
    }
    assert!(words.iter().copied().eq(0..3_000_000));
    assert!(is_aligned_to(words.as_ptr(), HUGE_PAGE));
    let huge = huge_bytes(&raw const words[..])?;
    assert!(huge <= size_of_val(&words[..]));
    words.truncate(10);
    words.shrink_to_fit();
    assert!(words.iter().copied().eq(0..10));
    Ok(())
}

#[test]
fn aligned_pages_are_mapped_straight_away() -> Result<(), AllocError> {
    let aligned = Aligned::<{ 1 << 30 }, _, NEVER>::new(Mapped::new());
    let block = aligned.allocate(layout(PAGE, 1))?;
    assert!(is_aligned_to(block.as_ptr(), 1 << 30));
    assert_eq!(block.len(), PAGE);
    // SAFETY: allocated above.
    unsafe { aligned.deallocate(block.cast(), layout(PAGE, 1)) };
    Ok(())
}
