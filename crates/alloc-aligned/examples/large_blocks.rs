//! Measures what large blocks cost at a higher alignment: zeroed ones, and ones that grow.
//!
//! ```text
//! cargo run --release -p alloc-aligned --example large_blocks
//! ```
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::hint::black_box;
use std::time::{Duration, Instant};

use alloc_aligned::{Aligned, NEVER, is_aligned_to};
use alloc_core::{AllocError, Allocator, Global, Layout};

const MIB: usize = 1 << 20;

/// The median time of a few runs.
fn median(mut run: impl FnMut() -> Result<Duration, AllocError>) -> Result<Duration, AllocError> {
    let mut times = [Duration::ZERO; 15];
    for time in &mut times {
        *time = run()?;
    }
    times.sort_unstable();
    Ok(times[7])
}

/// A zeroed block of which one byte is read.
fn zeroed(alloc: &impl Allocator, layout: Layout) -> Result<Duration, AllocError> {
    let begin = Instant::now();
    let block = alloc.allocate_zeroed(layout)?.cast::<u8>();
    // SAFETY: the middle of the block.
    let middle = unsafe { block.add(layout.size() / 2) };
    // SAFETY: inside the block, and zeroed.
    assert_eq!(unsafe { black_box(middle).read() }, 0);
    // SAFETY: allocated above with this layout.
    unsafe { alloc.deallocate(block, layout) };
    Ok(begin.elapsed())
}

/// A block that is in use and becomes twice as long: the growth alone.
fn growth(alloc: &impl Allocator, layout: Layout, align: usize) -> Result<Duration, AllocError> {
    let longer = Layout::from_size_align(2 * layout.size(), layout.align());
    let longer = longer.map_err(|_| AllocError)?;
    let block = black_box(alloc.allocate(layout)?.cast::<u8>());
    // SAFETY: so long is the block.
    unsafe { block.write_bytes(1, layout.size()) };
    let begin = Instant::now();
    // SAFETY: allocated above; the new layout is not smaller.
    let grown = black_box(unsafe { alloc.grow(block, layout, longer) }?.cast::<u8>());
    let time = begin.elapsed();
    assert!(is_aligned_to(grown.as_ptr(), align));
    // SAFETY: as returned by the call above.
    unsafe { alloc.deallocate(grown, longer) };
    Ok(time)
}

fn report(name: &str, alloc: &impl Allocator, align: usize) -> Result<(), AllocError> {
    let layout = Layout::from_size_align(64 * MIB, 16).map_err(|_| AllocError)?;
    let zeroed = median(|| zeroed(alloc, layout))?;
    let growth = median(|| growth(alloc, layout, align))?;
    println!("{name:<30} zeroed 64 MiB {zeroed:>10.1?}   64 to 128 MiB {growth:>10.1?}");
    Ok(())
}

fn main() -> Result<(), AllocError> {
    report("Global", &Global, 16)?;
    report("Aligned<64>", &Aligned::<64, _>::new(Global), 64)?;
    report("Aligned<4096>", &Aligned::<4096, _>::new(Global), 4096)?;
    report(
        "Aligned<2 MiB>",
        &Aligned::<{ 2 * MIB }, _>::new(Global),
        2 * MIB,
    )?;
    #[cfg(all(feature = "map", target_os = "linux"))]
    {
        use alloc_aligned::Mapped;
        report("Mapped", &Mapped::new(), 4096)?;
        report(
            "Aligned<2 MiB, Mapped, NEVER>",
            &Aligned::<{ 2 * MIB }, _, NEVER>::new(Mapped::new()),
            2 * MIB,
        )?;
    }
    // Without the large form this is what the system allocator does with aligned blocks.
    report(
        "Aligned<64, _, NEVER>",
        &Aligned::<64, _, NEVER>::new(Global),
        64,
    )
}
