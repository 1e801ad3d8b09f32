//! The text that the jobs run over: files, folders, and a clear sentence for each that cannot be read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many unreadable files of one folder are named; the rest of them is counted.
const NAMED_PER_FOLDER: usize = 3;

/// One file of text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Where it was read.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The files, in the order of the paths given and by name within a folder.
    pub files: Vec<SourceFile>,
    /// A sentence for each path that could not be taken.
    pub complaints: Vec<String>,
    /// Files that were left out because the limit was reached.
    pub left_out: usize,
}

impl Input {
    /// An input of these texts, without files behind them.
    pub fn of_texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let files = texts
            .into_iter()
            .enumerate()
            .map(|(i, text)| SourceFile {
                path: PathBuf::from(format!("text {i}")),
                text: text.to_owned(),
            })
            .collect();
        Self {
            files,
            ..Self::default()
        }
    }

    /// The text in bytes.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|file| file.text.len()).sum()
    }

    /// The first files that together have at least `bytes` bytes, or all of them.
    #[must_use]
    pub fn first(&self, bytes: usize) -> Self {
        let mut sum = 0;
        let enough = |file: &&SourceFile| {
            let more = sum < bytes;
            sum += file.text.len();
            more
        };
        Self {
            files: self.files.iter().take_while(enough).cloned().collect(),
            ..Self::default()
        }
    }

    /// Groups of neighbouring files of at least `bytes` bytes each, but for the last one.
    pub fn phases(&self, bytes: usize) -> impl Iterator<Item = &[SourceFile]> {
        let mut rest = &self.files[..];
        std::iter::from_fn(move || {
            let mut sum = 0;
            let len = rest.iter().take_while(|file| {
                let more = sum < bytes;
                sum += file.text.len();
                more
            });
            let (phase, after) = rest.split_at(len.count());
            rest = after;
            (!phase.is_empty()).then_some(phase)
        })
    }
}

/// Which files of a folder are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All of them. Those that are no text are complained about.
    Everything,
    /// Those whose name says that they are source or prose.
    Sources,
}

impl Filter {
    fn takes(self, path: &Path) -> bool {
        let extension = path.extension().and_then(|extension| extension.to_str());
        self == Self::Everything || matches!(extension, Some("rs" | "md" | "toml" | "txt"))
    }
}

/// Reads `paths` in their order until `limit` bytes are taken; a file that no longer fits is left out.
///
/// A link that is named is followed; links inside folders are passed over, as are hidden entries
/// and Cargo's target folders.
pub fn read(paths: &[PathBuf], filter: Filter, limit: usize) -> Input {
    let mut reader = Reader {
        input: Input::default(),
        filter,
        room: limit,
    };
    for path in paths {
        reader.path(path);
    }
    reader.input
}

/// Why a file is not taken.
enum Refusal {
    Binary,
    NoUtf8,
    Io(io::Error),
}

impl Refusal {
    fn sentence(&self, path: &Path) -> String {
        let path = path.display();
        match self {
            Self::Binary => format!("`{path}` is a binary file (it has NUL bytes): skipped"),
            Self::NoUtf8 => format!("`{path}` is no UTF-8 text: skipped"),
            Self::Io(error) => format!("`{path}` cannot be read ({error}): skipped"),
        }
    }
}

/// The state of [`read`].
struct Reader {
    input: Input,
    filter: Filter,
    /// Bytes that may still be taken.
    room: usize,
}

impl Reader {
    /// Takes what the user named.
    fn path(&mut self, path: &Path) {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.complain(format!("`{}` does not exist: skipped", path.display()));
            }
            Err(error) => self.complain(Refusal::Io(error).sentence(path)),
            Ok(data) if data.is_dir() => self.folder(path),
            Ok(data) if data.is_file() => {
                if let Err(refusal) = self.file(path, data.len()) {
                    self.complain(refusal.sentence(path));
                }
            }
            Ok(_) => self.complain(format!(
                "`{}` is neither a file nor a folder: skipped",
                path.display()
            )),
        }
    }

    /// Takes everything below a folder, in order of the names.
    fn folder(&mut self, root: &Path) {
        let (files_before, left_out_before) = (self.input.files.len(), self.input.left_out);
        let mut refused = 0;
        let mut pending = vec![root.to_path_buf()];
        while let Some(path) = pending.pop() {
            // `metadata` would follow a link, and a link could lead back up.
            let outcome = match fs::symlink_metadata(&path) {
                Ok(data) if data.is_dir() || path == root => Self::list(&path, &mut pending),
                Ok(data) if data.is_file() && self.filter.takes(&path) => {
                    self.file(&path, data.len())
                }
                Ok(_) => Ok(()),
                Err(error) => Err(Refusal::Io(error)),
            };
            if let Err(refusal) = outcome {
                refused += 1;
                if refused <= NAMED_PER_FOLDER {
                    self.complain(refusal.sentence(&path));
                }
            }
        }
        let root = root.display();
        if refused > NAMED_PER_FOLDER {
            let more = refused - NAMED_PER_FOLDER;
            self.complain(format!(
                "{more} more of `{root}` could not be read as text: skipped"
            ));
        }
        let nothing = self.input.files.len() == files_before && refused == 0;
        if nothing && self.input.left_out == left_out_before {
            self.complain(format!("`{root}` is a folder without text files: skipped"));
        }
    }

    /// Pushes the entries of a folder so that the first name is popped first.
    fn list(folder: &Path, pending: &mut Vec<PathBuf>) -> Result<(), Refusal> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(Refusal::Io)? {
            let entry = entry.map_err(Refusal::Io)?;
            let hidden = entry.file_name().as_encoded_bytes().first() == Some(&b'.');
            if !hidden && !is_target(&entry.path()) {
                entries.push(entry.path());
            }
        }
        entries.sort_unstable_by(|a, b| b.cmp(a));
        pending.append(&mut entries);
        Ok(())
    }

    /// Takes one file.
    fn file(&mut self, path: &Path, len: u64) -> Result<(), Refusal> {
        if usize::try_from(len).map_or(true, |len| len > self.room) {
            self.input.left_out += 1;
            return Ok(());
        }
        let bytes = fs::read(path).map_err(Refusal::Io)?;
        if bytes.contains(&0) {
            return Err(Refusal::Binary);
        }
        let text = String::from_utf8(bytes).map_err(|_| Refusal::NoUtf8)?;
        self.room = self.room.saturating_sub(text.len());
        self.input.files.push(SourceFile {
            path: path.to_path_buf(),
            text,
        });
        Ok(())
    }

    fn complain(&mut self, sentence: String) {
        self.input.complaints.push(sentence);
    }
}

/// Tells whether a path is a build folder of Cargo.
fn is_target(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "target") && path.join("CACHEDIR.TAG").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_cover_every_file_in_order() {
        let input = Input::of_texts(["aa", "", "bbb", "c", "", "dddd", ""]);
        let phases: Vec<Vec<&str>> = input
            .phases(3)
            .map(|phase| phase.iter().map(|file| file.text.as_str()).collect())
            .collect();
        assert_eq!(
            phases,
            [vec!["aa", "", "bbb"], vec!["c", "", "dddd"], vec![""]]
        );
        assert_eq!(Input::default().phases(3).count(), 0);
    }

    #[test]
    fn the_first_bytes_are_whole_files() {
        let input = Input::of_texts(["aa", "bbb", "c"]);
        assert_eq!(input.first(0).bytes(), 0);
        assert_eq!(input.first(3).bytes(), 5);
        assert_eq!(input.first(100).bytes(), 6);
    }
}
