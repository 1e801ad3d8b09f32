//! A queue of boxed nodes in a pool: after it has grown, it churns without a single request to the upstream.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::Cell;
use std::ptr::NonNull;

use alloc_pool::alloc_core::{Global, boxed::Box};
use alloc_pool::{AllocError, Allocator, Layout, Pool};

/// The heap, with a count of its requests.
#[derive(Default)]
struct Counted {
    requests: Cell<u32>,
}

// SAFETY: all of it is the heap's work.
unsafe impl Allocator for Counted {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.requests.set(self.requests.get() + 1);
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { Global.deallocate(ptr, layout) }
    }
}

/// A stack of jobs. Each node owns the next one.
struct Job<'p> {
    number: u32,
    next: Option<Box<Job<'p>, &'p Pool<Counted>>>,
}

fn main() -> Result<(), AllocError> {
    let pool = Pool::new_in(Layout::new::<Job<'_>>(), Counted::default());
    println!("a node takes a block of {:?}", pool.block_layout());

    let mut jobs = None;
    for number in 0..1000 {
        jobs = Some(Box::try_new_in(Job { number, next: jobs }, &pool)?);
    }
    let requests = pool.upstream().requests.get();
    println!(
        "1000 nodes: {} blocks in {requests} chunks",
        pool.capacity()
    );

    let mut done = 0_u64;
    for number in 1000..101_000 {
        if let Some(mut job) = jobs.take() {
            done += u64::from(job.number);
            jobs = job.next.take();
        }
        jobs = Some(Box::try_new_in(Job { number, next: jobs }, &pool)?);
    }
    let churn = pool.upstream().requests.get() - requests;
    println!("100000 nodes freed and made again: {churn} requests, sum {done}");
    assert_eq!((churn, pool.in_use()), (0, 1000));

    // A long chain of boxes is taken apart one by one: dropping it whole would recurse.
    while let Some(mut job) = jobs.take() {
        jobs = job.next.take();
    }
    let bytes = pool.release_empty_chunks();
    println!(
        "all freed: {bytes} bytes go back, {} blocks are left",
        pool.capacity()
    );
    assert_eq!(pool.capacity(), 0);
    Ok(())
}
