//! Pools, their handles, and a model of who has which block.

use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull};

use alloc_conformance::Upstream;
use alloc_core::{AllocError, Allocator, Layout, Owns};
use alloc_sync_pool::{InlineSyncPool, Local, SyncPool};

use crate::held::Held;
use crate::random::{Random, layout};

thread_local! {
    /// The world in which this thread takes steps, if upstreams may come back to it.
    static HERE: Cell<*const World<'static>> = const { Cell::new(ptr::null()) };
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// An upstream that comes back to its pools, in each of its calls.
#[derive(Clone)]
pub(crate) struct Returning(pub(crate) Upstream);

impl Returning {
    fn come_back() {
        let world = HERE.get();
        if DEPTH.get() < 2 && !world.is_null() {
            DEPTH.set(DEPTH.get() + 1);
            // SAFETY: it is there as long as this thread takes steps in it.
            unsafe { &*world }.visit();
            DEPTH.set(DEPTH.get() - 1);
        }
    }
}

// SAFETY: each method is that of the upstream inside; what is done beside it does not unwind unless
// the test has failed.
unsafe impl Allocator for Returning {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        Self::come_back();
        let block = self.0.allocate(layout);
        Self::come_back();
        block
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        Self::come_back();
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.deallocate(ptr, layout) };
        Self::come_back();
    }
}

/// How many pools there are that grow or have a bound. The one after them is inline.
pub(crate) const POOLS: usize = 3;

/// Blocks that a program has at one time at most, or a few more if upstreams come back.
const MOST: usize = if cfg!(miri) { 16 } else { 300 };

pub(crate) type Inline = InlineSyncPool<[u64; 5], 70>;

/// A world in which threads take steps in turn. All of it is shared, so that upstreams can come back to it.
pub(crate) struct World<'p> {
    pub(crate) pools: &'p [SyncPool<Returning>; POOLS],
    pub(crate) inline: &'p Inline,
    /// Handles, and of which pool they are. At least one.
    pub(crate) locals: Vec<(usize, Local<'p, Returning>)>,
    pub(crate) held: RefCell<Vec<Held>>,
    pub(crate) random: &'p Random,
    pub(crate) up: &'p Upstream,
    /// How often an upstream came back.
    pub(crate) visits: Cell<usize>,
}

/// A world for the thread that is to take steps in it, while others wait.
pub(crate) struct Lent {
    world: *const World<'static>,
    steps: usize,
    visited: bool,
}

// SAFETY: as said there: one thread at a time has the world.
unsafe impl Send for Lent {}

impl Lent {
    /// Takes the steps.
    ///
    /// # Safety
    ///
    /// The world is there, and nobody else uses it meanwhile.
    pub(crate) unsafe fn walk(self) {
        if self.visited {
            HERE.set(self.world);
        }
        // SAFETY: the caller's promise.
        let world = unsafe { &*self.world };
        (0..self.steps).for_each(|_| world.step());
        HERE.set(ptr::null());
    }
}

