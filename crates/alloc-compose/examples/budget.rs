//! Four requests that share a budget of bytes, from four threads: who gets memory changes, how much
//! is used at most does not.
//!
//! ```text
//! cargo run -p alloc-compose --example budget
//! ```
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_compose::Limit;
use alloc_core::{Global, vec::Vec};
use std::sync::Barrier;

const BUDGET: usize = 1000;

/// Buffers the answer to a request of `len` bytes, or says that there is no memory for it now.
fn answer(len: usize, budget: &Limit) -> Option<Vec<u8, &Limit>> {
    let mut buffer = Vec::new_in(budget);
    buffer.try_reserve_exact(len).ok()?;
    buffer.resize(len, b'.');
    Some(buffer)
}

fn main() {
    let budget = Limit::new(Global, BUDGET);

    let small = answer(600, &budget).expect("600 of 1000 bytes");
    println!(
        "after 600 bytes: {} used, {} available",
        budget.used(),
        budget.available()
    );
    assert!(answer(500, &budget).is_none());
    println!("500 more are refused, and {} stay used", budget.used());
    drop(small);
    println!("after it was freed: {} used\n", budget.used());

    let all_asked = Barrier::new(4);
    let served = std::thread::scope(|s| {
        let requests = [(); 4].map(|()| {
            s.spawn(|| {
                let buffer = answer(300, &budget);
                all_asked.wait(); // hold it until everybody has asked
                usize::from(buffer.is_some())
            })
        });
        requests
            .map(|request| request.join().unwrap())
            .iter()
            .sum::<usize>()
    });
    println!("4 threads asked for 300 bytes each at one time: {served} were served");
    assert_eq!((served, budget.used()), (3, 0));

    budget.set_limit(100);
    assert!(answer(300, &budget).is_none());
    println!("with the limit lowered to 100 none would be");
}
