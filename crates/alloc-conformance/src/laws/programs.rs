//! Random operation programs under the suite, and under a fuzzer.

use alloc_core::Allocator;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::{Limits, Program, Upstream, Violation};

/// How many programs are run, and how many bytes each is made of at most.
const CASES: (u32, usize) = if cfg!(miri) { (6, 120) } else { (96, 800) };

/// Random [programs](Program) of all operations find nothing wrong, over upstreams that fail,
/// over-return and misplace.
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
    let outcome = runner.run(&vec(any::<u8>(), 0..CASES.1), |bytes| {
        run_bytes(&make, &bytes, limits).map_err(|v| TestCaseError::fail(v.to_string()))
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Abort(reason)) => Err(Violation::new("programs", reason.to_string())),
        // Once more, for the violation itself: it may be one of an upstream's laws.
        Err(TestError::Fail(reason, bytes)) => Err(run_bytes(&make, &bytes, limits)
            .err()
            .unwrap_or_else(|| Violation::new("programs", reason.to_string()))),
    }
}

/// Runs the program that bytes stand for on a new allocator, drops it, and looks whether the
/// upstream has everything back.
///
/// The first byte says how hostile the upstream is: whether it over-returns (bit 0) and misplaces
/// (bit 1), whether one call fails (bit 2) or all from one on (bit 3), and which (the upper half).
/// The rest is a [`Program`]. This is what a fuzz target calls, and what the law
/// [`programs`](crate::laws::programs) does with random bytes.
///
/// # Errors
///
/// The first violation, with the program that shows it.
///
/// # Examples
///
/// A fuzz target for cargo-fuzz:
///
/// ```
/// use alloc_conformance::{Limits, run_bytes};
/// use alloc_core::ArcHandle;
///
/// # macro_rules! fuzz_target { (|$data:ident: &[u8]| $body:block) => { let $data = b"\x07bytes"; $body } }
/// fuzz_target!(|data: &[u8]| {
///     run_bytes(|up| ArcHandle::new(up), data, &Limits::any()).unwrap();
/// });
/// ```
pub fn run_bytes<V>(
    make: impl Fn(Upstream) -> V,
    bytes: &[u8],
    limits: &Limits,
) -> Result<(), Violation>
where
    for<'a> &'a V: Allocator,
{
    let Some((&hostility, bytes)) = bytes.split_first() else {
        return Ok(());
    };
    let program = Program::from_bytes(bytes);
    let mut upstream = Upstream::new();
    if hostility & 1 != 0 {
        upstream = upstream.over_returning();
    }
    if hostility & 2 != 0 {
        upstream = upstream.least_aligned();
    }
    let value = make(upstream.clone());
    let call = usize::from(hostility >> 4) + 1;
    if hostility & 4 != 0 {
        upstream.fail_at(call);
    } else if hostility & 8 != 0 {
        upstream.fail_from(call);
    }
    let result = program.run_over(&upstream, &&value, limits);
    drop(value);
    result.and_then(|()| upstream.check()).map_err(|violation| {
        violation.with_context(&format!("; hostility {hostility}, {program:?}"))
    })
}
