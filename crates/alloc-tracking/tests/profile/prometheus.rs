//! The page for Prometheus, read by `promtool`.

use std::process::{Command, Stdio};

use alloc_tracking::Stats;
use alloc_tracking::profile::Exposition;

use crate::made::written;
use crate::viewer::{Temporary, find};

/// Stats are made by an allocator alone.
fn stats() -> Stats {
    let heap = alloc_tracking::Tracking::new(alloc_core::System);
    let kept = alloc_core::boxed::Box::new_in([0_u8; 100], &heap);
    drop(alloc_core::boxed::Box::new_in([0_u8; 20], &heap));
    let mut stats = heap.stats();
    drop(kept);
    // What several threads would make of it.
    (stats.peak_bytes_within, stats.peak_blocks_within) = (4096, 3);
    stats
}

/// A page with the stats of two allocators, of which one has a label more.
fn page() -> String {
    let mut page = Exposition::new("app_heap");
    page.add(&stats(), &[("allocator", "global")]);
    let strange = "C:\\x \"y\"\nz}{, =é";
    page.add(
        &Stats::default(),
        &[("path", strange), ("allocator", "arena")],
    );
    written(|out| page.write_to(out))
}

/// What `promtool` is shown, so that it cannot change where there is none.
#[test]
fn the_whole_page() {
    let families = [
        ("allocations_total", "counter", "Blocks handed out.", 2),
        ("deallocations_total", "counter", "Blocks handed back.", 1),
        (
            "grows_total",
            "counter",
            "Blocks grown, in place or by moving.",
            0,
        ),
        (
            "shrinks_total",
            "counter",
            "Blocks shrunk, in place or by moving.",
            0,
        ),
        (
            "failures_total",
            "counter",
            "Requests that were refused.",
            0,
        ),
        (
            "forgotten_total",
            "counter",
            "Blocks that are gone although nobody handed them back.",
            0,
        ),
        (
            "allocated_bytes_total",
            "counter",
            "Bytes of all allocations and growths.",
            120,
        ),
        (
            "live_bytes",
            "gauge",
            "Bytes that are currently allocated.",
            100,
        ),
        (
            "live_blocks",
            "gauge",
            "Blocks that are currently allocated.",
            1,
        ),
        (
            "peak_bytes",
            "gauge",
            "The most bytes that were allocated at one time.",
            120,
        ),
        (
            "peak_blocks",
            "gauge",
            "The most blocks that were allocated at one time.",
            2,
        ),
        (
            "peak_within_bytes",
            "gauge",
            "By how many bytes the peak may be too high or too low.",
            4096,
        ),
        (
            "peak_within_blocks",
            "gauge",
            "By how many blocks the peak may be too high or too low.",
            3,
        ),
    ];
    let expected = families.map(|(name, kind, help, value)| {
        format!(
            "# HELP app_heap_{name} {help}\n\
             # TYPE app_heap_{name} {kind}\n\
             app_heap_{name}{{allocator=\"global\"}} {value}\n\
             app_heap_{name}{{allocator=\"arena\",path=\"C:\\\\x \\\"y\\\"\\nz}}{{, =é\"}} 0\n"
        )
    });
    assert_eq!(page(), expected.concat());
}

#[test]
fn promtool_has_nothing_to_say() {
    let Some(promtool) = find("prometheus", "promtool", "apt-get install prometheus") else {
        return;
    };
    let file = Temporary::new("page.prom", page().as_bytes());
    let input = std::fs::File::open(file.path()).unwrap();
    let mut check = Command::new(promtool);
    let output = check
        .args(["check", "metrics"])
        .stdin(Stdio::from(input))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success() && said.is_empty(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

#[test]
fn without_labels_there_are_no_braces() {
    let mut page = Exposition::new("_x");
    page.add(&stats(), &[]);
    assert!(written(|out| page.write_to(out)).contains("\n_x_peak_bytes 120\n"));
}

#[test]
fn a_page_that_nobody_could_read_is_an_error() {
    let refused = |prefix: &str, rows: &[&[(&str, &str)]]| {
        let mut page = Exposition::new(prefix);
        for labels in rows {
            page.add(&stats(), labels);
        }
        let mut out = Vec::new();
        let error = page.write_to(&mut out).unwrap_err();
        assert!(out.is_empty());
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        error.to_string()
    };
    assert_eq!(refused("", &[]), "\"\" cannot be in the name of a metric");
    assert_eq!(
        refused("1x", &[]),
        "\"1x\" cannot be in the name of a metric"
    );
    assert_eq!(
        refused("a-b", &[]),
        "\"a-b\" cannot be in the name of a metric"
    );
    assert_eq!(
        refused("x", &[&[("a b", "")]]),
        "\"a b\" cannot be the name of a label"
    );
    assert_eq!(
        refused("x", &[&[("__a", "")]]),
        "\"__a\" cannot be the name of a label"
    );
    assert!(refused("x", &[&[("a", "1"), ("a", "2")]]).starts_with("a label is given twice"));
    assert!(refused("x", &[&[], &[]]).starts_with("two allocators have the labels"));
}
