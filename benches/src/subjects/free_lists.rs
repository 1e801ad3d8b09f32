//! Free lists: memory for blocks of 64 bytes, which are taken and given back one by one.
//!
//! A *hand* is what takes and gives: a reference to a pool, a handle of one thread, or an allocator
//! with the layout of a block. The subjects that several threads can share are in
//! [`shared`](super::shared); each of them is a free list of one thread as well.

use std::alloc::Layout;
use std::hint::black_box;
use std::ptr::NonNull;
use std::thread;

use alloc_core::{Allocator, Global};
use alloc_pool::{HardenedPool, InlinePool, Pool, Strict};

use super::Subject;

/// What a block is made for.
pub type Bytes = [u64; 8];

/// The layout of a block.
pub const BLOCK: Layout = Layout::new::<Bytes>();

/// How many blocks a subject has that must know it in advance, and how many a workload takes at most.
pub const CAPACITY: usize = 10_240;

/// Takes blocks of a subject and gives them back.
pub trait Hand {
    /// A block, which belongs to whoever has it.
    type Block;

    /// Takes a block and writes a value to it.
    ///
    /// # Panics
    ///
    /// If there is none.
    fn take(&mut self, value: u64) -> Self::Block;

    /// Reads the value of a block and gives it back.
    ///
    /// # Safety
    ///
    /// The block is of this hand, or of another one of the same subject.
    unsafe fn give(&mut self, block: Self::Block) -> u64;
}

/// Has blocks for one thread.
pub trait FreeList: Subject {
    /// What takes and gives them.
    type Hand<'s>: Hand;

    /// The hand.
    fn hand(&mut self) -> Self::Hand<'_>;
}

/// A hand that stands on an allocator, which may serve containers as well.
pub trait Nodes: Hand {
    /// The allocator.
    type Allocator: Allocator;

    /// The allocator.
    fn allocator(&self) -> &Self::Allocator;
}

/// The hand of an allocator: it asks for a layout that the compiler knows, or, if `CONSTANT` is
/// false, for one that is known at run time only.
#[derive(Debug)]
pub struct Through<A, const CONSTANT: bool = true> {
    allocator: A,
    /// T1: [`BLOCK`].
    layout: Layout,
}

impl<A: Allocator, const CONSTANT: bool> Through<A, CONSTANT> {
    /// A hand that takes blocks from `allocator`.
    #[inline]
    pub fn new(allocator: A) -> Self {
        let layout = if CONSTANT { BLOCK } else { black_box(BLOCK) };
        Self { allocator, layout }
    }

    /// The layout of a block.
    #[inline]
    fn layout(&self) -> Layout {
        if CONSTANT { BLOCK } else { self.layout }
    }
}

/// A block of an allocator.
#[derive(Debug)]
pub struct Taken(
    /// B1: a block of [`BLOCK`], of the allocator that it was taken from, which begins with a number.
    NonNull<u64>,
);

// SAFETY: it owns its block, which holds a number, and touches it nowhere but where it is freed.
unsafe impl Send for Taken {}

impl<A: Allocator, const CONSTANT: bool> Hand for Through<A, CONSTANT> {
    type Block = Taken;

    #[inline]
    fn take(&mut self, value: u64) -> Taken {
        let Ok(block) = self.allocator.allocate(self.layout()) else {
            none()
        };
        let block = block.cast::<u64>();
        // SAFETY: by T1 the block holds and aligns a number, and it was just allocated.
        unsafe { block.write(value) };
        Taken(block)
    }

    #[inline]
    unsafe fn give(&mut self, block: Taken) -> u64 {
        // SAFETY: by B1.
        let value = unsafe { block.0.read() };
        // SAFETY: by B1 and T1 the layout fits the block, which is of this allocator, or of one that
        // is equivalent, by the caller.
        unsafe { self.allocator.deallocate(block.0.cast(), self.layout()) };
        value
    }
}

impl<A: Allocator, const CONSTANT: bool> Nodes for Through<A, CONSTANT> {
    type Allocator = A;

    fn allocator(&self) -> &A {
        &self.allocator
    }
}

/// Ends the measurement of a subject that has no block.
#[cold]
fn none() -> ! {
    panic!("a subject has no block left")
}

/// Moves to the heap what is too large for some stacks.
pub(super) fn boxed<T: Send + 'static>(make: fn() -> T) -> Box<T> {
    let roomy = thread::Builder::new().stack_size(64 << 20);
    let maker = roomy.spawn(move || Box::new(make()));
    let joined = maker.map(thread::JoinHandle::join);
    joined
        .expect("a thread for a moment")
        .expect("it does not panic")
}

/// Defines subjects: the name in a table, the type, what it holds, how that is made, which trait
/// gives its hand, and the hand.
macro_rules! free_lists {
    ($($(#[$attribute:meta])* $name:literal $type:ident: $inner:ty = $fresh:expr,
        $trait:ident($($receiver:tt)*), |$inner_name:ident| $hand:ty = $make:expr;)*
    ) => {$(
        $(#[$attribute])*
        pub struct $type($inner);

        impl $crate::subjects::Subject for $type {
            const NAME: &'static str = $name;

            fn fresh() -> Self {
                Self($fresh)
            }
        }

        impl $trait for $type {
            type Hand<'s> = $hand;

            #[inline]
            fn hand($($receiver)* self) -> Self::Hand<'_> {
                let $inner_name = $($receiver)* self.0;
                $make
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($name)
            }
        }
    )*};
}
pub(super) use free_lists;

free_lists! {
    /// [`Pool`] as it comes.
    "Pool" Pooled: Pool = Pool::new(BLOCK),
        FreeList(&mut), |pool| Through<&'s Pool> = Through::new(pool);

    /// [`Pool`], asked for a layout that is known at run time only.
    "Pool, layout at run time" PooledAtRunTime: Pool = Pool::new(BLOCK),
        FreeList(&mut), |pool| Through<&'s Pool, false> = Through::new(pool);

    /// [`HardenedPool`] as it comes: with seals alone.
    "HardenedPool" Hardened: HardenedPool = HardenedPool::new(BLOCK),
        FreeList(&mut), |pool| Through<&'s HardenedPool> = Through::new(pool);

    /// [`HardenedPool`] with all that it can do.
    "HardenedPool, strict" HardenedStrictly: HardenedPool<Global, Strict> = HardenedPool::new_in(BLOCK, Global),
        FreeList(&mut), |pool| Through<&'s HardenedPool<Global, Strict>> = Through::new(pool);

    /// [`InlinePool`], boxed as it is a large one.
    "InlinePool" Inline: Box<InlinePool<Bytes, CAPACITY>> = boxed(InlinePool::new),
        FreeList(&mut), |pool| Through<&'s InlinePool<Bytes, CAPACITY>> = Through::new(pool);
}

/// Nothing but the loop: a block is its value.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Subject for Alone {
    const NAME: &'static str = "loop";
    const UPSTREAM: bool = false;

    fn fresh() -> Self {
        Self
    }
}

impl FreeList for Alone {
    type Hand<'s> = Self;

    #[inline]
    fn hand(&mut self) -> Self {
        *self
    }
}

impl Hand for Alone {
    type Block = u64;

    #[inline]
    fn take(&mut self, value: u64) -> u64 {
        black_box(value)
    }

    #[inline]
    unsafe fn give(&mut self, block: u64) -> u64 {
        block
    }
}

/// Free lists of other crates, and one made by hand.
#[cfg(feature = "peers")]
mod peers;

#[cfg(feature = "peers")]
pub use peers::*;
