//! `PAGEMAP_SCAN`, by which Linux from 6.7 on tells about the pages of a range.

use core::ffi::c_void;
use std::fs::File;
use std::io;

use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, opcode};

/// How many runs of pages one call tells about.
const RUNS: usize = 64;

/// There is memory, and not on disk.
const PRESENT: u64 = 1 << 3;
/// It is the page of zeroes that all share who have only read.
const ZERO: u64 = 1 << 5;
/// It is in a huge page.
const HUGE: u64 = 1 << 6;

/// `struct page_region`: a run of pages that were asked for.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Run {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg`.
#[repr(C)]
struct Request {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    /// Written by the system: how far it looked.
    walk_end: u64,
    /// The address of the runs that it writes, and how many there may be.
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// A request, and the room for its answer.
struct Scan<'a> {
    request: Request,
    runs: &'a mut [Run; RUNS],
}

impl<'a> Scan<'a> {
    fn new(start: u64, end: u64, runs: &'a mut [Run; RUNS]) -> Self {
        let request = Request {
            size: size_of::<Request>() as u64,
            flags: 0,
            start,
            end,
            walk_end: start,
            vec: 0,
            vec_len: RUNS as u64,
            max_pages: 0,
            category_inverted: ZERO,
            category_mask: PRESENT | ZERO | HUGE,
            category_anyof_mask: 0,
            return_mask: HUGE,
        };
        Self { request, runs }
    }
}

// SAFETY: the opcode is that of `PAGEMAP_SCAN`, and the pointer one to its argument, in which the
// system writes `walk_end`; at `vec` there is room for `vec_len` runs, borrowed as long as `self`.
unsafe impl Ioctl for &mut Scan<'_> {
    /// How many runs were written.
    type Output = usize;

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        opcode::read_write::<Request>(b'f', 16)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        self.request.vec = self.runs.as_mut_ptr().expose_provenance() as u64;
        (&raw mut self.request).cast()
    }

    unsafe fn output_from_ptr(runs: IoctlOutput, _: *mut c_void) -> rustix::io::Result<usize> {
        Ok(usize::try_from(runs).unwrap_or(0).min(RUNS))
    }
}

/// How many bytes from `start` to `end` are backed by huge pages.
pub(super) fn huge_bytes(start: usize, end: usize) -> io::Result<usize> {
    let page = super::super::os::page();
    let pagemap = File::open("/proc/self/pagemap")?;
    let (start, end) = (start as u64, end as u64);
    let page = page as u64;
    let last = end.checked_next_multiple_of(page);
    let last = last.ok_or(io::ErrorKind::InvalidInput)?;
    let (mut sum, mut at) = (0, start - start % page);
    while at < last {
        let mut runs = [Run::default(); RUNS];
        let mut scan = Scan::new(at, last, &mut runs);
        // SAFETY: the file is the one that the request is for, and the request well formed.
        let count = unsafe { rustix::ioctl::ioctl(&pagemap, &mut scan) }?;
        let walked = scan.request.walk_end;
        for run in &runs[..count] {
            sum += run.end.min(end).saturating_sub(run.start.max(start));
        }
        if walked <= at {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        at = walked;
    }
    usize::try_from(sum).map_err(|_| io::ErrorKind::InvalidData.into())
}
