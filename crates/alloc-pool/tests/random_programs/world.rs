//! A pool, its upstream, and a model of who has which block.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::rc::Rc;

use alloc_conformance::Upstream;
use alloc_pool::Layout;

use crate::held::Held;
use crate::random::{Random, layout};
use crate::subject::{Returning, Subject};

/// Blocks that a program has at one time at most.
const MOST: usize = if cfg!(miri) { 12 } else { 120 };

/// What a program needs beside its pool.
pub(crate) struct Setting<'p> {
    pub(crate) random: Random,
    /// What the blocks are for, if the pool does not say.
    pub(crate) block: Layout,
    /// How many blocks there are at most.
    pub(crate) bound: Option<usize>,
    pub(crate) steps: usize,
    /// The step that is under way.
    pub(crate) step: &'p Cell<usize>,
}

/// A pool and who has which block of it.
///
/// All of it is shared, so that the upstream can come back to the pool.
pub(crate) struct World<P> {
    pool: RefCell<Option<Box<P>>>,
    held: RefCell<Vec<Held>>,
    random: Random,
    up: Upstream,
    block: Layout,
    bound: Option<usize>,
    /// How often the upstream came back.
    visits: Cell<usize>,
    /// Whether free blocks were forgotten.
    lost: Cell<bool>,
}

impl<P: Subject> World<P> {
    /// Runs a program on a pool.
    pub(crate) fn run(setting: Setting<'_>, make: impl FnOnce(Returning) -> P) {
        let Setting {
            random,
            block,
            bound,
            steps,
            step,
        } = setting;
        let up = match random.below(3) {
            0 => Upstream::new(),
            1 => Upstream::new().over_returning(),
            _ => Upstream::new().least_aligned(),
        };
        let returning = Returning::over(up.clone());
        let hook = returning.hook();
        let world = Rc::new(Self {
            pool: RefCell::new(Some(Box::new(make(returning)))),
            held: RefCell::default(),
            random,
            up: up.clone(),
            block,
            bound,
            visits: Cell::new(0),
            lost: Cell::new(false),
        });
        if world.random.one_in(2) {
            let there = Rc::downgrade(&world);
            hook.set(Box::new(move || {
                there.upgrade().inspect(|world| world.visit());
            }));
        }
        for number in 0..steps {
            step.set(number);
            world.step();
            if !cfg!(miri) || number % 8 == 0 {
                world.count();
            }
        }
        if world.random.one_in(2) {
            while world.free(0) {}
        }
        world.count();
        up.heal();
        world.pool.borrow_mut().take();
        up.assert_all_returned();
    }

