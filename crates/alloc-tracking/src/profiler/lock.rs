//! A spin lock that a hook may take.
//!
//! A lock of the standard library may allocate, register a destructor or unwind; this one does none
//! of it. Three rules keep it harmless:
//!
//! - It is held for a few dozen instructions, for the rehash of one shard or for the copy of one curve,
//!   never across a call of an allocator or of code from outside. So its holder never waits for another
//!   lock, and no circle of threads can wait for one another.
//! - Who waits yields its time slice after a short spin, so that a preempted holder gets to run. A
//!   real-time scheduler may not let it: a waiting thread of high priority can then keep a holder of
//!   low priority from its core for ever.
//! - `fork` copies a lock that another thread holds at that moment into a child where that thread
//!   does not exist. Each holder therefore writes the id of its process into the lock, and a thread
//!   that has waited for a while asks the system for the present one. How it tells a holder that is
//!   gone from one that is not is said in [`process`]. What was guarded may be half written: it is
//!   set to a state that is safe without it ([`Recover`]).

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

use super::process;

const FREE: u32 = 0;
/// How often a waiting thread looks before it yields.
const SPINS: u32 = 64;

/// What a lock guards.
pub(super) trait Recover {
    /// Makes the value valid again after its writer vanished half way. Must not rely on the value,
    /// and not free what it owns.
    fn recover(&mut self);
}

/// A value that one thread at a time reaches.
///
/// - I1: `holder` is [`FREE`], or a thread holds the one [`Guard`] and `holder` is what
///   [`process::mine`] told that thread. It is set to another value than `FREE` only by who found
///   `FREE`, or found that the holder [is gone](process::gone).
/// - I2: a thread that holds a guard does not wait for a lock.
pub(super) struct SpinLock<T> {
    holder: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: I1: one existing thread at a time gets at `value`, so sharing the lock is sending the value from
// thread to thread.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T: Recover> SpinLock<T> {
    pub(super) const fn new(value: T) -> Self {
        Self {
            holder: AtomicU32::new(FREE),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits for the lock.
    #[inline]
    pub(super) fn lock(&self) -> Guard<'_, T> {
        let mine = process::mine();
        // Acquire: partner of the `Release` in `Guard::drop`.
        let taken = self
            .holder
            .compare_exchange(FREE, mine, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_err() {
            return self.wait();
        }
        Guard::new(self)
    }

    #[cold]
    fn wait(&self) -> Guard<'_, T> {
        let mut spins = 0_u32;
        loop {
            let holder = self.holder.load(Ordering::Relaxed);
            // I2: this thread holds no lock, as `gone` asks.
            let may_take = holder == FREE || spins >= SPINS && process::gone(holder);
            if may_take
                // Acquire: partner of the `Release` in `Guard::drop`.
                && self
                    .holder
                    .compare_exchange(holder, process::mine(), Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            {
                let mut guard = Guard::new(self);
                if holder != FREE {
                    guard.recover();
                }
                return guard;
            }
            spins = spins.saturating_add(1);
            if spins < SPINS {
                core::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }

    /// The value, where nobody else can have the lock.
    pub(super) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

/// Access to the value until it is dropped.
pub(super) struct Guard<'a, T> {
    lock: &'a SpinLock<T>,
    /// A guard stays with its thread. Without this it could be shared by threads although `T` cannot:
    /// the lock is `Sync` for any `T` that is `Send`.
    _thread: PhantomData<*const ()>,
}

impl<'a, T> Guard<'a, T> {
    fn new(lock: &'a SpinLock<T>) -> Self {
        Self {
            lock,
            _thread: PhantomData,
        }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: I1: this is the one guard, and it lends the value for no longer than itself.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: I1: this is the one guard, and it is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // Release: partner of the `Acquire` in `lock` and `wait`.
        self.lock.holder.store(FREE, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, Recover, SpinLock};

    struct Pair(u64, u64);

    impl Recover for Pair {
        fn recover(&mut self) {
            *self = Pair(0, 0);
        }
    }

    #[test]
    fn one_thread_at_a_time() {
        let rounds = if cfg!(miri) { 50 } else { 20_000 };
        let lock = SpinLock::new(Pair(0, 0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        let mut pair = lock.lock();
                        assert_eq!(pair.0, pair.1);
                        pair.0 += 1;
                        pair.1 += 1;
                    }
                });
            }
        });
        assert_eq!(lock.lock().0, 4 * rounds);
    }

    /// Two implementations for what is `Sync`, one for what is not: the use below compiles only if it
    /// is clear which one is meant.
    trait AmbiguousIfSync<Which> {
        const HERE: () = ();
    }
    impl<T> AmbiguousIfSync<()> for T {}
    impl<T: Sync> AmbiguousIfSync<u8> for T {}

    #[test]
    fn a_guard_is_not_shared() {
        let () = <Guard<'_, Pair> as AmbiguousIfSync<_>>::HERE;
    }

    /// What a child of `fork` finds, in the thread that forked: a lock with the old id, and itself
    /// with the same old id.
    #[test]
    #[cfg(unix)]
    fn the_thread_that_forked_takes_over() {
        use super::{Ordering, process};

        let lock = SpinLock::new(Pair(1, 2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                process::pretend(u32::MAX);
                lock.holder.store(u32::MAX, Ordering::Relaxed);
                let pair = lock.lock();
                assert_eq!((pair.0, pair.1), (0, 0));
            });
        });
    }
}
