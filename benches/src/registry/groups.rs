//! The groups: which subjects run which workloads.

use alloc_aligned::Aligned;
use alloc_arena::Arena;
use alloc_compose::{Fallback, Limit, Segregate};
use alloc_core::{ArcHandle, Layout, System};
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;
use alloc_tracking::{Profiler, Tracking};

use super::Case;
use super::threads::{contend, hand_over};
use super::workloads::{
    boxes, churn, list, map_of_lists, mixed_sizes, products, strings, vec_growth, zeroed,
};

/// Defines the groups.
///
/// `"name": make, |store| end;` is a subject: the expression that makes it, and what happens to it
/// after each round. A round calls each workload with `&store`.
macro_rules! groups {
    ($($group:ident: $workloads:tt { $($subjects:tt)* })*) => {
        /// The names of all groups.
        pub const GROUPS: &[&str] = &[$(stringify!($group)),*];

        /// Every workload of every group over each of its subjects, the system allocator first.
        pub fn cases() -> Vec<Case> {
            let mut cases = Vec::new();
            $(groups!(@subjects cases $group $workloads "system": System, |_store| (); $($subjects)*);)*
            cases
        }
    };
    (@subjects $cases:ident $group:ident $workloads:tt
        $($name:literal: $make:expr, |$store:ident| $end:expr;)*
    ) => {
        $(groups!(@pairs $cases $group $workloads $name, $make, $store, $end);)*
    };
    (@pairs $cases:ident $group:ident [$($workload:path),*]
        $name:literal, $make:expr, $store:ident, $end:expr
    ) => {
        $($cases.push(Case {
            group: stringify!($group),
            workload: last_segment(stringify!($workload)),
            subject: $name,
            start: || {
                let mut store = $make;
                Box::new(move || {
                    let number = $workload(&store);
                    let $store = &mut store;
                    let () = $end;
                    number
                })
            },
        });)*
    };
}

/// Room for the blocks of the workloads `boxes`, `churn`, `list`, `hand_over` and `contend`.
const BLOCK: Layout = Layout::new::<[u64; 6]>();

groups! {
    arena: [vec_growth, strings, map_of_lists, mixed_sizes, boxes] {
        "Arena": Arena::new_in(System), |arena| arena.reset();
    }
    pool: [boxes, churn, list] {
        "Pool": Pool::new_in(BLOCK, System), |_pool| ();
    }
    sync_pool: [hand_over, contend] {
        "SyncPool": ArcHandle::new(SyncPool::new_in(BLOCK, System)), |_pool| ();
        "SyncPool, local": SyncPool::new_in(BLOCK, System), |_pool| ();
    }
    aligned: [products, zeroed, vec_growth] {
        "Aligned<64>": Aligned::<64, _>::new(System), |_heap| ();
        "Aligned<4096>": Aligned::<4096, _>::new(System), |_heap| ();
    }
    tracking: [vec_growth, strings, boxes] {
        "Tracking": Tracking::new(System), |_heap| ();
        "Profiler": Profiler::new(System), |_heap| ();
    }
    compose: [vec_growth, mixed_sizes, churn] {
        "Fallback<Pool, System>":
            Fallback::new(Pool::fixed_in(BLOCK, 512, System), System), |_heap| ();
        "Segregate<48, Pool, System>":
            Segregate::<48, _, _>::new(Pool::new_in(BLOCK, System), System), |_heap| ();
        "Limit<System>": Limit::new(System, 1 << 30), |_heap| ();
    }
}

/// `c` of `a::b::c`.
fn last_segment(path: &'static str) -> &'static str {
    path.rsplit(':').next().unwrap_or(path).trim()
}
