//! Small files that are read again while the process runs, so that keys and certificates can be
//! replaced without a restart.
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A file and its content when it was last read.
#[derive(Debug)]
pub struct WatchedFile(WatchedFiles);

/// Files that belong together, for example a certificate and its key, and their contents when they
/// were last read.
#[derive(Debug)]
pub struct WatchedFiles {
    paths: Vec<PathBuf>,
    last: Mutex<LastRead>,
}

/// The result of the last read of the files.
#[derive(Debug)]
struct LastRead {
    time: Instant,
    contents: Vec<String>,
}

impl WatchedFile {
    /// Reads the file, and returns it with its content.
    ///
    /// # Errors
    /// Returns the error of the file system.
    pub fn open(path: &Path) -> std::io::Result<(Self, String)> {
        let (files, mut contents) = WatchedFiles::open(vec![path.to_owned()])?;
        Ok((Self(files), contents.swap_remove(0)))
    }

    /// Passes the content of the file to `load` if it has changed since it was last read. Reads the
    /// file at most once within `interval`. The lock is held while `load` runs, so an older content
    /// never follows a newer one.
    ///
    /// A file that cannot be read is logged and taken as unchanged, because a file that is being
    /// replaced may be missing for a moment.
    pub fn load_if_changed(&self, interval: Duration, load: impl FnOnce(&str)) {
        self.0.load_if_changed(interval, |contents| load(&contents[0]));
    }
}

impl WatchedFiles {
    /// Reads the files. Returns their contents, too, in the order of the paths.
    ///
    /// # Errors
    /// Returns the error of the file system for the first file that cannot be read.
    pub fn open(paths: Vec<PathBuf>) -> std::io::Result<(Self, Vec<String>)> {
        let contents = paths.iter().map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
        let last = Mutex::new(LastRead { time: Instant::now(), contents: contents.clone() });
        Ok((Self { paths, last }, contents))
    }

    /// Passes the contents of all files to `load` if one of them has changed, in the same way as
    /// [`WatchedFile::load_if_changed`].
    pub fn load_if_changed(&self, interval: Duration, load: impl FnOnce(&[String])) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.time.elapsed() < interval {
            return;
        }
        last.time = Instant::now();
        let read = |path: &PathBuf| {
            let content = std::fs::read_to_string(path);
            content.inspect_err(|error| tracing::warn!(path = %path.display(), %error, "a file cannot be read again"))
        };
        let Ok(contents) = self.paths.iter().map(read).collect::<Result<Vec<_>, _>>() else { return };
        if contents != last.contents {
            load(&contents);
            last.contents = contents;
        }
    }
}
