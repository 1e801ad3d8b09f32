//! Massif, read by `ms_print`.

use std::process::Command;

use alloc_tracking::Profile;
use alloc_tracking::profile::{Clock, Frame, Site};

use crate::made::{nasty, ordinary, written};
use crate::viewer::{Temporary, find, read};

/// What `ms_print` prints, or `None` without it.
fn printed(test: &str, profile: &Profile) -> Option<String> {
    let program = find(test, "ms_print", "apt-get install valgrind")?;
    let massif = written(|out| profile.write_massif(out));
    let file = Temporary::new(test, massif.as_bytes());
    Some(read(Command::new(program).arg(file.path())))
}

#[test]
fn the_file_is_what_massif_writes() {
    let head = "desc: (none)\ncmd: wordcount book.txt\ntime_unit: ms\n";
    let snapshot = |n, time, bytes| {
        format!(
            "#-----------\nsnapshot={n}\n#-----------\ntime={time}\nmem_heap_B={bytes}\n\
             mem_heap_extra_B=0\nmem_stacks_B=0\n"
        )
    };
    let expected = [
        head,
        &snapshot(0, "0.000000", 0),
        "heap_tree=empty\n",
        &snapshot(1, "200.000000", 320),
        "heap_tree=empty\n",
        &snapshot(2, "500.000000", 576),
        "heap_tree=empty\n",
        &snapshot(3, "800.000000", 4736),
        "heap_tree=peak
n2: 4736 (heap allocation functions) of the program
 n1: 4096 0x1030: wordcount::read
  n0: 4096 0x1020: wordcount::main (src/main.rs:40)
 n1: 640 0x1010: alloc::vec::Vec<T>::push (vec/mod.rs:2500)
  n1: 640 0x1010: wordcount::split (src/main.rs:12:9)
   n0: 640 0x1020: wordcount::main (src/main.rs:40)
",
        &snapshot(4, "1000.000000", 64),
        "heap_tree=detailed
n1: 64 (heap allocation functions) of the program
 n1: 64 0x1010: alloc::vec::Vec<T>::push (vec/mod.rs:2500)
  n1: 64 0x1010: wordcount::split (src/main.rs:12:9)
   n0: 64 0x1020: wordcount::main (src/main.rs:40)
",
    ];
    assert_eq!(
        written(|out| ordinary().write_massif(out)),
        expected.concat()
    );
}

#[test]
fn ms_print_draws_the_curve_and_the_trees() {
    let Some(page) = printed("massif_ordinary", &ordinary()) else {
        return;
    };
    for line in [
        "Command:            wordcount book.txt\n",
        "Number of snapshots: 5\n Detailed snapshots: [3 (peak), 4]\n",
        "  3     800.000000            4,736            4,736             0            0\n",
        "\n100.00% (4,736B) (heap allocation functions) of the program\n\
         ->86.49% (4,096B) 0x1030: wordcount::read\n\
         | ->86.49% (4,096B) 0x1020: wordcount::main (src/main.rs:40)\n",
    ] {
        assert!(page.contains(line), "no {line:?} in\n{page}");
    }
}

#[test]
fn ms_print_takes_what_is_strange() {
    if printed("massif_empty", &Profile::default()).is_none() {
        return;
    }
    let page = printed("massif_nasty", &nasty()).unwrap();
    assert!(page.contains("[no call stack]"), "{page}");
    let mut other = ordinary();
    other.run.end = 0;
    for clock in [Clock::Blocks, Clock::Bytes, Clock::Instructions] {
        other.run.clock = clock;
        let page = printed("massif_clocks", &other).unwrap();
        assert!(page.contains("Number of snapshots: 5\n"), "{page}");
    }
}

#[test]
fn what_is_small_is_added_up_and_a_comment_sign_is_none() {
    let mut profile = Profile::default();
    profile.frames.insert(1, vec![Frame::new("f::{closure#0}")]);
    profile.sites = vec![
        Site::new([1]).at_peak(1, 10_000),
        Site::new([1, 2]).at_peak(1, 90),
    ];
    profile
        .sites
        .extend([3, 4].map(|address| Site::new([address]).at_peak(1, 5)));
    let text = written(|out| profile.write_massif(out));
    let tree = "heap_tree=peak
n2: 10100 (heap allocation functions) of the program
 n0: 10 in 2 places, all below massif's threshold (0.10%)
 n1: 10090 0x1: f::{closure.0}
  n0: 90 0x2: ???
";
    assert!(text.contains(tree), "{text}");
}

#[test]
fn a_stack_may_be_deep() {
    // The second is wider than the standard library formats.
    for (depth, nodes) in [(3000, 3000), (70_000, 4096)] {
        let mut profile = Profile::default();
        profile
            .sites
            .push(Site::new((0..depth).collect::<Vec<_>>()).at_end(1, 1));
        let text = written(|out| profile.write_massif(out));
        let inner = text
            .lines()
            .filter(|line| line.trim_start().starts_with("n1: 1 "));
        assert_eq!(inner.count(), nodes);
    }
}
