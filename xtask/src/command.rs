//! A command as a person would type it, and how it is run.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Why a command or a check did not pass.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// What happened, naming the command.
    pub(crate) what: String,
    /// The exit code of the command, if it ended with one.
    pub(crate) code: Option<i32>,
}

impl From<String> for Failure {
    fn from(what: String) -> Self {
        Self { what, code: None }
    }
}

/// Where the output of a command goes while it runs.
#[derive(Debug)]
pub(crate) enum Output {
    /// To the terminal, untouched.
    Inherit,
    /// To the terminal, each line also being kept.
    Keep,
    /// To the terminal, each line with this in front: for commands that run side by side.
    Labelled(String),
}

/// A command to print and to run.
#[derive(Clone, Debug)]
pub(crate) struct Cmd {
    program: String,
    args: Vec<String>,
    env: Vec<(&'static str, String)>,
    dir: Option<PathBuf>,
}

impl Cmd {
    /// A command of a program, so far without arguments.
    pub(crate) fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            dir: None,
        }
    }

    /// Whether it runs this program.
    pub(crate) fn is_of(&self, program: &str) -> bool {
        self.program == program
    }

    /// `cargo` with the words of `line`, which are split at blanks.
    pub(crate) fn cargo(line: &str) -> Self {
        Self::new("cargo").words(line)
    }

    /// More arguments, split at blanks.
    pub(crate) fn words(mut self, line: &str) -> Self {
        self.args
            .extend(line.split_whitespace().map(ToOwned::to_owned));
        self
    }

    /// More arguments, as they are.
    pub(crate) fn args<S: AsRef<str>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// One `-p NAME` for each package.
    pub(crate) fn packages<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        for name in names {
            self.args.extend(["-p".to_owned(), name.to_owned()]);
        }
        self
    }

    /// A variable of its environment.
    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// The folder for what it builds, apart from others where flags or compilers differ.
    pub(crate) fn target_dir(self, dir: &Path) -> Self {
        self.env("CARGO_TARGET_DIR", dir.display().to_string())
    }

    /// The folder it runs in; otherwise the current one.
    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.dir.get_or_insert_with(|| dir.to_owned());
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        if self.env.iter().any(|(name, _)| *name == "RUSTFLAGS") {
            // This one would silently win over ours.
            command.env_remove("CARGO_ENCODED_RUSTFLAGS");
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    /// Prints the command, runs it and waits; answers the lines kept.
    ///
    /// # Errors
    /// It cannot be started, or does not succeed.
    pub(crate) fn run(&self, output: &Output) -> Result<Vec<String>, Failure> {
        if let Output::Labelled(label) = output {
            println!("{label}$ {self}");
        } else {
            println!("$ {self}");
        }
        let ran = match output {
            Output::Inherit => self.command().status().map(|status| (status, Vec::new())),
            Output::Keep => run_kept(&mut self.command()),
            Output::Labelled(label) => run_labelled(&mut self.command(), label),
        };
        let (status, lines) = ran.map_err(|error| self.not_started(&error))?;
        if status.success() {
            Ok(lines)
        } else {
            Err(self.failed(status))
        }
    }

    /// Prints the command and runs it in place of this program, where the system can do that;
    /// elsewhere, runs it and ends this program with its exit code. Returns only if it cannot be
    /// started.
    pub(crate) fn become_it(&self) -> Failure {
        println!("$ {self}");
        #[cfg(unix)]
        let error = std::os::unix::process::CommandExt::exec(&mut self.command());
        #[cfg(not(unix))]
        let error = match self.command().status() {
            Ok(status) => std::process::exit(status.code().unwrap_or(1)),
            Err(error) => error,
        };
        self.not_started(&error)
    }

    /// Runs silently and answers what it writes, or nothing if it does not succeed: for questions to tools.
    pub(crate) fn ask(&self) -> Option<String> {
        let output = self.command().stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(text)
    }

    /// Prints the command and runs it silently; answers whether it succeeded, and all that it wrote.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn watch(&self) -> Result<(bool, String), Failure> {
        println!("$ {self}");
        let output = self.command().stdin(Stdio::null()).output();
        let output = output.map_err(|error| self.not_started(&error))?;
        let text = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok((output.status.success(), text.concat()))
    }

    /// Runs silently for at most `limit`; answers whether it succeeded, or nothing if it had to be ended, and all that it
    /// wrote.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn watch_for(&self, limit: Duration) -> Result<(Option<bool>, String), Failure> {
        let mut command = self.command();
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let ran = command.spawn().and_then(|child| wait_for(child, limit));
        ran.map_err(|error| self.not_started(&error))
    }

    fn not_started(&self, error: &io::Error) -> Failure {
        format!("`{self}` cannot be started: {error}").into()
    }

    fn failed(&self, status: ExitStatus) -> Failure {
        let what = match status.code() {
            Some(code) => format!("`{self}` ended with exit code {code}"),
            None => format!("`{self}` was ended by a signal ({status})"),
        };
        Failure {
            what,
            code: status.code(),
        }
    }
}

impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&quoted(&self.program))?;
        self.args
            .iter()
            .try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

/// The word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=+./:,@%\\".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs with its standard output printed and kept.
fn run_kept(command: &mut Command) -> io::Result<(ExitStatus, Vec<String>)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut lines = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        each_line(stdout, |line| {
            println!("{line}");
            lines.push(line);
        });
    }
    Ok((child.wait()?, lines))
}

/// Runs with a label before each line that it writes.
fn run_labelled(command: &mut Command, label: &str) -> io::Result<(ExitStatus, Vec<String>)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        if let Some(stderr) = stderr {
            scope.spawn(move || each_line(stderr, |line| eprintln!("{label}{line}")));
        }
        if let Some(stdout) = stdout {
            each_line(stdout, |line| println!("{label}{line}"));
        }
    });
    Ok((child.wait()?, Vec::new()))
}

/// Waits for a program at most this long, and ends it then.
fn wait_for(mut child: Child, limit: Duration) -> io::Result<(Option<bool>, String)> {
    const POLL: Duration = Duration::from_millis(2);
    let read = |source: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What can be read of a program that is ended is enough.
            let _ = source.map(|mut source| source.read_to_end(&mut bytes));
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = read(child.stdout.take().map(|out| Box::new(out) as _));
    let stderr = read(child.stderr.take().map(|err| Box::new(err) as _));
    let end = Instant::now() + limit;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if Instant::now() < end => thread::sleep(POLL),
            None => {
                child.kill()?;
                child.wait()?;
                break None;
            }
        }
    };
    let output = [stdout, stderr].map(|reader| reader.join().unwrap_or_default());
    Ok((status.map(|status| status.success()), output.concat()))
}

/// Calls `take` with each line, whatever bytes it has, until the end.
fn each_line(source: impl Read, mut take: impl FnMut(String)) {
    for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
        take(
            String::from_utf8_lossy(&line)
                .trim_end_matches('\r')
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{Cmd, Failure, Output, each_line};
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn a_command_reads_as_typed() {
        let cmd = Cmd::cargo("test --release")
            .packages(["alloc-core", "alloc-pool"])
            .args(["--", "a b", "it's"])
            .env("RUSTFLAGS", "--cfg loom")
            .target_dir(Path::new("target/loom"));
        let expected = "RUSTFLAGS='--cfg loom' CARGO_TARGET_DIR=target/loom \
                        cargo test --release -p alloc-core -p alloc-pool -- 'a b' 'it'\\''s'";
        assert_eq!(cmd.to_string(), expected);
    }

    #[test]
    fn a_failing_command_is_named_with_its_code() {
        let failure = Cmd::new("sh")
            .args(["-c", "exit 7"])
            .run(&Output::Keep)
            .unwrap_err();
        assert_eq!(failure.code, Some(7));
        assert_eq!(failure.what, "`sh -c 'exit 7'` ended with exit code 7");
    }

    #[test]
    fn a_missing_program_is_named() {
        let Failure { what, code } = Cmd::new("no-such-program")
            .run(&Output::Inherit)
            .unwrap_err();
        assert_eq!(code, None);
        assert!(
            what.starts_with("`no-such-program` cannot be started: "),
            "{what}"
        );
    }

    #[test]
    fn lines_are_kept() {
        let lines = Cmd::cargo("--version").run(&Output::Keep).unwrap();
        assert!(lines[0].starts_with("cargo "), "{lines:?}");
        assert!(
            Cmd::cargo("--version")
                .run(&Output::Labelled("x | ".to_owned()))
                .is_ok()
        );
    }

    #[test]
    fn what_is_watched_may_fail() {
        let loud = Cmd::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]);
        assert_eq!(loud.watch(), Ok((false, "out\nerr\n".to_owned())));
        assert!(Cmd::new("no-such-program").watch().is_err());
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        let run = |script, millis| {
            let cmd = Cmd::new("sh").args(["-c", script]);
            cmd.watch_for(Duration::from_millis(millis))
        };
        let text = |text: &str| text.to_owned();
        assert_eq!(
            run("echo a; echo b >&2", 60_000),
            Ok((Some(true), text("a\nb\n")))
        );
        assert_eq!(run("exit 3", 60_000), Ok((Some(false), text(""))));
        assert_eq!(run("exec sleep 60", 50), Ok((None, text(""))));
    }

    #[test]
    fn any_bytes_make_lines() {
        let mut lines = Vec::new();
        each_line(&b"one\r\n\xff two\nthree"[..], |line| lines.push(line));
        assert_eq!(lines, ["one", "\u{fffd} two", "three"]);
    }
}
