//! A report when the program ends.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::string::{String, ToString};

use super::SiteProfiler;
use crate::budget::Budget;
use crate::profile::{Metric, Profile};

/// Names the files of [`SiteProfiler::report`].
const FILES: &str = "HEAP_PROFILE";
/// Names the metric of [`SiteProfiler::report`].
const METRIC: &str = "HEAP_PROFILE_BY";

/// In [`AtExit`] as long as nobody has registered the hook. No process has these numbers.
const DUE: u32 = 0;
/// In [`AtExit`] if there is no hook.
const NEVER: u32 = u32::MAX;

/// What is to be called when the process ends.
pub(super) struct AtExit {
    hook: Option<extern "C" fn()>,
    /// The process that has registered it, or [`DUE`] or [`NEVER`].
    process: AtomicU32,
}

impl AtExit {
    pub(super) const fn new(hook: Option<extern "C" fn()>) -> Self {
        let process = if hook.is_some() { DUE } else { NEVER };
        Self {
            hook,
            process: AtomicU32::new(process),
        }
    }

    /// Sees to it that the hook is registered, once. To be called before a block is recorded.
    #[inline]
    pub(super) fn prepare(&self) {
        if self.process.load(Ordering::Relaxed) == DUE {
            self.register();
        }
    }

    #[cold]
    fn register(&self) {
        let Some(hook) = self.hook else {
            return;
        };
        let (due, here) = (DUE, std::process::id());
        // Relaxed: who comes first registers, and nothing else depends on it.
        let first = self
            .process
            .compare_exchange(due, here, Ordering::Relaxed, Ordering::Relaxed);
        if first.is_ok() {
            at_exit(hook);
        }
    }

    /// Whether this process is the one that has registered the hook, and not a child that was forked off.
    fn is_here(&self) -> bool {
        self.process.load(Ordering::Relaxed) == std::process::id()
    }
}

#[cfg(any(unix, windows))]
fn at_exit(hook: extern "C" fn()) {
    use core::ffi::c_int;

    unsafe extern "C" {
        fn atexit(hook: extern "C" fn()) -> c_int;
    }
    // SAFETY: the declaration is that of the C standard; the function lives as long as the library that it is in, for
    // which the C library sees. If there is no memory there is no report.
    let _ = unsafe { atexit(hook) };
}

#[cfg(not(any(unix, windows)))]
fn at_exit(_: extern "C" fn()) {}

impl<A, B> SiteProfiler<A, B> {
    /// Has `hook` called when the process ends by itself: when `main` returns or panics, or by
    /// [`exit`](std::process::exit). [`profile_heap!`](crate::profile_heap) has this for a report.
    ///
    /// It is registered with `atexit` of the C library when the first block is recorded, and runs on the
    /// thread that ends the process, after the destructors of that thread's thread-locals, while other
    /// threads may be at work. If it unwinds the process is aborted. A process that is killed or aborted
    /// does not call it.
    #[must_use]
    pub const fn with_exit_hook(mut self, hook: extern "C" fn()) -> Self {
        self.exit = AtExit::new(Some(hook));
        self
    }

    /// Writes a report of the program so far, as a person at the command line wants it, and records
    /// nothing any more.
    ///
    /// - `HEAP_PROFILE`, a variable of the environment, is a list of files, separated by commas; the end
    ///   of each name says in which format, see [`Profile::write_file`]. Without it, or for `-`, the text goes to
    ///   the standard error. If it is empty nothing is written. `%p` in a name is the number of the process:
    ///   a program that starts others which have reports too writes no two of them into one file.
    /// - `HEAP_PROFILE_BY` says by what sites are ordered, and what the flames of a graph are as wide as:
    ///   `total-bytes`, `total-blocks`, `peak-bytes` (the default), `peak-blocks`, `end-bytes` or `end-blocks`.
    ///
    /// With the feature `symbols` there are names in it. What cannot be written is said on the standard
    /// error. In a child of `fork` that has inherited the [hook](Self::with_exit_hook) it does nothing.
    /// It is charged to no [budget](crate::Budget), also where the program ends in one.
    ///
    /// # Complexity
    ///
    /// That of [`profile`](Self::profile), and to read the debug information of the program.
    pub fn report(&self) {
        if self.exit.hook.is_some() && !self.exit.is_here() {
            return;
        }
        // The report itself allocates: for nobody's account, and in no budget that could refuse it.
        self.switch(false);
        let _none = Budget::none();
        let files = std::env::var_os(FILES).unwrap_or_else(|| OsString::from("-"));
        if files.is_empty() {
            return;
        }
        let mut profile = self.profile();
        #[cfg(feature = "symbols")]
        profile.symbolize();
        profile.trim();
        let metric = match std::env::var_os(METRIC) {
            None => Metric::default(),
            Some(name) => metric_of(&name.to_string_lossy()).unwrap_or_else(|| {
                complain(format_args!(
                    "{METRIC}: no such metric, the bytes at the peak are taken"
                ));
                Metric::default()
            }),
        };
        for file in names(&files) {
            write(&profile, &file, metric);
        }
    }
}

