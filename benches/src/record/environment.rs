//! What a record was measured on.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

/// When a record was made, and on what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// When: `2026-11-22T21:30:00Z`.
    pub date: String,
    /// The target triple.
    pub target: String,
    /// The compiler, as it names itself.
    pub compiler: String,
    /// The processor's model.
    pub processor: String,
    /// How many hardware threads there are.
    pub threads: String,
    /// The kernel and the C library.
    pub system: String,
    /// The commit, with `+` if something was changed since.
    pub commit: String,
    /// `full`, `quick`, and `interrupted` if the run did not end by itself.
    pub kind: String,
}

impl Environment {
    /// Its fields with their names in a record.
    pub fn fields(&self) -> [(&'static str, &str); 8] {
        [
            ("date", &self.date),
            ("target", &self.target),
            ("compiler", &self.compiler),
            ("processor", &self.processor),
            ("threads", &self.threads),
            ("system", &self.system),
            ("commit", &self.commit),
            ("kind", &self.kind),
        ]
    }

    /// The field of this name.
    pub(super) fn field(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "date" => &mut self.date,
            "target" => &mut self.target,
            "compiler" => &mut self.compiler,
            "processor" => &mut self.processor,
            "threads" => &mut self.threads,
            "system" => &mut self.system,
            "commit" => &mut self.commit,
            "kind" => &mut self.kind,
            _ => return None,
        })
    }

    /// This machine, now.
    pub fn here(quick: bool) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            target: env!("BENCHES_TARGET").to_owned(),
            compiler: env!("BENCHES_RUSTC").to_owned(),
            processor: processor(),
            threads: threads.to_string(),
            system: system(),
            commit: commit(),
            kind: if quick { "quick" } else { "full" }.to_owned(),
        }
    }
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name").then(|| value.trim().to_owned())
    });
    model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn system() -> String {
    let ask = |program, args: &[&str]| {
        let answer = Command::new(program).args(args).output().ok()?;
        let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        (answer.status.success() && !text.is_empty()).then_some(text)
    };
    let kernel = ask("uname", &["-sr"]).unwrap_or_else(|| std::env::consts::OS.to_owned());
    match ask("getconf", &["GNU_LIBC_VERSION"]) {
        Some(libc) => format!("{kernel}, {libc}"),
        None => kernel,
    }
}

fn commit() -> String {
    let git = |args: &[&str]| {
        let answer = Command::new("git")
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        answer.status.success().then_some(text)
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let clean = git(&["status", "--porcelain"]).is_some_and(|changes| changes.is_empty());
    if clean { commit } else { commit + "+" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_name() {
        let mut environment = Environment::here(true);
        assert_eq!(environment.kind, "quick");
        for (name, value) in environment.clone().fields() {
            assert!(!value.is_empty(), "{name}");
            assert_eq!(environment.field(name).map(|field| &**field), Some(value));
        }
        assert!(environment.field("other").is_none());
    }
}
