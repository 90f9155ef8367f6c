//! Runs other programs, and prints headings and lines to standard output.

use std::{
    env,
    ffi::OsString,
    fmt::Display,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::paths;

/// Prints a heading that stands out in a long log.
pub(crate) fn print_step(heading: impl Display) {
    println!("\n=== {heading}");
}

pub(crate) fn print_line(line: impl Display) {
    println!("{line}");
}

/// Returns a command that runs in the root of the workspace, without standard input.
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(paths::root()).stdin(Stdio::null());
    command
}

/// Returns a command for the cargo that started this program.
pub(crate) fn cargo() -> Command {
    let mut command = command(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    // `cargo run` sets these variables to describe the package xtask. Some build scripts depend on
    // them (that of ring does), so their packages and all dependents would be rebuilt whenever
    // `cargo xtask` and a plain `cargo build` alternate.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// Runs a program and shows its output.
///
/// # Errors
/// Returns an error if the program cannot be started or exits with a failure.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {}", command_line(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", command_line(command));
    }
    Ok(())
}

/// Runs a program and returns its standard output, trimmed.
///
/// # Errors
/// Returns an error if the program cannot be started or exits with a failure. The message contains
/// all its output.
pub(crate) fn read_output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("starting {}", command_line(command)))?;
    let stdout = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed: {}\n{stdout}\n{stderr}", command_line(command), output.status);
    }
    Ok(stdout)
}

/// Returns the path of a program if it is on the PATH.
pub(crate) fn find_on_path(program: &str) -> Option<PathBuf> {
    path_directories().map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// Returns the directories of the PATH.
pub(crate) fn path_directories() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

/// Returns the command as it would be typed, for messages.
fn command_line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}
