//! One heap profile in every format, with the command that opens each.
//!
//! `cargo run -p alloc-tracking --features std,flamegraph --example profile_formats -- FOLDER`
#![cfg_attr(feature = "nightly", feature(allocator_api))]

#[cfg(feature = "std")]
mod made {
    use alloc_tracking::Profile;
    use alloc_tracking::profile::{Amount, Frame, Point, Run, Site};

    /// A place that allocates: its calls, the outermost first; blocks and bytes in all, at the peak and
    /// at the end; and for how many microseconds a block lived on average.
    type Row = (&'static str, [u64; 6], u64);

    /// What a program that counts words might do.
    const ROWS: [Row; 8] = [
        (
            "main run read_file Vec::reserve",
            [3, 6_291_456, 1, 4_194_304, 0, 0],
            310_000,
        ),
        (
            "main run count split_words Vec::push",
            [5_120, 2_621_440, 12, 6_144, 0, 0],
            45,
        ),
        (
            "main run count intern String::from",
            [48_213, 1_446_390, 48_213, 1_446_390, 0, 0],
            420_000,
        ),
        (
            "main run count HashMap::insert RawTable::resize",
            [14, 5_505_024, 1, 2_752_512, 0, 0],
            97_000,
        ),
        (
            "main run report sort Vec::from_iter",
            [1, 1_157_112, 0, 0, 0, 0],
            38_000,
        ),
        (
            "main run report print format",
            [48_213, 1_928_520, 1, 40, 0, 0],
            2,
        ),
        (
            "main init load_stop_words BTreeMap::insert",
            [571, 54_816, 571, 54_816, 571, 54_816],
            612_000,
        ),
        (
            "main init open_log Box::new",
            [1, 8_192, 1, 8_192, 1, 8_192],
            640_000,
        ),
    ];

    /// A profile as a recorder would hand it over: sites with addresses, and the names of these.
    pub(crate) fn profile() -> Profile {
        let millis = |time: u64| time * 1_000_000;
        let run = Run::new(["wordcount", "moby-dick.txt"], 4242).times(millis(431), millis(640));
        let mut profile = Profile::new(run);
        for (
            calls,
            [
                blocks,
                bytes,
                peak_blocks,
                peak_bytes,
                end_blocks,
                end_bytes,
            ],
            life,
        ) in ROWS
        {
            let mut stack = addresses(&mut profile, calls);
            stack.reverse();
            let site = Site::new(stack)
                .total(blocks, bytes)
                .max(peak_blocks.max(1), peak_bytes.max(40));
            let site = site
                .at_peak(peak_blocks, peak_bytes)
                .at_end(end_blocks, end_bytes);
            let sum = u128::from(life) * 1000 * u128::from(blocks);
            profile.sites.push(site.lifetimes(sum));
        }
        for (time, blocks, bytes) in [
            (20, 572, 63_008),
            (95, 573, 4_257_312),
            (180, 19_340, 6_218_401),
            (300, 40_551, 7_031_177),
            (520, 48_786, 4_310_430),
        ] {
            profile
                .series
                .push(Point::new(millis(time), Amount::new(blocks, bytes)));
        }
        profile
    }

    /// An address for each way to a function, and its name.
    fn addresses(profile: &mut Profile, calls: &str) -> Vec<usize> {
        let ends = calls
            .match_indices(' ')
            .map(|found| found.0)
            .chain([calls.len()]);
        let ways: Vec<_> = ends.map(|end| &calls[..end]).collect();
        let address = |(depth, way): (usize, &&str)| {
            let number = way
                .bytes()
                .fold(7_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 9973);
            let name = way.rsplit(' ').next().unwrap_or(way);
            let line = u32::try_from(number % 400 + 1).unwrap_or(1);
            let frame = Frame::new(name).at("src/main.rs", line);
            let address = 0x5600_0000 + depth * 0x1_0000 + number;
            profile.frames.insert(address, vec![frame]);
            address
        };
        ways.iter().enumerate().map(address).collect()
    }
}

#[cfg(feature = "std")]
fn main() -> std::io::Result<()> {
    use std::fs::File;
    use std::path::PathBuf;

    use alloc_tracking::profile::{Exposition, Metric};
    use alloc_tracking::{Tracking, alloc_core::System, alloc_core::vec::Vec as VecIn};

    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let file = |name: &str, viewer: &str| {
        let path = folder.join(name);
        println!("{:<40} {viewer}", path.display());
        File::create(path)
    };
    let profile = made::profile();
    println!("{profile:.3}\n");

    profile.write_text(file("heap.txt", "less")?)?;
    profile.write_dhat(file(
        "heap.dhat.json",
        "dh_view.html of valgrind, in a browser",
    )?)?;
    profile.write_folded(
        file("heap.folded", "inferno-flamegraph")?,
        Metric::PeakBytes,
    )?;
    profile.write_pprof(file("heap.pb", "go tool pprof -http=:")?)?;
    profile.write_massif(file("heap.massif", "ms_print")?)?;
    profile.write_json(file("heap.json", "jq")?)?;
    #[cfg(feature = "flamegraph")]
    profile.write_flame_graph(file("heap.svg", "a browser")?, Metric::TotalBytes)?;

    // Counters need no profile, and can be asked for while the program runs.
    let heap = Tracking::new(System);
    let mut words = VecIn::new_in(&heap);
    words.extend(["call", "me", "Ishmael"]);
    let mut page = Exposition::new("wordcount");
    page.add(&heap.stats(), &[("allocator", "words")]);
    page.write_to(file("heap.prom", "promtool check metrics <")?)
}

#[cfg(not(feature = "std"))]
fn main() {
    println!("profiles need the feature `std`");
}
