//! A small allocator of one's own, before and after the suite has looked at it.
//!
//! `cargo run -p alloc-conformance --example your_own_allocator`
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::Cell;
use std::ptr::NonNull;

use alloc_conformance::{Limits, Upstream, check};
use alloc_core::{AllocError, Allocator, Layout, dangling};

/// One buffer, handed out from the start to the end. Nothing is reused.
struct Stack<const ALIGNED: bool> {
    buffer: NonNull<[u8]>,
    used: Cell<usize>,
    upstream: Upstream,
}

impl<const ALIGNED: bool> Stack<ALIGNED> {
    /// The buffer's layout.
    const BUFFER: Layout = Layout::new::<[u128; 4096]>();

    fn new(upstream: Upstream) -> Result<Self, AllocError> {
        let buffer = upstream.allocate(Self::BUFFER)?;
        Ok(Self {
            buffer,
            used: Cell::new(0),
            upstream,
        })
    }

    /// Where the next block starts. The mistake is the usual one: to round sizes, but not the start.
    fn start(&self, layout: Layout) -> Option<usize> {
        let free = self.buffer.cast::<u8>().addr().get() + self.used.get();
        let start = if ALIGNED {
            free.checked_next_multiple_of(layout.align())?
        } else {
            free
        };
        Some(start - self.buffer.cast::<u8>().addr().get())
    }
}

// SAFETY: blocks lie one after the other inside the buffer, which is kept until the end. Unless
// ALIGNED, the alignment is a lie that only the suite is told, and it looks before it trusts.
unsafe impl<const ALIGNED: bool> Allocator for Stack<ALIGNED> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        let start = self.start(layout).ok_or(AllocError)?;
        let end = start.checked_add(layout.size()).ok_or(AllocError)?;
        if end > self.buffer.len() {
            return Err(AllocError);
        }
        self.used.set(end);
        // SAFETY: the block ends inside the buffer.
        let block = unsafe { self.buffer.cast::<u8>().add(start) };
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {}
}

impl<const ALIGNED: bool> Drop for Stack<ALIGNED> {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout by this upstream, and not used any more.
        unsafe { self.upstream.deallocate(self.buffer.cast(), Self::BUFFER) };
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // It has 64 KiB for all that it ever does, so that is what the laws may count on.
    let limits = Limits::any().bytes(60 << 10);

    let askew = |upstream| Stack::<false>::new(upstream).expect("the upstream is in order");
    let violation = check(askew, &limits).expect_err("blocks behind odd sizes are not aligned");
    println!("before: the law `{}` is broken", violation.law());
    assert_eq!(violation.law(), "alignment");

    let straight = |upstream| Stack::<true>::new(upstream).expect("the upstream is in order");
    check(straight, &limits)?;
    println!("after:  all laws hold");

    // The upstream is a witness for tests of one's own, too.
    let heap = Upstream::new();
    let stack = Stack::<true>::new(heap.clone())?;
    for _ in 0..1000 {
        stack.allocate(Layout::new::<u64>())?;
    }
    println!("1000 blocks, {} call to the upstream", heap.calls());
    assert_eq!(heap.calls(), 1);
    drop(stack);
    heap.check()?;
    Ok(())
}