    fn pool(&self) -> Ref<'_, P> {
        Ref::map(self.pool.borrow(), |pool| {
            &**pool.as_ref().expect("there is a pool")
        })
    }

    /// The pool for what needs it exclusively.
    fn pool_mut(&self) -> RefMut<'_, P> {
        RefMut::map(self.pool.borrow_mut(), |pool| {
            &mut **pool.as_mut().expect("there is a pool")
        })
    }

    /// The upstream comes back, unless the pool is borrowed exclusively.
    fn visit(&self) {
        if self.pool.try_borrow().is_err() {
            return;
        }
        self.visits.set(self.visits.get() + 1);
        match self.random.below(8) {
            0 | 1 => self.allocate(),
            2 => {
                self.free(self.random.below(MOST));
            }
            3 => {
                self.pool().release();
            }
            4 => {
                self.pool().reserve(self.random.below(20));
            }
            5 => {
                self.pool().counts();
            }
            _ => {}
        }
    }

    fn step(&self) {
        let number = self.random.below(MOST);
        match self.random.below(64) {
            0..=23 => self.allocate(),
            24..=39 => {
                self.free(number);
            }
            40..=49 => self.resize(number),
            50 => self.change_upstream(),
            51 => (0..number).for_each(|_| {
                self.free(0);
            }),
            52 => (0..number).for_each(|_| {
                let newest = self.held.borrow().len().saturating_sub(1);
                self.free(newest);
            }),
            53 | 54 => (0..number).for_each(|_| self.allocate()),
            55 | 56 => self.reserve(),
            57 | 58 => self.release(),
            59 | 60 => self.look(),
            61 if self.random.one_in(4) => self.reset(),
            62 if self.random.one_in(4) => self.forget(),
            _ => self.move_it(),
        }
    }

    /// What a block is now.
    fn block(&self) -> Layout {
        self.pool().block_layout().unwrap_or(self.block)
    }

    fn serves(&self, request: Layout) -> bool {
        let block = self.pool().block_layout();
        let fits =
            |block: Layout| request.size() <= block.size() && request.align() <= block.align();
        request.size() == 0 || block.is_some_and(fits)
    }

    fn allocate(&self) {
        if self.held.borrow().len() >= MOST {
            return;
        }
        let request = self.random.request(self.block());
        let zeroed = self.random.one_in(4);
        let before = (self.up.failures(), self.visits.get());
        let answer = self.pool().with(|pool| {
            if zeroed {
                pool.allocate_zeroed(request)
            } else {
                pool.allocate(request)
            }
        });
        let Ok(block) = answer else {
            let excused = !self.serves(request)
                || before != (self.up.failures(), self.visits.get())
                || (self.bound.is_some() && self.pool().counts()[1] == 0);
            return assert!(excused, "{request:?} is refused");
        };
        let held = Held::new(block, request, 0);
        if zeroed {
            held.check_zeros(0);
        }
        self.take(held);
    }

    /// Takes a new block into the model: a whole one that overlaps no other.
    fn take(&self, mut held: Held) {
        assert!(self.serves(held.asked));
        if held.len != 0 {
            assert_eq!(Some(held.len), self.pool().block_layout().map(|b| b.size()));
            assert!(self.held.borrow().iter().all(|other| !held.overlaps(other)));
            assert!(self.pool().owns(held.start, held.asked));
        }
        #[allow(clippy::cast_possible_truncation)] // Any byte will do.
        held.fill(self.random.next() as u8);
        self.held.borrow_mut().push(held);
    }

    /// Takes a block out of the model, as it was written to.
    fn remove(&self, number: usize) -> Option<Held> {
        let mut held = self.held.borrow_mut();
        let number = number.checked_rem(held.len())?;
        let held = held.remove(number);
        held.check(held.len);
        Some(held)
    }

    /// Frees a block with any layout that fits. Tells whether there is one.
    fn free(&self, number: usize) -> bool {
        let Some(held) = self.remove(number) else {
            return false;
        };
        let size = match held.asked.size() {
            0 => 0,
            asked => asked + self.random.below(held.len - asked + 1),
        };
        let fitting = layout(size, held.asked.align());
        // SAFETY: of this pool, with a layout that fits.
        self.pool()
            .with(|pool| unsafe { pool.deallocate(held.start, fitting) });
        true
    }

    fn resize(&self, number: usize) {
        let Some(held) = self.remove(number) else {
            return;
        };
        let (old, new) = (held.asked, self.random.request(self.block()));
        let grows = new.size() >= old.size();
        let zeroed = grows && self.random.one_in(2);
        let answer = self.pool().with(|pool| {
            if zeroed {
                // SAFETY: of this pool, with its layout, and one that is no smaller.
                unsafe { pool.grow_zeroed(held.start, old, new) }
            } else if grows {
                // SAFETY: as above.
                unsafe { pool.grow(held.start, old, new) }
            } else {
                // SAFETY: of this pool, with its layout, and a smaller one.
                unsafe { pool.shrink(held.start, old, new) }
            }
        });
        let Ok(block) = answer else {
            held.check(held.len);
            assert!(old.size() == 0 || !self.serves(new), "{new:?} is refused");
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

    fn change_upstream(&self) {
        match self.random.below(4) {
            0 => self.up.fail_at(1 + self.random.below(3)),
            1 => self.up.fail_from(1 + self.random.below(3)),
            _ => self.up.heal(),
        }
    }

    fn reserve(&self) {
        let blocks = match self.random.below(8) {
            0 => usize::MAX - self.random.below(3),
            1 => isize::MAX as usize / 16,
            _ => self.random.below(MOST),
        };
        let visits = self.visits.get();
        if self.pool().reserve(blocks) && visits == self.visits.get() {
            assert!(self.pool().counts()[1] >= blocks);
        }
    }

    fn release(&self) {
        let before = (self.up.live_bytes(), self.visits.get());
        let released = self.pool().release();
        if before.1 == self.visits.get() {
            assert_eq!(before.0 - self.up.live_bytes(), released);
        }
    }

    /// Looks at what is in use, at all of it or at a part.
    fn look(&self) {
        let most = self.random.pick(&[usize::MAX, 1, MOST / 3]);
        let mut seen = self.pool_mut().live(most);
        if !self.lost.get() {
            let mut held = self.places();
            seen.sort_unstable();
            held.sort_unstable();
            if held.len() > most {
                held.retain(|held| seen.contains(held));
                assert_eq!(seen.len(), most);
            }
            assert_eq!(seen, held);
        }
        if P::INLINE {
            // The whole pool was borrowed exclusively, and so pointers into it are void.
            self.reset();
        }
    }

    /// The addresses of the blocks that take room.
    fn places(&self) -> Vec<usize> {
        let held = self.held.borrow();
        let some = held.iter().filter(|held| held.len != 0);
        some.map(Held::addr).collect()
    }

    fn reset(&self) {
        self.held.borrow_mut().clear();
        self.pool_mut().reset();
        self.lost.set(false);
        assert_eq!(self.pool().counts()[0], 0);
    }

    /// Forgets a look, and with it the blocks that are free.
    fn forget(&self) {
        self.pool_mut().forget_live();
        if P::INLINE {
            self.reset();
        } else {
            self.lost.set(true);
        }
    }

    /// Moves the pool, if nobody has a block in it.
    fn move_it(&self) {
        if !P::INLINE || self.places().is_empty() {
            let pool = self.pool.borrow_mut().take();
            self.pool.replace(pool.map(|pool| Box::new(*pool)));
        }
    }

    /// What the pool says of itself is true.
    fn count(&self) {
        let [in_use, available, capacity] = self.pool().counts();
        let held = self.places().len();
        assert_eq!(in_use + available, capacity);
        assert!(in_use == held || (self.lost.get() && in_use > held));
        assert!(self.bound.is_none_or(|bound| bound == capacity));
    }
}
