//! What debug builds, Miri's and hardened pools find out about the calls to `deallocate`.

use core::alloc::Layout;
use core::fmt;

use alloc_core::checker;

/// Whether the blocks of every pool are watched: in debug builds, and for checkers who want to know by which pointer a block
/// is used. Where they are not, nothing of it is left in the program.
pub(crate) const ENABLED: bool = cfg!(debug_assertions) || checker::FOLLOWS_POINTERS;

/// What was wrong with a call to `deallocate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// No block of the pool begins at the address.
    Foreign,
    /// The block is not allocated: it was freed before, or never handed out.
    DoubleFree,
    /// The block is allocated, but no request of this layout can have got it.
    WrongLayout(Layout),
    /// The word in front of the block, which is not its user's, was overwritten.
    BrokenSeal,
    /// What a link of the free list leads to is no block.
    BrokenList,
}

/// Everything that the message says.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) misuse: Misuse,
    /// The address that was passed.
    pub(crate) address: usize,
    /// The address of the pool.
    pub(crate) pool: usize,
    /// The layout of the pool's blocks.
    pub(crate) block: Layout,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            misuse,
            address,
            pool,
            block,
        } = self;
        match misuse {
            Misuse::Foreign => write!(f, "foreign pointer: no block begins at {address:#x}")?,
            Misuse::DoubleFree => write!(f, "double free of the block at {address:#x}")?,
            Misuse::WrongLayout(layout) => write!(
                f,
                "wrong layout for the block at {address:#x}: {} bytes aligned to {}",
                layout.size(),
                layout.align()
            )?,
            Misuse::BrokenSeal => write!(
                f,
                "overwritten: the word in front of the block at {address:#x}"
            )?,
            Misuse::BrokenList => write!(f, "broken free list: no block is at {address:#x}")?,
        }
        let (size, align) = (block.size(), block.align());
        write!(
            f,
            ", in the pool at {pool:#x} with blocks of {size} bytes aligned to {align}"
        )
    }
}

/// Prints the report and ends the program.
///
/// `deallocate` must not unwind, and a function of the C ABI cannot: the panic prints its message
/// and then aborts.
#[cold]
pub(crate) extern "C" fn fail(report: &Report) -> ! {
    panic!("alloc-pool: {report}");
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    #[test]
    fn a_report_names_the_address_the_pool_and_the_block() {
        let block = Layout::from_size_align(64, 16).unwrap();
        let mut report = Report {
            misuse: Misuse::DoubleFree,
            address: 0x1000,
            pool: 0x2000,
            block,
        };
        let place = "in the pool at 0x2000 with blocks of 64 bytes aligned to 16";
        assert_eq!(
            report.to_string(),
            std::format!("double free of the block at 0x1000, {place}")
        );
        report.misuse = Misuse::Foreign;
        assert_eq!(
            report.to_string(),
            std::format!("foreign pointer: no block begins at 0x1000, {place}")
        );
        report.misuse = Misuse::WrongLayout(Layout::new::<[u8; 100]>());
        assert_eq!(
            report.to_string(),
            std::format!("wrong layout for the block at 0x1000: 100 bytes aligned to 1, {place}")
        );
        report.misuse = Misuse::BrokenSeal;
        assert_eq!(
            report.to_string(),
            std::format!("overwritten: the word in front of the block at 0x1000, {place}")
        );
        report.misuse = Misuse::BrokenList;
        assert_eq!(
            report.to_string(),
            std::format!("broken free list: no block is at 0x1000, {place}")
        );
    }
}
