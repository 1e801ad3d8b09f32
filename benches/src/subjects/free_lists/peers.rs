//! Free lists of other crates, and one made by hand.

use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use alloc_core::{AllocError, Allocator, Layout};
use opool::{LocalPool, Pool, PoolAllocator, RefGuard, RefLocalGuard};
use slab::Slab;

use super::{BLOCK, Bytes, CAPACITY, FreeList, Hand, Through};

free_lists! {
    /// The list that one writes by hand: a chunk, a head, and a link in each free block.
    "hand-made list" MadeByHand: List = List::default(),
        FreeList(&mut), |list| Through<&'s List> = Through::new(list);

    /// slab as it comes: a block is its key.
    "slab" Slabbed: Slab<Payload> = Slab::new(),
        FreeList(&mut), |slab| &'s mut Slab<Payload> = slab;

    /// The pool of opool for one thread.
    "opool, local" OpoolLocal: LocalPool<Maker, Box<Payload>> = LocalPool::new(CAPACITY, Maker),
        FreeList(&mut), |pool| &'s LocalPool<Maker, Box<Payload>> = pool;
}

/// A value of the size of a block, of which the first word is used.
#[derive(Debug)]
pub struct Payload {
    /// The word.
    pub value: u64,
    _rest: [MaybeUninit<u64>; 7],
}

const _: () = assert!(size_of::<Payload>() == BLOCK.size());

impl Payload {
    /// A payload with this value.
    #[inline]
    pub fn new(value: u64) -> Self {
        Self {
            value,
            _rest: [MaybeUninit::uninit(); 7],
        }
    }
}

/// Blocks in a chunk of a [`List`].
const CHUNK: usize = 1024;

/// A free block.
struct Free {
    next: Link,
}

/// The first of some free blocks.
type Link = Option<NonNull<Free>>;

/// Blocks of 64 bytes in a list, for one thread.
#[derive(Debug, Default)]
pub struct List {
    /// L1: the blocks that are free. Each is of a chunk, and begins with a [`Free`].
    head: Cell<Link>,
    /// L2: chunks, each of which was a box.
    chunks: RefCell<Vec<NonNull<Chunk>>>,
}

/// The blocks of a chunk.
type Chunk = [MaybeUninit<Bytes>];

// SAFETY: the blocks are in the heap and belong to the list; nothing depends on the thread.
unsafe impl Send for List {}

impl List {
    /// Adds a chunk, and returns one of its blocks.
    #[cold]
    fn grow(&self) -> NonNull<Free> {
        let chunk: Box<Chunk> = Box::new_uninit_slice(CHUNK);
        let chunk = NonNull::from(Box::leak(chunk));
        self.chunks.borrow_mut().push(chunk);
        for number in (0..CHUNK).rev() {
            // SAFETY: the chunk has so many blocks.
            let block = unsafe { chunk.cast::<Bytes>().add(number) };
            // SAFETY: it is of a chunk, and nobody has it yet.
            unsafe { self.push(block.cast()) };
        }
        self.pop()
    }

    /// Takes a block.
    #[inline]
    fn pop(&self) -> NonNull<Free> {
        let Some(block) = self.head.get() else {
            return self.grow();
        };
        // SAFETY: by L1.
        let next = unsafe { block.read() }.next;
        self.head.set(next);
        block
    }

    /// Puts a block into the list.
    ///
    /// # Safety
    ///
    /// The block is of a chunk, and nobody uses it.
    #[inline]
    unsafe fn push(&self, block: NonNull<Free>) {
        let next = self.head.get();
        // SAFETY: blocks are larger than a link, and aligned; nobody uses it, by the caller.
        unsafe { block.write(Free { next }) };
        self.head.set(Some(block));
    }
}

// SAFETY: a block is of a chunk, which stays where it is until the list is dropped, and is either in
// the list or in use.
unsafe impl Allocator for &List {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() > BLOCK.size() || layout.align() > BLOCK.align() {
            return Err(AllocError);
        }
        Ok(NonNull::slice_from_raw_parts(
            self.pop().cast(),
            BLOCK.size(),
        ))
    }

    #[inline]
    unsafe fn deallocate(&self, block: NonNull<u8>, _layout: Layout) {
        // SAFETY: the block is of this list and given up, by the caller.
        unsafe { self.push(block.cast()) };
    }
}

impl Drop for List {
    fn drop(&mut self) {
        for chunk in self.chunks.get_mut() {
            // SAFETY: by L2, and once.
            drop(unsafe { Box::from_raw(chunk.as_ptr()) });
        }
    }
}

impl Hand for &mut Slab<Payload> {
    type Block = usize;

    #[inline]
    fn take(&mut self, value: u64) -> usize {
        self.insert(Payload::new(value))
    }

    #[inline]
    unsafe fn give(&mut self, key: usize) -> u64 {
        self.remove(key).value
    }
}

/// Makes the objects of opool.
#[derive(Clone, Copy, Debug)]
pub struct Maker;

impl PoolAllocator<Box<Payload>> for Maker {
    fn allocate(&self) -> Box<Payload> {
        Box::new(Payload::new(0))
    }
}

/// The hands of the pools of opool, whose blocks are guards.
macro_rules! guarded {
    ($($pool:ident $guard:ident)*) => {$(
        impl<'s> Hand for &'s $pool<Maker, Box<Payload>> {
            type Block = $guard<'s, Maker, Box<Payload>>;

            #[inline]
            fn take(&mut self, value: u64) -> Self::Block {
                let mut block = self.get();
                block.value = value;
                block
            }

            #[inline]
            unsafe fn give(&mut self, block: Self::Block) -> u64 {
                block.value
            }
        }
    )*};
}

guarded! { LocalPool RefLocalGuard Pool RefGuard }
