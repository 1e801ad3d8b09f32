//! A frame loop: after the first frame, the arena asks its upstream for nothing more.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::Cell;
use std::ptr::NonNull;

use alloc_arena::alloc_core::{AllocError, Allocator, Global, Layout, vec::Vec};
use alloc_arena::{Arena, ArenaBuilder};

/// The global allocator, with a count of the requests.
#[derive(Default)]
struct Counted {
    calls: Cell<usize>,
}

// SAFETY: both methods are those of `Global`.
unsafe impl Allocator for Counted {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.calls.set(self.calls.get() + 1);
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise; the block came from `Global`.
        unsafe { Global.deallocate(ptr, layout) }
    }
}

/// Something that a game does in a frame: a list of what is visible, and a label for each of these.
fn frame(number: usize, arena: &Arena<&Counted>) -> usize {
    let mut visible = Vec::new_in(arena);
    visible.extend((0..2000).filter(|id| (id + number).is_multiple_of(3)));
    let labels = arena.alloc_iter(
        visible
            .iter()
            .map(|id| arena.alloc_str(&format!("object {id}"))),
    );
    labels.iter().map(|label| label.len()).sum()
}

fn main() {
    let upstream = Counted::default();
    let mut arena = ArenaBuilder::new().build_in(&upstream);
    for number in 0..6 {
        let before = upstream.calls.get();
        let text = frame(number, &arena);
        let calls = upstream.calls.get() - before;
        let stats = arena.stats();
        println!(
            "frame {number}: {text} bytes of labels, {:6} used, {} upstream calls, {} chunks",
            stats.used, calls, stats.chunks
        );
        assert!(number == 0 || calls == 0, "a warm frame takes no memory");
        arena.reset();
    }
}
