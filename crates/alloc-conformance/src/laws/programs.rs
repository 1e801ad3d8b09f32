//! Random operation programs under the suite.

use alloc_core::Allocator;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::{Limits, Program, Upstream, Violation};

/// How many programs are run, and how many bytes each is made of at most.
const CASES: (u32, usize) = if cfg!(miri) { (8, 160) } else { (96, 800) };

/// Random [programs](Program) of all operations find nothing wrong, over upstreams that fail, over-return and misplace.
///
/// The programs are the same in each run, and a program that fails is cut down to the operations that matter.
///
/// # Errors
///
/// The first violation, with the program that shows it.
pub fn programs<V>(make: impl Fn(Upstream) -> V, limits: &Limits) -> Result<(), Violation>
where
    for<'a> &'a V: Allocator,
{
    let config = Config {
        cases: CASES.0,
        max_shrink_iters: if cfg!(miri) { 0 } else { 400 },
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let bytes = vec(any::<u8>(), 0..CASES.1);
    let run = |hostility: u8, bytes: &[u8]| {
        let program = Program::from_bytes(bytes);
        run_over(&make, hostility, &program, limits)
    };
    let outcome = runner.run(&(any::<u8>(), bytes), |(hostility, bytes)| {
        run(hostility, &bytes).map_err(|violation| TestCaseError::fail(violation.to_string()))
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Abort(reason)) => Err(Violation::new("programs", reason.to_string())),
        Err(TestError::Fail(reason, (hostility, bytes))) => {
            let program = Program::from_bytes(&bytes);
            let found = run(hostility, &bytes).err();
            let what = found.map_or_else(|| reason.to_string(), |v| v.message().to_owned());
            Err(Violation::new(
                "programs",
                format!("{what}; in the program {program:?}"),
            ))
        }
    }
}

/// Runs one program on a new allocator over an upstream that is hostile in one of 16 ways.
fn run_over<V>(
    make: impl Fn(Upstream) -> V,
    hostility: u8,
    program: &Program,
    limits: &Limits,
) -> Result<(), Violation>
where
    for<'a> &'a V: Allocator,
{
    let mut upstream = Upstream::new();
    if hostility & 1 != 0 {
        upstream = upstream.over_returning();
    }
    if hostility & 2 != 0 {
        upstream = upstream.least_aligned();
    }
    let value = make(upstream.clone());
    if hostility & 4 != 0 {
        upstream.fail_at(usize::from(hostility >> 4) + 1);
    } else if hostility & 8 != 0 {
        upstream.fail_from(usize::from(hostility >> 4) + 1);
    }
    let result = program.run_over(&upstream, &&value, limits);
    drop(value);
    result.and_then(|()| upstream.check())
}
