//! Directories of the workspace and of the machine.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

/// Returns the root directory of the workspace.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// Returns cargo's target directory. It is derived from the path of this program,
/// `<target>/<profile>/xtask`, because the user can configure another directory.
pub(crate) fn target() -> Result<PathBuf> {
    let program = env::current_exe().context("finding the path of this program")?;
    let target = program.ancestors().nth(2).context("this program is not in a target directory")?;
    Ok(target.to_path_buf())
}

/// Returns the directory of the tools that tasks install. `cargo clean` removes it.
pub(crate) fn tools() -> Result<PathBuf> {
    Ok(target()?.join("tools"))
}

/// Returns the directory for temporary files of tests: the memory file system `/dev/shm` if it has
/// at least 2 GiB free, or else the usual temporary directory. Creating small databases is ten
/// times as fast in memory.
pub(crate) fn scratch() -> PathBuf {
    const MEMORY: &str = "/dev/shm";
    const REQUIRED_KIB: u64 = 2 << 20;
    let output = Command::new("df").args(["-Pk", MEMORY]).output().ok().filter(|df| df.status.success());
    let free = output.and_then(|df| free_kib(&String::from_utf8_lossy(&df.stdout)));
    if free.is_some_and(|free| free >= REQUIRED_KIB) { PathBuf::from(MEMORY) } else { env::temp_dir() }
}

/// Returns the free space in KiB from the output of `df -Pk`: the fourth column of the second line.
fn free_kib(output: &str) -> Option<u64> {
    output.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_read_from_df() {
        let df =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\ntmpfs 24684000 9600 24674400 1% /dev/shm\n";
        assert_eq!(free_kib(df), Some(24_674_400));
        assert_eq!(free_kib(""), None);
    }
}
