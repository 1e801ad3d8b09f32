//! What is known of the workspace from its files.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The contract that every crate stands on.
pub(crate) const GROUND: &str = "alloc-core";
/// The laws as a suite.
pub(crate) const SUITE: &str = "alloc-conformance";
/// The package of the benchmarks and of the demo.
pub(crate) const BENCHES: &str = "alloc-benches";

/// A crate of the folder `crates`.
#[derive(Debug)]
pub(crate) struct Crate {
    /// The name of the package and of its folder.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) dir: PathBuf,
    /// The features that it declares.
    pub(crate) features: Vec<String>,
}

impl Crate {
    /// Those of the wanted features that this crate has, joined by commas.
    pub(crate) fn features_of(&self, wanted: &[&str]) -> String {
        let has = |feature: &&&str| self.features.iter().any(|own| own == *feature);
        wanted
            .iter()
            .filter(has)
            .copied()
            .collect::<Vec<_>>()
            .join(",")
    }

    /// Whether it has an integration test of this name, in one file.
    pub(crate) fn has_test(&self, name: &str) -> bool {
        let file = self.dir.join("tests").join(name).with_extension("rs");
        file.is_file()
    }

    /// Whether it is an allocator of ours, neither the contract nor the suite.
    pub(crate) fn is_strategy(&self) -> bool {
        self.name != GROUND && self.name != SUITE
    }

    /// Whether it can do without an operating system: its `alloc` is a feature.
    pub(crate) fn is_no_std(&self) -> bool {
        self.features.iter().any(|feature| feature == "alloc")
    }
}

/// The workspace this program was built from.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Its top folder.
    pub(crate) root: PathBuf,
    /// Its crates, by name.
    pub(crate) crates: Vec<Crate>,
    target: PathBuf,
}

impl Workspace {
    /// Finds the workspace and reads which crates it has.
    ///
    /// # Errors
    /// Its folder of crates cannot be read.
    pub(crate) fn find() -> Result<Self, String> {
        // Cargo says where the package is; the folder at build time serves when started by hand.
        let own = env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .filter(|dir| dir.ends_with("xtask"))
            .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let root = own.parent().map_or_else(|| own.clone(), Path::to_owned);
        let target = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]
            .iter()
            .find_map(env::var_os)
            .and_then(|dir| std::path::absolute(dir).ok())
            .unwrap_or_else(|| root.join("target"));
        let crates = read_crates(&root.join("crates"))?;
        Ok(Self {
            root,
            crates,
            target,
        })
    }

    /// A folder for builds whose flags or compiler differ: `target/NAME`.
    pub(crate) fn target(&self, name: &str) -> PathBuf {
        // Shown relative where it can be: every step runs in the top folder.
        let dir = self.target.strip_prefix(&self.root).unwrap_or(&self.target);
        dir.join(name)
    }

    /// The names of the crates for which `keep` holds.
    pub(crate) fn names(&self, keep: impl Fn(&Crate) -> bool) -> Vec<&str> {
        let kept = self.crates.iter().filter(|c| keep(c));
        kept.map(|c| c.name.as_str()).collect()
    }

    /// The crate of this name, with or without its `alloc-`.
    pub(crate) fn find_crate(&self, name: &str) -> Option<&Crate> {
        self.crates
            .iter()
            .find(|c| c.name == name || c.name.strip_prefix("alloc-") == Some(name))
    }

    /// The examples of every crate: name and file, in order.
    pub(crate) fn examples(&self) -> Vec<(String, PathBuf)> {
        self.crates
            .iter()
            .flat_map(|c| examples_of(&c.dir.join("examples")))
            .collect()
    }

    /// The oldest compiler that the workspace promises to build with.
    pub(crate) fn msrv(&self) -> Option<String> {
        let manifest = fs::read_to_string(self.root.join("Cargo.toml")).ok()?;
        let value = keys_of(&manifest, "workspace.package")
            .find_map(|(key, value)| (key == "rust-version").then_some(value))?;
        Some(value.trim_matches('"').to_owned())
    }
}

/// The examples of one folder: `NAME.rs` or `NAME/main.rs`.
fn examples_of(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    let named = |path: PathBuf| {
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        let file = if is_source {
            path.clone()
        } else {
            path.join("main.rs")
        };
        let name = path.file_stem()?.to_string_lossy().into_owned();
        file.is_file().then_some((name, file))
    };
    files.into_iter().filter_map(named).collect()
}

/// The crates of a folder, each a folder with a manifest.
fn read_crates(folder: &Path) -> Result<Vec<Crate>, String> {
    let cannot = |error| format!("{} cannot be read: {error}", folder.display());
    let mut crates = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let dir = entry.path();
        let Ok(manifest) = fs::read_to_string(dir.join("Cargo.toml")) else {
            continue;
        };
        let features = keys_of(&manifest, "features")
            .map(|(key, _)| key.to_owned())
            .collect();
        crates.push(Crate {
            name: entry.file_name().to_string_lossy().into_owned(),
            dir,
            features,
        });
    }
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(crates)
}

/// The keys and values of one table of a manifest; enough for the manifests of this workspace.
fn keys_of<'a>(manifest: &'a str, table: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let mut inside = false;
    manifest.lines().filter_map(move |line| {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line.trim_matches(['[', ']']) == table;
        }
        let (key, value) = line.split_once('=')?;
        (inside && !line.starts_with('#')).then(|| (key.trim(), value.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::{Crate, Workspace, keys_of};
    use std::path::PathBuf;

    const MANIFEST: &str = "\
[package]
name = \"x\"
[features]
default = [\"alloc\"]
# nightly = is told here
std = [\"alloc\"]

[dependencies]
memoffset = \"0.9\"
";

    #[test]
    fn one_table_is_read() {
        let keys: Vec<_> = keys_of(MANIFEST, "features").collect();
        assert_eq!(keys, [("default", "[\"alloc\"]"), ("std", "[\"alloc\"]")]);
        assert_eq!(keys_of(MANIFEST, "package").next(), Some(("name", "\"x\"")));
    }

    #[test]
    fn only_features_that_exist_are_asked_for() {
        let features = vec!["default".to_owned(), "nightly".to_owned()];
        let own = Crate {
            name: "x".to_owned(),
            dir: PathBuf::new(),
            features,
        };
        assert_eq!(own.features_of(&["nightly", "std"]), "nightly");
        assert_eq!(own.features_of(&["std"]), "");
        assert!(!own.is_no_std());
    }

    #[test]
    fn this_workspace_is_found() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let core = workspace.find_crate("core").ok_or("no alloc-core")?;
        assert!(core.is_no_std() && !core.is_strategy());
        assert!(
            workspace
                .find_crate("alloc-arena")
                .is_some_and(Crate::is_strategy)
        );
        assert!(workspace.find_crate("alloc-nothing").is_none());
        assert!(
            workspace
                .msrv()
                .is_some_and(|version| version.starts_with("1."))
        );
        assert!(workspace.target("loom").ends_with("loom"));
        Ok(())
    }
}
