//! Where things lie.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's target folder: this program lies in `<target>/<profile>/`, wherever the user's settings put that.
pub(crate) fn target() -> Result<PathBuf> {
    let program = env::current_exe().context("finding this program")?;
    let target = program.ancestors().nth(2).context("this program lies outside of a target folder")?;
    Ok(target.to_path_buf())
}

/// The tools that tasks install for themselves; `cargo clean` removes them.
pub(crate) fn tools() -> Result<PathBuf> {
    Ok(target()?.join("tools"))
}

/// Where tests may write what nobody keeps: memory that the system offers as a folder, if there is plenty, else the usual
/// temporary folder. Making a small database is ten times as fast in memory.
pub(crate) fn scratch() -> PathBuf {
    const MEMORY: &str = "/dev/shm";
    const PLENTY_KIB: u64 = 2 << 20;
    let listed = Command::new("df").args(["-Pk", MEMORY]).output().ok().filter(|df| df.status.success());
    let free = listed.and_then(|df| free_kib(&String::from_utf8_lossy(&df.stdout)));
    if free.is_some_and(|free| free >= PLENTY_KIB) { PathBuf::from(MEMORY) } else { env::temp_dir() }
}

/// The fourth column of the line below the heading (POSIX `df -P`).
fn free_kib(df: &str) -> Option<u64> {
    df.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
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