impl World<'_> {
    /// The world, for so many steps.
    pub(crate) fn lend(&self, steps: usize, visited: bool) -> Lent {
        let world = ptr::from_ref(self).cast::<World<'static>>();
        Lent {
            world,
            steps,
            visited,
        }
    }

    fn block(&self, pool: usize) -> Layout {
        let inline = self.inline.block_layout();
        self.pools.get(pool).map_or(inline, SyncPool::block_layout)
    }

    fn serves(&self, pool: usize, request: Layout) -> bool {
        let block = self.block(pool);
        request.size() == 0 || request.size() <= block.size() && request.align() <= block.align()
    }

    /// One of the handles.
    fn local(&self) -> &(usize, Local<'_, Returning>) {
        &self.locals[self.random.below(self.locals.len())]
    }

    /// Runs `f` on a pool or on one of its handles.
    fn with<R>(&self, pool: usize, f: impl FnOnce(&dyn Allocator) -> R) -> R {
        let Some(whole) = self.pools.get(pool) else {
            return f(&self.inline);
        };
        match self.local() {
            (of, local) if *of == pool => f(local),
            _ => f(whole),
        }
    }

    /// An upstream comes back.
    fn visit(&self) {
        self.visits.set(self.visits.get() + 1);
        match self.random.below(5) {
            0 | 1 => self.allocate(self.random.below(POOLS + 1)),
            2 => self.free(self.random.below(MOST)),
            3 => self.local().1.flush(),
            _ => {}
        }
    }

    fn step(&self) {
        let (pool, number) = (self.random.below(POOLS + 1), self.random.below(MOST));
        match self.random.below(40) {
            0..=12 => self.allocate(pool),
            13..=21 => self.free(number),
            22..=27 => self.resize(number),
            28 => (0..number).for_each(|_| self.free(self.random.below(MOST))),
            29 | 30 => (0..number).for_each(|_| self.allocate(pool)),
            31 => (0..number).for_each(|_| self.allocate(self.random.below(POOLS))),
            32 => self.reserve(pool),
            33 => self.local().1.flush(),
            34 => self.change_upstream(),
            _ => {}
        }
    }

    fn reserve(&self, pool: usize) {
        let blocks = match self.random.below(4) {
            0 => usize::MAX,
            1 => isize::MAX as usize / 8,
            _ => self.random.below(MOST),
        };
        if let Some(pool) = self.pools.get(pool)
            && pool.try_reserve(blocks).is_ok()
        {
            assert!(pool.capacity() >= blocks);
        }
    }

    fn change_upstream(&self) {
        match self.random.below(4) {
            0 => self.up.fail_at(1 + self.random.below(3)),
            1 => self.up.fail_from(1 + self.random.below(3)),
            _ => self.up.heal(),
        }
    }

    /// Whether a pool has no block left, or has promised all to requests that are waiting for its upstream.
    fn is_exhausted(&self, pool: usize) -> bool {
        match self.pools.get(pool) {
            Some(pool) => {
                let used = |limit| pool.in_use() == limit || DEPTH.get() != 0;
                pool.limit().is_some_and(used)
            }
            None => self.inline.in_use() == self.inline.capacity(),
        }
    }

    fn allocate(&self, pool: usize) {
        if self.held.borrow().len() >= MOST {
            return;
        }
        let request = self.random.request(self.block(pool));
        let zeroed = self.random.one_in(4);
        let before = (self.up.failures(), self.visits.get());
        let answer = self.with(pool, |door| {
            if zeroed {
                door.allocate_zeroed(request)
            } else {
                door.allocate(request)
            }
        });
        let Ok(block) = answer else {
            let excused = !self.serves(pool, request)
                || before != (self.up.failures(), self.visits.get())
                || self.is_exhausted(pool);
            return assert!(excused, "{request:?} is refused by pool {pool}");
        };
        let held = Held::new(pool, block, request, 0);
        if zeroed {
            held.check_zeros(0);
        }
        self.take(held);
    }

    /// Takes a new block into the model: a whole one of its pool alone, that overlaps no other.
    fn take(&self, mut held: Held) {
        assert!(self.serves(held.pool, held.asked));
        let whole = self.block(held.pool).size();
        assert_eq!(held.len, if held.asked.size() == 0 { 0 } else { whole });
        if held.len != 0 {
            assert!(self.held.borrow().iter().all(|other| !held.overlaps(other)));
        }
        for (index, pool) in self.pools.iter().enumerate() {
            let owns = pool.owns(held.start, held.asked);
            assert_eq!(owns, index == held.pool && held.len != 0);
        }
        #[allow(clippy::cast_possible_truncation)] // Any byte will do.
        held.fill(self.random.next() as u8);
        self.held.borrow_mut().push(held);
    }

    /// Takes a block out of the model, as it was written to.
    fn remove(&self, number: usize) -> Option<Held> {
        let mut held = self.held.borrow_mut();
        let number = number.checked_rem(held.len())?;
        let held = held.swap_remove(number);
        held.check(held.len);
        Some(held)
    }

    /// Frees a block with any layout that fits.
    fn free(&self, number: usize) {
        let Some(held) = self.remove(number) else {
            return;
        };
        let size = match held.asked.size() {
            0 => 0,
            asked => asked + self.random.below(held.len - asked + 1),
        };
        let fitting = layout(size, held.asked.align());
        // SAFETY: of this pool, with a layout that fits.
        self.with(held.pool, |door| unsafe {
            door.deallocate(held.start, fitting);
        });
    }

    /// Frees all blocks.
    pub(crate) fn free_all(&self) {
        while !self.held.borrow().is_empty() {
            self.free(0);
        }
    }

    fn resize(&self, number: usize) {
        let Some(held) = self.remove(number) else {
            return;
        };
        let (old, new) = (held.asked, self.random.request(self.block(held.pool)));
        let grows = new.size() >= old.size();
        let zeroed = grows && self.random.one_in(2);
        let answer = self.with(held.pool, |door| {
            if zeroed {
                // SAFETY: of this pool, with its layout, and one that is no smaller.
                unsafe { door.grow_zeroed(held.start, old, new) }
            } else if grows {
                // SAFETY: as above.
                unsafe { door.grow(held.start, old, new) }
            } else {
                // SAFETY: of this pool, with its layout, and a smaller one.
                unsafe { door.shrink(held.start, old, new) }
            }
        });
        let Ok(block) = answer else {
            held.check(held.len);
            assert!(old.size() == 0 || !self.serves(held.pool, new));
            return self.held.borrow_mut().push(held);
        };
        let resized = held.resized(block, new);
        assert!(old.size() == 0 || new.size() == 0 || resized.start == held.start);
        resized.check(old.size().min(new.size()));
        if zeroed {
            resized.check_zeros(old.size());
        }
        self.take(resized);
    }

    /// What the pools say of themselves is true.
    pub(crate) fn count(&self) {
        let mut used = [0; POOLS + 1];
        for held in self.held.borrow().iter().filter(|held| held.len != 0) {
            used[held.pool] += 1;
        }
        for (pool, local) in &self.locals {
            used[*pool] += local.cached();
        }
        let [pools @ .., inline] = used;
        assert_eq!(self.inline.in_use(), inline);
        assert_eq!(self.pools.each_ref().map(SyncPool::in_use), pools);
    }
}
