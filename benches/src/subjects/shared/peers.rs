//! Shared free lists of other crates, and what one would build from their parts.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use crossbeam_queue::{ArrayQueue, SegQueue};
use heapless::pool::boxed::BoxBlock;

use singleton::PayloadPool;

use super::Shared;
use crate::subjects::free_lists::{
    CAPACITY, Hand, List, Maker, Payload, Taken, Through, free_lists,
};

free_lists! {
    /// The list made by hand, with a lock around it.
    "Mutex<hand-made list>" Locked: Mutex<List> = Mutex::default(),
        Shared(&), |list| &'s Mutex<List> = list;

    /// sharded-slab as it comes: a block is its key.
    "sharded-slab" ShardedSlab: sharded_slab::Slab<Payload> = sharded_slab::Slab::new(),
        Shared(&), |slab| &'s sharded_slab::Slab<Payload> = slab;

    /// The pool of heapless, which is one per process.
    "heapless BoxPool" Heapless: () = manage(),
        Shared(&), |_pool| Boxes = Boxes;

    /// The pool of opool for many threads.
    "opool" Opool: opool::Pool<Maker, Box<Payload>> = opool::Pool::new(CAPACITY, Maker),
        Shared(&), |pool| &'s opool::Pool<Maker, Box<Payload>> = pool;

    /// The bounded queue of crossbeam, with boxes that are free.
    "ArrayQueue of boxes" Bounded: ArrayQueue<Box<Payload>> = ArrayQueue::new(CAPACITY),
        Shared(&), |queue| &'s ArrayQueue<Box<Payload>> = queue;

    /// The unbounded queue of crossbeam, with boxes that are free.
    "SegQueue of boxes" Unbounded: SegQueue<Box<Payload>> = SegQueue::new(),
        Shared(&), |queue| &'s SegQueue<Box<Payload>> = queue;
}

/// Locks a list, which no panic can leave half changed.
#[inline]
fn lock(list: &Mutex<List>) -> MutexGuard<'_, List> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hand for &Mutex<List> {
    type Block = Taken;

    #[inline]
    fn take(&mut self, value: u64) -> Taken {
        Through::<_>::new(&*lock(self)).take(value)
    }

    #[inline]
    unsafe fn give(&mut self, block: Taken) -> u64 {
        let list = lock(self);
        // SAFETY: the block is of this list, by the caller.
        unsafe { Through::<_>::new(&*list).give(block) }
    }
}

impl Hand for &sharded_slab::Slab<Payload> {
    /// One more than the key, so that an option of it is a word.
    type Block = NonZeroUsize;

    #[inline]
    fn take(&mut self, value: u64) -> NonZeroUsize {
        let key = self.insert(Payload::new(value)).expect("room in the slab");
        NonZeroUsize::MIN.saturating_add(key)
    }

    #[inline]
    unsafe fn give(&mut self, key: NonZeroUsize) -> u64 {
        let payload = sharded_slab::Slab::take(self, key.get() - 1);
        payload.expect("the key is in use").value
    }
}

/// The one pool of heapless.
mod singleton {
    heapless::box_pool!(PayloadPool: super::Payload);
}

/// Gives the pool of heapless its blocks, once.
fn manage() {
    static MANAGED: Once = Once::new();
    MANAGED.call_once(|| {
        let blocks: Vec<_> = (0..CAPACITY).map(|_| BoxBlock::new()).collect();
        let blocks = blocks.leak().iter_mut();
        blocks.for_each(|block| PayloadPool.manage(block));
    });
}

/// The hand of the pool of heapless.
#[derive(Clone, Copy, Debug)]
pub struct Boxes;

impl Hand for Boxes {
    type Block = heapless::pool::boxed::Box<PayloadPool>;

    #[inline]
    fn take(&mut self, value: u64) -> Self::Block {
        let block = PayloadPool.alloc(Payload::new(value));
        block.expect("as many blocks as workloads take")
    }

    #[inline]
    unsafe fn give(&mut self, block: Self::Block) -> u64 {
        block.value
    }
}

/// Hands that keep free boxes in a queue, and make one when it is empty.
macro_rules! queues {
    ($($queue:ident)*) => {$(
        impl Hand for &$queue<Box<Payload>> {
            type Block = Box<Payload>;

            #[inline]
            fn take(&mut self, value: u64) -> Box<Payload> {
                let Some(mut block) = self.pop() else {
                    return Box::new(Payload::new(value));
                };
                block.value = value;
                block
            }

            #[inline]
            unsafe fn give(&mut self, block: Box<Payload>) -> u64 {
                let value = block.value;
                // A bounded queue that is full returns the box, which is then freed.
                let _ = self.push(block);
                value
            }
        }
    )*};
}

queues! { ArrayQueue SegQueue }
