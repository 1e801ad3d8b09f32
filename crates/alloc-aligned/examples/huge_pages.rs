//! Measures what 64 MiB of fresh memory cost, by whose pages they are, and tells which were granted.
//!
//! ```text
//! cargo run --release -p alloc-aligned --features map,std --example huge_pages
//! ```
#![cfg_attr(feature = "nightly", feature(allocator_api))]

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("pages are mapped on Linux alone");
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), alloc_aligned::NotTold> {
    linux::main()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::read_to_string;
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    use alloc_aligned::{Huge, Mapped, NotTold, huge_bytes};
    use alloc_core::{AllocError, Allocator, Global, Layout};

    const MIB: usize = 1 << 20;
    const BLOCK: Layout = Layout::new::<[u8; 64 * MIB]>();
    const PAGE: usize = 4096;
    const RUNS: usize = 15;

    /// How long it takes to get a block, to write to each page of it, and to give it back; and how
    /// much of it is in huge pages, if the system tells.
    fn touch(alloc: &dyn Allocator) -> Result<(Duration, Result<usize, NotTold>), AllocError> {
        let begin = Instant::now();
        let block = alloc.allocate(BLOCK)?.cast::<u8>();
        for page in (0..BLOCK.size()).step_by(PAGE) {
            // SAFETY: inside the block.
            let byte = unsafe { black_box(block).add(page) };
            // SAFETY: inside the block.
            unsafe { byte.write(1) };
        }
        let touched = begin.elapsed();
        let huge = huge_bytes(std::ptr::slice_from_raw_parts(block.as_ptr(), BLOCK.size()));
        let begin = Instant::now();
        // SAFETY: allocated above with this layout.
        unsafe { alloc.deallocate(block, BLOCK) };
        Ok((touched + begin.elapsed(), huge))
    }

    pub(super) fn main() -> Result<(), NotTold> {
        let set = read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
        let set = set.unwrap_or_else(|_| "unknown".to_owned());
        println!("huge pages of the system: {}", set.trim());

        let allocators: [(&str, &dyn Allocator); 4] = [
            ("Global", &Global),
            ("Mapped, nothing said", &Mapped::new()),
            ("Mapped, advised", &Mapped::with_huge_pages(Huge::Advised)),
            ("Mapped, reserved", &Mapped::with_huge_pages(Huge::Reserved)),
        ];
        // In turn, so that what else the machine does falls on all of them.
        let mut times = [const { Vec::new() }; 4];
        let mut granted = [const { Ok(0) }; 4];
        for _ in 0..RUNS {
            for (at, (_, alloc)) in allocators.iter().enumerate() {
                if let Ok((time, huge)) = touch(*alloc) {
                    times[at].push(time);
                    granted[at] = huge;
                }
            }
        }
        let mut first = None;
        for (at, (name, _)) in allocators.iter().enumerate() {
            times[at].sort_unstable();
            let Some(time) = times[at].get(RUNS / 2) else {
                println!("{name:<22} refused: no huge pages are set aside");
                continue;
            };
            let ratio = first.get_or_insert(*time).as_secs_f64() / time.as_secs_f64();
            let mib = granted[at]? / MIB;
            println!(
                "{name:<22} {time:>9.2?}  {ratio:>5.2} times as fast, {mib} of 64 MiB in huge pages"
            );
        }
        Ok(())
    }
}
