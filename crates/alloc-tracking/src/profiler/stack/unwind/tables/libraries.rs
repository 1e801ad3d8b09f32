//! Which code is loaded, and where its tables are.
//!
//! The loader tells (`dl_iterate_phdr`), under a lock of its own. So it is asked before the first walk
//! and by [`learn`] only, and nobody waits here for another thread that asks: whoever finds nothing
//! makes a list, and the first one to be finished publishes it.

use core::ffi::{c_char, c_int, c_void};
use core::ops::{Deref, Range};
use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::boxed::Box;
use std::string::String;
use std::vec::Vec;

use framehop::{ExplicitModuleSectionInfo, Module, Unwinder as _};

use super::{Busy, Unwinder};
use crate::budget::Budget;

/// The bytes of a table.
pub(super) enum Section {
    /// Of the program itself, which is never unloaded.
    Program(&'static [u8]),
    /// A copy, of a library that may be.
    Copy(Box<[u8]>),
}

impl Deref for Section {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Program(bytes) => bytes,
            Self::Copy(bytes) => bytes,
        }
    }
}

/// The tables of all that was loaded at some time.
pub(super) struct List {
    pub(super) unwinder: Unwinder,
    /// Where the code is that has tables, as the loader lists it: the program first.
    pub(super) code: Vec<Range<u64>>,
    /// How often something had been loaded by then.
    loads: u64,
    files: usize,
}

impl List {
    /// The code of the file that an address is in, if there are tables for it.
    #[cold]
    #[inline(never)]
    pub(super) fn code_around(&self, address: u64) -> Option<Range<u64>> {
        let mut all = self.code.iter();
        all.find(|code| code.contains(&address)).cloned()
    }
}

/// L1: null, or a leaked box. What is in it does not change any more, as others use it.
static KNOWN: AtomicPtr<List> = AtomicPtr::new(ptr::null_mut());

/// The tables of all that was loaded when the list was made. While the thread is busy.
#[inline]
pub(super) fn known() -> Option<&'static List> {
    // Acquire: partner of the `Release` in `publish`.
    // SAFETY: L1.
    unsafe { KNOWN.load(Ordering::Acquire).as_ref() }.or_else(first)
}

#[cold]
fn first() -> Option<&'static List> {
    renew();
    // SAFETY: L1.
    unsafe { KNOWN.load(Ordering::Acquire).as_ref() }
}

/// Makes the list anew, if something was loaded since.
pub(in crate::profiler::stack::unwind) fn learn() {
    if let Some(_busy) = Busy::begin() {
        renew();
    }
}

/// Makes a list, and lets others find it.
fn renew() {
    // If memory for it is refused the process is aborted: no budget may do so.
    let _none = Budget::none();
    publish(ask());
}

/// Lets others find a list, unless they have one that is as new.
fn publish(list: List) {
    let loads = list.loads;
    let made = Box::into_raw(Box::new(list));
    let newer = |known: *mut List| {
        // SAFETY: L1.
        let known = unsafe { known.as_ref() };
        known
            .is_none_or(|known| known.loads < loads)
            .then_some(made)
    };
    // Release: the list is finished for who finds it. Acquire: partner of the `Release` of another thread.
    let (release, acquire) = (Ordering::Release, Ordering::Acquire);
    // Who has the one that was there before keeps it.
    if KNOWN.fetch_update(release, acquire, newer).is_err() {
        // SAFETY: made above, and not passed on.
        drop(unsafe { Box::from_raw(made) });
    }
}

/// A program header of an ELF file of 64 bits.
#[repr(C)]
struct Header {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    physical: u64,
    size_in_file: u64,
    size: u64,
    align: u64,
}

const LOAD: u32 = 1;
const UNWINDING: u32 = 0x6474_e550;
const WRITABLE: u32 = 2;
const READABLE: u32 = 4;

/// What the loader tells of a file: the beginning of its `dl_phdr_info`.
#[repr(C)]
struct Loaded {
    base: u64,
    name: *const c_char,
    headers: *const Header,
    count: u16,
    loads: u64,
    unloads: u64,
}

