//! A thread that has left its seats.

use std::thread::Scope;

/// Calls `work` on a thread that has left its seats, where there is such a thing.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn late<'s, 'e>(scope: &'s Scope<'s, 'e>, work: impl FnOnce(bool) + Send + 's) {
    use std::ffi::{c_int, c_uint, c_void};
    use std::sync::OnceLock;

    use alloc_core::Global;
    use alloc_core::boxed::Box as BoxIn;
    use alloc_tracking::{SiteProfiler, Tracking};

    type Work<'w> = Box<dyn FnOnce() + Send + 'w>;

    unsafe extern "C" {
        fn pthread_key_create(key: *mut c_uint, end: Option<extern "C" fn(*mut c_void)>) -> c_int;
        fn pthread_setspecific(key: c_uint, value: *const c_void) -> c_int;
    }

    extern "C" fn end(work: *mut c_void) {
        // SAFETY: from `into_raw` below.
        let work = unsafe { Box::from_raw(work.cast::<Work<'_>>()) };
        work();
    }

    static KEY: OnceLock<c_uint> = OnceLock::new();
    let sit_down = || {
        drop(BoxIn::new_in(0, Tracking::new(Global)));
        drop(BoxIn::new_in(0, SiteProfiler::new(Global)));
    };
    // The key of the seats is the older one, and its destructor runs first.
    sit_down();
    let key = *KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: the declaration is that of POSIX; `key` is a valid place.
        assert_eq!(unsafe { pthread_key_create(&raw mut key, Some(end)) }, 0);
        key
    });
    let work: Work<'s> = Box::new(|| work(true));
    let thread = scope.spawn(move || {
        sit_down();
        let work = Box::into_raw(Box::new(work));
        // SAFETY: the declaration is that of POSIX; the key was made above.
        let set = unsafe { pthread_setspecific(key, work.cast_const().cast()) };
        assert_eq!(set, 0);
    });
    // Returns when the destructors have run.
    thread.join().unwrap();
}

#[cfg(not(all(target_os = "linux", not(miri))))]
pub(crate) fn late<'s, 'e>(scope: &'s Scope<'s, 'e>, work: impl FnOnce(bool) + Send + 's) {
    scope.spawn(|| work(false)).join().unwrap();
}
