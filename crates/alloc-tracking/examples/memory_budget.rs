//! A request that may use so much memory and no more, and a cache that is told when it is too large.
//!
//! `cargo run -p alloc-tracking --features std --example memory_budget`

#[cfg(feature = "std")]
mod server {
    use std::alloc::System;
    use std::collections::TryReserveError;
    use std::sync::atomic::{AtomicBool, Ordering};

    use alloc_tracking::{Budget, Budgeted, SiteProfiler};

    #[global_allocator]
    static HEAP: SiteProfiler<System, Budgeted> = SiteProfiler::budgeted(System);

    /// What a request needs beyond this it does not get.
    static REQUEST: Budget = Budget::new(64 << 10);

    /// What the cache needs beyond this it gets, but it has to be emptied soon.
    static CACHE: Budget =
        Budget::new(2 << 10).on_overrun(|_| TOO_LARGE.store(true, Ordering::Relaxed));
    static TOO_LARGE: AtomicBool = AtomicBool::new(false);

    /// Decodes a message whose header says how long it is, whatever it says.
    fn decode(len: usize) -> Result<Vec<u8>, TryReserveError> {
        let mut message = Vec::new();
        message.try_reserve_exact(len)?;
        message.resize(len, 0);
        Ok(message)
    }

    pub(super) fn run() {
        let mut cache: Vec<Vec<u8>> = Vec::new();
        let (mut refused, mut emptied) = (0, 0);
        for len in [500, 700, 1 << 40, 900, 100, 70_000] {
            match REQUEST.run(|| decode(len)) {
                Ok(message) => CACHE.run(|| cache.push(message.clone())),
                Err(error) => {
                    println!("a message of {len} bytes: {error}");
                    refused += 1;
                }
            }
            if TOO_LARGE.swap(false, Ordering::Relaxed) {
                println!("the cache has {} bytes: {CACHE:?}", CACHE.live_bytes());
                cache.clear();
                emptied += 1;
            }
        }
        assert_eq!(
            (refused, REQUEST.overruns(), REQUEST.live_bytes()),
            (2, 2, 0)
        );
        assert_eq!((emptied, CACHE.overruns()), (1, 1));
        println!("of the requests {REQUEST:?}, and of the cache {CACHE:?}");
    }
}

#[cfg(feature = "std")]
fn main() {
    server::run();
}

#[cfg(not(feature = "std"))]
fn main() {
    println!("the profiler needs the feature `std`");
}
