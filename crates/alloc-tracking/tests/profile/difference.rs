//! What changed between two profiles, in each format.

use alloc_tracking::Profile;
use alloc_tracking::profile::{Amount, Metric, Site};
use serde_json::{Value, json};

use crate::made::{nasty, ordinary, written};

/// The ordinary profile some time later: one place has more, one is gone, and one is new.
fn later() -> Profile {
    let mut later = ordinary();
    later.run.end = 1_500_000_000;
    later.sites[0].total = Amount::new(150, 9600);
    later.sites[0].at_end = Amount::new(11, 704);
    later.sites[2].total = Amount::new(5, 50);
    later.sites[2].at_end = Amount::new(1, 10);
    later.sites.remove(1);
    later
        .sites
        .push(Site::new([0x1010]).total(2, 2000).at_end(2, 2000));
    later
}

#[test]
fn the_text_says_what_grew_and_what_shrank() {
    let (before, after) = (ordinary(), later());
    let text = written(|out| (&after - &before).write_text(out));
    let expected = "\
what changed in the heap of `wordcount book.txt`, process 4242, in 500 ms
in all        +1.0 KiB in +53 blocks
at the peak   -4.0 KiB in -1 block
at the end    +2.5 KiB in +13 blocks

4 places by bytes at the end
      at end     blocks       in all       blocks      at peak     blocks
    +1.9 KiB         +2     +1.9 KiB           +2         +0 B         +0
    alloc::vec::Vec<T>::push (vec/mod.rs:2500)
    wordcount::split (src/main.rs:12:9)
      +640 B        +10     +3.1 KiB          +50         +0 B         +0
    alloc::vec::Vec<T>::push (vec/mod.rs:2500)
    wordcount::split (src/main.rs:12:9)
    wordcount::main (src/main.rs:40)
       +10 B         +1        +20 B           +2         +0 B         +0
    [thread worker 1]
    [tag cache]
    wordcount+0x990
    wordcount::main (src/main.rs:40)
        +0 B         +0     -4.0 KiB           -1     -4.0 KiB         -1
    wordcount::read
    wordcount::main (src/main.rs:40)
";
    assert_eq!(text, expected);
    let short = (&after - &before)
        .by(Metric::TotalBlocks)
        .sites(1)
        .frames(1);
    assert!(
        short.to_string().ends_with(
            "4 places by blocks in all\n      at end     blocks       in all       blocks      at peak     blocks\n      \
             +640 B        +10     +3.1 KiB          +50         +0 B         +0\n    \
             alloc::vec::Vec<T>::push (vec/mod.rs:2500)\n    … 2 more\n  … and 3 more, with +3"
        ),
        "{short}"
    );
    let none = (&after - &after).to_string();
    assert!(none.ends_with("\n\nnothing changed"), "{none}");
}

#[test]
fn another_run_is_named() {
    let mut other = ordinary();
    other.run.pid = 7;
    let text = (&ordinary() - &other).to_string();
    assert!(text.contains("process 4242, since process 7\n"), "{text}");
}

#[test]
fn folded_stacks_have_both_numbers() {
    let (before, after) = (ordinary(), later());
    let text = written(|out| (&after - &before).write_folded(out, Metric::TotalBytes));
    assert_eq!(
        text,
        "[thread worker 1];[tag cache];wordcount::main;wordcount+0x990 30 50\n\
         wordcount::main;wordcount::read 4096 0\n\
         wordcount::main;wordcount::split;alloc::vec::Vec<T>::push 6400 9600\n\
         wordcount::split;alloc::vec::Vec<T>::push 0 2000\n"
    );
}

#[test]
fn json_has_the_totals_and_the_growths() {
    let (before, after) = (ordinary(), later());
    let text = written(|out| (&after - &before).write_json(out));
    let root: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(root["format"], "alloc-tracking difference");
    assert_eq!(root["earlier"]["totals"]["at_end"], json!([1, 64]));
    assert_eq!(root["later"]["totals"]["at_end"], json!([14, 2714]));
    assert_eq!(root["later"]["run"]["end"], 1_500_000_000);
    let growths = root["growths"].as_array().unwrap();
    assert_eq!(growths.len(), 4);
    assert_eq!(
        growths[2],
        json!({
            "places": ["wordcount+0x990", "wordcount::main (src/main.rs:40)"],
            "tag": "cache", "thread": "worker 1", "type": null,
            "total": [2, 20], "at_peak": [0, 0], "at_end": [1, 10],
        })
    );
    assert_eq!(growths[3]["total"], json!([-1, -4096]));
}

/// DHAT and Massif have no negative numbers: they get what grew, as a profile.
#[test]
fn what_grew_is_a_profile_for_all_writers() {
    let (before, after) = (ordinary(), later());
    let mut grown = (&after - &before).grown();
    grown.sort_by(Metric::EndBytes);
    let expected = [(2, 2000), (10, 640), (1, 10)];
    let ends = grown
        .sites
        .iter()
        .map(|site| (site.at_end.blocks, site.at_end.bytes));
    assert!(ends.eq(expected), "{grown:?}");
    assert_eq!(grown.sites[1].total, Amount::new(50, 3200));
    assert_eq!(grown.sites[1].max, Amount::new(10, 640));
    assert_eq!(grown.sites[1].lifetimes, 0);
    let dhat = written(|out| grown.write_dhat(out));
    let root: Value = serde_json::from_str(&dhat).unwrap();
    assert_eq!(root["pps"].as_array().unwrap().len(), 3);
    let massif = written(|out| grown.write_massif(out));
    assert!(massif.contains("n2: 2650 (heap allocation"), "{massif}");
    assert_eq!((&before - &before).grown().sites, []);
}

