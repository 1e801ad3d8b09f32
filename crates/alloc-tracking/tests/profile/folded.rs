//! Folded stacks and flame graphs.

use alloc_tracking::Profile;
use alloc_tracking::profile::{Frame, Metric, Site};

use crate::made::{nasty, ordinary, written};

#[test]
fn a_line_for_each_stack_the_outermost_call_first() {
    let text = written(|out| ordinary().write_folded(out, Metric::TotalBytes));
    assert_eq!(
        text,
        "[thread worker 1];[tag cache];wordcount::main;wordcount+0x990 30\n\
         wordcount::main;wordcount::read 4096\n\
         wordcount::main;wordcount::split;alloc::vec::Vec<T>::push 6400\n"
    );
    let text = written(|out| ordinary().write_folded(out, Metric::EndBlocks));
    assert_eq!(
        text,
        "wordcount::main;wordcount::split;alloc::vec::Vec<T>::push 1\n"
    );
}

#[test]
fn stacks_of_the_same_names_are_one_line() {
    let mut profile = Profile::default();
    for address in [1, 2] {
        profile
            .frames
            .insert(address, vec![Frame::new("f").at("f.rs", 1)]);
        profile
            .sites
            .push(Site::new([address]).at_peak(address as u64, 8));
    }
    assert_eq!(
        written(|out| profile.write_folded(out, Metric::PeakBlocks)),
        "f 3\n"
    );
}

#[test]
fn no_name_breaks_a_line() {
    let text = written(|out| nasty().write_folded(out, Metric::TotalBytes));
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.is_sorted());
    for line in &lines {
        let (stack, value) = line.rsplit_once(' ').unwrap();
        assert_eq!(value, u64::MAX.to_string(), "{line}");
        assert!(
            stack.split(';').all(|name| !name.trim().is_empty()),
            "{line}"
        );
    }
    let three = "0x3;???;???;f:g\u{fffd}\"h\"\\ \u{fffd}[31m\u{2028}\u{ffff}_12";
    assert!(lines.iter().any(|line| line.starts_with(three)), "{text}");
    // Of ten sites one has nothing, and two are the same.
    assert_eq!(lines.len(), nasty().sites.len() - 2);
}

#[cfg(feature = "flamegraph")]
mod drawn {
    use super::{Metric, Profile, nasty, ordinary, written};
    use crate::viewer::{Temporary, find, read};
    use inferno::flamegraph::{Options, from_lines};
    use std::process::Command;

    #[test]
    fn inferno_reads_every_line() {
        let text = written(|out| ordinary().write_folded(out, Metric::TotalBytes));
        let drawn = written(|out| from_lines(&mut Options::default(), text.lines(), out));
        for title in [
            "wordcount::main (10,496 samples, 99.71%)",
            "wordcount::split (6,400 samples, 60.80%)",
            "[tag cache] (30 samples, 0.29%)",
        ] {
            assert!(drawn.contains(title), "{drawn}");
        }
    }

    #[test]
    fn the_picture_counts_bytes_and_is_always_the_same() {
        let draw = || written(|out| ordinary().write_flame_graph(out, Metric::PeakBytes));
        let drawn = draw();
        assert!(
            drawn.contains("<svg ") && drawn.contains("bytes at the peak"),
            "{drawn}"
        );
        assert!(
            drawn.contains("wordcount::read (4,096 bytes, 86.49%)"),
            "{drawn}"
        );
        assert_eq!(drawn, draw());
    }

    #[test]
    fn the_largest_numbers_and_none_can_be_drawn() {
        let drawn = written(|out| nasty().write_flame_graph(out, Metric::TotalBytes));
        assert!(drawn.contains("[no call stack]"), "{drawn}");
        if let Some(python) = find("flame_graph", "python3", "apt-get install python3") {
            let file = Temporary::new("nasty.svg", drawn.as_bytes());
            let parse = "import sys, xml.dom.minidom as dom; dom.parse(sys.argv[1])";
            read(Command::new(python).args(["-c", parse]).arg(file.path()));
        }
        let drawn = written(|out| Profile::default().write_flame_graph(out, Metric::EndBytes));
        assert!(drawn.contains("no site has bytes at the end"), "{drawn}");
    }
}
