//! Takes off the frames that are the same in every stack and say nothing.

use std::collections::BTreeMap;
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

/// How the names of functions begin that run before `main` or a thread's function.
const RUNTIME: [&str; 8] = [
    "__libc_start",
    "__rust_",
    "__rustc::__",
    "core::ops::function::",
    "std::panic",
    "std::rt::",
    "std::sys::",
    "std::thread::",
];

/// The same in C, whole names.
const RUNTIME_IN_C: [&str; 6] = [
    "__clone",
    "_start",
    "clone",
    "clone3",
    "main",
    "start_thread",
];

impl Profile {
    /// Takes off the innermost frames of each stack that belong to an allocator: those of this
    /// crate, of `alloc::alloc`, `RawVec` and the like.
    ///
    /// Without [symbols](Self::frames) it does nothing.
    pub fn trim_allocator(&mut self) {
        self.trim_inner(is_allocator);
    }

    /// Takes off the outermost frames of each stack that belong to the runtime: what calls `main` or
    /// the function of a thread. The program's own `main` stays, which has a path before its name.
    ///
    /// Without [symbols](Self::frames) it does nothing.
    pub fn trim_runtime(&mut self) {
        self.trim_outer(is_runtime);
    }

    /// Takes off the innermost frames for which `is_noise` holds, up to the first for which it does
    /// not. A stack that is nothing but noise stays as it is, and so does an address without
    /// symbols. Sites that become the same are [merged](Self::merge_sites).
    pub fn trim_inner(&mut self, is_noise: impl Fn(&Frame) -> bool) {
        let mut kept = BTreeMap::new();
        for site in &mut self.sites {
            trim_site(site, &self.frames, &is_noise, &mut kept);
        }
        self.frames.append(&mut kept);
        self.merge_sites();
    }

    /// Takes off the outermost frames for which `is_noise` holds, in the same way.
    pub fn trim_outer(&mut self, is_noise: impl Fn(&Frame) -> bool) {
        for frames in self.frames.values_mut() {
            frames.reverse();
        }
        for site in &mut self.sites {
            site.stack.reverse();
        }
        self.trim_inner(is_noise);
        for site in &mut self.sites {
            site.stack.reverse();
        }
        for frames in self.frames.values_mut() {
            frames.reverse();
        }
        self.merge_sites();
    }
}

/// Shortens one stack. Of the address that becomes the first, the frames to keep go into `kept`: the
/// others were inlined there, and belong to what was called from there in any stack.
fn trim_site(
    site: &mut Site,
    frames: &BTreeMap<usize, Vec<Frame>>,
    is_noise: &impl Fn(&Frame) -> bool,
    kept: &mut BTreeMap<usize, Vec<Frame>>,
) {
    for (depth, address) in site.stack.iter().enumerate() {
        let known = frames.get(address).map_or(&[][..], Vec::as_slice);
        let noise = known.iter().take_while(|frame| is_noise(frame)).count();
        if known.is_empty() || noise < known.len() {
            if noise > 0 {
                kept.insert(*address, known[noise..].to_vec());
            }
            site.stack.drain(..depth);
            return;
        }
    }
}

fn is_allocator(frame: &Frame) -> bool {
    is_among(frame, &ALLOCATOR, &ALLOCATOR_IN_C)
}

fn is_runtime(frame: &Frame) -> bool {
    is_among(frame, &RUNTIME, &RUNTIME_IN_C)
}

/// Whether the function's name begins with one of `beginnings` or is one of `names`. The bracket of
/// `<A as B>::c` does not count: such a function belongs to `A`.
fn is_among(frame: &Frame, beginnings: &[&str], names: &[&str]) -> bool {
    let Some(function) = frame.function.as_deref() else {
        return false;
    };
    let path = function.trim_start_matches(['<', '&']);
    names.contains(&function)
        || beginnings
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

    #[test]
    fn nothing_but_noise_stays_and_so_does_what_is_unknown() {
        let stacks: [&[usize]; 4] = [&[], &[1], &[1, 6], &[6, 1, 3]];
        let mut profile = profile(&stacks);
        profile.trim_allocator();
        let left: Vec<_> = profile.sites.iter().map(|site| &site.stack[..]).collect();
        assert_eq!(left, [&[][..], &[1], &[6], &[6, 1, 3]]);
    }

    #[test]
    fn stacks_that_become_the_same_are_one_site() {
        let mut profile = profile(&[&[1, 3], &[3]]);
        profile.trim_allocator();
        assert_eq!(profile.sites, vec![Site::new([3]).total(2, 16)]);
    }
}
