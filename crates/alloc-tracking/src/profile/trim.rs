//! Takes off the frames that are the same in every stack and say nothing.

use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

use super::{Frame, Profile, Site};

/// How the names of functions begin through which every allocation goes.
const ALLOCATOR: [&str; 15] = [
    "__rust_",
    "__rg_",
    "__rdl_",
    "__rustc::__",
    "alloc::alloc::",
    "alloc::boxed::box_new",
    "alloc::raw_vec::",
    "alloc_compose::",
    "alloc_core::",
    "alloc_tracking::",
    "allocator_api2::stable::alloc::",
    "allocator_api2::stable::raw_vec::",
    "backtrace::",
    "core::alloc::",
    "std::alloc::",
];

/// Functions of C that allocate, whole names.
const ALLOCATOR_IN_C: [&str; 6] = [
    "aligned_alloc",
    "calloc",
    "exchange_malloc",
    "malloc",
    "posix_memalign",
    "realloc",
];

/// Where such functions are: with lines alone in the debug information, functions that were inlined have
/// names without paths.
const ALLOCATOR_FILES: [&str; 4] = [
    "library/alloc/src/alloc.rs",
    "library/alloc/src/raw_vec",
    "library/core/src/alloc/",
    "library/std/src/alloc.rs",
];
/// This file, from the folder of this crate's source on.
const THIS_FILE: &str = "profile/trim.rs";

/// What calls `main` or the function of a thread, besides the standard library.
const RUNTIME: [&str; 13] = [
    "__clone",
    "__libc_start_call_main",
    "__libc_start_main",
    "__libc_start_main_impl",
    "__rust_try",
    "_pthread_start",
    "_start",
    "clone",
    "clone3",
    "main",
    "start",
    "start_thread",
    "thread_start",
];

/// How the paths of the standard library's source begin.
const LIBRARY_PATHS: [&str; 2] = ["/rustc/", "/rust/deps/"];
/// Where it is if it is installed.
const LIBRARY_INSTALLED: &str = "rustlib/src/rust/library";
/// How the names of its functions begin.
const LIBRARY: [&str; 3] = ["alloc::", "core::", "std::"];

impl Profile {
    /// Leaves the frames that tell one place from another: does [`trim_allocator`](Self::trim_allocator),
    /// [`trim_library`](Self::trim_library) and [`trim_runtime`](Self::trim_runtime).
    pub fn trim(&mut self) {
        self.trim_allocator();
        self.trim_library();
        self.trim_runtime();
    }

    /// Takes off the innermost frames of each stack that belong to an allocator: those of this
    /// crate, of `alloc::alloc`, `RawVec` and the like.
    pub fn trim_allocator(&mut self) {
        self.trim_inner(is_allocator);
    }

    /// Takes off the innermost frames of each stack that belong to the standard library, but for the one
    /// that the program called: leaves `Iterator::collect`, and not the ten functions that it is made of.
    pub fn trim_library(&mut self) {
        self.trim_sites(is_library, true);
    }

    /// Takes off the outermost frames of each stack that belong to the runtime: what calls the program's
    /// own `main`, or the function of a thread.
    pub fn trim_runtime(&mut self) {
        self.trim_outer(|frame| is_library(frame) || is_named(frame, &RUNTIME));
    }

    /// Takes off the innermost frames for which `is_noise` holds, up to the first for which it does
    /// not, and the addresses without [symbols](Self::frames) between them. A stack of nothing else stays
    /// as it is. Sites that become the same are [merged](Self::merge_sites).
    pub fn trim_inner(&mut self, is_noise: impl Fn(&Frame) -> bool) {
        self.trim_sites(is_noise, false);
    }

    /// Takes off the outermost frames for which `is_noise` holds, in the same way.
    pub fn trim_outer(&mut self, is_noise: impl Fn(&Frame) -> bool) {
        self.reverse();
        self.trim_sites(is_noise, false);
        self.reverse();
        self.merge_sites();
    }

    fn reverse(&mut self) {
        self.frames.values_mut().for_each(|frames| frames.reverse());
        self.sites.iter_mut().for_each(|site| site.stack.reverse());
    }