/// Two sites of the later profile are one place of the earlier: what was there is taken off once.
#[test]
fn what_grew_takes_off_no_more_than_was_there() {
    let mut before = ordinary();
    let mut after = ordinary();
    let frames = before.frames[&0x1010].clone();
    for profile in [&mut before, &mut after] {
        profile.frames.insert(0x1015, frames.clone());
        profile.sites = vec![Site::new([0x1010]).total(5, 50).at_end(5, 50)];
    }
    after
        .sites
        .push(Site::new([0x1015]).total(4, 40).at_end(4, 40));
    assert_eq!(
        (&after - &before).grown().totals().at_end,
        Amount::new(4, 40)
    );
    after.sites[0] = Site::new([0x1010]).total(2, 20).at_end(2, 20);
    assert_eq!(
        (&after - &before).grown().totals().at_end,
        Amount::new(1, 10)
    );
}

#[test]
fn nothing_breaks_a_format() {
    let (nasty, none) = (nasty(), Profile::default());
    for (after, before) in [(&nasty, &none), (&none, &nasty), (&nasty, &nasty)] {
        let difference = after - before;
        let text = difference.to_string();
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        let json = written(|out| difference.write_json(out));
        let root: Value = serde_json::from_str(&json).unwrap();
        let growths = root["growths"].as_array().unwrap().len();
        assert_eq!(growths > 0, after != before);
        let folded = written(|out| difference.write_folded(out, Metric::EndBytes));
        for line in folded.lines() {
            let (rest, last) = line.rsplit_once(' ').unwrap();
            let (stack, first) = rest.rsplit_once(' ').unwrap();
            assert!(first.parse::<u64>().is_ok() && last.parse::<u64>().is_ok());
            assert!(!stack.is_empty());
        }
    }
}

/// The fields of a message: number, and value or bytes. It knows the encoding and nothing else.
fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = varint(&mut bytes);
        let len = if tag & 7 == 2 {
            usize::try_from(value).unwrap()
        } else {
            0
        };
        let (content, rest) = bytes.split_at(len);
        all.push((tag >> 3, value, content));
        bytes = rest;
    }
    all
}

/// Samples of both, those of the earlier one negative and labelled as pprof labels a base.
#[test]
fn pprof_adds_up_to_what_changed() {
    let (before, after) = (ordinary(), later());
    let mut bytes = Vec::new();
    (&after - &before).write_pprof(&mut bytes).unwrap();
    let all = fields(&bytes);
    let strings: Vec<_> = all.iter().filter(|field| field.0 == 6).collect();
    let base = strings
        .iter()
        .position(|field| field.2 == b"pprof::base")
        .unwrap();
    let (mut sums, mut bases) = ([0_i64; 6], 0);
    for (_, _, sample) in all.iter().filter(|field| field.0 == 2) {
        let parts = fields(sample);
        let values = parts.iter().find(|part| part.0 == 2).unwrap().2;
        // Packed numbers, read as the values of fields would be: each behind a tag.
        let tagged: Vec<u8> = values
            .split_inclusive(|byte| *byte < 0x80)
            .flat_map(|number| [&[8][..], number].concat())
            .collect();
        let values = fields(&tagged);
        assert_eq!(values.len(), 6);
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += value.1.cast_signed();
        }
        let labels = parts.iter().filter(|part| part.0 == 3);
        let is_base = |label: &(u64, u64, &[u8])| fields(label.2)[0].1 == base as u64;
        bases += labels.filter(|label| is_base(label)).count();
    }
    assert_eq!(sums, [53, 1124, 13, 2650, -1, -4096]);
    assert_eq!(bases, before.sites.len());
    // Two mappings, and the locations of the second part are in the second.
    let of = |number| all.iter().filter(move |field| field.0 == number);
    assert_eq!(of(3).count(), 2);
    let mappings: Vec<_> = of(4).map(|location| fields(location.2)[1].1).collect();
    assert_eq!(mappings, [1, 1, 1, 2, 2, 2, 2]);
}

#[cfg(feature = "flamegraph")]
#[test]
fn a_flame_graph_shows_the_change_in_colours() {
    let (before, after) = (ordinary(), later());
    let draw = |after: &Profile, before: &Profile, metric| {
        written(|out| (after - before).write_flame_graph(out, metric))
    };
    let drawn = draw(&after, &before, Metric::TotalBytes);
    assert!(drawn.contains("bytes in all, change"), "{drawn}");
    let grown = "alloc::vec::Vec&lt;T&gt;::push (9,600 bytes, 82.40%; +27.47%)";
    assert!(drawn.contains(grown), "{drawn}");
    draw(&nasty(), &Profile::default(), Metric::EndBytes);
    let none = draw(&before, &before, Metric::EndBytes);
    assert!(none.contains("0.00%"), "{none}");
    let none = draw(&Profile::default(), &nasty(), Metric::EndBytes);
    assert!(none.contains("no site has bytes at the end"), "{none}");
}
