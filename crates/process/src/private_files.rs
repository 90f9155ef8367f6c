//! Files and directories that only their owner can read, because they hold personal data.
//!
//! On systems without Unix permissions they get the default permissions.
use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

/// Creates a directory, and its parents, if they do not exist. New directories can be read by their
/// owner only.
///
/// # Errors
/// Returns the error of the file system.
pub fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes an existing directory readable by its owner only.
///
/// # Errors
/// Returns the error of the file system.
pub fn restrict_directory(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Creates an empty file if it does not exist. A new file can be read by its owner only.
///
/// # Errors
/// Returns the error of the file system.
pub fn create_file(path: &Path) -> io::Result<()> {
    private_options().append(true).open(path).map(drop)
}

/// Writes a file that can be read by its owner only. Replaces the content of an existing file.
///
/// # Errors
/// Returns the error of the file system.
pub fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    private_options().write(true).truncate(true).open(path)?.write_all(content)
}

/// Returns the options that create a file for its owner only.
fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