    fn trim_sites(&mut self, is_noise: impl Fn(&Frame) -> bool, spares_last: bool) {
        let mut kept = BTreeMap::new();
        for site in &mut self.sites {
            trim_site(site, &self.frames, &is_noise, spares_last, &mut kept);
        }
        self.frames.append(&mut kept);
        self.merge_sites();
    }
}

/// Shortens one stack. Of the address that becomes the first, the frames to keep go into `kept`: the
/// others were inlined there, and belong to what was called from there in any stack.
fn trim_site(
    site: &mut Site,
    frames: &BTreeMap<usize, Vec<Frame>>,
    is_noise: &impl Fn(&Frame) -> bool,
    spares_last: bool,
    kept: &mut BTreeMap<usize, Vec<Frame>>,
) {
    let mut last = None;
    for (depth, address) in site.stack.iter().enumerate() {
        let known = frames.get(address).map_or(&[][..], Vec::as_slice);
        let noise = known.iter().take_while(|frame| is_noise(frame)).count();
        if noise < known.len() {
            if noise > 0 {
                let first = noise - usize::from(spares_last);
                kept.insert(*address, known[first..].to_vec());
                site.stack.drain(..depth);
                return;
            }
            break;
        }
        if noise > 0 {
            last = Some((depth, &known[noise - 1]));
        }
    }
    let Some((depth, frame)) = last.filter(|last| last.0 + 1 < site.stack.len()) else {
        return;
    };
    if spares_last {
        kept.insert(site.stack[depth], Vec::from([frame.clone()]));
        site.stack.drain(..depth);
    } else {
        site.stack.drain(..=depth);
    }
}

fn is_allocator(frame: &Frame) -> bool {
    let own = file!().strip_suffix(THIS_FILE).unwrap_or(file!());
    let in_file = |path: &String| {
        path.contains(own) || ALLOCATOR_FILES.into_iter().any(|file| path.contains(file))
    };
    begins_with(frame, &ALLOCATOR)
        || is_named(frame, &ALLOCATOR_IN_C)
        || frame.file.as_ref().is_some_and(in_file)
}

fn is_library(frame: &Frame) -> bool {
    match &frame.file {
        None => begins_with(frame, &LIBRARY),
        Some(path) => {
            let is_there = |folder| path.starts_with(folder);
            LIBRARY_PATHS.into_iter().any(is_there) || path.contains(LIBRARY_INSTALLED)
        }
    }
}

fn is_named(frame: &Frame, names: &[&str]) -> bool {
    frame
        .function
        .as_deref()
        .is_some_and(|function| names.contains(&function))
}

