//! The magazines that a pool keeps for threads: one for each [seat].
//!
//! ```text
//! index ──▶ ┌ index ───────────────────┐  older ──▶ ┌ index ───┐  older ──▶ null
//!           │ 8 seats: ○ ● ○ ● ○ ○ ○ ○ │            │ 4: ○ ● ..│
//!           └────────────│───│─────────┘            └──────────┘
//! newest ──▶ ┌ rack ─────▼┐ ┌▼ rack ─────┐
//!            │ seat 1     ├▶│ seat 3     ├──▶ null
//!            │ magazine   │ │ magazine   │
//!            └────────────┘ └────────────┘
//! ```
//!
//! A thread finds its magazine by its seat in the newest index: two loads, no search, no lock. Both
//! kinds of records are blocks of the pool's upstream. They are complete before they are published
//! and are given back when the pool is dropped, by somebody who is alone with it.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator};

use crate::line::{LINE, OwnLine};
use crate::magazine::Magazine;
use crate::seat::{self, Held, NEXT_POOL};
use crate::sync::{
    self, AtomicBool, AtomicPtr, AtomicUsize, FIRST_INDEX, Frozen, Ordering, SEATS, const_fn,
    global,
};

/// The magazine of a thread.
pub(crate) type Mine = Magazine<AtomicPtr<u8>, AtomicUsize>;

/// A magazine and whose it is.
#[repr(C)]
#[derive(Debug)]
struct Rack {
    /// K1: but for its length, touched by nobody but the holder of `seat`.
    magazine: Mine,
    /// The seat.
    seat: Frozen<usize>,
    /// K2: null or a rack that was published before this one.
    next: AtomicPtr<Rack>,
    /// Racks lie on lines of their own.
    line: OwnLine<()>,
}

/// Where the racks of the first seats are.
#[repr(C)]
#[derive(Debug)]
struct Index {
    /// X1: so many entries follow in the memory of this index, each null or the rack of its seat.
    /// An entry is read and written by the holder of its seat alone.
    len: Frozen<usize>,
    /// X2: null or the index that this one has replaced.
    older: *mut Index,
}

const _: () = assert!(size_of::<Index>().is_multiple_of(align_of::<AtomicPtr<Rack>>()));

impl Index {
    /// The block of an index of `len` seats: lines of its own, as all threads read it for each refill, and
    /// what else the upstream puts there may be written to for each block.
    fn layout(len: usize) -> Result<Layout, AllocError> {
        let entries = Layout::array::<AtomicPtr<Rack>>(len).map_err(|_| AllocError)?;
        let (layout, _) = Layout::new::<Self>()
            .extend(entries)
            .map_err(|_| AllocError)?;
        let layout = layout.align_to(LINE).map_err(|_| AllocError)?;
        Ok(layout.pad_to_align())
    }

    /// Takes an index of `len` seats from `upstream`; nobody else knows it yet.
    fn create<A: Allocator>(
        upstream: &A,
        older: *mut Self,
        len: usize,
    ) -> Result<NonNull<Self>, AllocError> {
        let index = upstream.allocate(Self::layout(len)?)?.cast::<Self>();
        for seat in 0..len {
            // SAFETY: `layout` has room for `len` entries behind the header.
            let entry = unsafe { Self::entry(index, seat) };
            // SAFETY: it lies in the new memory, which is exclusively ours, aligned (the assertion
            // above).
            unsafe { entry.write(AtomicPtr::new(ptr::null_mut())) };
        }
        let fields = Self {
            len: Frozen::new(len),
            older,
        };
        // SAFETY: the memory is exclusively ours, and starts with room for a header.
        unsafe { index.write(fields) };
        Ok(index)
    }