/// The names in a list of them. `%p` in a name is the number of this process.
fn names(list: &OsStr) -> impl Iterator<Item = OsString> {
    let names = list.as_encoded_bytes().split(|byte| *byte == b',');
    let names = names.map(<[u8]>::trim_ascii);
    names.filter(|name| !name.is_empty()).map(|mut name| {
        let mut whole = OsString::new();
        while let Some(at) = name.windows(2).position(|pair| pair == b"%p") {
            whole.push(part(&name[..at]));
            whole.push(std::process::id().to_string());
            name = &name[at + 2..];
        }
        whole.push(part(name));
        whole
    })
}

/// A part of a name that ASCII characters are next to.
fn part(bytes: &[u8]) -> &OsStr {
    // SAFETY: `names` has cut a string in front of and after characters of UTF-8, and nowhere else.
    unsafe { OsStr::from_encoded_bytes_unchecked(bytes) }
}

fn write(profile: &Profile, file: &OsStr, metric: Metric) {
    if file == "-" {
        let text = profile.text().by(metric);
        // Without a standard error nobody can be told.
        let _ = writeln!(io::stderr(), "{text}");
    } else if let Err(error) = profile.write_file(file, metric) {
        complain(format_args!("{}: {error}", file.display()));
    }
}

fn complain(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "heap profile: {what}");
}

/// The metric of a name such as `total-blocks`.
fn metric_of(name: &str) -> Option<Metric> {
    let name = name.trim().to_lowercase();
    let known = |metric: &Metric| {
        let variant: String = std::format!("{metric:?}");
        variant.to_lowercase() == name.replace('-', "")
    };
    Metric::ALL.into_iter().find(known)
}

#[doc(hidden)]
impl SiteProfiler<std::alloc::System> {
    /// What [`profile_heap!`](crate::profile_heap) makes.
    #[must_use]
    pub const fn of_program(report: extern "C" fn()) -> Self {
        let heap = Self::new(std::alloc::System)
            .with_call_stacks(super::super::stack::MAX_DEPTH)
            .with_stamps(super::Stamps::Coarse)
            .with_exit_hook(report);
        #[cfg(feature = "unwind")]
        let heap = heap.with_unwinder();
        heap
    }
}

/// Profiles the heap of a program: the one line that has to be added to it.
///
/// It stands where items stand, in the program or a library of it, and makes a
/// [`SiteProfiler`](crate::SiteProfiler) the global allocator: over the system's, with call stacks, lifetimes of
/// blocks on a coarse clock, and a [report](crate::SiteProfiler::report) when the program ends, on the standard
/// error or in the files that the variable `HEAP_PROFILE` names.
///
/// Call stacks are taken by frame pointers if the program is built with them
/// (`RUSTFLAGS="-C force-frame-pointers=yes"`), and else by the tables for unwinding, if the feature `unwind` of this
/// crate is on. Names are those of the feature `symbols`, and the lines of source those of
/// `CARGO_PROFILE_RELEASE_DEBUG=line-tables-only` or another setting for debug information.
///
/// With a name the profiler has that name, so that the program can ask it in between, or
/// [switch](crate::SiteProfiler::switch) it.
///
/// # Examples
///
/// ```
/// alloc_tracking::profile_heap!();
///
/// fn main() {
///     let words = vec!["a word".to_owned(); 10];
///     assert_eq!(words.len(), 10);
/// }
/// ```
///
/// ```
/// alloc_tracking::profile_heap!(HEAP);
///
/// fn main() {
///     let word = "a word".to_owned();
///     assert!(HEAP.live_bytes() >= 6);
///     # drop(word);
/// }
/// ```
#[macro_export]
macro_rules! profile_heap {
    () => {
        $crate::profile_heap!(HEAP_OF_THIS_PROGRAM);
    };
    ($name:ident) => {
        #[global_allocator]
        static $name: $crate::SiteProfiler<::std::alloc::System> = {
            extern "C" fn report() {
                $name.report();
            }
            $crate::SiteProfiler::of_program(report)
        };
    };
}
