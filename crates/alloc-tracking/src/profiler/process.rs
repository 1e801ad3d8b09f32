//! Which process a thread holds a lock in, and whether that thread is gone.
//!
//! After `fork` the child has one thread: a copy of the one that forked. What the other threads of
//! the parent held stays held, by nobody. To take such a lock over is sound only if it is not the
//! copy that holds it, or a thread that the child has started since.
//!
//! - I1: each thread goes by the id of a process, `MINE`, which it asks the system for when it first
//!   needs one. A thread that was started in this process has the right id. Only the thread that
//!   forked can have an old one, until it settles.
//! - I2: a thread settles only while it holds no lock.
//! - I3: `SETTLED` is the id of this process only if every thread in it has the right id. Then a lock
//!   with another id is held by a thread that does not exist.
//!
//! The thread that forked settles in a handler that `fork` of the C library runs in the child, or,
//! if it has to wait for a lock before that or there was no such handler, when it has waited for a
//! while. For this it must have had an id before, which another handler sees to. Until it has
//! settled, threads that the child has started wait for locks with an old id.
//!
//! What this does not handle: a child that was made past the C library, by a thread that had never
//! used a profiler, or that starts threads before its first one met a held lock (it may wait for
//! ever); one that goes on, after a signal handler
//! forked, with a thread that held a lock; one that shares memory with its parent, as after `vfork`;
//! one with the same id in another namespace (it may wait for ever).

#[cfg(unix)]
pub(super) use unix::*;

#[cfg(unix)]
mod unix {
    use core::cell::Cell;
    use core::sync::atomic::{AtomicU32, Ordering};

    std::thread_local! {
        /// The id of the process, as far as this thread knows; 0 before it has asked.
        static MINE: Cell<u32> = const { Cell::new(0) };
    }

    /// The process whose threads all have the right id. See I3.
    static SETTLED: AtomicU32 = AtomicU32::new(0);

    /// What the calling thread writes into the locks that it holds: not 0.
    #[inline]
    pub(in crate::profiler) fn mine() -> u32 {
        match MINE.try_with(Cell::get) {
            Ok(0) | Err(_) => first(),
            Ok(known) => known,
        }
    }

    #[cold]
    fn first() -> u32 {
        #[cfg(not(miri))]
        watch();
        let here = std::process::id();
        // Without a thread-local, which has been seen nowhere, it asks each time and is always right.
        let _ = MINE.try_with(|mine| mine.set(here));
        here
    }

    /// Whether the thread that holds a lock with this id does not exist. The caller holds no lock.
    #[cold]
    pub(in crate::profiler) fn gone(holder: u32) -> bool {
        let here = std::process::id();
        if mine() != here {
            settle(here);
        }
        // Acquire: partner of the `Release` in `settle`. If the thread that settled held the lock
        // before, with an old id, the caller now finds that it was unlocked.
        holder != here && SETTLED.load(Ordering::Acquire) == here
    }

    /// Lets the calling thread, which forked and holds no lock, go by the id of the child.
    fn settle(here: u32) {
        let set = MINE.try_with(|mine| mine.set(here));
        if set.is_ok() {
            // Release: partner of the `Acquire` in `gone`.
            SETTLED.store(here, Ordering::Release);
        }
    }

    /// The calling thread is about to fork: it gets its id, so that it finds in the child that this
    /// is an old one.
    #[cfg(not(miri))]
    extern "C" fn forking() {
        mine();
    }

    /// A new process was forked off, and this is it.
    #[cfg(not(miri))]
    extern "C" fn forked() {
        settle(std::process::id());
    }

    /// Sees to it that the thread that forks settles at once.
    ///
    /// When this returns the handlers are there, also if another thread is about to register them: the
    /// caller may take a lock next, and a child that is forked off just then must not wait for it. They
    /// may be registered more than once, which does no harm.
    #[cfg(not(miri))]
    fn watch() {
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

        // Acquire: partner of the `Release` below.
        if !WATCHED.load(Ordering::Acquire) {
            // SAFETY: the declaration is that of POSIX. Both functions store to a thread-local and to
            // an atomic at most. If this fails for want of memory, the thread settles when it has to
            // wait.
            let _ = unsafe { pthread_atfork(Some(forking), None, Some(forked)) };
            // Release: partner of the `Acquire` above.
            WATCHED.store(true, Ordering::Release);
        }
    }

    /// Gives the calling thread a wrong id, as `fork` does.
    #[cfg(test)]
    pub(in crate::profiler) fn pretend(id: u32) {
        MINE.with(|mine| mine.set(id));
    }
}

/// Where there is no `fork`, no thread is ever gone that holds a lock.
#[cfg(not(unix))]
pub(super) use elsewhere::*;

#[cfg(not(unix))]
mod elsewhere {
    #[inline]
    pub(in crate::profiler) fn mine() -> u32 {
        1
    }

    pub(in crate::profiler) fn gone(_: u32) -> bool {
        false
    }
}
