//! The pools that programs run on, and the upstream that comes back to them.

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::rc::Rc;

use alloc_conformance::Upstream;
use alloc_pool::{AllocError, Allocator, HardenedPool, Hardening, InlinePool, Layout, Pool};

/// What is done whenever the upstream is called.
#[derive(Default)]
pub(crate) struct Hook {
    call: RefCell<Option<Box<dyn Fn()>>>,
    depth: Cell<usize>,
}

impl Hook {
    pub(crate) fn set(&self, call: Box<dyn Fn()>) {
        self.call.replace(Some(call));
    }

    fn run(&self) {
        if self.depth.get() < 2 {
            self.depth.set(self.depth.get() + 1);
            if let Some(call) = &*self.call.borrow() {
                call();
            }
            self.depth.set(self.depth.get() - 1);
        }
    }
}

/// An upstream that comes back to the pool it serves, in each of its calls.
pub(crate) struct Returning {
    up: Upstream,
    hook: Rc<Hook>,
}

impl Returning {
    pub(crate) fn over(up: Upstream) -> Self {
        let hook = Rc::default();
        Self { up, hook }
    }

    pub(crate) fn hook(&self) -> Rc<Hook> {
        Rc::clone(&self.hook)
    }
}

// SAFETY: each method is that of the upstream inside; what is done beside it does not unwind unless
// the test has failed.
unsafe impl Allocator for Returning {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.hook.run();
        let block = self.up.allocate(layout);
        self.hook.run();
        block
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.hook.run();
        // SAFETY: the caller's promise, passed on.
        unsafe { self.up.deallocate(ptr, layout) };
        self.hook.run();
    }
}

/// What all pools can do.
pub(crate) trait Subject: 'static {
    /// Whether blocks stand in the pool itself.
    const INLINE: bool = false;

    /// Runs `f` on the pool as an allocator.
    fn with<R>(&self, f: impl FnOnce(&dyn Allocator) -> R) -> R;
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool;
    fn block_layout(&self) -> Option<Layout>;
    /// Blocks in use, available ones, and all.
    fn counts(&self) -> [usize; 3];
    /// The addresses of up to so many blocks in use.
    fn live(&mut self, most: usize) -> Vec<usize>;
    /// Forgets a look at the blocks in use.
    fn forget_live(&mut self);
    fn reset(&mut self);
    fn reserve(&self, blocks: usize) -> bool;
    fn release(&self) -> usize;
}

macro_rules! subject {
    ([$($generics:tt)*] $pool:ty) => {
        impl<$($generics)*> Subject for $pool {
            fn with<R>(&self, f: impl FnOnce(&dyn Allocator) -> R) -> R {
                f(self)
            }

            fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
                alloc_pool::alloc_core::Owns::owns(self, ptr, layout)
            }

            fn block_layout(&self) -> Option<Layout> {
                self.block_layout()
            }

            fn counts(&self) -> [usize; 3] {
                [self.in_use(), self.available(), self.capacity()]
            }

            fn live(&mut self, most: usize) -> Vec<usize> {
                let blocks = self.live_blocks();
                let all = blocks.len();
                let seen: Vec<_> = blocks.take(most).map(|block| block.addr().get()).collect();
                assert_eq!(seen.len(), all.min(most), "as many live blocks as were announced");
                seen
            }

            fn forget_live(&mut self) {
                std::mem::forget(self.live_blocks());
            }

            fn reset(&mut self) {
                self.reset();
            }

            fn reserve(&self, blocks: usize) -> bool {
                self.reserve(blocks).is_ok()
            }

            fn release(&self) -> usize {
                self.release_empty_chunks()
            }
        }
    };
}

subject!([] Pool<Returning>);
subject!([H: Hardening + 'static] HardenedPool<Returning, H>);

impl<T: 'static, const N: usize> Subject for InlinePool<T, N> {
    const INLINE: bool = true;

    fn with<R>(&self, f: impl FnOnce(&dyn Allocator) -> R) -> R {
        f(&self)
    }

    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        alloc_pool::alloc_core::Owns::owns(&self, ptr, layout)
    }

    fn block_layout(&self) -> Option<Layout> {
        Some(Self::BLOCK)
    }

    fn counts(&self) -> [usize; 3] {
        [self.in_use(), self.available(), self.capacity()]
    }

    fn live(&mut self, most: usize) -> Vec<usize> {
        let blocks = self.live_blocks().take(most);
        blocks.map(|block| block.addr().get()).collect()
    }

    fn forget_live(&mut self) {
        std::mem::forget(self.live_blocks());
    }

    fn reset(&mut self) {
        self.reset();
    }

    fn reserve(&self, blocks: usize) -> bool {
        blocks <= self.available()
    }

    fn release(&self) -> usize {
        0
    }
}
