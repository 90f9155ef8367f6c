use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

/// The lock file's name within a data directory.
const FILE_NAME: &str = "cpor.lock";

/// Exclusive use of a data directory by this process, until it is dropped or the process dies, however it dies.
#[derive(Debug)]
pub struct DataDirLock {
    /// Holds the lock of the operating system.
    _file: File,
}

/// The data directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process works in it.
    #[error("the data directory {path} is in use by {holder}", path = .directory.display())]
    Held {
        /// The directory.
        directory: PathBuf,
        /// Process id and command line, as the holder wrote them down.
        holder: String,
    },
    /// It cannot be created or locked.
    #[error("cannot use the data directory {path}: {source}", path = .directory.display())]
    Io {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl DataDirLock {
    /// Creates the directory if it is missing and takes it. A process takes it once, for all its services.
    ///
    /// # Errors
    /// [`LockError::Held`] names the process that has it.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Io { directory: directory.to_owned(), source };
        std::fs::create_dir_all(directory).map_err(failed)?;
        // Not truncated on opening: until the lock is ours, the text is another's name.
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(directory.join(FILE_NAME)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { directory: directory.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        sign(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn sign(file: &mut File) -> std::io::Result<()> {
    let command: Vec<String> = std::env::args().take(3).collect();
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "process {} ({})", std::process::id(), command.join(" "))
}

fn holder(file: &mut File) -> String {
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
    fn a_second_holder_is_refused_by_name_until_the_first_lets_go() {
        let directory = tempfile::tempdir().unwrap();
        let first = DataDirLock::acquire(&directory.path().join("data")).unwrap();
        let refused = DataDirLock::acquire(&directory.path().join("data")).unwrap_err();
        assert!(
            matches!(&refused, LockError::Held { holder, .. } if holder.contains(&std::process::id().to_string())),
            "{refused}"
        );
        drop(first);
        DataDirLock::acquire(&directory.path().join("data")).unwrap();
    }
}