    /// Where the entry of a seat is.
    ///
    /// # Safety
    ///
    /// The memory of an index for more than `seat` seats.
    unsafe fn entry(index: NonNull<Self>, seat: usize) -> NonNull<AtomicPtr<Rack>> {
        // SAFETY: the entries follow the header.
        let entries = unsafe { index.add(1) }.cast::<AtomicPtr<Rack>>();
        // SAFETY: the caller's promise.
        unsafe { entries.add(seat) }
    }
}

/// The magazines of a pool.
///
/// R1: each rack and each index is a block of the pool's upstream, and lives as long as this.
#[derive(Debug)]
pub(crate) struct Racks {
    /// R2: 0, or a number that no other pool has had since the process began. Set once.
    pool: AtomicUsize,
    /// R3: entries of an index that was published.
    seats: AtomicUsize,
    /// R4: null or the newest index, which has at least `seats` entries.
    index: AtomicPtr<Index>,
    /// R5: null or the newest rack.
    newest: AtomicPtr<Rack>,
    /// That the upstream has refused a rack or an index since it was last asked for a chunk.
    refused: AtomicBool,
}

global! {
    /// The number of the next pool.
    fn pools() -> AtomicUsize = AtomicUsize::new(NEXT_POOL);
}

impl Racks {
    const_fn! {
        /// No magazines.
        pub(crate) const fn new() -> Self {
            Self {
                pool: AtomicUsize::new(0),
                seats: AtomicUsize::new(0),
                index: AtomicPtr::new(ptr::null_mut()),
                newest: AtomicPtr::new(ptr::null_mut()),
                refused: AtomicBool::new(false),
            }
        }
    }

    /// This thread's magazine, if it is the one that it [remembers](Self::remember).
    #[inline]
    pub(crate) fn remembered(&self) -> Option<&Mine> {
        // Relaxed: only what this thread has remembered itself is found.
        let place = seat::remembered(self.pool.load(Ordering::Relaxed))?;
        // SAFETY: R2: it was remembered for this pool, so it is a rack of it (R1).
        let rack = unsafe { place.cast::<Rack>().as_ref() };
        Some(&rack.magazine)
    }

    /// This thread's magazine, if it is in the index.
    pub(crate) fn indexed(&self) -> Option<&Mine> {
        Some(&self.in_index()?.magazine)
    }

    /// This thread's rack, if it is in the index.
    fn in_index(&self) -> Option<&Rack> {
        // Relaxed: only the holders of this seat use the entry, one after another.
        let rack = self.entry(seat::number())?.load(Ordering::Relaxed);
        // SAFETY: X1, R1.
        unsafe { rack.as_ref() }
    }

    /// The entry of `seat`, if the index has it.
    fn entry(&self, seat: usize) -> Option<&AtomicPtr<Rack>> {
        // Acquire: pairs with the Release in `grow`, so that R4 holds of the index that is loaded
        // next.
        if seat >= self.seats.load(Ordering::Acquire) {
            return None;
        }
        // Acquire: pairs with the Release in `grow`, so that also a newer index is seen as it was
        // written.
        let index = self.index.load(Ordering::Acquire);
        // SAFETY: R4: it has entries, so it is not null.
        let index = unsafe { NonNull::new_unchecked(index) };
        // SAFETY: R4, X1.
        let entry = unsafe { Index::entry(index, seat) };
        // SAFETY: X1, R1.
        Some(unsafe { entry.as_ref() })
    }

    /// This thread's magazine, if it has one. It is remembered, and entered into the index.
    pub(crate) fn search<A: Allocator>(&self, upstream: &A) -> Option<&Mine> {
        let rack = match self.in_index() {
            Some(rack) => rack,
            // A thread that stands has none, and need not look.
            None => self.find(Some(seat::number()).filter(|&seat| seat < SEATS)?)?,
        };
        Some(self.enter(rack, upstream))
    }

    /// Tells whether [`open`](Self::open) is worth a try: neither did the upstream refuse a rack lately, nor does the thread stand.
    pub(crate) fn may_open(&self) -> bool {
        !self.refused.load(Ordering::Relaxed) && !seat::stands()
    }

