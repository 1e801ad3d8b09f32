//! What Miri is told; nothing anywhere else.

/// Tells Miri that the over-aligned block at `start` has its alignment on purpose, and lets Miri
/// check it.
///
/// Under `-Zmiri-symbolic-alignment-check` Miri believes no alignment beyond that of the chunk
/// unless it is promised.
#[inline]
pub(crate) fn promise_alignment(start: *mut u8, align: usize) {
    #[cfg(miri)]
    {
        unsafe extern "Rust" {
            fn miri_promise_symbolic_alignment(ptr: *const (), align: usize);
        }
        // SAFETY: Miri provides the function, which aborts if the promise is wrong.
        unsafe { miri_promise_symbolic_alignment(start.cast_const().cast(), align) };
    }
    let _ = (start, align);
}
