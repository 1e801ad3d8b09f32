//! Learns from the system that a thread ends.

/// The two kinds of seats that a thread may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For [`Counters`](crate::counters).
    Counters,
    /// For the [profilers](crate::profiler) by site.
    Sites,
}

impl Kind {
    /// The calling thread, which is about to end, leaves its seat of this kind.
    fn leave(self, seat: usize) {
        match self {
            Self::Counters => super::leave(seat),
            Self::Sites => crate::profiler::give_up_seat(seat),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
pub(crate) use posix::keep;

/// Thread-specific values of POSIX: a key with a destructor for whoever has set a value.
#[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
mod posix {
    use core::ffi::{c_int, c_void};
    use core::ptr;
    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::Kind;

    #[cfg(target_os = "linux")]
    type Key = core::ffi::c_uint;
    #[cfg(target_os = "freebsd")]
    type Key = c_int;
    #[cfg(target_vendor = "apple")]
    type Key = core::ffi::c_ulong;

    unsafe extern "C" {
        fn pthread_key_create(key: *mut Key, end: Option<extern "C" fn(*mut c_void)>) -> c_int;
        fn pthread_key_delete(key: Key) -> c_int;
        fn pthread_setspecific(key: Key, value: *const c_void) -> c_int;
        fn pthread_getspecific(key: Key) -> *mut c_void;
    }

    /// No key was made yet.
    const NONE: usize = usize::MAX;

    /// The key of the process, once it was made.
    static KEY: AtomicUsize = AtomicUsize::new(NONE);

    /// Bits of a seat in the value that a thread sets, which has both kinds: 0 is no seat, and n + 1 is
    /// the seat n.
    const BITS: usize = 16;
    const KINDS: [Kind; 2] = [Kind::Counters, Kind::Sites];

    /// The part of such a value that is for a kind begins at this bit.
    fn begin(kind: Kind) -> usize {
        match kind {
            Kind::Counters => 0,
            Kind::Sites => BITS,
        }
    }

    /// Has the calling thread leave its seat of a kind, below 2¹⁶ − 1, when it ends. Returns whether it
    /// will. It had none of that kind.
    pub(crate) fn keep(kind: Kind, seat: usize) -> bool {
        let Some(key) = key() else {
            return false;
        };
        // SAFETY: the declaration is that of POSIX. Of a key that was deleted there is no value.
        let others = unsafe { pthread_getspecific(key) }.addr();
        let value = ptr::without_provenance(others | (seat + 1) << begin(kind));
        // SAFETY: the declaration is that of POSIX. A key that was deleted is an error to the system.
        unsafe { pthread_setspecific(key, value) == 0 }
    }

    fn key() -> Option<Key> {
        // Relaxed: a key is a number, and guards nothing of ours.
        match KEY.load(Ordering::Relaxed) {
            NONE => make_key(),
            key => Key::try_from(key).ok(),
        }
    }

    #[cold]
    fn make_key() -> Option<Key> {
        let mut key = 0;
        // SAFETY: the declaration is that of POSIX, and `key` is a valid place. `end` does not unwind.
        let made = unsafe { pthread_key_create(&raw mut key, Some(end)) } == 0;
        let number = made.then(|| usize::try_from(key).ok()).flatten()?;
        let first = KEY.compare_exchange(NONE, number, Ordering::Relaxed, Ordering::Relaxed);
        let Err(other) = first else {
            return Some(key);
        };
        // SAFETY: another thread was faster, and nobody has this key.
        unsafe { pthread_key_delete(key) };
        Key::try_from(other).ok()
    }

    /// Where the loader finds what it shall call when the library that this is part of is unloaded, and
    /// when the process exits. (Apple's loader unloads no library that has thread-locals.)
    // SAFETY: the section is an array of such functions.
    #[cfg(not(any(miri, target_vendor = "apple")))]
    #[used]
    #[unsafe(link_section = ".fini_array")]
    static UNLOAD: extern "C" fn() = {
        /// The system must not call [`end`] after this. Threads that come now stand.
        extern "C" fn unload() {
            const GONE: usize = usize::MAX - 1;
            if let Ok(key) = Key::try_from(KEY.swap(GONE, Ordering::Relaxed)) {
                // SAFETY: the declaration is that of POSIX, and this is the key that was made, or
                // no key at all, which is an error to the system.
                unsafe { pthread_key_delete(key) };
            }
        }
        unload
    };

    /// Called by the system on a thread that ends, with the value that the thread has set.
    extern "C" fn end(value: *mut c_void) {
        for kind in KINDS {
            let number = value.addr() >> begin(kind) & ((1 << BITS) - 1);
            if let Some(seat) = number.checked_sub(1) {
                kind.leave(seat);
            }
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple")))]
pub(crate) use elsewhere::keep;

/// Where the system tells nobody that a thread ends. A thread takes its seat for counters along: who
/// comes when all are taken does without, and counts as exactly. Of its seat for sites the standard
/// library tells, by a destructor. Before Rust 1.93 that ended the process if the first thing that a
/// thread asks of the global allocator is the memory for another destructor's entry.
#[cfg(not(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple")))]
mod elsewhere {
    use core::cell::Cell;

    use super::Kind;

    struct Leaver(Cell<Option<usize>>);

    impl Drop for Leaver {
        fn drop(&mut self) {
            if let Some(seat) = self.0.get() {
                Kind::Sites.leave(seat);
            }
        }
    }

    std::thread_local! {
        static LEAVER: Leaver = const { Leaver(Cell::new(None)) };
    }

    pub(crate) fn keep(kind: Kind, seat: usize) -> bool {
        kind == Kind::Counters || LEAVER.try_with(|leaver| leaver.0.set(Some(seat))).is_ok()
    }
}
