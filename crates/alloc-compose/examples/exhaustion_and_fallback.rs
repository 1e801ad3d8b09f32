//! A pool of four nodes that runs out: first without, then with somewhere else to go.
//!
//! ```text
//! cargo run -p alloc-compose --example exhaustion_and_fallback
//! ```
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_compose::{Fallback, Limit};
use alloc_core::{AllocError, Global, Layout, boxed::Box, vec::Vec};
use alloc_pool::Pool;

/// A node of 32 bytes.
#[derive(Debug)]
struct Node {
    id: u64,
    _payload: [u64; 3],
}

impl Node {
    fn new(id: u64) -> Self {
        Self {
            id,
            _payload: [0; 3],
        }
    }
}

fn main() -> Result<(), AllocError> {
    let pool = Pool::fixed(Layout::new::<Node>(), 4);

    println!("a pool of 4 nodes alone:");
    let nodes = (0..6).map(|id| Box::try_new_in(Node::new(id), &pool));
    let nodes: std::vec::Vec<_> = nodes.collect();
    for node in &nodes {
        match node {
            Ok(node) => println!("  node {} in the pool", node.id),
            Err(AllocError) => println!("  exhausted"),
        }
    }
    assert_eq!(nodes.iter().filter(|node| node.is_err()).count(), 2);
    drop(nodes);

    println!("the same pool, and 64 bytes of the heap behind it:");
    let memory = Fallback::new(&pool, Limit::new(Global, 64));
    let mut nodes = std::vec::Vec::new();
    for id in 0..6 {
        nodes.push(Box::try_new_in(Node::new(id), &memory)?);
        println!(
            "  node {id}: {} in the pool, {} bytes of the heap",
            pool.in_use(),
            memory.secondary().used()
        );
    }
    assert!(Box::try_new_in(Node::new(6), &memory).is_err());
    println!("  node 6: both are exhausted");
    drop(nodes);
    assert_eq!((pool.in_use(), memory.secondary().used()), (0, 0));
    println!("  freed: each node went back to where it came from");

    println!("a vector that outgrows a block of the pool:");
    let memory = Fallback::new(&pool, Global);
    let mut numbers = Vec::with_capacity_in(4, &memory);
    for i in 0..6_u64 {
        numbers.push(i);
        println!(
            "  {} numbers; blocks of the pool in use: {}",
            numbers.len(),
            pool.in_use()
        );
    }
    assert_eq!((&numbers[..], pool.in_use()), (&[0, 1, 2, 3, 4, 5][..], 0));
    Ok(())
}
