//! The dependency tree: licences, sources, banned crates (`deny.toml`).

use anyhow::Result;

use crate::{
    shell::{command, run, step},
    tools,
};

/// Advisories are not among the checks: they change without any change here. A release checks them (see `deny.toml`).
pub(crate) fn deny() -> Result<()> {
    step("dependencies: bans, licences, sources");
    run(command(tools::cargo_deny()?).args([
        "--workspace",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))
}
