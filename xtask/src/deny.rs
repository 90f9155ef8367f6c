//! `cargo xtask deny`: checks licences, sources and banned crates of the dependencies
//! (`deny.toml`). `cargo xtask advisories` looks for known vulnerabilities.

use anyhow::Result;

use crate::{
    shell::{command, print_step, run},
    tools,
};

/// Runs `cargo deny` without the check of advisories. New advisories would fail CI without any
/// change to the project, so they are checked for a release instead (see `deny.toml`).
pub(crate) fn check_dependencies() -> Result<()> {
    print_step("dependencies: bans, licences, sources");
    run(command(tools::find_cargo_deny()?).args([
        "--workspace",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))
}

/// Runs `cargo deny` with the check of advisories (RustSec): known vulnerabilities, and crates that
/// are unmaintained or yanked. It downloads the current list of advisories.
pub(crate) fn check_advisories() -> Result<()> {
    print_step("dependencies: advisories");
    run(command(tools::find_cargo_deny()?).args(["--workspace", "check", "--hide-inclusion-graph", "advisories"]))
}
