//! DHAT, read by the viewer that comes with valgrind.

use std::process::Command;

use alloc_tracking::Profile;
use alloc_tracking::profile::{Clock, Run, Sampling};
use serde_json::{Value, json};

use crate::made::{nasty, ordinary, written};
use crate::viewer::{Temporary, find, first, read};

const DRIVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/profile/dh_view_driver.js"
);

/// What the viewer shows, one page for each way to sort, or `None` without a viewer.
fn pages(test: &str, profile: &Profile) -> Option<String> {
    let node = find(test, "node", "apt-get install nodejs")?;
    let folders = [
        "/usr/libexec",
        "/usr/lib",
        "/usr/local/libexec",
        "/usr/local/lib",
    ];
    let files = folders.map(|folder| format!("{folder}/valgrind/dh_view.js").into());
    let viewer = first(
        files.into_iter(),
        test,
        "dh_view.js",
        "apt-get install valgrind",
    )?;
    let json = written(|out| profile.write_dhat(out));
    let file = Temporary::new(&format!("{test}.json"), json.as_bytes());
    Some(read(
        Command::new(node).arg(DRIVER).arg(viewer).arg(file.path()),
    ))
}

fn parsed(profile: &Profile) -> Value {
    serde_json::from_str(&written(|out| profile.write_dhat(out))).unwrap()
}

#[test]
fn every_field_is_where_the_viewer_looks() {
    let root = parsed(&ordinary());
    let mut head = root.clone();
    for field in ["pps", "ftbl"] {
        head.as_object_mut().unwrap().remove(field);
    }
    let expected = json!({
        "dhatFileVersion": 2, "mode": "rust-heap", "verb": "Allocated", "bklt": true, "bkacc": false,
        "tu": "ns", "Mtu": "ms", "tuth": 10_000, "cmd": "wordcount book.txt", "pid": 4242,
        "tg": 800_000_000, "te": 1_000_000_000,
    });
    assert_eq!(head, expected);
    let frames = [
        "[root]",
        "0x1010: alloc::vec::Vec<T>::push (vec/mod.rs:2500)",
        "0x1010: wordcount::split (src/main.rs:12:9)",
        "0x1020: wordcount::main (src/main.rs:40)",
        "0x1030: wordcount::read",
        "[thread worker 1]",
        "[tag cache]",
        "0x1990: wordcount+0x990",
    ];
    assert_eq!(root["ftbl"], json!(frames));
    let site = json!({
        "tb": 6400, "tbk": 100, "tl": 5_000_000_000_u64, "mb": 700, "mbk": 10, "gb": 640, "gbk": 10,
        "eb": 64, "ebk": 1, "fs": [1, 2, 3],
    });
    assert_eq!(root["pps"][0], site);
    let stacks = [&root["pps"][1]["fs"], &root["pps"][2]["fs"]];
    assert_eq!(stacks, [&json!([4, 3]), &json!([5, 6, 7, 3])]);
}

#[test]
fn the_viewer_shows_what_was_recorded() {
    let Some(pages) = pages("dhat_ordinary", &ordinary()) else {
        return;
    };
    for line in [
        "  Command: wordcount book.txt\n  PID:     4242\n",
        "  t-gmax: 800,000,000 ns (80% of program duration)\n  t-end:  1,000,000,000 ns\n",
        "Total:     10,526 bytes (100%, 10.53/ms) in 104 blocks (100%, 0.1/ms), avg size 101.21 bytes",
        "Total:     6,400 bytes (60.8%, 6.4/ms) in 100 blocks (96.15%, 0.1/ms), avg size 64 bytes, \
         avg lifetime 50,000,000 ns (5% of program duration)\n",
        "Max:       700 bytes in 10 blocks, avg size 70 bytes\n",
        "At t-gmax: 640 bytes (13.51%) in 10 blocks (90.91%), avg size 64 bytes\n",
        "At t-end:  64 bytes (100%) in 1 blocks (100%), avg size 64 bytes\n",
        "#1: 0x1010: alloc::vec::Vec<T>::push (vec/mod.rs:2500)\n",
        "#3: 0x1020: wordcount::main (src/main.rs:40)\n",
        "#1: [thread worker 1]\n",
        "sorted by Total (blocks), short-lived\n",
        "sorted by At t-end (bytes)\n",
    ] {
        assert!(pages.contains(line), "no {line:?} in\n{pages}");
    }
}

#[test]
fn the_viewer_takes_what_is_strange() {
    let mut sampled = ordinary();
    sampled.run.sampling = Some(Sampling::new(4096, 3));
    sampled.run.clock = Clock::Instructions;
    let Some(page) = pages("dhat_sampled", &sampled) else {
        return;
    };
    assert!(
        page.contains("rust-heap, estimated from 3 blocks, one in 4096 bytes on average\n"),
        "{page}"
    );
    assert!(page.contains("t-end:  1,000,000,000 instrs\n"), "{page}");
    pages("dhat_empty", &Profile::default()).unwrap();
    (sampled.run.peak, sampled.run.end) = (0, 0);
    let page = pages("dhat_without_a_clock", &sampled).unwrap();
    assert!(page.contains("6,400 bytes (60.8%, ∞/Minstr)"), "{page}");
    let page = pages("dhat_nasty", &nasty()).unwrap();
    assert!(
        page.contains("Command: x\u{fffd}y a \"b\"\\\n\t\u{1}é\n"),
        "{page}"
    );
    assert!(page.contains("#1: [no call stack]\n"), "{page}");
}

#[test]
fn a_place_that_is_named_twice_is_written_once() {
    let root = parsed(&nasty());
    let sites = root["pps"].as_array().unwrap();
    assert_eq!(sites.len(), nasty().sites.len() - 1);
    let stacks: std::collections::BTreeSet<_> =
        sites.iter().map(|site| site["fs"].to_string()).collect();
    assert_eq!(stacks.len(), sites.len());
}

#[test]
fn each_clock_has_its_units() {
    for (clock, unit, million) in [
        (Clock::Nanoseconds, "ns", "ms"),
        (Clock::Instructions, "instrs", "Minstr"),
        (Clock::Blocks, "blocks", "Mblock"),
        (Clock::Bytes, "bytes", "MB"),
    ] {
        let mut profile = Profile::new(Run::default());
        profile.run.clock = clock;
        let root = parsed(&profile);
        assert_eq!((&root["tu"], &root["Mtu"]), (&json!(unit), &json!(million)));
    }
}
