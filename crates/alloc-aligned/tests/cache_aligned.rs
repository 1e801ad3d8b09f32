//! `CacheAligned` beside the type that people use today.

use alloc_aligned::{CACHE_LINE, CacheAligned, is_aligned_to, misalignment};
use crossbeam_utils::CachePadded;

#[test]
fn the_line_of_this_target() {
    let expected = match std::env::consts::ARCH {
        "aarch64" | "powerpc64" => 128,
        "s390x" => 256,
        _ => 64,
    };
    assert_eq!(CACHE_LINE, expected);
}

#[test]
fn alignment_and_size_beside_cache_padded() {
    let (ours, theirs) = (
        align_of::<CacheAligned<u8>>(),
        align_of::<CachePadded<u8>>(),
    );
    // Either divides the other, so a block that is aligned for both is aligned for the higher.
    assert_eq!(ours.max(theirs) % ours.min(theirs), 0);
    if cfg!(target_arch = "x86_64") {
        // One line here, the pair that the prefetcher takes there.
        assert_eq!((ours, theirs), (64, 128));
        assert_eq!(
            size_of::<[CacheAligned<u64>; 4]>() * 2,
            size_of::<[CachePadded<u64>; 4]>()
        );
    }
    assert_eq!(size_of::<CacheAligned<CachePadded<u8>>>() % theirs, 0);
    assert_eq!(
        align_of::<CacheAligned<CachePadded<u8>>>(),
        ours.max(theirs)
    );
}

#[test]
fn each_element_starts_a_line_wherever_it_stands() {
    let on_the_stack = [const { CacheAligned::new(0_u8) }; 5];
    let on_the_heap: Vec<CacheAligned<u8>> = (0..5).map(CacheAligned::from).collect();
    for value in on_the_stack.iter().chain(&on_the_heap) {
        assert!(is_aligned_to(value, CACHE_LINE));
        assert!(is_aligned_to(&raw const **value, CACHE_LINE));
    }
    for pair in on_the_heap.windows(2) {
        assert!((&raw const *pair[1]).addr() - (&raw const *pair[0]).addr() >= CACHE_LINE);
    }
}

#[test]
fn it_behaves_as_its_value() {
    let mut words = CacheAligned::new(String::from("a"));
    words.push('b');
    assert_eq!(words.len(), 2);
    assert_eq!(words, CacheAligned::from(String::from("ab")));
    assert!(format!("{words:?}").contains("ab"));
    assert_eq!(words.into_inner(), "ab");
    assert_eq!(*CacheAligned::<u8>::default(), 0);
}

#[test]
fn misalignment_counts_from_the_multiple_below() {
    let line = CacheAligned::new([0_u8; 64]);
    for (i, byte) in line.iter().enumerate() {
        assert_eq!(misalignment(byte, 64), i);
        assert_eq!(is_aligned_to(byte, 16), i % 16 == 0);
        assert!(is_aligned_to(byte, 1));
    }
    assert!(is_aligned_to(&raw const line[..0], 64));
}

#[test]
#[should_panic = "a power of two"]
fn an_alignment_that_is_none_is_a_panic() {
    let _ = is_aligned_to(&0_u8, 3);
}
