//! Every workload over every subject: names, answers, and that rounds can be repeated.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::collections::{BTreeMap, BTreeSet};

use alloc_benches::registry::{Origin, cases, groups};

#[test]
fn names_are_unique() {
    let cases = cases();
    let names: BTreeSet<_> = cases
        .iter()
        .map(|case| (case.place(), case.subject))
        .collect();
    assert_eq!(names.len(), cases.len());
}

#[test]
fn every_group_compares_ours_with_the_system() {
    let cases = cases();
    for group in groups(&cases) {
        let origins: BTreeSet<_> = cases
            .iter()
            .filter(|case| case.group == group)
            .map(|case| case.origin)
            .collect();
        assert!(
            origins.contains(&Origin::Ours),
            "{group} has nothing of ours"
        );
        // For trackers the system is the floor: what is tracked cannot be the rival of its trackers.
        let system = cases
            .iter()
            .any(|case| case.group == group && case.subject.starts_with("System"));
        assert!(system, "{group} has no system");
    }
}

/// What a case may have alive to be run here: the largest ones take too long without optimisation.
const LIVE: u64 = 16 << 20;

#[test]
fn every_subject_computes_the_same_in_every_round() {
    let mut answers = BTreeMap::new();
    for case in cases().into_iter().filter(|case| case.live <= LIVE) {
        let mut round = case.start();
        for iterations in [1, 2] {
            let answer = round(iterations).answer;
            let known = *answers.entry(case.place()).or_insert(answer);
            assert_eq!(answer, known, "{case:?}");
        }
    }
}
