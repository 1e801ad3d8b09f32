//! The coarse clock of Linux, read without the way through libc: a third of its price.
//!
//! The kernel maps an image with functions of its own into each process (vDSO), of which libc calls one.
//! So does this, once it has [found](elf) it; and libc's, if there is none.

mod elf;

use core::ffi::{c_int, c_ulong};
use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicPtr, Ordering};

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanos: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
    fn getauxval(kind: c_ulong) -> c_ulong;
}

const CLOCK_MONOTONIC_COARSE: c_int = 6;
/// Asks [`getauxval`] for the address of the image.
const AT_SYSINFO_EHDR: c_ulong = 33;
/// The kernel's name of the function, where that is called as any other.
const NAME: Option<&str> = if cfg!(target_arch = "aarch64") {
    Some("__kernel_clock_gettime")
} else if cfg!(any(target_arch = "x86_64", target_arch = "riscv64")) {
    Some("__vdso_clock_gettime")
} else {
    None
};
/// At least as many bytes are mapped: a page of the smallest size.
const PAGE: usize = 4096;

type Read = unsafe extern "C" fn(c_int, *mut Timespec) -> c_int;

/// R1: null, or a [`Read`].
static READ: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Nanoseconds since some moment; `None` if there is no such clock. Does not allocate, wait or unwind.
#[inline]
pub(super) fn now() -> Option<u64> {
    // Relaxed: what it points to was there before the program began.
    let mut read = READ.load(Ordering::Relaxed);
    if read.is_null() {
        read = find();
    }
    // SAFETY: R1.
    let read = unsafe { core::mem::transmute::<*mut (), Read>(read) };
    let mut time = Timespec {
        seconds: 0,
        nanos: 0,
    };
    // SAFETY: `time` is a place to write to, of the kind that a 64-bit Linux writes.
    if unsafe { read(CLOCK_MONOTONIC_COARSE, &raw mut time) } != 0 {
        return None;
    }
    let nanos = time.seconds.wrapping_mul(1_000_000_000);
    Some(nanos.wrapping_add(time.nanos).cast_unsigned())
}

/// Finds a function that reads clocks.
#[cold]
fn find() -> *mut () {
    let libc: Read = clock_gettime;
    let found = image().and_then(|image| {
        let offset = elf::find(image, NAME?)?;
        // With the provenance of the image.
        Some(image.get(offset..)?.as_ptr().cast_mut().cast())
    });
    let read = found.unwrap_or(libc as *mut ());
    READ.store(read, Ordering::Relaxed);
    read
}

/// The kernel's image.
fn image() -> Option<&'static [u8]> {
    // SAFETY: the declaration is that of all libcs of Linux.
    let address = unsafe { getauxval(AT_SYSINFO_EHDR) };
    let start = ptr::with_exposed_provenance::<u8>(usize::try_from(address).ok()?);
    if start.is_null() {
        return None;
    }
    const { assert!(elf::HEADER <= PAGE) };
    // SAFETY: the kernel says that it has mapped its image there, and so a page at least. Nobody writes to it.
    let page = unsafe { slice::from_raw_parts(start, PAGE) };
    let len = elf::len(page)?;
    // SAFETY: as above, and that many bytes.
    Some(unsafe { slice::from_raw_parts(start, len) })
}

#[cfg(test)]
mod tests {
    use super::{NAME, elf, image, now};
    use std::vec::Vec;

    #[test]
    fn the_clock_goes_on() {
        let before = now().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(40));
        let later = now().unwrap();
        assert!((20_000_000..10_000_000_000).contains(&(later - before)));
    }

    #[test]
    fn the_function_is_found_by_either_table_and_in_whole_images_alone() {
        // Not every kernel has an image: emulators have none.
        let (Some(image), Some(name)) = (image(), NAME) else {
            return;
        };
        let offset = elf::find(image, name).expect("the image has no such function");
        for wrong in ["", "__vdso", "__vdso_clock_gettime_", "clock_gettime?"] {
            assert_eq!(elf::find(image, wrong), None, "{wrong:?}");
        }
        for len in 0..image.len() {
            let found = elf::find(&image[..len], name);
            assert!(found.is_none_or(|found| found == offset), "{len}");
        }
        // Without the older table the newer one says how many symbols there are.
        let without: Vec<u8> = hide_entry(image, 4);
        if image != without.as_slice() {
            assert_eq!(elf::find(&without, name), Some(offset));
        }
        let neither = hide_entry(&without, 0x6FFF_FEF5);
        assert_eq!(elf::find(&neither, name), None);
    }

    /// The image without an entry of its dynamic section.
    fn hide_entry(image: &[u8], tag: u64) -> Vec<u8> {
        let mut image = image.to_vec();
        for entry in image.chunks_exact_mut(16) {
            if entry[..8] == tag.to_ne_bytes() {
                entry[..8].copy_from_slice(&u64::MAX.to_ne_bytes());
            }
        }
        image
    }
}
