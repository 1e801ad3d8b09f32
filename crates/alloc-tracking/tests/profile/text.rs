//! The report for a terminal.

use alloc_tracking::Profile;
use alloc_tracking::profile::{Clock, Metric, Sampling, Site};

use crate::made::{nasty, ordinary, written};

const REPORT: &str = "\
heap profile of `wordcount book.txt`, process 4242, 1.0 s
every block was recorded

in all         10 KiB in 104 blocks
at the peak   4.6 KiB in 11 blocks, after 800 ms
at the end       64 B in 1 block
over time                 ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██████████████▁

2 sites by bytes at the peak
  at peak   share    blocks     in all   share      blocks     at end    blocks    mean life
  4.0 KiB   86.4%         1    4.0 KiB   38.9%           1        0 B         0       900 ms
    wordcount::read
    wordcount::main (src/main.rs:40)
    640 B   13.5%        10    6.2 KiB   60.8%         100       64 B         1        50 ms
    alloc::vec::Vec<T>::push (vec/mod.rs:2500)
    wordcount::split (src/main.rs:12:9)
    wordcount::main (src/main.rs:40)
";

#[test]
fn the_whole_report() {
    assert_eq!(written(|out| ordinary().write_text(out)), REPORT);
    assert_eq!(format!("{}\n", ordinary()), REPORT);
}

#[test]
fn as_much_of_it_as_is_asked_for() {
    let profile = ordinary();
    let text = profile
        .text()
        .by(Metric::TotalBlocks)
        .sites(1)
        .frames(2)
        .to_string();
    let (_, sites) = text.split_once("3 sites by blocks in all\n").unwrap();
    let (_, sites) = sites.split_once('\n').unwrap();
    assert_eq!(
        sites,
        "    640 B   13.5%        10    6.2 KiB   60.8%         100       64 B         1        50 ms
    alloc::vec::Vec<T>::push (vec/mod.rs:2500)
    wordcount::split (src/main.rs:12:9)
    … 1 more
  … and 2 more, with 3.8%"
    );
    let one = format!("{profile:.1}");
    assert!(
        one.ends_with("(src/main.rs:40)\n  … and 1 more, with 13.5%"),
        "{one}"
    );
    let all = profile.text().by(Metric::TotalBytes).to_string();
    assert!(
        all.contains("30 ns\n    [thread worker 1]\n    [tag cache]\n    wordcount+0x990\n"),
        "{all}"
    );
}

#[test]
fn it_says_what_it_does_not_know() {
    let mut profile = ordinary();
    profile.run.sampling = Some(Sampling::new(524_288, 91));
    profile.run.unrecorded = 7;
    profile.sites[0].samples = 91;
    profile.run.clock = Clock::Blocks;
    let text = profile.text().by(Metric::EndBytes).to_string();
    for line in [
        "process 4242, 1000 Mblocks\n",
        "estimated from 91 blocks, one in 512 KiB on average\n7 blocks are missing for want of memory\n\n",
        "\n1 site by bytes at the end\n",
        "   mean life  error\n",
        "     64 B         1   50 Mblocks    10%\n",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}

#[test]
fn where_bytes_tell_the_time_it_says_so_and_knows_no_lifetime() {
    let mut profile = ordinary();
    profile.run.clock = Clock::Bytes;
    (profile.run.peak, profile.run.end) = (8192, 10_526);
    for site in &mut profile.sites {
        site.lifetimes = 0;
    }
    let text = profile.to_string();
    assert!(text.contains("process 4242, 10 KiB allocated\n"), "{text}");
    assert!(text.contains("blocks, after 8.0 KiB allocated\n"), "{text}");
    assert_eq!(
        text.matches("         0            -\n").count(),
        1,
        "{text}"
    );
}

#[test]
fn without_a_clock_no_time_is_shown() {
    let mut profile = ordinary();
    (profile.run.peak, profile.run.end) = (0, 0);
    let text = profile.to_string();
    assert!(text.contains("process 4242\nevery"), "{text}");
    assert!(text.contains("4.6 KiB in 11 blocks\n"), "{text}");
    let ends = text
        .lines()
        .filter(|line| line.ends_with("         0            -"));
    assert_eq!(ends.count(), 1, "{text}");
}

#[test]
fn nothing_and_too_much() {
    assert_eq!(
        Profile::default().to_string(),
        "heap profile of ``, process 0\nevery block was recorded\n\n\
         in all            0 B in 0 blocks\n\
         at the peak       0 B in 0 blocks\n\
         at the end        0 B in 0 blocks\n\n\
         no site has bytes at the peak"
    );
    let text = nasty().to_string();
    let wild: Vec<_> = text
        .chars()
        .filter(|c| c.is_control() && *c != '\n')
        .collect();
    assert_eq!(wild, []);
    assert!(
        text.contains("15 EiB in 18446744073709551615 blocks\n"),
        "{text}"
    );
    assert!(text.contains("\n    [no call stack]\n"), "{text}");
    let mut profile = Profile::default();
    profile.sites.push(Site::new([1]).at_peak(1, 1));
    assert!(
        profile.to_string().contains(" 0            -\n    0x1"),
        "{profile}"
    );
}
