//! JSON for machines, read by `serde_json`.

use alloc_tracking::Profile;
use alloc_tracking::profile::{Element, Sampling};
use serde_json::{Value, json};

use crate::made::{nasty, ordinary, written};

fn parsed(profile: &Profile) -> Value {
    serde_json::from_str(&written(|out| profile.write_json(out))).unwrap()
}

#[test]
fn everything_is_in_it() {
    let mut profile = ordinary();
    profile.run.sampling = Some(Sampling::new(4096, 3));
    profile.run.unrecorded = 2;
    profile.sites[2].samples = 3;
    profile.sites[2].series = profile.series.clone();
    profile.sites[2].element = Some(Element::new("app::\"Order\"", 10));
    profile.sites.remove(0);
    let frame = |function, line| json!({"function": function, "file": "src/main.rs", "line": line, "column": null});
    let expected = json!({
        "format": "alloc-tracking profile", "version": 1,
        "run": {
            "command": ["wordcount", "book.txt"], "pid": 4242, "started": 1_700_000_000_000_000_000_u64,
            "clock": "nanoseconds", "peak": 800_000_000, "end": 1_000_000_000,
            "sampling": {"distance": 4096, "samples": 3}, "unrecorded": 2,
        },
        "totals": {"total": [4, 4126], "at_peak": [1, 4096], "at_end": [0, 0], "lifetimes": 900_000_090},
        "types": [
            {"name": "app::\"Order\"", "size": 10, "elements": {"total": 3, "at_peak": 0, "at_end": 0},
             "total": [3, 30], "at_peak": [0, 0], "at_end": [0, 0]},
        ],
        "mappings": [{"start": "0x1000", "end": "0x2000", "offset": 0, "file": "/usr/bin/wordcount"}],
        "addresses": [
            {"address": "0x1020", "frames": [frame("wordcount::main", 40)]},
            {"address": "0x1030", "frames": [
                {"function": "wordcount::read", "file": null, "line": null, "column": null},
            ]},
            {"address": "0x1990", "frames": []},
        ],
        "series": [[200_000_000, 5, 320], [500_000_000, 9, 576]],
        "sites": [
            {"stack": [1, 0], "tag": null, "thread": null, "type": null, "total": [1, 4096], "max": [1, 4096],
             "at_peak": [1, 4096], "at_end": [0, 0], "lifetimes": 900_000_000, "samples": 0, "series": []},
            {"stack": [2, 0], "tag": "cache", "thread": "worker 1",
             "type": {"name": "app::\"Order\"", "size": 10}, "total": [3, 30], "max": [1, 10],
             "at_peak": [0, 0], "at_end": [0, 0], "lifetimes": 90, "samples": 3,
             "series": [[200_000_000, 5, 320], [500_000_000, 9, 576]]},
        ],
    });
    assert_eq!(parsed(&profile), expected);
}

#[test]
fn strings_and_numbers_come_back_whatever_they_are() {
    let root = parsed(&nasty());
    assert_eq!(
        root["run"]["command"],
        json!(["x\u{fffd}y", "a \"b\"\\\n\t\u{1}é"])
    );
    assert_eq!(root["run"]["started"], Value::Null);
    assert_eq!(
        root["sites"][7]["tag"],
        json!("f;g\n\"h\"\\ \u{1b}[31m\u{2028}\u{ffff} 12")
    );
    assert_eq!(root["sites"][0]["total"], json!([u64::MAX, u64::MAX]));
    assert_eq!(root["addresses"][0]["address"], json!("0x0"));
    let text = written(|out| nasty().write_json(out));
    assert!(
        text.contains(&format!("\"lifetimes\":{}", u128::MAX)),
        "{text}"
    );
    let empty = parsed(&Profile::default());
    assert_eq!(
        (&empty["sites"], &empty["addresses"]),
        (&json!([]), &json!([]))
    );
}
