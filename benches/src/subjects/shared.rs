//! Free lists that threads share: what one thread took, another may give back.

use std::hint::black_box;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use alloc_sync_pool::{InlineSyncPool, Local, SyncPool};

use super::Subject;
use super::free_lists::{BLOCK, Bytes, CAPACITY, FreeList, Hand, Through, boxed, free_lists};
use super::heaps::{Heap, Of};

/// Has blocks for many threads, each of which has a hand of its own.
pub trait Shared: Subject + Sync {
    /// What takes and gives them.
    type Hand<'s>: Hand<Block: Send>;

    /// A hand for the calling thread.
    fn hand(&self) -> Self::Hand<'_>;
}

impl<S: Shared> FreeList for S {
    type Hand<'s> = <S as Shared>::Hand<'s>;

    #[inline]
    fn hand(&mut self) -> Self::Hand<'_> {
        Shared::hand(self)
    }
}

impl<H: Heap> Shared for Of<H> {
    type Hand<'s> = Through<Self>;

    #[inline]
    fn hand(&self) -> Through<Self> {
        Through::new(*self)
    }
}

/// Nothing but the loop and what the threads do to each other: a block is its value.
#[derive(Clone, Copy, Debug)]
pub struct Idle;

/// A bit that no value has, so that an option of a block is a word.
const BLOCK_BIT: NonZeroU64 = NonZeroU64::new(1 << 63).expect("it is not zero");

impl Subject for Idle {
    const NAME: &'static str = "loop";
    const UPSTREAM: bool = false;

    fn fresh() -> Self {
        Self
    }
}

impl Shared for Idle {
    type Hand<'s> = Self;

    #[inline]
    fn hand(&self) -> Self {
        *self
    }
}

impl Hand for Idle {
    type Block = NonZeroU64;

    #[inline]
    fn take(&mut self, value: u64) -> NonZeroU64 {
        BLOCK_BIT | black_box(value)
    }

    #[inline]
    unsafe fn give(&mut self, block: NonZeroU64) -> u64 {
        block.get() & !BLOCK_BIT.get()
    }
}

/// What the blocks cost wherever they come from: each hand has some of its own, with which it begins. A block's
/// line goes to the thread that takes the block next, and nobody asks which are free.
#[derive(Debug)]
struct Lines {
    /// The hands that there are.
    hands: AtomicUsize,
    /// The blocks of each, more than are on their way; no more of them are needed than there are threads at most.
    blocks: [Box<[Line]>; 8],
}

/// A block, which is as large as those of the other subjects.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line(AtomicU64);

const _: () = assert!(size_of::<Line>() == BLOCK.size());

/// What has the lines as their only cost.
const LINES: &str = "moving lines";

/// How many blocks each hand begins with.
const RING: usize = 2048;

impl Lines {
    fn new() -> Self {
        let lines = || (0..RING).map(|_| Line::default()).collect();
        Self {
            hands: AtomicUsize::new(0),
            blocks: [(); 8].map(|()| lines()),
        }
    }

    /// The blocks of the next hand.
    fn next(&self) -> &[Line] {
        let number = self.hands.fetch_add(1, Ordering::Relaxed) % self.blocks.len();
        &self.blocks[number]
    }
}

/// The lines of [`hand_over`](crate::workloads::sync_pool::hand_over): each hand takes its blocks in turn. Right
/// only where all of them are given back before the turn ends.
#[derive(Debug)]
pub struct Ring(Lines);

impl Subject for Ring {
    const NAME: &'static str = LINES;
    const UPSTREAM: bool = false;

    fn fresh() -> Self {
        Self(Lines::new())
    }
}

impl Shared for Ring {
    type Hand<'s> = RingHand<'s>;

    fn hand(&self) -> RingHand<'_> {
        let blocks = self.0.next();
        RingHand { blocks, turn: 0 }
    }
}

/// The hand of a [`Ring`].
#[derive(Debug)]
pub struct RingHand<'s> {
    blocks: &'s [Line],
    turn: usize,
}

impl<'s> Hand for RingHand<'s> {
    type Block = &'s AtomicU64;

    #[inline]
    fn take(&mut self, value: u64) -> &'s AtomicU64 {
        let Line(block) = &self.blocks[self.turn % RING];
        self.turn += 1;
        block.store(value, Ordering::Relaxed);
        block
    }

    #[inline]
    unsafe fn give(&mut self, block: &'s AtomicU64) -> u64 {
        block.load(Ordering::Relaxed)
    }
}

/// The lines of [`exchange`](crate::workloads::sync_pool::exchange): each hand takes the block that it was given
/// last. Right only where it is given as many as it takes.
#[derive(Debug)]
pub struct Newest(Lines);

impl Subject for Newest {
    const NAME: &'static str = LINES;
    const UPSTREAM: bool = false;

    fn fresh() -> Self {
        Self(Lines::new())
    }
}

impl Shared for Newest {
    type Hand<'s> = NewestHand<'s>;

    fn hand(&self) -> NewestHand<'_> {
        let blocks = self.0.next().iter();
        NewestHand(blocks.map(|Line(block)| block).collect())
    }
}

/// The hand of a [`Newest`].
#[derive(Debug)]
pub struct NewestHand<'s>(Vec<&'s AtomicU64>);

impl<'s> Hand for NewestHand<'s> {
    type Block = &'s AtomicU64;

    #[inline]
    fn take(&mut self, value: u64) -> &'s AtomicU64 {
        let block = self.0.pop().expect("it is given as many as it takes");
        block.store(value, Ordering::Relaxed);
        block
    }

    #[inline]
    unsafe fn give(&mut self, block: &'s AtomicU64) -> u64 {
        self.0.push(block);
        block.load(Ordering::Relaxed)
    }
}

free_lists! {
    /// [`SyncPool`] by reference, as most programs use it.
    "SyncPool" SyncPooled: SyncPool = SyncPool::new(BLOCK),
        Shared(&), |pool| Through<&'s SyncPool> = Through::new(pool);

    /// [`SyncPool`] through a handle of each thread.
    "SyncPool, local" SyncPooledLocal: SyncPool = SyncPool::new(BLOCK),
        Shared(&), |pool| Through<Local<'s>> = Through::new(pool.local());

    /// [`InlineSyncPool`], boxed as it is a large one.
    "InlineSyncPool" InlineSync: Box<InlineSyncPool<Bytes, CAPACITY>> = boxed(InlineSyncPool::new),
        Shared(&), |pool| Through<&'s InlineSyncPool<Bytes, CAPACITY>> = Through::new(pool);
}

/// Shared free lists of other crates, and what one would build from their parts.
#[cfg(feature = "peers")]
mod peers;

#[cfg(feature = "peers")]
pub use peers::*;
