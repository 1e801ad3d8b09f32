//! A spin lock that a hook may take.
//!
//! A lock of the standard library may allocate, register a destructor or unwind; this one does none
//! of it. Three rules keep it harmless:
//!
//! - It is held for a few dozen instructions, or for the rehash of one shard, never across a call
//!   of an allocator or of code from outside. So its holder never waits for another lock, and a
//!   deadlock is impossible.
//! - Who waits yields its time slice after a short spin, so that a preempted holder gets to run.
//! - `fork` copies a lock that another thread holds at that moment into a child where that thread
//!   does not exist. Each holder therefore writes the number of its process generation into the
//!   lock; a child knows that it is one and takes over a lock of an earlier generation. What was
//!   guarded may be half written: it is set to a state that is safe without it ([`Recover`]), not
//!   read.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

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
/// - I1: `holder` is [`FREE`] or the generation of the process whose thread holds the one [`Guard`].
pub(super) struct SpinLock<T> {
    holder: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: I1: one thread at a time gets at `value`, so sharing the lock is sending the value from
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
        let mine = generation::current();
        // Acquire: partner of the `Release` in `Guard::drop`.
        let taken = self
            .holder
            .compare_exchange(FREE, mine, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_err() {
            return self.wait();
        }
        Guard { lock: self }
    }

    #[cold]
    fn wait(&self) -> Guard<'_, T> {
        let mut spins = 0_u32;
        loop {
            let mine = generation::current();
            let holder = self.holder.load(Ordering::Relaxed);
            if holder != mine
                // Acquire: partner of the `Release` in `Guard::drop`.
                && self
                    .holder
                    .compare_exchange(holder, mine, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            {
                let mut guard = Guard { lock: self };
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

/// How many forks lie between this process and the one that first used a profiler.
pub(super) mod generation {
    use super::{AtomicU32, Ordering};

    static CURRENT: AtomicU32 = AtomicU32::new(1);

    /// The present generation: not 0, and the same for all threads of a process.
    #[inline]
    pub(super) fn current() -> u32 {
        // Relaxed: it changes only in a forked child, while that has a single thread.
        CURRENT.load(Ordering::Relaxed)
    }

    /// A new process was forked off, and this is it.
    #[cfg(all(unix, not(miri)))]
    extern "C" fn next() {
        let next = current().checked_add(1).unwrap_or(1);
        CURRENT.store(next, Ordering::Relaxed);
    }

    /// Sees to it that a forked child counts as a new generation. Without effect after the first call.
    #[cfg(all(unix, not(miri)))]
    pub(in crate::profiler) fn watch() {
        use core::ffi::c_int;
        use core::sync::atomic::AtomicBool;

        unsafe extern "C" {
            fn pthread_atfork(
                prepare: Option<extern "C" fn()>,
                parent: Option<extern "C" fn()>,
                child: Option<extern "C" fn()>,
            ) -> c_int;
        }
        static WATCHED: AtomicBool = AtomicBool::new(false);

        // Relaxed: whoever comes first registers; nobody needs to see that it is done.
        if !WATCHED.swap(true, Ordering::Relaxed) {
            // SAFETY: the declaration is that of POSIX, and `next` only stores to an atomic. Should
            // it fail for want of memory, forked children are not recognised, and nothing else.
            let _ = unsafe { pthread_atfork(None, None, Some(next)) };
        }
    }

    /// Where there is no `fork`, there is nothing to watch.
    #[cfg(not(all(unix, not(miri))))]
    pub(in crate::profiler) fn watch() {}
}

#[cfg(test)]
mod tests {
    use super::{Recover, SpinLock};
    use core::sync::atomic::Ordering;

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

    #[test]
    fn a_lock_of_a_process_that_is_gone_is_taken_over() {
        let lock = SpinLock::new(Pair(1, 2));
        lock.holder.store(u32::MAX, Ordering::Relaxed);
        let pair = lock.lock();
        assert_eq!((pair.0, pair.1), (0, 0));
    }
}
