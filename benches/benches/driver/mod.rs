//! Measures a group of the registry with criterion: each workload with each subject, side by side.

use std::hint::black_box;
use std::time::Duration;

use alloc_benches::registry::{self, GROUPS};
use criterion::{BenchmarkId, Criterion};

/// Runs every case of `group`.
pub(crate) fn run(group: &str) {
    assert!(
        GROUPS.contains(&group),
        "the registry has no group `{group}`"
    );
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500))
        .configure_from_args();
    let cases: Vec<_> = registry::cases()
        .into_iter()
        .filter(|case| case.group == group)
        .collect();
    // The first subject is the system allocator, and it runs every workload.
    for workload in cases.iter().filter(|case| case.subject == cases[0].subject) {
        let mut side_by_side = criterion.benchmark_group(format!("{group}/{}", workload.workload));
        for case in cases
            .iter()
            .filter(|case| case.workload == workload.workload)
        {
            side_by_side.bench_function(BenchmarkId::from_parameter(case.subject), |bencher| {
                let mut round = case.start();
                bencher.iter(|| black_box(round()));
            });
        }
    }
    criterion.final_summary();
}
