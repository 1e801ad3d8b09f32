//! What a step needs on the machine, how it is found, and how it is had.

use std::collections::HashMap;
use std::env;

use crate::command::{Cmd, Output};

/// When this variable is set to 1, nothing is ever installed.
pub(crate) const NO_INSTALL: &str = "XTASK_NO_INSTALL";

/// A tool or component that not every machine has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Need {
    /// The formatter, a component of the toolchain in use.
    Rustfmt,
    /// The linter, a component of the toolchain in use.
    Clippy,
    /// The nightly toolchain.
    Nightly,
    /// Miri, a component of nightly.
    Miri,
    /// The sources of the standard library, a component of nightly.
    RustSrc,
    /// The subcommand `cargo fuzz`.
    CargoFuzz,
    /// A C++ compiler, for the fuzzing engine.
    Cxx,
    /// The tool that counts instructions.
    Valgrind,
    /// The standard library of another platform.
    Target(&'static str),
    /// A toolchain of this version, used where it is there and never installed.
    Toolchain(String),
}

impl Need {
    /// What a person calls it.
    fn name(&self) -> String {
        match self {
            Self::Rustfmt => "rustfmt".to_owned(),
            Self::Clippy => "clippy".to_owned(),
            Self::Nightly => "the nightly toolchain".to_owned(),
            Self::Miri => "Miri".to_owned(),
            Self::RustSrc => "the sources of the standard library".to_owned(),
            Self::CargoFuzz => "cargo-fuzz".to_owned(),
            Self::Cxx => "a C++ compiler".to_owned(),
            Self::Valgrind => "valgrind".to_owned(),
            Self::Target(triple) => format!("the target {triple}"),
            Self::Toolchain(version) => format!("the toolchain {version}"),
        }
    }

    /// The command that installs it.
    fn install(&self) -> Cmd {
        let rustup = |words: &str| Cmd::new("rustup").words(words);
        match self {
            Self::Rustfmt => rustup("component add rustfmt"),
            Self::Clippy => rustup("component add clippy"),
            Self::Nightly => rustup("toolchain install nightly --profile minimal --no-self-update"),
            Self::Miri => rustup("component add miri --toolchain nightly"),
            Self::RustSrc => rustup("component add rust-src --toolchain nightly"),
            Self::CargoFuzz => Cmd::cargo("install cargo-fuzz --locked"),
            Self::Cxx => Cmd::new("apt-get").words("install g++"),
            Self::Valgrind => Cmd::new("apt-get").words("install valgrind"),
            Self::Target(triple) => rustup("target add").args([triple]),
            Self::Toolchain(version) => rustup("toolchain install")
                .args([version])
                .words("--profile minimal"),
        }
    }

    /// Whether the command may be run unasked: it changes nothing outside cargo's and rustup's own folders.
    fn may_install(&self) -> bool {
        !matches!(self, Self::Cxx | Self::Valgrind | Self::Toolchain(_))
    }
}

/// Something needed that cannot be had.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Missing {
    /// What is missing, and what happened to the attempt to install it.
    pub(crate) why: String,
    /// The command that installs it.
    pub(crate) command: String,
}

/// Finds tools, installs those that it may, and remembers the answers.
#[derive(Debug)]
pub(crate) struct Tools {
    may_install: bool,
    known: HashMap<String, Result<(), Missing>>,
}

impl Tools {
    /// Asks the environment whether tools may be installed.
    pub(crate) fn new() -> Self {
        let forbidden = env::var(NO_INSTALL).is_ok_and(|value| !value.is_empty() && value != "0");
        Self {
            may_install: !forbidden,
            known: HashMap::new(),
        }
    }

    /// Makes sure that something is there, installing it if need be.
    ///
    /// # Errors
    /// It is not there and was not or could not be installed.
    pub(crate) fn ensure(&mut self, need: &Need) -> Result<(), Missing> {
        let name = need.name();
        if let Some(known) = self.known.get(&name) {
            return known.clone();
        }
        let answer = self.look_and_install(need);
        self.known.insert(name, answer.clone());
        answer
    }

    fn look_and_install(&self, need: &Need) -> Result<(), Missing> {
        if is_there(need) {
            return Ok(());
        }
        let (name, install) = (need.name(), need.install());
        let missing = |why: String| Missing {
            why,
            command: install.to_string(),
        };
        if !need.may_install() {
            return Err(missing(format!("{name} is not installed")));
        }
        if !self.may_install {
            return Err(missing(format!(
                "{name} is not installed, and {NO_INSTALL} is set"
            )));
        }
        if install.is_of("rustup") && Cmd::new("rustup").words("--version").ask().is_none() {
            let command = format!("install rustup (https://rustup.rs), then {install}");
            return Err(Missing {
                why: format!("neither {name} nor rustup is installed"),
                command,
            });
        }
        println!("{name} is not installed; installing it");
        match install.run(&Output::Inherit) {
            Ok(_) if is_there(need) => Ok(()),
            Ok(_) => Err(missing(format!("{name} was installed but is not found"))),
            Err(failure) => Err(missing(format!(
                "{name} could not be installed: {}",
                failure.what
            ))),
        }
    }
}

