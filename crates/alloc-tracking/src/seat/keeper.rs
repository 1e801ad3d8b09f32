//! Learns from the system that a thread ends.

#[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
pub(super) use posix::keep;

/// Thread-specific values of POSIX: a key with a destructor for whoever has set a value.
#[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
mod posix {
    use core::ffi::{c_int, c_void};
    use core::ptr;
    use core::sync::atomic::{AtomicUsize, Ordering};

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
    }

    /// No key was made yet.
    const NONE: usize = usize::MAX;

    /// The key of the process, once it was made.
    static KEY: AtomicUsize = AtomicUsize::new(NONE);

    /// Has the calling thread leave its seat when it ends. Returns whether it will.
    pub(in crate::seat) fn keep(seat: u8) -> bool {
        let value = ptr::without_provenance(usize::from(seat));
        // SAFETY: the declaration is that of POSIX. A key that was deleted is an error to the system.
        key().is_some_and(|key| unsafe { pthread_setspecific(key, value) } == 0)
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
        if let Ok(seat) = u8::try_from(value.addr()) {
            crate::seat::leave(seat);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple")))]
pub(super) use elsewhere::keep;

/// Where nobody tells that a thread ends, it takes its seat along. Who comes when all are taken does
/// without, and counts as exactly.
#[cfg(not(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple")))]
mod elsewhere {
    pub(in crate::seat) fn keep(_: u8) -> bool {
        true
    }
}
