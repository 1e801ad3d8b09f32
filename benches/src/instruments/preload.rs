//! Profilers that are loaded before the C library, into a program that knows nothing of them.
//!
//! Such a subject is the system's heap in a process of its own, in which the profiler takes every call.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::registry::Case;

/// A profiler that is loaded before the C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preload {
    /// The name of the subject, of the program, and of the package.
    name: &'static str,
    /// Its library, from the folder on that the folder of the program is in.
    library: &'static str,
    /// The variable that names the file which it writes.
    output: &'static str,
}

/// Its script has its records read by another program while they come, which reads them from a pipe;
/// here nobody reads them, so that what is measured is what the profiled program pays.
const KNOWN: [Preload; 1] = [Preload {
    name: "heaptrack",
    library: "lib/heaptrack/libheaptrack_preload.so",
    output: "DUMP_HEAPTRACK_OUTPUT",
}];

/// One that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    preload: Preload,
    library: PathBuf,
}

impl Preload {
    /// The one of this name.
    pub fn of(subject: &str) -> Option<Self> {
        KNOWN.into_iter().find(|known| known.name == subject)
    }

    /// Looks for its library, beside each folder of `PATH`.
    ///
    /// # Errors
    ///
    /// It is not installed: a sentence that names the package.
    pub fn library(self) -> Result<Installed, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).filter_map(|folder| {
            let around = folder.parent().map(Path::to_path_buf);
            around.map(|folder| folder.join(self.library))
        });
        let library = folders.into_iter().find(|library| library.is_file());
        library
            .map(|library| Installed {
                preload: self,
                library,
            })
            .ok_or_else(|| {
                format!(
                    "{0}, which is not installed: it is in the package `{0}` (`apt-get install {0}`)",
                    self.name
                )
            })
    }
}

impl Installed {
    /// Has a program run under it.
    pub fn load(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env(self.preload.output, "/dev/null");
    }
}

/// A sentence for each of these subjects that is not installed.
pub fn missing(cases: &[Case]) -> Vec<String> {
    let is_there = |known: &Preload| cases.iter().any(|case| case.subject == known.name);
    let wanted = KNOWN.into_iter().filter(is_there);
    wanted.filter_map(|known| known.library().err()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_missing_is_named() {
        let nobody = Preload {
            name: "a profiler",
            library: "lib/of/nobody.so",
            output: "OUTPUT",
        };
        let sentence = nobody.library().unwrap_err();
        assert!(sentence.starts_with("a profiler, which is not installed"));
        assert_eq!(missing(&[]), Vec::<String>::new());
        assert_eq!(Preload::of("System"), None);
    }

    #[test]
    fn a_program_under_it_is_told_of_it() {
        let installed = Installed {
            preload: KNOWN[0],
            library: PathBuf::from("/a/library.so"),
        };
        let mut command = Command::new("a program");
        installed.load(&mut command);
        let told = command.get_envs().any(|(name, value)| {
            name == "LD_PRELOAD" && value.is_some_and(|value| value == "/a/library.so")
        });
        assert!(told);
    }
}
