//! What the system says about the pages that it gave.

use core::fmt;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

mod scan;

/// Why the system did not tell which pages a range has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotTold {
    /// The files in which it tells cannot be read: `/proc/self/pagemap` and `/proc/self/smaps`.
    Unreadable(io::ErrorKind),
}

impl fmt::Display for NotTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(kind) => {
                write!(f, "the system does not tell which pages there are: {kind}")
            }
        }
    }
}

impl Error for NotTold {}

impl From<io::Error> for NotTold {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error.kind())
    }
}

/// Tells how many bytes of a range are backed by huge pages now.
///
/// The range may be any memory of this process: a block of [`Mapped`](crate::Mapped), a vector,
/// what an arena reserved. No byte of it is read. It is an answer about now: pages come with the
/// first touch, and the system may put small ones together later, or split huge ones.
///
/// From Linux 6.7 on, which can be asked about a range, the number is exact. Before, the system
/// tells only about whole mappings, in which a range may have neighbours; the number is then what
/// the range has at least.
///
/// # Errors
///
/// If the system does not tell, as where `/proc` is not mounted.
///
/// # Examples
///
/// ```
/// use alloc_aligned::huge_bytes;
///
/// let short = [0_u8; 100];
/// assert!(huge_bytes(&raw const short)? <= 100);
/// # Ok::<(), alloc_aligned::NotTold>(())
/// ```
pub fn huge_bytes<T>(range: *const [T]) -> Result<usize, NotTold> {
    let start = range.cast::<u8>().addr();
    // What is longer than the address space is no memory.
    let end = start.saturating_add(range.len().saturating_mul(size_of::<T>()));
    scan::huge_bytes(start, end).or_else(|_| {
        let smaps = BufReader::new(File::open("/proc/self/smaps")?);
        Ok(at_least(smaps, start, end)?)
    })
}

/// What the lines of `smaps` say about one mapping.
#[derive(Default)]
struct Mapping {
    /// Its bytes inside the range, and outside.
    inside: usize,
    outside: usize,
    /// Its bytes that are backed by huge pages, wherever they are.
    huge: usize,
}

impl Mapping {
    /// The first line of a mapping: `start-end`, in hexadecimal digits, and more.
    fn parse(line: &str, start: usize, end: usize) -> Option<Self> {
        let (from, to) = line.split(' ').next()?.split_once('-')?;
        let from = usize::from_str_radix(from, 16).ok()?;
        let to = usize::from_str_radix(to, 16).ok()?;
        let inside = to.min(end).saturating_sub(from.max(start));
        Some(Self {
            inside,
            outside: to.saturating_sub(from) - inside,
            huge: 0,
        })
    }

    /// Another line: a name and mostly a number of KiB.
    fn read(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        if let Some("AnonHugePages:" | "Private_Hugetlb:" | "Shared_Hugetlb:") = words.next() {
            let kib = words.next().and_then(|word| word.parse::<usize>().ok());
            self.huge += kib.map_or(0, |kib| kib << 10);
        }
    }

    /// How many of the bytes inside are huge, at least.
    fn at_least(&self) -> usize {
        self.huge.saturating_sub(self.outside).min(self.inside)
    }
}

/// How many bytes from `start` to `end` are backed by huge pages at least, by the text of `smaps`.
fn at_least(smaps: impl BufRead, start: usize, end: usize) -> io::Result<usize> {
    let (mut sum, mut current) = (0, Mapping::default());
    for line in smaps.lines() {
        let line = line?;
        if let Some(next) = Mapping::parse(&line, start, end) {
            sum += current.at_least();
            current = next;
        } else {
            current.read(&line);
        }
    }
    Ok(sum + current.at_least())
}

#[cfg(test)]
mod tests {
    use super::{at_least, scan};
    use crate::{HUGE_PAGE, Huge, Mapped};
    use alloc_core::{Allocator, Layout};
    use std::fs::{File, read_to_string};
    use std::io::BufReader;

    const TEXT: &str = "\
00400000-00c00000 rw-p 00000000 00:00 0 
Size:               8192 kB
KernelPageSize:        4 kB
AnonHugePages:      6144 kB
VmFlags: rd wr mr mw me ac sd hg 
00c00000-01000000 rw-p 00000000 00:0e 1 /anon_hugepage (deleted)
KernelPageSize:     2048 kB
AnonHugePages:         0 kB
Private_Hugetlb:    2048 kB
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]
AnonHugePages:         0 kB
";

    fn of(start: usize, end: usize) -> usize {
        at_least(TEXT.as_bytes(), start, end).unwrap()
    }

    #[test]
    fn whole_mappings_are_counted_exactly_and_parts_by_what_they_must_have() {
        assert_eq!(of(0x40_0000, 0xc0_0000), 6 << 20);
        assert_eq!(of(0x40_0000, 0x100_0000), 8 << 20);
        assert_eq!(of(0, usize::MAX), 8 << 20);
        // Two of eight MiB are not huge, and may be anywhere.
        assert_eq!(of(0x40_0000, 0xa0_0000), 4 << 20);
        assert_eq!(of(0xa0_0000, 0xc0_0000), 0);
        assert_eq!(of(0x100_0000, 0x200_0000), 0);
        assert_eq!(of(0x50_0000, 0x50_0000), 0);
    }

    /// The two ways to ask agree about a block, before and after its pages are touched.
    #[test]
    #[cfg_attr(miri, ignore = "makes system calls")]
    fn the_scan_agrees_with_smaps() {
        let layout = Layout::from_size_align(16 * HUGE_PAGE, 1).unwrap();
        let pages = Mapped::with_huge_pages(Huge::Advised);
        let block = pages.allocate(layout).unwrap().cast::<u8>();
        let (start, end) = (block.addr().get(), block.addr().get() + layout.size());
        let told = |scanned: usize| {
            let smaps = BufReader::new(File::open("/proc/self/smaps").unwrap());
            // The mapping may have neighbours that the system keeps as one with it.
            let least = at_least(smaps, start, end).unwrap();
            assert!(least <= scanned && scanned <= layout.size());
            least
        };
        match scan::huge_bytes(start, end) {
            Ok(scanned) => assert_eq!((scanned, told(scanned)), (0, 0), "before the first touch"),
            Err(_) => return, // Linux before 6.7
        }
        // SAFETY: so long is the block.
        unsafe { block.write_bytes(1, layout.size()) };
        let scanned = scan::huge_bytes(start, end).unwrap();
        told(scanned);
        assert!(scanned.is_multiple_of(HUGE_PAGE));
        let set = read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
        if set.is_ok_and(|set| set.contains("[never]")) {
            assert_eq!(scanned, 0, "where the system never gives any");
        }
        // A part of the block has at most its part of the pages.
        assert!(scan::huge_bytes(start + 100, start + 5000).unwrap() <= 4900);
        // SAFETY: allocated above.
        unsafe { pages.deallocate(block, layout) };
    }
}
