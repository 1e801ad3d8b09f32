//! The default input: the sources of the workspace and of its dependencies on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the workspace that this program was built from.
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// The workspace's folders of text, then those of its dependencies that Cargo has unpacked on this
/// machine, by name.
pub fn paths(workspace: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["crates", "xtask", "benches", "docs"]
        .map(|folder| workspace.join(folder))
        .into_iter()
        .filter(|folder| folder.is_dir())
        .collect();
    let lock = fs::read_to_string(workspace.join("Cargo.lock")).unwrap_or_default();
    found.extend(dependencies(&packages(&lock), &registries()));
    found
}

/// Names and versions of the packages in a lock file that come from a registry.
fn packages(lock: &str) -> Vec<String> {
    lock.split("[[package]]")
        .filter(|package| field(package, "source").is_some())
        .filter_map(|package| {
            Some(format!(
                "{}-{}",
                field(package, "name")?,
                field(package, "version")?
            ))
        })
        .collect()
}

/// The text of `key = "text"` in one package of a lock file.
fn field<'t>(package: &'t str, key: &str) -> Option<&'t str> {
    package.lines().find_map(|line| {
        line.strip_prefix(key)?
            .strip_prefix(" = \"")?
            .strip_suffix('"')
    })
}

/// Where Cargo unpacks the sources of each registry.
fn registries() -> Vec<PathBuf> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let Some(entries) = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok()) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.sort_unstable();
    found
}

/// The folders of `packages`, each from the first registry that has it.
fn dependencies(packages: &[String], registries: &[PathBuf]) -> Vec<PathBuf> {
    packages
        .iter()
        .filter_map(|package| {
            registries
                .iter()
                .map(|registry| registry.join(package))
                .find(|path| path.is_dir())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_of_a_registry_are_dependencies() {
        let lock = "version = 4\n\n[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n\n\
            [[package]]\nname = \"theirs\"\nversion = \"1.2.3\"\nsource = \"registry+x\"\n";
        assert_eq!(packages(lock), ["theirs-1.2.3"]);
        assert!(packages("").is_empty());
    }

    #[test]
    fn the_workspace_is_part_of_the_default_input() {
        let found = paths(&workspace());
        assert!(found.iter().any(|path| path.ends_with("benches")));
        assert!(paths(Path::new("/nonexistent")).is_empty());
    }
}