    /// A magazine of so many blocks for this thread. `None` if the thread stands, or the upstream refuses.
    #[cold]
    pub(crate) fn open<A: Allocator>(&self, upstream: &A, blocks: usize) -> Option<&Mine> {
        let seat = seat::take()?;
        if let Some(rack) = self.find(seat) {
            return Some(self.enter(rack, upstream));
        }
        let Ok(rack) = self.add(seat, upstream, blocks) else {
            self.refused.store(true, Ordering::Relaxed);
            return None;
        };
        Some(self.enter(rack, upstream))
    }

    /// The upstream may be asked again.
    pub(crate) fn ask_again(&self) {
        self.refused.store(false, Ordering::Relaxed);
    }

    /// Remembers this thread's rack, and enters it into the index.
    fn enter<'r, A: Allocator>(&self, rack: &'r Rack, upstream: &A) -> &'r Mine {
        self.remember(rack);
        let pointer = ptr::from_ref(rack).cast_mut();
        loop {
            if let Some(entry) = self.entry(*rack.seat.get()) {
                // Relaxed: as in `in_index`. Entries of different seats lie on one line, which is not
                // written to in vain.
                if entry.load(Ordering::Relaxed) != pointer {
                    entry.store(pointer, Ordering::Relaxed);
                }
                break;
            }
            if self.refused.load(Ordering::Relaxed)
                || self.grow(*rack.seat.get(), upstream).is_err()
            {
                // It is found by search, until there is a place for it.
                self.refused.store(true, Ordering::Relaxed);
                break;
            }
        }
        &rack.magazine
    }

    /// Has this thread find its rack of this pool before those of others.
    fn remember(&self, rack: &Rack) {
        let mut pool = self.pool.load(Ordering::Relaxed);
        if pool == 0 {
            // R2: a count that ends rather than begin again.
            let next = |next: usize| next.checked_add(NEXT_POOL);
            let next = pools().fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
            let Ok(new) = next else {
                return;
            };
            // A store would be as safe, as both numbers are this pool's alone. But whoever remembers
            // the one that is gone would have to look into the index, perhaps for ever.
            let set = self
                .pool
                .compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed);
            pool = set.map_or_else(|now| now, |_| new);
        }
        seat::remember(pool, NonNull::from(rack).cast());
    }

    /// All racks, newest first.
    fn iter(&self) -> impl Iterator<Item = &Rack> {
        // Acquire: pairs with the Release in `add`, so that racks are seen as they were written:
        // this one, and all before, as they are published by read-modify-writes.
        let newest = self.newest.load(Ordering::Acquire);
        // SAFETY: R1, R5.
        let newest = unsafe { newest.as_ref() };
        core::iter::successors(newest, |rack| {
            // SAFETY: R1, K2.
            unsafe { rack.next.load(Ordering::Relaxed).as_ref() }
        })
    }

    /// The rack of `seat`.
    fn find(&self, seat: usize) -> Option<&Rack> {
        self.iter().find(|rack| *rack.seat.get() == seat)
    }

    /// Makes the rack of this thread's seat.
    fn add<A: Allocator>(
        &self,
        seat: usize,
        upstream: &A,
        blocks: usize,
    ) -> Result<&Rack, AllocError> {
        let memory = upstream.allocate(Layout::new::<Rack>())?.cast::<Rack>();
        if let Some(rack) = self.find(seat) {
            // The upstream has come back to the pool.
            // SAFETY: just allocated, with this layout.
            unsafe { upstream.deallocate(memory.cast(), Layout::new::<Rack>()) };
            return Ok(rack);
        }
        let rack = Rack {
            magazine: Magazine::new(AtomicPtr::new(ptr::null_mut()), AtomicUsize::new(0), blocks),
            seat: Frozen::new(seat),
            next: AtomicPtr::new(ptr::null_mut()),
            line: OwnLine(()),
        };
        // SAFETY: the memory is exclusively ours, and of a rack's layout.
        unsafe { memory.write(rack) };
        // SAFETY: R1: from now on it lives as long as this.
        let rack = unsafe { memory.as_ref() };
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            rack.next.store(newest, Ordering::Relaxed);
            // Release: pairs with the Acquire in `iter`.
            match self.newest.compare_exchange_weak(
                newest,
                memory.as_ptr(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(rack),
                Err(now) => newest = now,
            }
        }
    }

    /// Replaces the index by one that has `seat`, unless another thread replaces it meanwhile.
    fn grow<A: Allocator>(&self, seat: usize, upstream: &A) -> Result<(), AllocError> {
        // Acquire: pairs with the Release below.
        let seen = self.index.load(Ordering::Acquire);
        // SAFETY: R1, R4.
        let header = unsafe { seen.as_ref() };
        let seats = header.map_or(0, |index| *index.len.get());
        if seat < seats {
            // It is there, and whoever published it is about to say so. Release: pairs with the
            // Acquire in `entry`.
            self.seats.fetch_max(seats, Ordering::Release);
            return Ok(());
        }
        let len = (seat + 1).next_power_of_two().max(FIRST_INDEX);
        let layout = Index::layout(len)?;
        let index = Index::create(upstream, seen, len)?;
        // Release: pairs with the Acquire above and in `entry`. Relaxed on failure: the other index
        // is not looked at here.
        let published =
            self.index
                .compare_exchange(seen, index.as_ptr(), Ordering::Release, Ordering::Relaxed);
        if published.is_ok() {
            // Release: pairs with the Acquire in `entry`.
            self.seats.fetch_max(len, Ordering::Release);
        } else {
            // SAFETY: just allocated, with this layout; nobody else knows it.
            unsafe { upstream.deallocate(index.cast(), layout) };
        }
        Ok(())
    }

    /// Calls `empty` with the magazine of each seat that nobody has, while nobody can take it.
    pub(crate) fn abandoned(&self, mut empty: impl FnMut(&Mine)) {
        for rack in self.iter().filter(|rack| rack.magazine.len() != 0) {
            if let Some(_held) = Held::exactly(*rack.seat.get()) {
                empty(&rack.magazine);
            }
        }
    }

    /// Counts the blocks in all magazines, one after another.
    pub(crate) fn resting(&self) -> usize {
        self.iter().map(|rack| rack.magazine.len()).sum()
    }

    /// Forgets all blocks.
    pub(crate) fn clear(&mut self) {
        self.iter().for_each(|rack| rack.magazine.clear());
    }

    /// Gives everything back.
    ///
    /// # Safety
    ///
    /// `upstream` is the one that was passed to the other methods, and none of them is called
    /// afterwards.
    pub(crate) unsafe fn dismantle<A: Allocator>(&mut self, upstream: &A) {
        let mut next = NonNull::new(sync::load_exclusive(&mut self.newest));
        while let Some(mut rack) = next {
            // SAFETY: R1, K2; whoever made this exclusive to us made its racks visible as well.
            let next_of = &mut unsafe { rack.as_mut() }.next;
            next = NonNull::new(sync::load_exclusive(next_of));
            // SAFETY: R1, the caller's promise; a rack has no destructor.
            unsafe { upstream.deallocate(rack.cast(), Layout::new::<Rack>()) };
        }
        let mut next = NonNull::new(sync::load_exclusive(&mut self.index));
        while let Some(index) = next {
            // SAFETY: R1, X2.
            let header = unsafe { index.as_ref() };
            next = NonNull::new(header.older);
            if let Ok(layout) = Index::layout(*header.len.get()) {
                // SAFETY: R1, the caller's promise; an index has no destructor.
                unsafe { upstream.deallocate(index.cast(), layout) };
            }
        }
    }
}
