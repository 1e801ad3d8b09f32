//! A file of the format that its name stands for.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;
use std::string::ToString;

use super::{Metric, Profile};

impl Profile {
    /// Writes a file in the format that the end of its name stands for:
    ///
    /// | ends with | written by |
    /// | --- | --- |
    /// | `.txt` | [`text`](Self::text), the largest sites by `metric` |
    /// | `.json` | [`write_dhat`](Self::write_dhat) |
    /// | `.folded` | [`write_folded`](Self::write_folded), of `metric` |
    /// | `.svg` | `write_flame_graph`, of `metric`; needs the feature `flamegraph` |
    /// | `.pb` | [`write_pprof`](Self::write_pprof) |
    /// | `.massif` | [`write_massif`](Self::write_massif) |
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if the name stands for no format that there is; no file is made
    /// then. [`Unsupported`](ErrorKind::Unsupported) if the format needs a feature that is off. Else those of the file.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::profile::{Metric, Profile};
    ///
    /// # let folder = std::env::temp_dir();
    /// let profile = Profile::default();
    /// profile.write_file(folder.join("heap.txt"), Metric::PeakBytes)?;
    /// assert!(profile.write_file(folder.join("heap.doc"), Metric::PeakBytes).is_err());
    /// # std::fs::remove_file(folder.join("heap.txt"))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_file(&self, path: impl AsRef<Path>, metric: Metric) -> io::Result<()> {
        let path = path.as_ref();
        let ending = path.extension().and_then(|ending| ending.to_str());
        let write: fn(&Self, &mut dyn Write, Metric) -> io::Result<()> = match ending {
            Some("txt") => |profile, out, metric| writeln!(out, "{}", profile.text().by(metric)),
            Some("json") => |profile, out, _| profile.write_dhat(out),
            Some("folded") => |profile, out, metric| profile.write_folded(out, metric),
            #[cfg(feature = "flamegraph")]
            Some("svg") => |profile, out, metric| profile.write_flame_graph(out, metric),
            #[cfg(not(feature = "flamegraph"))]
            Some("svg") => {
                let why = "a flame graph needs the feature `flamegraph`";
                return Err(io::Error::new(ErrorKind::Unsupported, why));
            }
            Some("pb") => |profile, out, _| profile.write_pprof(out),
            Some("massif") => |profile, out, _| profile.write_massif(out),
            _ => {
                let why =
                    "a name that ends with .txt, .json, .folded, .svg, .pb or .massif is wanted";
                return Err(io::Error::new(ErrorKind::InvalidInput, why.to_string()));
            }
        };
        let mut out = BufWriter::new(File::create(path)?);
        write(self, &mut out, metric)?;
        out.flush()
    }
}
