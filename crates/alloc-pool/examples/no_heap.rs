//! A pool on the stack: nodes of a tree without any heap.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_pool::alloc_core::boxed::Box;
use alloc_pool::{AllocError, Allocator, InlinePool};

/// An expression over numbers; its parts come from any allocator.
enum Expr<A: Allocator> {
    Number(i64),
    Add(Box<Expr<A>, A>, Box<Expr<A>, A>),
    Times(Box<Expr<A>, A>, Box<Expr<A>, A>),
}

impl<A: Allocator> Expr<A> {
    fn value(&self) -> i64 {
        match self {
            Self::Number(n) => *n,
            Self::Add(a, b) => a.value() + b.value(),
            Self::Times(a, b) => a.value() * b.value(),
        }
    }
}

fn main() -> Result<(), AllocError> {
    // Sixteen blocks of five words: a tag and two boxes, each a pointer and a reference to the pool.
    let pool = const { InlinePool::<[usize; 5], 16>::new() };
    println!("the pool takes {} bytes of stack", size_of_val(&pool));

    let number = |n| Box::try_new_in(Expr::Number(n), &pool);
    let sum = Box::try_new_in(Expr::Add(number(2)?, number(3)?), &pool)?;
    let product = Expr::Times(sum, number(7)?);
    println!(
        "(2 + 3) * 7 = {}, in {} of {} blocks",
        product.value(),
        pool.in_use(),
        pool.capacity()
    );
    assert_eq!((product.value(), pool.in_use()), (35, 4));

    let here = &raw const pool;
    if let Expr::Times(sum, _) = &product {
        let block = (&raw const **sum).addr();
        assert!((here.addr()..here.addr() + size_of_val(&pool)).contains(&block));
        println!(
            "its first part stands {} bytes into the pool",
            block - here.addr()
        );
    }
    drop(product);
    assert_eq!(pool.available(), 16);
    Ok(())
}
