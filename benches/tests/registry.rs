//! Every workload over every subject, once: names, answers, and that rounds can be repeated.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::collections::{BTreeMap, BTreeSet};

use alloc_benches::registry::{GROUPS, cases};

#[test]
fn names_are_unique() {
    let cases = cases();
    let names: BTreeSet<_> = cases
        .iter()
        .map(|case| (case.group, case.workload, case.subject))
        .collect();
    assert_eq!(names.len(), cases.len());
    let groups: BTreeSet<_> = GROUPS.iter().collect();
    assert_eq!(groups.len(), GROUPS.len());
}

#[test]
fn every_group_compares_something_with_the_system() {
    for group in GROUPS {
        let cases: Vec<_> = cases()
            .into_iter()
            .filter(|case| case.group == *group)
            .collect();
        let subjects: BTreeSet<_> = cases.iter().map(|case| case.subject).collect();
        let workloads: BTreeSet<_> = cases.iter().map(|case| case.workload).collect();
        assert_eq!(cases[0].subject, "system", "{group}");
        assert!(subjects.len() > 1, "{group}");
        assert_eq!(cases.len(), subjects.len() * workloads.len(), "{group}");
    }
}

#[test]
fn every_subject_computes_the_same_in_every_round() {
    let mut numbers = BTreeMap::new();
    for case in cases() {
        let mut round = case.start();
        for _ in 0..3 {
            let number = round();
            let known = *numbers.entry(case.workload).or_insert(number);
            assert_eq!(number, known, "{case:?}");
        }
    }
}

#[test]
fn every_group_has_a_benchmark() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    for group in GROUPS {
        assert!(folder.join(format!("{group}.rs")).is_file(), "{group}");
    }
}