/// Whether the tool answers.
fn is_there(need: &Need) -> bool {
    let cargo = |words: &str| Cmd::cargo(words).ask().is_some();
    match need {
        Need::Rustfmt => cargo("fmt --version"),
        Need::Clippy => cargo("clippy --version"),
        Need::Nightly => has_toolchain("nightly"),
        Need::Miri => has_component("miri"),
        Need::RustSrc => has_component("rust-src"),
        Need::CargoFuzz => cargo("fuzz --version"),
        Need::Cxx => has_cxx(),
        Need::Valgrind => Cmd::new("valgrind").words("--version").ask().is_some(),
        Need::Target(triple) => has_target(triple),
        Need::Toolchain(version) => has_toolchain(version),
    }
}

fn has_toolchain(channel: &str) -> bool {
    let list = Cmd::new("rustup").words("toolchain list").ask();
    list.is_some_and(|list| lists_toolchain(&list, channel, &host()))
}

fn has_component(component: &str) -> bool {
    let ask = Cmd::new("rustup")
        .words("component list --installed --toolchain nightly")
        .ask();
    ask.is_some_and(|list| lists_component(&list, component, &host()))
}

fn has_target(triple: &str) -> bool {
    let list = Cmd::new("rustup").words("target list --installed").ask();
    list.is_some_and(|list| list.lines().any(|line| line.trim() == triple))
}

/// Whether some C++ compiler answers; the one that the environment names, if it names one.
fn has_cxx() -> bool {
    let named = env::var("CXX").ok().filter(|name| !name.trim().is_empty());
    let candidates = named
        .as_deref()
        .map_or(vec!["c++", "g++", "clang++"], |name| vec![name]);
    candidates
        .iter()
        .any(|name| Cmd::new(name.trim()).words("--version").ask().is_some())
}

/// The platform of the toolchain in use, such as `x86_64-unknown-linux-gnu`.
pub(crate) fn host() -> String {
    let about = Cmd::new("rustc").words("-vV").ask().unwrap_or_default();
    let line = about.lines().find_map(|line| line.strip_prefix("host: "));
    line.unwrap_or_default().to_owned()
}

/// Whether rustup's list of toolchains has this channel, for this host, and not only a dated one.
fn lists_toolchain(list: &str, channel: &str, host: &str) -> bool {
    list.lines()
        .filter_map(|line| line.split_whitespace().next())
        .any(|name| {
            // `cargo +1.88` does not find a toolchain called 1.88.0, so the names must be the same.
            name == channel
                || name
                    .strip_suffix(host)
                    .is_some_and(|rest| rest == format!("{channel}-"))
        })
}

/// Whether rustup's list of installed components has this one.
fn lists_component(list: &str, component: &str, host: &str) -> bool {
    list.lines().any(|line| {
        let name = line.trim();
        name == component
            || name
                .strip_suffix(host)
                .is_some_and(|rest| rest == format!("{component}-"))
    })
}

#[cfg(test)]
mod tests {
    use super::{Missing, Need, Tools, lists_component, lists_toolchain};
    use std::collections::HashMap;

    const HOST: &str = "x86_64-unknown-linux-gnu";

    #[test]
    fn toolchains_are_found_by_their_channel() {
        let list = "stable-x86_64-unknown-linux-gnu (active, default)\n\
                    nightly-2026-01-01-x86_64-unknown-linux-gnu\n\
                    1.88-x86_64-unknown-linux-gnu\n";
        assert!(lists_toolchain(list, "stable", HOST));
        assert!(lists_toolchain(list, "1.88", HOST));
        assert!(
            !lists_toolchain(list, "nightly", HOST),
            "a dated nightly is another toolchain"
        );
        assert!(lists_toolchain(
            "nightly-x86_64-unknown-linux-gnu",
            "nightly",
            HOST
        ));
        assert!(!lists_toolchain("", "nightly", HOST));
    }

    #[test]
    fn components_are_found_with_and_without_a_platform() {
        let list = "miri-x86_64-unknown-linux-gnu\nrust-src\n";
        assert!(lists_component(list, "miri", HOST));
        assert!(lists_component(list, "rust-src", HOST));
        assert!(!lists_component(list, "rust", HOST));
        assert!(!lists_component(list, "clippy", HOST));
    }

    #[test]
    fn what_may_not_be_installed_is_named_with_its_command() {
        let mut tools = Tools {
            may_install: false,
            known: HashMap::new(),
        };
        let missing = tools.ensure(&Need::Target("no-such-target")).unwrap_err();
        let why =
            "the target no-such-target is not installed, and XTASK_NO_INSTALL is set".to_owned();
        let command = "rustup target add no-such-target".to_owned();
        assert_eq!(missing, Missing { why, command });
        assert_eq!(tools.known.len(), 1, "the answer is remembered");
    }

    #[test]
    fn a_toolchain_of_another_version_is_never_installed() {
        let mut tools = Tools {
            may_install: true,
            known: HashMap::new(),
        };
        let missing = tools
            .ensure(&Need::Toolchain("0.1".to_owned()))
            .unwrap_err();
        assert_eq!(
            missing.command,
            "rustup toolchain install 0.1 --profile minimal"
        );
    }
}
