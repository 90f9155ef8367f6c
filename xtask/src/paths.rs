//! Where things lie.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's target folder: this program lies in `<target>/<profile>/`, wherever the user's settings put that.
pub(crate) fn target() -> Result<PathBuf> {
    let program = std::env::current_exe().context("finding this program")?;
    let target = program.ancestors().nth(2).context("this program lies outside of a target folder")?;
    Ok(target.to_path_buf())
}

/// The tools that tasks install for themselves; `cargo clean` removes them.
pub(crate) fn tools() -> Result<PathBuf> {
    Ok(target()?.join("tools"))
}
