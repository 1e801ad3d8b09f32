//! pprof, read by `go tool pprof` and by `protoc`.

use std::process::Command;

use alloc_tracking::Profile;
use alloc_tracking::profile::{Clock, Sampling};

use crate::made::{nasty, ordinary};
use crate::viewer::{Temporary, find, read};

fn bytes(profile: &Profile) -> Vec<u8> {
    let mut out = Vec::new();
    profile.write_pprof(&mut out).unwrap();
    out
}

/// What `go tool pprof` prints with these options, or `None` without it.
fn pprof(test: &str, profile: &Profile, options: &[&str]) -> Option<String> {
    let go = find(test, "go", "apt-get install golang-go")?;
    let file = Temporary::new(&format!("{test}.pb"), &bytes(profile));
    Some(read(
        Command::new(go)
            .args(["tool", "pprof"])
            .args(options)
            .arg(file.path()),
    ))
}

fn assert_lines(text: &str, lines: &[&str]) {
    let squeezed: Vec<_> = text.lines().map(squeeze).collect();
    for line in lines {
        assert!(
            squeezed.iter().any(|other| other == line),
            "no {line:?} in\n{text}"
        );
    }
}

/// A line with one space wherever it has some.
fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn go_reads_all_that_was_recorded() {
    let Some(raw) = pprof("pprof_raw", &ordinary(), &["-raw"]) else {
        return;
    };
    assert_lines(
        &raw,
        &[
            "Comment: wordcount book.txt",
            "PeriodType: space bytes",
            "Period: 1",
            "Duration: 1s",
            "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes \
             peak_objects/count peak_space/bytes[dflt]",
            "100 6400 1 64 10 640: 1 2",
            "1 4096 0 0 1 4096: 3 2",
            "3 30 0 0 0 0: 4 2",
            "tag:[cache] thread:[worker 1]",
            "2: 0x101f M=1 wordcount::main src/main.rs:40 s=0()",
            "4: 0x198f M=1",
            "1: 0x1000/0x2000/0x0 /usr/bin/wordcount [FN][FL][LN][IN]",
        ],
    );
    let inlined: Vec<_> = raw
        .lines()
        .skip_while(|line| !line.contains("0x100f"))
        .take(2)
        .collect();
    let inlined: Vec<_> = inlined.into_iter().map(squeeze).collect();
    assert_eq!(
        inlined,
        [
            "1: 0x100f M=1 alloc::vec::Vec<T>::push vec/mod.rs:2500 s=0()",
            "wordcount::split src/main.rs:12 s=0()",
        ]
    );
    // 2023-11-14 22:13:20 in Greenwich; the day and the hour are of the machine's own time zone.
    assert!(raw.contains("Time: 2023-11-1"), "{raw}");
}

#[test]
fn go_shows_each_kind_of_sample() {
    for (kind, head, line) in [
        (
            "peak_space",
            "4736B total",
            "4096B 86.49% 86.49% 4096B 86.49% wordcount::read",
        ),
        (
            "alloc_space",
            "10.28kB total",
            "6.25kB 60.80% 60.80% 6.25kB 60.80% alloc::vec::Vec<T>::push (inline)",
        ),
        (
            "inuse_objects",
            "1 total",
            "0 0% 100% 1 100% wordcount::main",
        ),
    ] {
        let index = format!("-sample_index={kind}");
        let options = ["-top", "-symbolize=none", "-nodefraction=0", &index];
        let Some(top) = pprof(&format!("pprof_{kind}"), &ordinary(), &options) else {
            return;
        };
        assert!(top.contains(head), "{top}");
        assert_lines(&top, &[line]);
    }
}

#[test]
fn go_takes_what_is_strange() {
    let mut sampled = ordinary();
    sampled.run.sampling = Some(Sampling::new(524_288, 3));
    let Some(raw) = pprof("pprof_sampled", &sampled, &["-raw"]) else {
        return;
    };
    assert_lines(&raw, &["Period: 524288"]);
    let mut other = ordinary();
    other.run.clock = Clock::Blocks;
    other.frames.clear();
    let raw = pprof("pprof_other", &other, &["-raw", "-symbolize=none"]).unwrap();
    assert!(!raw.contains("Duration"), "{raw}");
    assert_lines(&raw, &["1: 0x1000/0x2000/0x0 /usr/bin/wordcount"]);
    let raw = pprof("pprof_nasty", &nasty(), &["-raw"]).unwrap();
    let most = i64::MAX;
    assert_lines(
        &raw,
        &[&format!("{most} {most} {most} {most} {most} {most}: 1 2 3")],
    );
    let raw = pprof("pprof_empty", &Profile::default(), &["-raw"]).unwrap();
    assert_lines(&raw, &["Samples:"]);
}

/// Another reader of the encoding: it knows the numbers of the fields and nothing of their meaning.
#[test]
fn protoc_decodes_every_field() {
    let Some(protoc) = find(
        "pprof_protoc",
        "protoc",
        "apt-get install protobuf-compiler",
    ) else {
        return;
    };
    // Of the sites of the strange one two are the same.
    for (name, profile, sites) in [
        ("ordinary", ordinary(), 3),
        ("nasty", nasty(), nasty().sites.len() - 1),
        ("empty", Profile::default(), 0),
    ] {
        let file = Temporary::new(&format!("{name}.raw.pb"), &bytes(&profile));
        let input = std::fs::File::open(file.path()).unwrap();
        let text = read(Command::new(&protoc).arg("--decode_raw").stdin(input));
        let samples = text.lines().filter(|line| *line == "2 {").count();
        assert_eq!(samples, sites, "{text}");
        assert!(text.contains("6: \"alloc_space\""), "{text}");
    }
}

/// The bytes that the readers above were shown, so that they cannot change where there is no reader.
#[test]
fn the_bytes_are_those_that_were_read() {
    let bytes = bytes(&ordinary());
    let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    assert_eq!((bytes.len(), sum), (512, 11_902_336_468_640_648_441));
}
