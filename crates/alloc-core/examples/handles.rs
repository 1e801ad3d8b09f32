//! One allocator, four ways to hand it to a container.
//!
//! `cargo run -p alloc-core --example handles`
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_core::{AllocError, Allocator, ArcHandle, Global, RcHandle, vec::Vec};

/// Any container code: it neither knows nor cares where memory comes from.
fn squares<A: Allocator>(allocator: A) -> Result<Vec<u64, A>, AllocError> {
    let mut values = Vec::new_in(allocator);
    values.try_reserve(10).map_err(|_| AllocError)?;
    values.extend((1..=10).map(|n| n * n));
    Ok(values)
}

fn main() -> Result<(), AllocError> {
    let owned = squares(Global)?;
    println!(
        "by value      {} squares, sum {}",
        owned.len(),
        owned.iter().sum::<u64>()
    );

    let allocator = Global;
    let borrowed = squares(&allocator)?;
    println!("by reference  {} squares", borrowed.len());

    let shared = RcHandle::new(Global);
    let counted = squares(shared.clone())?;
    println!("by RcHandle   {} squares", counted.len());

    let everywhere = ArcHandle::new(Global);
    let sent = squares(everywhere.clone())?;
    let sum = std::thread::spawn(move || sent.iter().sum::<u64>())
        .join()
        .unwrap_or_default();
    println!("by ArcHandle  sum {sum} in another thread");

    assert_eq!(sum, 385);
    assert!(
        everywhere.try_into_inner().is_ok(),
        "the other thread gave its handle back"
    );
    Ok(())
}