unsafe extern "C" {
    fn dl_iterate_phdr(
        each: extern "C" fn(*const Loaded, usize, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
}

/// Asks the loader.
fn ask() -> List {
    let mut list = List {
        unwinder: Unwinder::new(),
        code: Vec::new(),
        loads: 0,
        files: 0,
    };
    // SAFETY: the declaration is that of the C library; `each` gets the list, and does not keep it.
    unsafe { dl_iterate_phdr(each, (&raw mut list).cast()) };
    list
}

extern "C" fn each(loaded: *const Loaded, size: usize, list: *mut c_void) -> c_int {
    // SAFETY: what `ask` passed, which nobody else uses meanwhile.
    let list = unsafe { &mut *list.cast::<List>() };
    // An old C library may tell less.
    if size < size_of::<Loaded>() {
        return 1;
    }
    // SAFETY: the loader's, valid during this call, and of this size at least.
    let loaded = unsafe { &*loaded };
    // SAFETY: as above.
    let headers = unsafe { slice::from_raw_parts(loaded.headers, loaded.count.into()) };
    // The first one is the program itself: so says the manual.
    let module = module(loaded.base, headers, list.files == 0);
    list.files += 1;
    list.loads = loaded.loads;
    if let Some(module) = module {
        list.code.push(module.avma_range());
        list.unwinder.add_module(module);
    }
    0
}

/// What the unwinder is told of a file. `None` if it has no table of the usual kind.
fn module(base: u64, headers: &[Header], stays: bool) -> Option<Module<Section>> {
    let parts = || headers.iter().filter(|header| header.kind == LOAD);
    let start = parts().map(|part| part.address).min()?;
    let end = parts()
        .map(|part| part.address.saturating_add(part.size))
        .max()?;

    let index = headers.iter().find(|header| header.kind == UNWINDING)?;
    let index_bytes = bytes(base, parts(), index.address)?;
    let index_bytes = index_bytes.get(..usize::try_from(index.size).ok()?)?;
    // Version 1; the address of the table is relative to its own place, and has four bytes.
    let [1, 0x1b, _, _, a, b, c, d, ..] = *index_bytes else {
        return None;
    };
    let offset = i64::from(i32::from_le_bytes([a, b, c, d]));
    let table = index.address.checked_add(4)?.checked_add_signed(offset)?;
    let table_bytes = bytes(base, parts(), table)?;
    let section = |bytes: &'static [u8], length: usize| {
        if stays {
            Section::Program(bytes)
        } else {
            Section::Copy(bytes[..length].into())
        }
    };
    let info = ExplicitModuleSectionInfo {
        base_svma: 0,
        text_svma: None,
        text: None,
        stubs_svma: None,
        stub_helper_svma: None,
        got_svma: None,
        unwind_info: None,
        eh_frame_hdr_svma: Some(index.address..index.address + index.size),
        eh_frame_hdr: Some(section(index_bytes, index_bytes.len())),
        eh_frame_svma: Some(table..table + table_bytes.len() as u64),
        eh_frame: Some(section(table_bytes, length(table_bytes))),
        debug_frame: None,
        text_segment_svma: None,
        text_segment: None,
    };
    let range = base.checked_add(start)?..base.checked_add(end)?;
    Some(Module::new(String::new(), range, base, info))
}

/// The bytes of a part of a file from an address on. They are good as long as the file is loaded.
fn bytes<'a>(
    base: u64,
    mut parts: impl Iterator<Item = &'a Header>,
    address: u64,
) -> Option<&'static [u8]> {
    let end = |part: &Header| part.address.saturating_add(part.size_in_file);
    let part = parts.find(|part| part.address <= address && address < end(part))?;
    if part.flags & (READABLE | WRITABLE) != READABLE {
        return None;
    }
    let length = usize::try_from(end(part) - address).ok()?;
    let start = ptr::with_exposed_provenance(usize::try_from(base.checked_add(address)?).ok()?);
    // SAFETY: the loader has mapped the part there, so that it can be read and nobody writes to it. The one who calls copies them while
    // the loader holds its lock, or they are the program's.
    Some(unsafe { slice::from_raw_parts(start, length) })
}

/// How long a table is that ends within these bytes: up to its entry of length 0.
fn length(bytes: &[u8]) -> usize {
    let mut at = 0_usize;
    while let Some(&[a, b, c, d]) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let entry = u32::from_le_bytes([a, b, c, d]);
        at += 4;
        match usize::try_from(entry) {
            Ok(0) => return at,
            Ok(entry) => at = at.saturating_add(entry),
            Err(_) => break,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{Header, LOAD, READABLE, WRITABLE, bytes};

    /// Code that can be executed and not read, as some systems have it, is left alone; so is what may change.
    #[test]
    fn a_part_is_read_if_it_can_be_read_and_does_not_change() {
        static PART: [u8; 16] = [7; 16];
        let address = PART.as_ptr().expose_provenance() as u64;
        for (flags, readable) in [
            (READABLE, true),
            (READABLE | 1, true),
            (1, false),
            (0, false),
            (READABLE | WRITABLE, false),
        ] {
            let part = Header {
                kind: LOAD,
                flags,
                offset: 0,
                address: 0,
                physical: 0,
                size_in_file: 16,
                size: 16,
                align: 1,
            };
            let found = bytes(address, [part].iter(), 4);
            assert_eq!(found, readable.then_some(&PART[4..]), "{flags}");
        }
    }
}
