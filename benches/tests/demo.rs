//! The program `demo`, from outside: answers, complaints, exit codes, and the page.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use alloc_benches::jobs::JOBS;

/// A folder of its own for each test, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> io::Result<Self> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("demo-{test}"));
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Writes a file below the folder.
    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&self.0))?;
        fs::write(path, bytes)
    }

    /// Runs `demo --quick` in the folder; the page goes to `page.html` in it.
    fn demo(&self, args: &[&str]) -> io::Result<Outcome> {
        let output = Command::new(env!("CARGO_BIN_EXE_demo"))
            .current_dir(&self.0)
            .args(["--quick", "--out", "page.html"])
            .args(args)
            .output()?;
        Ok(Outcome::of(&output))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over is in the target folder, and the next run removes it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a run said.
#[derive(Debug)]
struct Outcome {
    code: Option<i32>,
    stdout: String,
    /// The complaints: what it said on standard error, but for the progress.
    complaints: Vec<String>,
    progress: Vec<String>,
}

impl Outcome {
    fn of(output: &Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let lines = stderr.lines().map(str::to_owned);
        let (complaints, progress) = lines.partition(|line| line.starts_with("demo: "));
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Self {
            code: output.status.code(),
            stdout,
            complaints,
            progress,
        }
    }

    /// Checks that the jobs ran and that these complaints were made, each with its words, and no others.
    #[track_caller]
    fn ran_with(&self, complaints: &[&str]) {
        assert_eq!(self.code, Some(0), "{self:?}");
        assert!(self.stdout.contains("vs system"), "{self:?}");
        self.complained(complaints);
    }

    #[track_caller]
    fn complained(&self, complaints: &[&str]) {
        assert_eq!(self.complaints.len(), complaints.len(), "{self:?}");
        for (said, expected) in self.complaints.iter().zip(complaints) {
            assert!(
                said.contains(expected),
                "`{said}` does not say `{expected}`"
            );
        }
    }
}

const TEXT: &str = "fn largest(list: &[i32]) -> i32 { list.iter().max() }\n";

#[test]
fn files_and_folders_become_a_table_a_report_and_a_page() -> io::Result<()> {
    let folder = Folder::new("whole")?;
    folder.write("src/a.rs", TEXT)?;
    folder.write("src/deep/er/b.txt", "größe <&> 長い\n".repeat(500))?;
    folder.write("one.md", TEXT.repeat(200))?;
    let outcome = folder.demo(&["src", "one.md"])?;
    outcome.ran_with(&[]);
    assert!(
        outcome.stdout.starts_with("Input: 3 files, "),
        "{outcome:?}"
    );
    for job in JOBS {
        let same = |line: &String| line.contains(job.name) && line.ends_with("same answer");
        assert!(outcome.progress.iter().any(same), "{outcome:?}");
        assert!(outcome.stdout.contains(job.ours.allocator), "{outcome:?}");
    }
    assert_eq!(outcome.progress.len(), JOBS.len() + 1, "{outcome:?}");
    assert!(outcome.stdout.contains("leaked on purpose"), "{outcome:?}");
    assert!(outcome.stdout.contains("1 live block"), "{outcome:?}");

    let page = fs::read_to_string(folder.0.join("page.html"))?;
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert_eq!(page.matches("<svg").count(), 3);
    Ok(())
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_processed() -> io::Result<()> {
    let folder = Folder::new("bad")?;
    folder.write("good.rs", TEXT)?;
    folder.write("nul.bin", b"text\0text")?;
    folder.write("latin1.txt", b"gr\xF6\xDFe")?;
    fs::create_dir(folder.0.join("empty"))?;
    let outcome = folder.demo(&[
        "missing.rs",
        "nul.bin",
        "good.rs",
        "latin1.txt",
        "empty",
        "good.rs/x",
    ])?;
    outcome.ran_with(&[
        "`missing.rs` does not exist: skipped",
        "`nul.bin` is a binary file (it has NUL bytes): skipped",
        "`latin1.txt` is no UTF-8 text: skipped",
        "`empty` is a folder without text files: skipped",
        "`good.rs/x` cannot be read",
    ]);
    assert!(outcome.stdout.starts_with("Input: 1 file, "), "{outcome:?}");
    Ok(())
}

#[test]
fn a_folder_of_binary_files_is_not_a_wall_of_text() -> io::Result<()> {
    let folder = Folder::new("binaries")?;
    for i in 0..20 {
        folder.write(&format!("data/{i:02}.bin"), [0])?;
    }
    folder.write("data/z.txt", TEXT)?;
    folder
        .demo(&["data"])?
        .ran_with(&["00.bin", "01.bin", "02.bin", "17 more of `data`"]);
    Ok(())
}

#[test]
fn nothing_to_read_is_a_failure() -> io::Result<()> {
    let folder = Folder::new("nothing")?;
    fs::create_dir(folder.0.join("empty"))?;
    let outcome = folder.demo(&["empty", "missing"])?;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    outcome.complained(&["`empty`", "`missing`", "nothing could be read"]);
    assert!(!folder.0.join("page.html").exists());
    Ok(())
}

#[test]
fn empty_files_are_an_input() -> io::Result<()> {
    let folder = Folder::new("empty-file")?;
    folder.write("empty.rs", "")?;
    folder.demo(&["empty.rs"])?.ran_with(&[]);
    Ok(())
}

#[test]
fn the_limit_leaves_files_out_and_says_so() -> io::Result<()> {
    let folder = Folder::new("limit")?;
    folder.write("small.txt", TEXT)?;
    folder.write("large.txt", "x".repeat((1 << 20) + 1))?;
    let outcome = folder.demo(&["--limit", "1", "large.txt", "small.txt"])?;
    outcome.ran_with(&[]);
    assert!(
        outcome
            .stdout
            .contains("did not fit into the limit of 1.0 MiB"),
        "{outcome:?}"
    );

    let outcome = folder.demo(&["--limit", "1", "large.txt"])?;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    outcome.complained(&["--limit raises it"]);
    Ok(())
}

#[test]
fn wrong_command_lines_end_with_2() -> io::Result<()> {
    let folder = Folder::new("usage")?;
    for (args, words) in [
        (["--fast", ""], "no option `--fast`"),
        (["--limit", "no"], "`no`"),
        (["a", "--out"], "needs a file"),
    ] {
        let outcome = folder.demo(&args)?;
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        outcome.complained(&[words]);
        assert!(outcome.stdout.is_empty(), "{outcome:?}");
    }
    let outcome = folder.demo(&["--help"])?;
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stdout.contains("Usage: demo"), "{outcome:?}");
    Ok(())
}

#[test]
fn a_page_that_cannot_be_written_is_a_failure_after_the_table() -> io::Result<()> {
    let folder = Folder::new("out")?;
    folder.write("a.rs", TEXT)?;
    let outcome = folder.demo(&["a.rs", "--out", "a.rs/page.html"])?;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.contains("vs system"), "{outcome:?}");
    outcome.complained(&["cannot be written"]);
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_inside_folders_are_not_followed() -> io::Result<()> {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("links")?;
    folder.write("tree/a.rs", TEXT)?;
    folder.write("tree/.hidden/b.rs", TEXT)?;
    folder.write(
        "tree/target/CACHEDIR.TAG",
        "Signature: 8a477f597d28d172789f06886806bc55",
    )?;
    folder.write("tree/target/c.rs", TEXT)?;
    symlink("..", folder.0.join("tree/up"))?;
    symlink("loop", folder.0.join("tree/loop"))?;
    symlink("tree", folder.0.join("named"))?;
    let outcome = folder.demo(&["tree"])?;
    outcome.ran_with(&[]);
    assert!(outcome.stdout.starts_with("Input: 1 file, "), "{outcome:?}");
    let outcome = folder.demo(&["named"])?;
    outcome.ran_with(&[]);
    assert!(outcome.stdout.starts_with("Input: 1 file, "), "{outcome:?}");
    Ok(())
}
