//! The programs that read profiles, and where to find them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Finds a program, or says that the test is skipped and how to get the program.
pub(crate) fn find(test: &str, program: &str, install: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program));
    first(found, test, program, install)
}

/// The first of these files that exists, or says that the test is skipped.
pub(crate) fn first(
    mut files: impl Iterator<Item = PathBuf>,
    test: &str,
    what: &str,
    install: &str,
) -> Option<PathBuf> {
    let found = files.find(|file| file.is_file());
    if found.is_none() {
        let required = std::env::var_os("VIEWERS").is_some_and(|word| word == "required");
        assert!(!required, "{what} is not on this machine: {install}");
        // Past the test harness, which keeps back what a test that passes prints.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {test}: no {what} on this machine: {install}"
        );
    }
    found
}

/// A file with these bytes that is gone at the end of the test.
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    pub(crate) fn new(name: &str, bytes: &[u8]) -> Self {
        let name = format!("{}-{name}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Runs a viewer, which must not find fault with what it reads, and returns what it prints.
pub(crate) fn read(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(
        status.success(),
        "{command:?}: {status}\n{stderr}\n{stdout}"
    );
    stdout.into_owned()
}
