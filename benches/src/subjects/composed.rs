//! Pools, and what the combinators of `alloc-compose` make of them: allocators for blocks of some sizes.

use alloc_compose::{Fallback, Limit, Segregate};
use alloc_core::{Layout, System};
use alloc_pool::Pool;

/// Room for the boxes of the container workloads.
const BLOCK: Layout = Layout::new::<[u64; 6]>();

lenders! {
    /// A pool of blocks of 64 bytes.
    "Pool" PoolOfLines: Pool = Pool::new(Layout::new::<[u64; 8]>());

    /// 512 blocks of a pool, and the system for what does not fit.
    "Fallback<Pool, System>" PoolOrSystem: Fallback<Pool<System>, System> =
        Fallback::new(Pool::fixed_in(BLOCK, 512, System), System);

    /// A pool for up to 48 bytes, and the system for more.
    "Segregate<48, Pool, System>" SmallInPool: Segregate<48, Pool<System>, System> =
        Segregate::new(Pool::new_in(BLOCK, System), System);

    /// The system, with a count of the bytes in use.
    "Limit<System>" Limited: Limit<System> = Limit::new(System, 1 << 30);
}
