//! Each law rejects the allocator that was broken for it, and no other law does.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::collections::BTreeSet;

use alloc_conformance::broken::{Broken, BrokenHandle, Fault};
use alloc_conformance::{Violation, law_names, violations};

/// Laws that look at everything at once, and so may see what others do: random programs, and real containers.
const COMPOUND: &[&str] = &[
    "programs",
    "vec",
    "boxed",
    "hash_map",
    "hash_set",
    "vec_deque",
    "linked_list",
    "b_tree_map",
    "rc",
    "arc",
];

/// The simple law for each fault.
const TABLE: &[(Fault, &str)] = &[
    (Fault::Alignment, "alignment"),
    (Fault::Size, "size"),
    (Fault::ZeroSize, "zero_size"),
    (Fault::Fit, "fit"),
    (Fault::Disjoint, "disjoint"),
    (Fault::Contents, "contents"),
    (Fault::Zeroed, "zeroed"),
    (Fault::Grow, "grow"),
    (Fault::GrowZeroed, "grow_zeroed"),
    (Fault::Shrink, "shrink"),
    (Fault::Realign, "realign"),
    (Fault::ErrKeepsBlock, "err_keeps_block"),
    (Fault::Huge, "huge"),
    (Fault::NoUnwinding, "no_unwinding"),
    (Fault::ReturnsAll, "returns_all"),
    (Fault::UpstreamContract, "upstream_contract"),
    (Fault::FailingUpstream, "failing_upstream"),
    (Fault::OwnsTooMuch, "owns"),
    (Fault::OwnsTooLittle, "owns"),
    (Fault::Reset, "reset"),
    (Fault::ReturnsLeaked, "returns_leaked"),
    (Fault::Clones, "clones"),
    (Fault::Eq, "eq"),
    (Fault::Threads, "threads"),
    (Fault::Send, "send"),
];

/// Runs every law that concerns a fault.
fn findings(fault: Fault) -> Vec<(&'static str, Violation)> {
    match fault {
        Fault::OwnsTooMuch | Fault::OwnsTooLittle => {
            violations!(|up| Broken::new(fault, up), [owns])
        }
        Fault::Reset | Fault::ReturnsLeaked => violations!(|up| Broken::new(fault, up), [reset]),
        Fault::Clones | Fault::Eq => violations!(|up| BrokenHandle::new(fault, up), [clones, eq]),
        Fault::Threads => violations!(|up| Broken::new(fault, up), [threads]),
        Fault::Send => violations!(|up| Broken::new(fault, up), [send]),
        _ => violations!(|up| Broken::new(fault, up), []),
    }
}

/// The names of the laws that were found to be broken.
fn broken_laws(found: &[(&'static str, Violation)]) -> BTreeSet<&'static str> {
    found.iter().map(|(_, violation)| violation.law()).collect()
}

#[test]
#[cfg_attr(miri, ignore = "runs the whole suite for each fault")]
fn each_fault_is_found_by_its_law_and_by_no_other() {
    let mut mistakes = Vec::new();
    for &(fault, law) in TABLE {
        let found = findings(fault);
        let mut laws = broken_laws(&found);
        laws.retain(|law| !COMPOUND.contains(law));
        if laws != BTreeSet::from([law]) {
            mistakes.push(format!("{fault:?}, meant for `{law}`: {found:#?}"));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
#[cfg_attr(miri, ignore = "runs the whole suite twice")]
fn the_allocator_without_a_fault_keeps_every_law() {
    let found = violations!(
        |up| Broken::new(Fault::Nothing, up),
        [owns, reset, threads, send]
    );
    assert!(found.is_empty(), "{found:#?}");
    let found = violations!(|up| BrokenHandle::new(Fault::Nothing, up), [clones, eq]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
#[cfg_attr(miri, ignore = "runs the whole suite for each fault")]
fn every_law_has_a_fault() {
    let compound = [(Fault::Programs, "programs"), (Fault::Boxed, "boxed")];
    let simple: BTreeSet<_> = TABLE.iter().map(|&(_, law)| law).collect();
    let all: BTreeSet<_> = law_names().collect();
    let missing: Vec<_> = all
        .iter()
        .filter(|law| !simple.contains(*law) && !COMPOUND.contains(law))
        .collect();
    assert!(missing.is_empty(), "no allocator is broken for {missing:?}");
    for (fault, law) in compound {
        let laws = broken_laws(&findings(fault));
        assert!(
            laws.contains(law),
            "{fault:?} is meant for `{law}`, and found by {laws:?}"
        );
        assert!(
            laws.iter().all(|law| COMPOUND.contains(law)),
            "{fault:?} is found by {laws:?}"
        );
    }
    assert!(
        simple.is_subset(&all),
        "a fault is meant for a law that is none: {simple:?}"
    );
}

/// A law that passes when nothing is served has looked at nothing.
#[test]
#[cfg_attr(miri, ignore = "runs the whole suite for each fault")]
fn no_law_passes_an_allocator_that_serves_nothing() {
    let fault = Fault::Everything;
    let mut ran: Vec<_> = violations!(|up| Broken::new(fault, up), [owns, reset, threads, send]);
    ran.extend(violations!(|up| BrokenHandle::new(fault, up), [clones, eq]));
    let rejected: BTreeSet<_> = ran.iter().map(|&(law, _)| law).collect();
    assert_eq!(rejected, law_names().collect());
}
