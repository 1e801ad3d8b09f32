//! The page for Prometheus, read by a parser from elsewhere and by `promtool`.

use std::process::{Command, Stdio};

use alloc_tracking::Stats;
use alloc_tracking::profile::Exposition;
use prometheus_parse::{Scrape, Value};

use crate::made::written;
use crate::viewer::{Temporary, find};

/// Stats are made by an allocator alone.
fn stats() -> Stats {
    let heap = alloc_tracking::Tracking::new(alloc_core::System);
    let kept = alloc_core::boxed::Box::new_in([0_u8; 100], &heap);
    drop(alloc_core::boxed::Box::new_in([0_u8; 20], &heap));
    let stats = heap.stats();
    drop(kept);
    stats
}

/// A page with the stats of two allocators, of which one has a label more.
fn page(path: &str) -> String {
    let mut page = Exposition::new("app_heap");
    page.add(&stats(), &[("allocator", "global")]);
    page.add(&Stats::default(), &[("path", path), ("allocator", "arena")]);
    written(|out| page.write_to(out))
}

const STRANGE: &str = "C:\\x \"y\"\nz}{, =é";

fn value<'a>(scrape: &'a Scrape, name: &str, allocator: &str) -> &'a Value {
    let found = scrape
        .samples
        .iter()
        .find(|sample| sample.metric == name && sample.labels.get("allocator") == Some(allocator));
    &found.unwrap().value
}

#[test]
fn a_parser_reads_every_number() {
    let scrape = Scrape::parse(page("plain").lines().map(|line| Ok(line.to_owned()))).unwrap();
    assert_eq!(scrape.samples.len(), 22);
    for (name, expected) in [
        ("app_heap_allocations_total", Value::Counter(2.0)),
        ("app_heap_deallocations_total", Value::Counter(1.0)),
        ("app_heap_grows_total", Value::Counter(0.0)),
        ("app_heap_allocated_bytes_total", Value::Counter(120.0)),
        ("app_heap_live_bytes", Value::Gauge(100.0)),
        ("app_heap_live_blocks", Value::Gauge(1.0)),
        ("app_heap_peak_bytes", Value::Gauge(120.0)),
        ("app_heap_peak_blocks", Value::Gauge(2.0)),
    ] {
        assert_eq!(*value(&scrape, name, "global"), expected, "{name}");
    }
    assert_eq!(
        *value(&scrape, "app_heap_live_bytes", "arena"),
        Value::Gauge(0.0)
    );
    assert_eq!(
        scrape.docs["app_heap_live_bytes"],
        "Bytes that are currently allocated."
    );
}

#[test]
fn promtool_has_nothing_to_say() {
    let Some(promtool) = find("prometheus", "promtool", "apt-get install prometheus") else {
        return;
    };
    let file = Temporary::new("page.prom", page(STRANGE).as_bytes());
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
fn labels_are_escaped_and_in_order() {
    let line = r#"app_heap_live_bytes{allocator="arena",path="C:\\x \"y\"\nz}{, =é"} 0"#;
    let text = page(STRANGE);
    assert!(text.lines().any(|other| other == line), "{text}");
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
