//! Call stacks of programs that keep no frame pointers, by the tables that they have for unwinding.
//!
//! A table (`.eh_frame`, DWARF call frame information) says of each address of code how to find the
//! caller's registers from those of the callee. The crate `framehop` reads it, and keeps what it has
//! found for an address, so that a frame that was met before takes some nanoseconds.
//!
//! What it may not do within an allocator is kept from it: it is given its memory beforehand, and
//! what is allocated for that is for nobody's account. Nor does it read memory by itself: what it
//! wants of the stack goes through [`walk`](super::walk), within the bounds of the thread's stack.

#[cfg(all(
    feature = "unwind",
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(miri)
))]
mod tables;

#[cfg(not(all(
    feature = "unwind",
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(miri)
)))]
#[path = "none.rs"]
mod tables;

pub(in crate::profiler) use tables::{Registers, Unwinding};

/// Has [`with_unwinder`](crate::SiteProfiler::with_unwinder) know the libraries that are loaded now.
///
/// Those that were there when the first call stack was taken are known. A stack ends at a function of a
/// library that was loaded afterwards, by `dlopen`, until this is called. Elsewhere than on Linux, on
/// x86-64 or 64-bit ARM, it does nothing.
///
/// It takes the lock of the loader, and must not be called from a signal handler. If no library was
/// loaded since, it keeps what is there. Else what was known before stays in memory: some 100 KiB,
/// which are the tables of libraries.
///
/// # Complexity
///
/// Linear in the size of the tables of all libraries: about a millisecond.
#[cfg(feature = "unwind")]
pub fn learn_libraries() {
    tables::learn();
}
