//! A small file that is read again while the process runs, so that keys and certificates can be
//! replaced without a restart.
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A file and its content when it was last read.
#[derive(Debug)]
pub struct WatchedFile {
    path: PathBuf,
    last: Mutex<LastRead>,
}

#[derive(Debug)]
struct LastRead {
    time: Instant,
    content: String,
}

impl WatchedFile {
    /// Reads the file, and returns it with its content.
    ///
    /// # Errors
    /// Returns the error of the file system.
    pub fn open(path: &Path) -> std::io::Result<(Self, String)> {
        let content = std::fs::read_to_string(path)?;
        let last = Mutex::new(LastRead { time: Instant::now(), content: content.clone() });
        Ok((Self { path: path.to_owned(), last }, content))
    }

    /// Passes the content of the file to `load` if it has changed since it was last read. Reads the
    /// file at most once within `interval`. The lock is held while `load` runs, so an older content
    /// never follows a newer one.
    ///
    /// A file that cannot be read is logged and taken as unchanged, because a file that is being
    /// replaced may be missing for a moment.
    pub fn load_if_changed(&self, interval: Duration, load: impl FnOnce(&str)) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.time.elapsed() < interval {
            return;
        }
        last.time = Instant::now();
        match std::fs::read_to_string(&self.path) {
            Ok(content) if content == last.content => {}
            Ok(content) => {
                load(&content);
                last.content = content;
            }
            Err(error) => tracing::warn!(path = %self.path.display(), %error, "a key file cannot be read again"),
        }
    }
}
