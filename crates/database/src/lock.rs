//! The lock that keeps two processes from using the same data directory.
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

/// The name of the lock file in a data directory.
const FILE_NAME: &str = "cpor.lock";

/// The exclusive right of this process to use a data directory. It ends when this value is dropped
/// or when the process ends, even if it crashes.
#[derive(Debug)]
pub struct DataDirLock {
    /// The open file, to which the lock of the operating system belongs.
    _file: File,
}

/// The reason why a data directory cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process uses the directory.
    #[error("the data directory {path} is in use by {holder}", path = .directory.display())]
    Held {
        /// The path of the directory.
        directory: PathBuf,
        /// The process id and command line of the other process, as it wrote them into the lock
        /// file.
        holder: String,
    },
    /// The directory cannot be created or locked.
    #[error("cannot use the data directory {path}: {source}", path = .directory.display())]
    Io {
        /// The path of the directory.
        directory: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
}

impl DataDirLock {
    /// Creates the directory if it does not exist, and locks it. A process locks it once for all
    /// its services.
    ///
    /// # Errors
    /// Returns [`LockError::Held`] if another process uses the directory.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let io_error = |source| LockError::Io { directory: directory.to_owned(), source };
        cpor_process::private_files::create_directory(directory).map_err(io_error)?;
        // The file is not truncated on opening, because it describes the current holder of the
        // lock.
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(directory.join(FILE_NAME)).map_err(io_error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { directory: directory.to_owned(), holder: read_holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(io_error(source)),
        }
        write_holder(&mut file).map_err(io_error)?;
        Ok(Self { _file: file })
    }
}

/// Replaces the content of the lock file with a description of this process.
fn write_holder(file: &mut File) -> std::io::Result<()> {
    let command: Vec<String> = std::env::args().take(3).collect();
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "process {} ({})", std::process::id(), command.join(" "))
}

/// Returns the description of the holder in the lock file, or `another process` if it is empty or
/// cannot be read.
fn read_holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        Ok(_) | Err(_) => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_holder_until_it_releases_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let first = DataDirLock::acquire(&directory.path().join("data")).unwrap();
        let error = DataDirLock::acquire(&directory.path().join("data")).unwrap_err();
        assert!(
            matches!(&error, LockError::Held { holder, .. } if holder.contains(&std::process::id().to_string())),
            "{error}"
        );
        drop(first);
        DataDirLock::acquire(&directory.path().join("data")).unwrap();
    }
}
