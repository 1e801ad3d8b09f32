//! A record that was made up, for tests.

use crate::record::{Environment, Measure, Record, Row};
use crate::registry::Origin;

/// Subjects of arenas, with instructions for one byte; time is made from them.
const ARENAS: [(&str, Origin, f64); 11] = [
    ("loop", Origin::Floor, 3.9),
    ("Arena", Origin::Ours, 9.2),
    ("Arena, min-align 8", Origin::Ours, 9.0),
    ("Arena, down", Origin::Ours, 10.0),
    ("System", Origin::System, 186.0),
    ("oxc_allocator", Origin::Peer, 8.8),
    ("bumpalo", Origin::Peer, 9.6),
    ("bump-scope", Origin::Peer, 12.0),
    ("bump-scope, down, min-align 8", Origin::Peer, 11.0),
    ("blink-alloc", Origin::Peer, 14.0),
    ("typed-arena", Origin::Peer, 23.0),
];

/// Subjects of concurrent pools, with nanoseconds at one thread and how well they scale.
const POOLS: [(&str, Origin, f64, f64); 8] = [
    ("Shared through Local", Origin::Ours, 2.1, 1.0),
    ("Shared", Origin::Ours, 2.6, 0.93),
    ("System", Origin::System, 9.5, 0.98),
    ("mimalloc", Origin::Peer, 4.5, 0.95),
    ("snmalloc", Origin::Peer, 4.1, 0.97),
    ("Mutex<Vec>", Origin::Peer, 14.0, -0.6),
    ("heapless BoxPool", Origin::Peer, 25.0, -0.3),
    ("crossbeam ArrayQueue", Origin::Peer, 12.0, -0.5),
];

fn row(place: (&str, &str, usize), subject: (&str, Origin), measure: Measure, value: f64) -> Row {
    let spread = if measure == Measure::Time { 0.02 } else { 0.0 };
    Row {
        group: place.0.to_owned(),
        workload: place.1.to_owned(),
        threads: place.2,
        subject: subject.0.to_owned(),
        origin: subject.1,
        measure,
        value,
        low: value * (1.0 - spread),
        high: value * (1.0 + spread),
        samples: if spread > 0.0 { 50 } else { 1 },
    }
}

/// An arena's rows.
fn arenas(rows: &mut Vec<Row>) {
    let workloads = [
        ("u8", 1.0),
        ("u64", 1.1),
        ("64 B", 1.7),
        ("slice, 1 KiB", 15.0),
    ];
    for (workload, heavy) in workloads {
        for (name, origin, value) in ARENAS {
            let place = ("arena", workload, 1);
            let value = value * heavy;
            // The order in time is not the one in instructions.
            let stall = 1.0 + f64::from(u8::try_from(name.len() % 5).unwrap()) / 8.0;
            let time = value / 17.0 * stall;
            rows.push(row(place, (name, origin), Measure::Time, time));
            rows.push(row(place, (name, origin), Measure::Instructions, value));
        }
    }
}

/// A concurrent pool's rows.
fn pools(rows: &mut Vec<Row>) {
    for workload in ["own pairs", "producer to consumer"] {
        for threads in [1, 2, 4, 8] {
            for (name, origin, value, scaling) in POOLS {
                let place = ("sync_pool", workload, threads);
                let many = f64::from(u32::try_from(threads).unwrap());
                let value = value / many.powf(scaling);
                rows.push(row(place, (name, origin), Measure::Time, value));
                if threads == 1 {
                    rows.push(row(
                        place,
                        (name, origin),
                        Measure::Instructions,
                        value * 12.0,
                    ));
                }
            }
        }
    }
}

/// What memory a workload needs.
fn memory(rows: &mut Vec<Row>) {
    let place = ("memory", "pieces of 64 B, 1 MiB", 1);
    for (name, origin, reserved, calls) in [
        ("Arena", Origin::Ours, 1.06, 12.0),
        ("System", Origin::System, 1.25, 16_384.0),
        ("bumpalo", Origin::Peer, 2.0, 11.0),
    ] {
        let subject = (name, origin);
        rows.push(row(place, subject, Measure::Reserved, reserved));
        rows.push(row(place, subject, Measure::UpstreamCalls, calls));
        let bytes = reserved * 1_048_576.0;
        rows.push(row(place, subject, Measure::PeakResident, bytes));
    }
}

/// A record with all kinds of rows.
pub(super) fn record() -> Record {
    let mut rows = Vec::new();
    arenas(&mut rows);
    pools(&mut rows);
    memory(&mut rows);
    let environment = Environment {
        date: "2026-11-22T21:30:00Z".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        compiler: "rustc 1.95.0".to_owned(),
        processor: "Some <processor> & more".to_owned(),
        threads: "2".to_owned(),
        system: "Linux 6.18, glibc 2.36".to_owned(),
        commit: "0123456789ab+".to_owned(),
        kind: "quick".to_owned(),
    };
    Record { environment, rows }
}
