//! Pages of the operating system as an allocator.

mod alloc;
#[cfg(feature = "std")]
mod granted;
mod os;

#[cfg(feature = "std")]
pub use granted::{NotTold, huge_bytes};

use alloc_core::{AllocatorClone, AllocatorEq, StaticAllocator};

/// The length of a huge page in bytes: 2 MiB, what x86-64 has, and 64-bit Arm and RISC-V with base
/// pages of 4 KiB.
pub const HUGE_PAGE: usize = 2 << 20;

/// An allocator whose blocks are mappings of their own: whole pages, from the operating system and
/// back to it.
///
/// Only for blocks that are worth a system call, from some hundred KiB on, and as the upstream of
/// an arena or a pool with large chunks. It exists on Linux, with the feature `map`.
///
/// - A block starts a page and is a whole number of pages long; what it has above the asked size
///   belongs to the caller.
/// - Any alignment that leaves room in the address space is served, 1 GiB too. What has to be mapped
///   to find such a place is given back at once, untouched.
/// - `allocate_zeroed` is `allocate`: fresh pages are zero. Nothing is touched.
/// - `grow` and `shrink` are `mremap`: in place, or by moving the pages and not the bytes, at any
///   alignment. (With [`Huge::Reserved`] and [`Huge::ReservedOrAdvised`] blocks that grow are copied:
///   pages that were set aside cannot be moved so.)
/// - A freed block is unmapped. Where the system refuses even that, for the process has too many
///   mappings, its memory is given back and its addresses stay taken.
///
/// # Huge pages
///
/// A processor finds the memory of a page by an entry in a small table (TLB), and the system has to
/// provide and zero it on the first touch. With pages of 2 MiB there are 512 times fewer of either.
/// [`Mapped::with_huge_pages`] asks for them; whether the system has them is up to it, and
/// [`huge_bytes`] tells what it gave.
///
/// # Errors
///
/// Requests err if the system refuses them, and if their length in pages together with the
/// alignment exceeds the address space.
///
/// # Examples
///
/// ```
/// use alloc_aligned::{HUGE_PAGE, Huge, Mapped, huge_bytes, is_aligned_to};
/// use alloc_core::vec::Vec;
///
/// let mut table = Vec::new_in(Mapped::with_huge_pages(Huge::Advised));
/// table.resize(1_000_000, 0_u64);
/// assert!(is_aligned_to(table.as_ptr(), HUGE_PAGE));
/// // Zero where the system gives none, up to 6 MiB where it does.
/// let huge = huge_bytes(&raw const table[..])?;
/// assert!(huge <= size_of_val(&table[..]));
/// # Ok::<(), alloc_aligned::NotTold>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mapped {
    // M1: a block of this allocator that is not empty consists of private anonymous pages that the
    //     system mapped for it: nobody else's, readable and writable. It starts a unit and is as long
    //     as its size rounded up to units, for each layout that fits it. Equal allocators have equal
    //     units.
    huge: Huge,
}

/// Which pages a [`Mapped`] asks the system for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Huge {
    /// Nothing is said. The system gives base pages, or huge ones where it is set up to give them
    /// to everybody.
    #[default]
    Unsaid,
    /// Blocks of a huge page and more start one, and the system is advised to back them with huge
    /// pages (`MADV_HUGEPAGE`). It does so on the first touch of each where it is not set up never
    /// to, and where it has memory in one piece; otherwise it gives base pages and says nothing.
    Advised,
    /// Each block is taken from the huge pages that an administrator has set aside
    /// (`MAP_HUGETLB`, `vm.nr_hugepages`), and is a whole number of them long. Requests err when
    /// there are no more.
    Reserved,
    /// As [`Reserved`](Self::Reserved), and where there are no more as [`Advised`](Self::Advised).
    ReservedOrAdvised,
}

impl Mapped {
    /// Pages as the system gives them.
    #[inline]
    pub const fn new() -> Self {
        Self::with_huge_pages(Huge::Unsaid)
    }

    /// Asks the system for huge pages, in this way.
    #[inline]
    pub const fn with_huge_pages(huge: Huge) -> Self {
        Self { huge }
    }

    /// How it asks for huge pages.
    #[inline]
    pub const fn huge_pages(&self) -> Huge {
        self.huge
    }

    /// What blocks are a multiple of.
    fn unit(self) -> usize {
        match self.huge {
            Huge::Unsaid | Huge::Advised => os::page(),
            Huge::Reserved | Huge::ReservedOrAdvised => HUGE_PAGE,
        }
    }

    /// Whether the system can move the pages of a block, and add some. It cannot move those that
    /// were set aside.
    const fn moves(self) -> bool {
        matches!(self.huge, Huge::Unsaid | Huge::Advised)
    }

    /// Whether the system is to be advised about a block of so many bytes.
    const fn advises(self, len: usize) -> bool {
        matches!(self.huge, Huge::Advised | Huge::ReservedOrAdvised) && len >= HUGE_PAGE
    }
}

// SAFETY: there is no state but the kind of the pages, which a copy has too.
unsafe impl AllocatorClone for Mapped {}

// SAFETY: blocks belong to the process, and equal allocators treat them alike (M1).
unsafe impl AllocatorEq for Mapped {}

// SAFETY: nothing but freeing a block unmaps it.
unsafe impl StaticAllocator for Mapped {}