/// Whether the function's name begins with one of these. The bracket of `<A as B>::c` does not count:
/// such a function belongs to `A`.
fn begins_with(frame: &Frame, beginnings: &[&str]) -> bool {
    let function = frame.function.as_deref().unwrap_or_default();
    let path = function.trim_start_matches(['<', '&']);
    beginnings
        .iter()
        .any(|beginning| path.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::super::{Frame, Profile, Site};
    use std::vec;
    use std::vec::Vec;

    /// Address 1 is a shim alone, 2 has one inlined into a container, 3 is the program, 4 has the
    /// program's `main` inlined into the runtime, 5 is the runtime alone, and 6 is unknown.
    fn profile(stacks: &[&[usize]]) -> Profile {
        let mut profile = Profile::default();
        let names: [&[&str]; 5] = [
            &["__rustc::__rust_alloc"],
            &[
                "<alloc::alloc::Global>::alloc_impl",
                "alloc::raw_vec::finish_grow",
                "alloc::vec::Vec<T>::push",
            ],
            &["mallocs::run"],
            &["mallocs::main", "core::ops::function::FnOnce::call_once"],
            &["main"],
        ];
        for (i, names) in names.iter().enumerate() {
            profile
                .frames
                .insert(i + 1, names.iter().map(|&name| Frame::new(name)).collect());
        }
        profile.sites = stacks
            .iter()
            .map(|&stack| Site::new(stack).total(1, 8))
            .collect();
        profile
    }

    fn names(profile: &Profile) -> Vec<Vec<std::string::String>> {
        let of = |site| {
            profile
                .places(site)
                .map(|place| std::format!("{place}"))
                .collect()
        };
        profile.sites.iter().map(of).collect()
    }

    #[test]
    fn shims_go_and_the_container_stays() {
        let mut profile = profile(&[&[1, 2, 3, 4, 5]]);
        profile.trim_allocator();
        profile.trim_runtime();
        assert_eq!(
            names(&profile),
            [["alloc::vec::Vec<T>::push", "mallocs::run", "mallocs::main"]]
        );
        let once = profile.clone();
        profile.trim_allocator();
        profile.trim_runtime();
        assert_eq!(profile, once);
    }

    /// As where the debug information has lines alone.
    #[test]
    fn functions_without_paths_are_known_by_their_files() {
        let names = [
            (
                "make",
                "/home/me/crates/alloc-tracking/src/profiler/by_site/alloc.rs",
            ),
            ("alloc_impl", "/rustc/1234/library/alloc/src/alloc.rs"),
            (
                "try_allocate_in<Global>",
                "/rustc/1234/library/alloc/src/raw_vec/mod.rs",
            ),
            ("collect", "src/main.rs"),
        ];
        let mut profile = profile(&[&[1, 2, 3, 4]]);
        for (address, (name, file)) in (1..).zip(names) {
            let frame = Frame::new(name).at(file, 1);
            profile.frames.insert(address, vec![frame]);
        }
        profile.trim_allocator();
        assert_eq!(profile.sites[0].stack, [4]);
    }

    #[test]
    fn nothing_but_noise_stays_and_so_does_what_is_unknown_after_it() {
        let stacks: [&[usize]; 4] = [&[], &[1], &[1, 6], &[6, 1, 3]];
        let mut profile = profile(&stacks);
        profile.trim_allocator();
        let left: Vec<_> = profile.sites.iter().map(|site| &site.stack[..]).collect();
        assert_eq!(left, [&[][..], &[1], &[3], &[6]]);
    }

    #[test]
    fn stacks_that_become_the_same_are_one_site() {
        let mut profile = profile(&[&[1, 3], &[3]]);
        profile.trim_allocator();
        assert_eq!(profile.sites, vec![Site::new([3]).total(2, 16)]);
    }

    #[test]
    fn of_the_library_the_call_of_the_program_stays() {
        let library = |name| Frame::new(name).at("/rustc/0123/library/a.rs", 1);
        let mut profile = Profile::default();
        profile.frames.insert(1, vec![library("a"), library("b")]);
        profile
            .frames
            .insert(2, vec![library("c"), library("<T as U>::d")]);
        profile
            .frames
            .insert(3, vec![Frame::new("own").at("/home/rustc/x.rs", 2)]);
        profile
            .frames
            .insert(4, vec![library("e"), library("f"), Frame::new("g")]);
        profile
            .frames
            .insert(5, vec![Frame::new("core::h"), Frame::new("i")]);
        profile.frames.insert(6, vec![library("j")]);
        let stacks: [&[usize]; 6] = [
            &[1, 2, 3, 6],
            &[1, 9, 4, 3],
            &[5, 3],
            &[3, 1],
            &[1, 6],
            &[1, 2, 9],
        ];
        profile.sites = stacks.map(Site::new).to_vec();
        profile.trim_library();
        let mut left = names(&profile);
        left.sort();
        let own = "own (/home/rustc/x.rs:2)";
        let called = "<T as U>::d (a.rs:1)";
        let [f, a, b, j] = ["f", "a", "b", "j"].map(|name| std::format!("{name} (a.rs:1)"));
        let expected: [&[&str]; 6] = [
            &[called, "0x9"],
            &[called, own, &j],
            &[&a, &b, &j],
            &["core::h", "i", own],
            &[&f, "g", own],
            &[own, &a, &b],
        ];
        assert_eq!(left, expected);
    }

    #[test]
    fn the_runtime_ends_where_the_program_begins() {
        let mut profile = profile(&[&[3, 4, 5, 6], &[3, 5]]);
        profile.frames.insert(
            5,
            vec![Frame::new("std::rt::lang_start"), Frame::new("main")],
        );
        profile.trim_runtime();
        assert_eq!(
            names(&profile),
            [vec!["mallocs::run"], vec!["mallocs::run", "mallocs::main"]]
        );
    }
}
