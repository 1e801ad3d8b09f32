//! Where the stack of the calling thread is.

/// The addresses of a stack: from `low` on and below `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    low: usize,
    end: usize,
}

impl Bounds {
    /// Of no stack: contains nothing.
    const NONE: Self = Self { low: 1, end: 1 };

    /// Whether an address is on the stack.
    #[inline]
    pub(super) fn contain(self, address: usize) -> bool {
        address >= self.low && address < self.end
    }

    /// How many bytes of the stack lie below an address on it.
    #[allow(dead_code, reason = "only the unwinder asks")]
    pub(super) fn room_below(self, address: usize) -> usize {
        address.saturating_sub(self.low)
    }

    /// The address after the last one.
    #[inline]
    pub(super) fn end(self) -> usize {
        self.end
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
mod linux {
    use super::Bounds;
    use core::cell::Cell;
    use core::ffi::{c_int, c_void};
    use core::mem::MaybeUninit;
    use core::ptr;

    /// A `pthread_attr_t`: 36 bytes where a word has 4 bytes, and 56 or 64 where it has 8.
    type Attributes = [usize; 16];

    unsafe extern "C" {
        fn pthread_self() -> *mut c_void;
        fn pthread_getattr_np(thread: *mut c_void, attributes: *mut Attributes) -> c_int;
        fn pthread_attr_getstack(
            attributes: *const Attributes,
            low: *mut *mut c_void,
            size: *mut usize,
        ) -> c_int;
        fn pthread_attr_destroy(attributes: *mut Attributes) -> c_int;
    }

    std::thread_local! {
        /// The stack of this thread, or nothing (0, 0) before anybody asked.
        static STACK: Cell<Bounds> = const { Cell::new(Bounds { low: 0, end: 0 }) };
    }

    impl Bounds {
        /// The stack of the calling thread.
        #[inline]
        pub(in super::super) fn of_thread() -> Self {
            match STACK.try_with(Cell::get) {
                Ok(Bounds { low: 0, .. }) | Err(_) => Self::first(),
                Ok(known) => known,
            }
        }

        #[cold]
        fn first() -> Self {
            // The C library may allocate to find out: whoever comes back to an allocator from in
            // there takes no stack.
            let note = |bounds| STACK.try_with(|stack| stack.set(bounds)).is_ok();
            if !note(Self::NONE) {
                return Self::NONE;
            }
            let bounds = ask().unwrap_or(Self::NONE);
            note(bounds);
            bounds
        }
    }

    fn ask() -> Option<Bounds> {
        let mut attributes = MaybeUninit::<Attributes>::uninit();
        // SAFETY: has no conditions.
        let thread = unsafe { pthread_self() };
        // SAFETY: a living thread, and room for what is written.
        if unsafe { pthread_getattr_np(thread, attributes.as_mut_ptr()) } != 0 {
            return None;
        }
        let (mut low, mut size) = (ptr::null_mut(), 0);
        // SAFETY: initialised by the call above; two places to write to.
        let got =
            unsafe { pthread_attr_getstack(attributes.as_ptr(), &raw mut low, &raw mut size) };
        // SAFETY: initialised above, and not used again.
        unsafe { pthread_attr_destroy(attributes.as_mut_ptr()) };
        let end = low.addr().checked_add(size)?;
        // A stack that cannot hold a frame is none.
        (got == 0 && !low.is_null() && size >= 64).then_some(Bounds {
            low: low.addr(),
            end,
        })
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
impl Bounds {
    pub(super) fn of_thread() -> Self {
        Self::NONE
    }
}
